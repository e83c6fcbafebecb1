"""The one revision that a signer adds to a frozen PDF: that it is one, and changes nothing but what a signature needs.

pyHanko judges only what comes after a signature; a forger may also change the document in the signing revision
itself. So both states are compared object by object against a list of what may differ (reference: signing.md §0.5).
"""

from dataclasses import dataclass

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionType

from webapp.papers.pdf import FIELD, keys_within, resolved, same, seal_field
from webapp.papers.seal_report import SealRefused

ROOT_MAY_GAIN = {"/AcroForm", "/Extensions", "/Version", "/Metadata"}
FORM_MAY_GAIN = {"/Fields", "/SigFlags", "/DR", "/DA"}
PAGE_MAY_GAIN = {"/Annots", "/Tabs"}
SEAL_MAY_GAIN = {"/V", "/AP", "/F", "/MK", "/DA", "/Lock", "/M"}
INFO_MAY_GAIN = {"/ModDate", "/Producer"}
FIELD_KEYS = {
    "/Type", "/Subtype", "/FT", "/T", "/TU", "/V", "/Rect", "/P", "/F", "/Ff", "/AP", "/MK", "/DA", "/DR", "/Lock",
    "/M", "/NM", "/Border", "/BS", "/H",
}  # fmt: skip
FORBIDDEN = {
    "/JS", "/JavaScript", "/AA", "/OpenAction", "/Launch", "/EF", "/EmbeddedFile", "/EmbeddedFiles", "/Filespec",
    "/RichMedia", "/RichMediaContent", "/OC", "/OCG", "/OCMD", "/OCProperties", "/XFA", "/SubmitForm", "/ImportData",
    "/GoToR", "/GoToE", "/URI", "/Page", "/Pages", "/StructTreeRoot", "/StructElem", "/Perms", "/Movie",
    "/Sound", "/3D", "/Screen", "/PieceInfo",
}  # fmt: skip
VISIBLE, LARGEST = 4, 0.25  # the Print flag; share of the page that a stamp may cover


@dataclass(frozen=True)
class Spot:
    """Where the signature lies: the field's name, and whether it is our own field on 印."""

    field: str
    own: bool


def check_chain(pdf: PdfFileReader, before: PdfFileReader, length: int) -> None:
    """Exactly one revision follows the frozen ones (which end at `length`), and it continues them."""
    frozen, starts = _starts(before), _starts(pdf)
    section = pdf.xrefs.get_xref_container_info(pdf.xrefs.total_revisions - 1).xref_section_type
    if section not in (XRefSectionType.STANDARD, XRefSectionType.STREAM):
        raise SealRefused("unusual", "署名されたPDFの保存形式(ハイブリッド参照)では、内容を確かめられません。")
    if len(starts) != len(frozen) + 1 or starts[:-1] != frozen or starts[-1] < length:
        raise SealRefused(
            "changed_before",
            "署名より前に、PDFに書き足しや変更がされています。審査した申請書と同じではありません。",
        )


def check_objects(pdf: PdfFileReader, before: PdfFileReader) -> Spot:
    """The last revision of `pdf` against `before`: raises SealRefused (changed_before, not_on_seal_spot, unusual)."""
    new, changed = _touched(pdf, before)
    _check_trailer(pdf, before)
    spots = _seal_places(before)
    for ref in changed - spots:
        _require(same(pdf.get_object(ref), before.get_object(ref)), f"object {ref.idnum}")
    for ref in new:
        _check_new(pdf.get_object(ref))
    _refuse_certification(pdf, before)
    _only(pdf.root, before.root, ROOT_MAY_GAIN, "Root")
    _check_extensions(pdf)
    added = _check_form(pdf, before)
    _check_seal_page(pdf, before, added)
    return _check_spot(pdf, before, added)


