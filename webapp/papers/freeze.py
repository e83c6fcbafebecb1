"""Freezing: the values of an application become a sheet, a PDF with one empty signature field on 印, and pictures
(design: Documents; seed 1-1-4). What is examined, sealed and sent later must begin with exactly these bytes.
"""

import io
from dataclasses import dataclass, replace
from pathlib import Path

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec, append_signature_field

from webapp.errors import Unreadable
from webapp.papers import look
from webapp.papers.form_mark import mark_of
from webapp.papers.forms import paper_of
from webapp.papers.look import pictures
from webapp.papers.office import to_pdf

FIELD = "Seal"
SIDE = 22 / 25.4 * 72  # the 印 spot is a square of 22 mm
SEAL_WORDS = {"印", "㊞", "(印)", "（印）", "「印」"}

__all__ = ["FIELD", "Frozen", "add_seal_field", "freeze", "pictures", "seal_box", "to_pdf"]


@dataclass(frozen=True)
class Frozen:
    """The documents of one submission: sheet and PDF as bytes, the pages as PNG, in the open and with the password
    blackened (none for a form without a password), and the mark printed on them."""

    xlsx: bytes
    pdf: bytes
    pictures: list[bytes]
    masked_pictures: list[bytes]
    mark: str


def freeze(form, blank: bytes | None = None, *, work: Path | None = None) -> Frozen:
    """Makes the documents of an IssueForm or a RevocationForm (on `blank`, else on our specimen); `work` is
    LibreOffice's folder, see `to_pdf`.

    Raises Refused/Incomplete for values that cannot be printed and Unreadable when a tool fails. Takes seconds: for
    the worker, never for a request."""
    form = replace(form, mark=mark_of(form))
    xlsx = paper_of(form).fill(form, blank)
    printed = to_pdf(xlsx, work)
    pdf = add_seal_field(printed, *seal_box(printed))
    return Frozen(xlsx, pdf, pictures(pdf), _masked(pdf, form), form.mark)


def _masked(pdf: bytes, form) -> list[bytes]:
    return pictures(pdf, [form.zip_password]) if getattr(form, "zip_password", "") else []


def seal_box(pdf: bytes) -> tuple[int, tuple[float, float, float, float]]:
    """(page index, (left, bottom, right, top) in points from the lower left corner): the 22 mm square round the 印 that
    stands nearest to 「代表者」. Raises Unreadable if there is none."""
    sizes, words = look.words(pdf)
    heads = [word for word in words if "代表者" in word.text]
    seals = [word for word in words if word.text in SEAL_WORDS]
    near = [(abs(s.top - h.top), s) for s in seals for h in heads if s.page == h.page]
    if not near:
        raise Unreadable(
            "申請書のPDFに、「代表者または機関責任者」の「印」の位置が見つかりません。",
            "登録された様式に「印」の欄があることを確認してください。",
        )
    seal = min(near, key=lambda pair: pair[0])[1]
    x, y = (seal.left + seal.right) / 2, sizes[seal.page][1] - (seal.top + seal.bottom) / 2
    return seal.page, (x - SIDE / 2, y - SIDE / 2, x + SIDE / 2, y + SIDE / 2)


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
