"""送付物: what leaves for the desk, checked whole before it may: CSR, 発行申請書(Excel) and sealed PDF for 発行 (seed
1-1-5), 失効申請書(Excel) and sealed PDF for 失効 (seed 1-3-3), without the PDF where the CA wants no seal; rules ATT-01 and
ATT-02."""

import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from webapp.errors import Refused, Unreadable
from webapp.papers import csr as csrs
from webapp.papers import form_filled
from webapp.papers.form_mark import mark_of
from webapp.papers.form_values import IssueForm
from webapp.papers.forms import paper_of
from webapp.papers.seal_report import Point

ISSUE, REVOKE = "issue", "revoke"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF_TYPE, CSR_TYPE = "application/pdf", "application/pkcs10"
_XLSX_ENDINGS = {ISSUE: "_application.xlsx", REVOKE: "_revocation.xlsx"}
_XLSX_NAMES = {ISSUE: "発行申請書(Excel)", REVOKE: "失効申請書(Excel)"}
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")


@dataclass(frozen=True)
class PacketFile:
    """One attachment: an ASCII name, its media type, its bytes."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Packet:
    """The attachments of one letter to the desk; `kind` is "issue" or "revoke"; `is_sealed`: a sealed PDF belongs to it."""

    kind: str
    org_code: str
    number: str
    files: tuple[PacketFile, ...]
    is_sealed: bool = True

    @property
    def contents(self) -> dict[str, tuple[str, ...]]:
        """What belongs in it, as people call it -> how the name of that file may end, in their order."""
        pdf = {"捺印または署名済みのPDF": ("_signed.pdf", "_scan.pdf")} if self.is_sealed else {}
        csr = {"CSR": (".csr",)} if self.kind == ISSUE else {}
        return {_XLSX_NAMES[self.kind]: (_XLSX_ENDINGS[self.kind],)} | pdf | csr


class PacketRefused(Refused):
    """The packet may not leave; `code` is the rule that it breaks (ATT-01, ATT-02, CSR-07)."""

    def __init__(self, code: str, message: str, advice: str):
        super().__init__(message, advice)
        self.code = code


def issue_packet(
    org_code: str, number: str, csr_der: bytes, xlsx: bytes, sealed_pdf: bytes | None, *, scanned: bool = False
) -> Packet:
    """The three attachments of an application for issue, named `{org}_{number}_application.xlsx`, `_signed.pdf` (or
    `_scan.pdf` if `scanned`; None: no seal is wanted) and `.csr` (PEM). Raises Refused if a name would not be plain ASCII."""
    stem = _stem(org_code, number)
    pem = x509.load_der_x509_csr(csr_der).public_bytes(Encoding.PEM)
    files = (
        PacketFile(f"{stem}{_XLSX_ENDINGS[ISSUE]}", XLSX_TYPE, xlsx),
        *_sealed_file(stem, sealed_pdf, scanned),
        PacketFile(f"{stem}.csr", CSR_TYPE, pem),
    )
    return Packet(ISSUE, org_code, number, files, sealed_pdf is not None)


def revocation_packet(
    org_code: str, number: str, xlsx: bytes, sealed_pdf: bytes | None, *, scanned: bool = False
) -> Packet:
    """The two attachments of an application for revocation, named `{org}_{number}_revocation.xlsx` and `_signed.pdf`
    (or `_scan.pdf` if `scanned`; None: no seal is wanted). Raises Refused if a name would not be plain ASCII."""
    stem = _stem(org_code, number)
    files = (
        PacketFile(f"{stem}{_XLSX_ENDINGS[REVOKE]}", XLSX_TYPE, xlsx),
        *_sealed_file(stem, sealed_pdf, scanned),
    )
    return Packet(REVOKE, org_code, number, files, sealed_pdf is not None)


def _sealed_file(stem: str, pdf: bytes | None, scanned: bool) -> list[PacketFile]:
    return [] if pdf is None else [PacketFile(f"{stem}_{'scan' if scanned else 'signed'}.pdf", PDF_TYPE, pdf)]


def check(
    packet: Packet,
    expected,
    frozen_pdf: bytes,
    *,
    accepted_scan: bytes | None = None,
    spki_sha256: str = "",
    mapping: dict | None = None,
) -> list[Point]:
    """The last look at the whole packet against the register: `expected` values (IssueForm or RevocationForm),
    `frozen_pdf` or the scan that the officer accepted, for issue the CSR's key (hex SHA-256 of its SPKI, if given), and
    the `mapping` of the CA's own form if it was filled on one. Raises PacketRefused with its rule."""
    files = _complete(packet)
    paper = paper_of(expected)
    _check_sheet(files[0].data, expected, paper, mapping)
    names = "、".join(file.name for file in packet.files)
    points = [
        Point(f"送付物は、{'・'.join(packet.contents)}の{len(files)}点です。", detail=names),
        Point(f"{paper.NAME}(Excel)の値は、申請の内容と一致します。", detail=f"照合番号 {mark_of(expected)}"),
    ]
    if packet.is_sealed:
        points.append(Point(_check_pdf(files[1], frozen_pdf, accepted_scan, paper.NAME)))
    if packet.kind == ISSUE:
        _check_csr(files[-1].data, expected, spki_sha256)
        points.append(Point("CSRの主体者DNは、発行申請書と一致します。"))
    return points