def _refuse_certification(pdf: PdfFileReader, before: PdfFileReader) -> None:
    if "/Perms" in pdf.root and "/Perms" not in before.root:
        raise SealRefused(
            "changed_before",
            "PDFに「証明」(文書の認証)がされています。捺印に代わるのは「電子署名」です。",
            "Acrobatの「ツール」›「証明書」で「電子署名」を選び、署名し直してください。",
        )


def _starts(pdf: PdfFileReader) -> list[int]:
    return [pdf.xrefs.get_startxref_for_revision(i) for i in range(pdf.xrefs.total_revisions)]


def _touched(pdf: PdfFileReader, before: PdfFileReader) -> tuple[set, set]:
    last = pdf.xrefs.total_revisions - 1
    _require(not pdf.xrefs.refs_freed_in_revision(last), "freed objects")
    refs = pdf.xrefs.explicit_refs_in_revision(last)
    old = {ref for ref in refs if before.xrefs[generic.Reference(ref.idnum, ref.generation, before)] is not None}
    if any(ref.generation for ref in refs - old):
        raise SealRefused("unusual", "署名されたPDFの保存形式(オブジェクトの世代番号)では、内容を確かめられません。")
    return refs - old, old


def _check_trailer(pdf: PdfFileReader, before: PdfFileReader) -> None:
    now, was = pdf.trailer_view, before.trailer_view
    _require(same(now.raw_get("/Root"), was.raw_get("/Root")), "Root")
    _require("/Encrypt" not in now, "Encrypt")
    if "/Info" in now and "/Info" in was:
        _only(resolved(now.raw_get("/Info")), resolved(was.raw_get("/Info")), INFO_MAY_GAIN, "Info")


def _seal_places(before: PdfFileReader) -> set:
    """The objects that a signer has to write anew; each is compared key by key."""
    field = seal_field(before)
    page, root = field.get_object()["/P"], before.root
    raws = [
        before.trailer_view.raw_get("/Root"),
        before.trailer_view.raw_get("/Info") if "/Info" in before.trailer_view else None,
        root.raw_get("/AcroForm"),
        root["/AcroForm"].raw_get("/Fields"),
        field,
        field.get_object().raw_get("/P"),
        page.raw_get("/Annots"),
        root.raw_get("/Metadata") if "/Metadata" in root else None,
    ]
    return {raw.reference for raw in raws if isinstance(raw, generic.IndirectObject)}


def _check_new(value) -> None:
    kind = value.get("/Type") if isinstance(value, dict) else None
    if kind in ("/XRef", "/ObjStm"):
        return
    bad = FORBIDDEN.intersection(keys_within(value))
    _require(not bad, " ".join(sorted(bad)))


def _check_extensions(pdf: PdfFileReader) -> None:
    for key in ("/Extensions", "/Metadata"):
        if key in pdf.root:
            _check_new(pdf.root[key])
    if "/Metadata" in pdf.root:
        _require(pdf.root["/Metadata"].get("/Type") == "/Metadata", "Metadata")


def _check_form(pdf: PdfFileReader, before: PdfFileReader) -> generic.IndirectObject | None:
    """Compares the AcroForm; returns the one field that was added, or None."""
    now, was = pdf.root["/AcroForm"], before.root["/AcroForm"]
    _only(now, was, FORM_MAY_GAIN, "AcroForm")
    for key in ("/DR", "/DA"):
        if key in now:
            _check_new(resolved(now.raw_get(key)))
    return _one_more(_raw(now["/Fields"]), _raw(was["/Fields"]), "Fields")


def _check_seal_page(pdf: PdfFileReader, before: PdfFileReader, added: generic.IndirectObject | None) -> None:
    """The page with 印 has no annotation more than the added field; no other page differs (check_objects)."""
    raw_page = seal_field(before).get_object().raw_get("/P")
    was, now = raw_page.get_object(), pdf.get_object(_ref(raw_page, pdf))
    _only(now, was, PAGE_MAY_GAIN, "Page")
    _require("/Tabs" not in now or isinstance(now["/Tabs"], generic.NameObject), "Tabs")
    annotation = _one_more(_raw(now["/Annots"]), _raw(was["/Annots"]), "Annots")
    if added and annotation is None:
        raise _unseen()
    _require((annotation is None) == (added is None), "Annots")
    _require(annotation is None or same(annotation, added), "Annots")


