"""The PDF that a head is to seal: what it must be before, and what it must have become after."""

import hashlib
import zlib
from io import BytesIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionType
from pyhanko.sign.validation.status import SignatureCoverageLevel

from tokens.station.refusals import Refusal

MOST_REVISIONS = 2  # as printed, and the field appended
MOST_OBJECTS = 50_000
DEEPEST = 100
PLAIN_SECTIONS = (XRefSectionType.STANDARD, XRefSectionType.STREAM)
UNREADABLE = (  # how pyHanko fails on a bent file
    PdfError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, NotImplementedError,
    RecursionError, OSError, zlib.error,
)  # fmt: skip
# Whatever runs, hides, embeds or is shown by choice.
FORBIDDEN = {
    "/JS", "/JavaScript", "/AA", "/EmbeddedFile", "/EmbeddedFiles", "/EF", "/Filespec", "/AF", "/OCProperties", "/OC", "/OCG",
    "/OCMD", "/XFA", "/RichMedia", "/RichMediaContent", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Movie",
    "/Sound", "/Rendition", "/Trans3D", "/3D", "/Collection",
}  # fmt: skip


def same_bytes(data, payload):
    """Raises Refusal changed unless these are the bytes that the envelope names."""
    if len(data) != payload.size or hashlib.sha256(data).hexdigest() != payload.sha256:
        raise Refusal("changed", f"{len(data)} bytes")


def check(pdf, field):
    """The PDF has one signature field, `field`, which is empty, and nothing that could make it look different elsewhere. Raises
    Refusal pdf_unreadable, pdf_field, pdf_signed, pdf_active."""
    try:
        reader = PdfFileReader(BytesIO(pdf))
        if reader.encrypted:
            raise Refusal("pdf_unreadable", "encrypted")
        _check_objects(reader)
        _check_fields(reader, field)
        revisions = reader.xrefs.total_revisions
    except UNREADABLE as error:
        raise Refusal("pdf_unreadable", type(error).__name__) from error
    if revisions > MOST_REVISIONS:
        raise Refusal("pdf_active", f"{revisions} revisions")


def check_words(text, payload):
    """The form's number and mark stand on its pages. Raises Refusal other_document. `text` None: unknown, not checked."""
    if text is not None and not all(each in text for each in (payload.number, payload.mark)):
        raise Refusal("other_document", payload.number)


def check_sealed(sealed, before, field, certificate_der):
    """`sealed` is `before` with one signature over all of it by this certificate. Raises Refusal not_sealed."""
    try:
        signatures = PdfFileReader(BytesIO(sealed)).embedded_signatures
        (signature,) = signatures
        attributes = {each["type"].native: each["values"][0] for each in signature.signer_info["signed_attrs"]}
        sound = (
            sealed.startswith(before)
            and signature.field_name == field
            and signature.signer_cert.dump() == certificate_der
            and signature.compute_digest() == attributes["message_digest"].native
            and signature.evaluate_signature_coverage() is SignatureCoverageLevel.ENTIRE_FILE
        )
    except UNREADABLE as error:
        raise Refusal("not_sealed", type(error).__name__) from error
    if not sound:
        raise Refusal("not_sealed")


def _check_objects(reader):
    """Every object that the file defines, whether a page leads there or not."""
    references = set()
    for revision in range(reader.xrefs.total_revisions):
        if reader.xrefs.get_xref_container_info(revision).xref_section_type not in PLAIN_SECTIONS:
            raise Refusal("pdf_active", "hybrid")  # two tables, of which readers take one or the other
        references |= set(reader.xrefs.explicit_refs_in_revision(revision))
    if len(references) > MOST_OBJECTS:
        raise Refusal("pdf_active", "objects")
    for reference in references:
        _check_value(reader.get_object(reference, never_decrypt=True), 0)
    action = _at(reader.root, "/OpenAction")
    if isinstance(action, generic.DictionaryObject):  # a list only says which page opens first
        raise Refusal("pdf_active", "/OpenAction")


def _check_value(value, depth):
    if depth > DEEPEST:
        raise Refusal("pdf_active", "depth")
    if isinstance(value, generic.DictionaryObject):
        for name in value:
            if name in FORBIDDEN:
                raise Refusal("pdf_active", str(name))
            _check_value(value.raw_get(name), depth + 1)
    elif isinstance(value, generic.ArrayObject):
        for at in range(len(value)):
            _check_value(value.raw_get(at), depth + 1)
    elif isinstance(value, generic.NameObject) and value in FORBIDDEN:
        raise Refusal("pdf_active", str(value))


def _check_fields(reader, field):
    """The form has this one field and no other, and nobody has signed in it."""
    form = _at(reader.root, "/AcroForm")
    fields = [each.get_object() for each in _at(form, "/Fields") or []]
    if reader.embedded_signatures or any("/V" in each for each in fields):
        raise Refusal("pdf_signed")
    if [(_at(each, "/FT"), _at(each, "/T")) for each in fields] != [("/Sig", field)] or "/Kids" in fields[0]:
        raise Refusal("pdf_field", field)


def _at(dictionary, name):
    """The value there, wherever it is kept, or None."""
    return dictionary[name] if dictionary is not None and name in dictionary else None