def _stem(org_code: str, number: str) -> str:
    for part in (org_code, number):
        if not _SAFE.fullmatch(part):
            raise Refused(
                f"「{part}」は添付ファイルの名前に使えません。",
                "英数字とハイフンだけの機関コードと申請番号にしてください。",
            )
    return f"{org_code}_{number}"


def _complete(packet: Packet) -> list[PacketFile]:
    """Sheet, PDF and for issue CSR: exactly these, by name (ATT-01)."""
    stem, endings = _stem(packet.org_code, packet.number), packet.contents.values()
    found = [[f for f in packet.files if f.name in {stem + end for end in ends}] for ends in endings]
    if len(packet.files) != len(endings) or any(len(files) != 1 for files in found):
        raise PacketRefused(
            "ATT-01",
            f"送付物が{len(endings)}点そろっていません(現在{len(packet.files)}点)。",
            f"{'、'.join(packet.contents)}の{len(endings)}点だけにしてください。",
        )
    if empty := [file.name for (file,) in found if not file.data]:
        raise PacketRefused("ATT-01", f"{'、'.join(empty)}の中身が空です。", "書類を作り直してください。")
    return [file for (file,) in found]


def _check_sheet(xlsx: bytes, expected, paper, mapping) -> None:
    try:
        values = paper.read(xlsx) if mapping is None else form_filled.read_filled(xlsx, mapping)
    except Unreadable as unreadable:
        raise PacketRefused("ATT-02", unreadable.message, f"{paper.NAME}を作り直してください。") from unreadable
    said = values.keys() if mapping is None else form_filled.carried(mapping)
    if different := [key for key, value in paper.as_read(expected).items() if key in said and values[key] != value]:
        raise PacketRefused(
            "ATT-02",
            f"{paper.NAME}(Excel)の値が、申請の内容と一致しません: {'、'.join(_labels(different, paper))}",
            f"申請の画面で作成された{paper.NAME}を、変更せずに使用してください。",
        )


def _labels(keys: list[str], paper) -> list[str]:
    """What the sheet calls these values, each once: 「利用機関・住所」."""
    named = {key: "・".join(dict.fromkeys(names)) for names, key in paper.LABELS.items()}
    return list(dict.fromkeys(named.get(key) or _WITHOUT_A_ROW[key] for key in keys))


# Values that do not stand in one row of their own.
_WITHOUT_A_ROW = {
    "subject": "主体者DN",
    "serial_format": "シリアル番号の表記",
    "begins_on": "有効期間",
    "ends_on": "有効期間",
}


def _check_pdf(pdf: PacketFile, frozen: bytes, accepted_scan: bytes | None, name: str) -> str:
    if pdf.name.endswith("_scan.pdf") and accepted_scan and pdf.data == accepted_scan:
        return "PDFは、登録担当者が印影を確認したスキャンです。"
    if pdf.name.endswith("_signed.pdf") and pdf.data.startswith(frozen) and len(pdf.data) > len(frozen):
        return f"PDFは、審査した{name}に電子署名をしたものです。"
    raise PacketRefused(
        "ATT-02",
        f"捺印または署名済みのPDFが、審査した{name}のものではありません。",
        "捺印・署名の手順からやり直してください。",
    )


def _check_csr(pem: bytes, expected: IssueForm, spki_sha256: str) -> None:
    try:
        csr = csrs.read(pem)
        csrs.check_signature(csr)
    except Unreadable as unreadable:
        raise PacketRefused("ATT-02", unreadable.message, "CSRを登録し直してください。") from unreadable
    if csr.subject.values != tuple(expected.subject):
        raise PacketRefused(
            "CSR-07",
            f"CSRの主体者DN({csr.subject})が、発行申請書と一致しません。",
            "発行申請書と同じ主体者DNでCSRを作り直してください。",
        )
    if spki_sha256 and csr.spki_sha256 != spki_sha256:
        raise PacketRefused(
            "ATT-02", "CSRの公開鍵が、審査したCSRのものではありません。", "審査したCSRを添付してください。"
        )
