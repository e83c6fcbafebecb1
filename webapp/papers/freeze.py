"""Freezing: the values of an application become a sheet, a PDF with one empty signature field on 印, and pictures
(design: Documents; seed 1-1-4). What is examined, sealed and sent later must begin with exactly these bytes.
"""

import io
import itertools
from dataclasses import dataclass, replace
from pathlib import Path

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec, append_signature_field

from webapp.errors import Unreadable
from webapp.papers import form_compared, guard, look, page_code, page_mark
from webapp.papers.form_mark import mark_of
from webapp.papers.form_template import Template
from webapp.papers.look import pictures
from webapp.papers.office import to_pdf
from webapp.papers.pdf import FIELD

MM = 72 / 25.4  # points
SIDE, SMALLEST = 22 * MM, 10 * MM  # the 印 spot is a square
HEADS = ("代表者", "機関責任者", "機関の長")
SEAL_WORDS = {"印", "㊞", "(印)", "（印）", "「印」"}

__all__ = ["FIELD", "Template", "compared", "Frozen", "add_seal_field", "freeze", "pictures", "seal_box", "to_pdf"]


@dataclass(frozen=True)
class Frozen:
    """The documents of one submission: sheet and PDF as bytes, the pages as PNG, in the open and with the password
    blackened (none for a form without a password), and the mark printed on them."""

    xlsx: bytes
    pdf: bytes
    pictures: list[bytes]
    masked_pictures: list[bytes]
    mark: str


def freeze(
    form,
    template: Template | None = None,
    *,
    wants_seal: bool = True,
    printed: bytes | None = None,
    work: Path | None = None,
) -> Frozen:
    """Makes the documents of an IssueForm or a RevocationForm on the institution's form of the CA (else on our specimen).
    `wants_seal`: the CA wants a seal; otherwise the PDF has no signature field, and our specimen no 印. `printed`: a PDF that a person saved from Excel, in place of LibreOffice's; `work` is LibreOffice's folder, see
    `to_pdf`.

    Raises Refused/Incomplete for values that cannot be printed, Unreadable when a tool fails and for a PDF of Excel that
    does not show every value. Takes seconds: for the worker, never for a request."""
    form = replace(form, mark=mark_of(form))
    if template is None:
        filled = form_compared.on_specimen(form, wants_seal)
    else:
        filled = guard.run("webapp.papers.form_filling:filled", template.blank, template.mapping, form)
    pdf = to_pdf(filled.to_print, work) if printed is None else compared(printed, filled.expected)
    seal = seal_box(pdf, template and template.mapping["seal"]) if wants_seal else None
    hide = getattr(form, "zip_password", "") if "zip_password" in filled.expected else ""
    return _frozen(form, filled.xlsx, pdf, seal, hide, is_marked=template is None and printed is None)


def _frozen(form, xlsx, printed, seal, hide, is_marked):
    pdf = printed if is_marked else page_mark.marked(printed, f"{form.number} v{form.version} {form.mark}")
    pdf = page_code.coded(pdf, page_code.text_of(form), seal)
    pdf = add_seal_field(pdf, *seal) if seal else pdf
    shown = pictures(pdf)
    masked = pictures(pdf, [hide]) if hide else shown if getattr(form, "zip_password", "") else []
    return Frozen(xlsx, pdf, shown, masked, form.mark)


def compared(pdf: bytes, expected: dict) -> bytes:
    """`pdf`, if every expected value stands on it. Raises Unreadable with `fields` naming those that do not."""
    shown = guard.run("webapp.papers.form_print:look", pdf, expected, seconds=30)
    if shown.missing:
        raise Unreadable(
            f"このPDFには、申請の値のうち{len(shown.missing)}件が見つかりません。",
            "申請の画面から保存した申請書(Excel)を開き、値を変えずにPDFで保存してください。",
            dict.fromkeys(shown.missing, "この値がPDFに見つかりません。"),
        )
    return pdf


def seal_box(pdf: bytes, seal: dict | None = None) -> tuple[int, tuple[float, float, float, float]]:
    """(page index, (left, bottom, right, top) in points from the lower left corner) for the seal: the given rectangle
    ({"page" from 1, "left", "top", "width", "height" in mm from the upper left corner}), else a square of 22 mm on the
    only 印, or on the one that stands nearest to 「代表者」 and the like; beside it or smaller where that square would cover a
    word. Raises Unreadable if there is no 印."""
    sizes, words = look.words(pdf)
    if seal is not None:
        return _given(seal, sizes)
    heads = [word for word in words if any(head in word.text for head in HEADS)]
    seals = [word for word in words if word.text in SEAL_WORDS]
    near = [(abs(s.top - h.top), s) for s in seals for h in heads if s.page == h.page]
    if not near and len(seals) != 1:
        raise Unreadable(
            "申請書のPDFに、「代表者または機関責任者」の「印」の位置が見つかりません。",
            "様式の対応表で、「印」の位置を入力してください。",
        )
    found = min(near, key=lambda pair: pair[0])[1] if near else seals[0]
    return found.page, _square(found, words, *sizes[found.page])


def _square(seal, words, width, height):
    """The largest square, up to SIDE, that holds the middle of 印, nearest to it, within the page and off every other word; of
    the SMALLEST side on 印 where there is no room at all."""
    x, y = (seal.left + seal.right) / 2, (seal.top + seal.bottom) / 2
    others = [word for word in words if word.page == seal.page and word.text not in SEAL_WORDS]
    for side in range(round(SIDE / MM), round(SMALLEST / MM) - 1, -1):
        half, moves = side * MM / 2, range(-side // 2, side // 2 + 1)
        places = sorted(itertools.product(moves, moves), key=lambda move: (move[0] ** 2 + move[1] ** 2, abs(move[0])))
        for box in ((x + a * MM - half, y + b * MM - half, x + a * MM + half, y + b * MM + half) for a, b in places):
            is_within = box[0] >= 0 and box[1] >= 0 and box[2] <= width and box[3] <= height
            if is_within and not any(_meet(box, word) for word in others):
                return box[0], height - box[3], box[2], height - box[1]
    half = SMALLEST / 2
    return x - half, height - y - half, x + half, height - y + half


def _meet(box, word):
    return word.left < box[2] and box[0] < word.right and word.top < box[3] and box[1] < word.bottom


def _given(seal, sizes):
    page = seal["page"] - 1
    if page >= len(sizes):
        raise Unreadable(
            f"申請書のPDFに{seal['page']}ページ目がありません。", "様式の対応表で、「印」の位置を直してください。"
        )
    left, top, width, height = (seal[name] * MM for name in ("left", "top", "width", "height"))
    paper_width, paper_height = sizes[page]
    if left + width > paper_width + 1 or top + height > paper_height + 1:
        raise Unreadable("「印」の位置が、用紙の外に出ています。", "様式の対応表で、「印」の位置を直してください。")
    return page, (left, paper_height - top - height, left + width, paper_height - top)


def add_seal_field(pdf: bytes, page: int, box: tuple[float, float, float, float]) -> bytes:
    """`pdf` with one empty signature field "Seal" at `box`, appended as an incremental update. Whoever signs it locks
    the whole document (reference: signing.md §1.8)."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    lock = FieldMDPSpec(FieldMDPAction.ALL)
    spec = SigFieldSpec(FIELD, on_page=page, box=box, field_mdp_spec=lock, doc_mdp_update_value=MDPPerm.NO_CHANGES)
    append_signature_field(writer, spec)
    writer.root["/Lang"] = generic.TextStringObject("ja-JP")
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
