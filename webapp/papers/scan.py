"""The scan of a stamped form: a PDF taken as it is, or a picture made into a PDF of A4 pages (seed 1-1-4, 1-1-5).

No cryptographic claim is made: the officer looks at it. Call `read` in a guarded child: files come from outside.
"""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, ImageSequence
from pyhanko.pdf_utils.reader import PdfFileReader

from webapp.errors import Unreadable
from webapp.papers.pdf import PARSER_ERRORS, keys_within, objects, reader

LARGEST, MOST_PAGES, MOST_PIXELS = 20_000_000, 20, 120_000_000
ACTIVE = {"/JS", "/JavaScript", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/RichMedia", "/XFA"}
DPI = 200
A4 = (round(210 / 25.4 * DPI), round(297 / 25.4 * DPI))
_KINDS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"%PDF-": "PDF",
    b"PK\x03\x04": "ExcelなどのOffice文書またはZIP",
    b"\xd0\xcf\x11\xe0": "古い形式のOffice文書",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"GIF8": "GIF画像",
}
_SUFFIXES = {"JPEG": (".jpg", ".jpeg"), "PNG": (".png",), "TIFF": (".tif", ".tiff"), "PDF": (".pdf",)}


@dataclass(frozen=True)
class Scan:
    """The scan as PDF bytes, its number of pages, and what came in: "PDF", "JPEG", "PNG" or "TIFF"."""

    pdf: bytes
    pages: int
    original_type: str


def read(data: bytes, name: str) -> Scan:
    """`data` as a scan; `name` is the file's name as sent (its suffix must tell the truth). Raises Unreadable."""
    if len(data) > LARGEST:
        raise Unreadable("ファイルが大きすぎます(20 MBまで)。", "解像度を200〜300dpiに下げ、スキャンし直してください。")
    kind = _kind(data, name)
    return _from_pdf(data) if kind == "PDF" else _from_picture(data, kind)


def _kind(data: bytes, name: str) -> str:
    kind = next((kind for start, kind in _KINDS.items() if data.startswith(start)), "不明な形式")
    if kind not in _SUFFIXES:
        raise Unreadable(
            f"このファイルは、PDF、TIFF、JPEG、PNGのいずれでもありません({kind})。",
            "捺印した申請書をスキャンし、PDF、TIFF、JPEGまたはPNGで保存して、もう一度選択してください。",
        )
    if not name.lower().endswith(_SUFFIXES[kind]):
        suffix = "." + name.rsplit(".", 1)[-1] if "." in name else "拡張子なし"
        raise Unreadable(
            f"ファイル名({suffix})と中身({kind})が一致しません。名前だけが変えられています。",
            f"スキャンした元のファイルを選択するか、拡張子を{_SUFFIXES[kind][0]}に直してください。",
        )
    return kind


def _from_pdf(data: bytes) -> Scan:
    try:
        pdf = reader(data)
        refuse_locked(pdf)
        refuse_active(pdf)
        pages = int(pdf.root["/Pages"]["/Count"])
    except PARSER_ERRORS as broken:
        raise Unreadable(
            "このPDFは壊れているため読み取れません。", "PDFを開けることを確認し、スキャンし直してください。"
        ) from broken
    if not 1 <= pages <= MOST_PAGES:
        raise Unreadable(
            f"このPDFは{pages}ページあります({MOST_PAGES}ページまで)。",
            "捺印した申請書だけをスキャンしてください。",
        )
    return Scan(data, pages, "PDF")


def refuse_locked(pdf: PdfFileReader) -> None:
    if pdf.encrypted:
        raise Unreadable(
            "このPDFは暗号化されている(パスワードや編集制限がある)ため、送付できません。",
            "保護を外して保存し直すか、スキャンし直してください。",
        )


def refuse_active(pdf: PdfFileReader) -> None:
    for _, value in objects(pdf):
        if ACTIVE.intersection(keys_within(value)):
            raise Unreadable(
                "このPDFには、スクリプトや添付ファイルが含まれています。",
                "スキャナーで読み取ったままのPDFを選択してください。",
            )


def _from_picture(data: bytes, kind: str) -> Scan:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            sheets = _sheets(Image.open(io.BytesIO(data), formats=[kind]))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except PARSER_ERRORS + (SyntaxError,) as broken:
        raise Unreadable("この画像は壊れているため読み取れません。", "スキャンし直してください。") from broken
    return Scan(_as_pdf(sheets), len(sheets), kind)


def _sheets(opened: Image.Image) -> list[Image.Image]:
    """Every page of the file (several only in a TIFF) on a sheet of A4."""
    if getattr(opened, "n_frames", 1) > MOST_PAGES:
        raise Unreadable(
            f"この画像は{opened.n_frames}ページあります({MOST_PAGES}ページまで)。",
            "捺印した申請書だけをスキャンしてください。",
        )
    return [_on_a4(_upright(each)) for each in ImageSequence.Iterator(opened)]


def _upright(picture: Image.Image) -> Image.Image:
    if picture.width * picture.height > MOST_PIXELS:
        raise _too_many_pixels()
    turned = ImageOps.exif_transpose(picture)
    if turned.mode in ("RGBA", "LA", "P", "PA"):
        turned = Image.alpha_composite(Image.new("RGBA", turned.size, "white"), turned.convert("RGBA"))
    return turned.convert("RGB")


def _too_many_pixels() -> Unreadable:
    return Unreadable(
        "画像の画素数が多すぎるため、読み取りを中止しました。", "解像度を200〜300dpiに下げ、スキャンし直してください。"
    )


def _on_a4(picture: Image.Image) -> Image.Image:
    """The picture as large as it fits on one upright A4 page, centred."""
    fitted = ImageOps.contain(picture, A4, Image.Resampling.LANCZOS)
    sheet = Image.new("RGB", A4, "white")
    sheet.paste(fitted, ((A4[0] - fitted.width) // 2, (A4[1] - fitted.height) // 2))
    return sheet


def _as_pdf(sheets: list[Image.Image]) -> bytes:
    out = io.BytesIO()
    sheets[0].save(out, "PDF", resolution=DPI, quality=88, save_all=True, append_images=sheets[1:])
    # Pillow numbers the head of the free list 65536, which strict readers refuse (ISO 32000 7.5.4: 65535).
    return out.getvalue().replace(b"0000000000 65536 f", b"0000000000 65535 f")