def _check_spot(pdf: PdfFileReader, before: PdfFileReader, added: generic.IndirectObject | None) -> Spot:
    own = seal_field(before)
    was, now = own.get_object(), pdf.get_object(_ref(own, pdf))
    if "/V" in now and "/Rect" in now and not same(now.raw_get("/Rect"), was.raw_get("/Rect")):
        raise _unseen()
    _only(now, was, SEAL_MAY_GAIN if "/V" in now else set(), FIELD)
    field = now if "/V" in now else added and added.get_object()
    _require(field is not None and (added is None or "/V" not in now), "a field without signature")
    _require(field.keys() <= FIELD_KEYS and field["/FT"] == "/Sig", "field")
    _check_visible(field, was, before)
    return Spot(str(field["/T"]), field is now)


def _unseen() -> SealRefused:
    """A signature without a place on the page, or our field moved or made nothing."""
    return SealRefused(
        "not_on_seal_spot", "電子署名の表示が「印」の欄にありません。見えない署名になっているか、欄がずらされています。"
    )


def _check_visible(field, own, before: PdfFileReader) -> None:
    left, bottom, right, top = _rectangle(field)
    our_left, our_bottom, our_right, our_top = _rectangle(own)
    touches = left < our_right and our_left < right and bottom < our_top and our_bottom < top
    page = own["/P"]
    x0, y0, x1, y1 = _rectangle(page, "/MediaBox")
    too_large = (right - left) * (top - bottom) > LARGEST * (x1 - x0) * (y1 - y0)
    flags = int(field.get("/F", 0))
    shown = flags & VISIBLE and not flags & ~(VISIBLE | 64 | 128)
    if not (touches and shown and same(field.raw_get("/P"), own.raw_get("/P"))):
        raise SealRefused("not_on_seal_spot", "電子署名が「印」の欄にありません。")
    if too_large:
        raise SealRefused("not_on_seal_spot", "電子署名の表示が大きすぎて、申請の内容を隠すおそれがあります。")


def _rectangle(holder, key: str = "/Rect") -> tuple[float, float, float, float]:
    node = holder
    while key not in node:
        node = node["/Parent"]
    a, b, c, d = (float(side) for side in node[key])
    return min(a, c), min(b, d), max(a, c), max(b, d)


def _one_more(now: list, was: list, where: str) -> generic.IndirectObject | None:
    """The element of `now` that `was` lacks; at most one, and none of `was` missing."""
    _require(len(now) - len(was) in (0, 1), where)
    _require(all(same(a, b) for a, b in zip(now, was, strict=False)), where)
    extra = now[len(was) :]
    _require(all(isinstance(raw, generic.IndirectObject) for raw in extra), where)
    return extra[0] if extra else None


def _only(now, was, may_gain: set[str], where: str) -> None:
    """`now` is `was` but for the keys of `may_gain`."""
    for key in {*now.keys(), *was.keys()} - may_gain:
        _require(key in now and key in was and same(now.raw_get(key), was.raw_get(key)), f"{where} {key}")


def _raw(array) -> list:
    return [array.raw_get(i) for i in range(len(array))]


def _ref(raw: generic.IndirectObject, pdf: PdfFileReader) -> generic.Reference:
    return generic.Reference(raw.idnum, raw.generation, pdf)


def _require(holds: bool, what: str) -> None:
    if not holds:
        refusal = SealRefused("changed_before", "署名のほかに、PDFに書き足しや変更がされています。")
        refusal.detail = what
        raise refusal
