"""PDF files as objects: reading strictly (then leniently), what hostile files make the reader raise, and equality."""

import io
import struct
import zlib
from decimal import Decimal

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

FIELD = "Seal"  # the name of the signature field on 印

# All that pyHanko, asn1crypto and cryptography were seen to raise on damaged or forged files. Programming errors of
# ours are among them by type; what they have in common is that the file is refused.
PARSER_ERRORS = (
    PdfError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RecursionError,
    NotImplementedError,
    MemoryError,
    EOFError,
    OSError,
    struct.error,
    zlib.error,
)
_DEEPEST = 40
_NEAR = Decimal("0.01")  # points: a signer that rewrites a page writes 595.304 for 595.303937


def seal_field(pdf: PdfFileReader) -> generic.IndirectObject:
    """The reference to the field on 印 in a PDF of ours."""
    fields = pdf.root["/AcroForm"]["/Fields"]
    return next(raw for raw in map(fields.raw_get, range(len(fields))) if raw.get_object()["/T"] == FIELD)


def field_place(pdf: PdfFileReader) -> tuple[int, tuple[float, float, float, float]]:
    """(page index, box in points) of the field on 印 in a PDF of ours."""
    field = seal_field(pdf).get_object()
    page, number = field.raw_get("/P").reference, 0
    while pdf.find_page_for_modification(number)[0].reference != page:
        number += 1
    return number, tuple(float(side) for side in field["/Rect"])


def reader(data: bytes) -> PdfFileReader:
    """A reader of `data`: strict, or lenient where strictness fails (hybrid references of Office PDFs). May raise any
    of PARSER_ERRORS."""
    try:
        return _opened(data, strict=True)
    except PARSER_ERRORS:
        return _opened(data, strict=False)


def _opened(data: bytes, strict: bool) -> PdfFileReader:
    opened = PdfFileReader(io.BytesIO(data), strict=strict)
    if strict and opened.xrefs.hybrid_xrefs_present:
        raise PdfError("hybrid references")
    return opened


def same(a, b, depth: int = 0) -> bool:
    """Whether two PDF values mean the same: references by number, a reference and a direct value by what they hold,
    numbers within 0.01, streams by their encoded bytes."""
    if depth > _DEEPEST:
        return False
    if isinstance(a, generic.IndirectObject) and isinstance(b, generic.IndirectObject):
        return (a.idnum, a.generation) == (b.idnum, b.generation)
    a, b = resolved(a), resolved(b)
    if isinstance(a, generic.StreamObject) or isinstance(b, generic.StreamObject):
        return _same_stream(a, b, depth)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a.raw_get(key), b.raw_get(key), depth + 1) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(a.raw_get(i), b.raw_get(i), depth + 1) for i in range(len(a)))
    if _number(a) and _number(b):
        return abs(Decimal(a) - Decimal(b)) <= _NEAR
    return isinstance(a, type(b)) and isinstance(b, type(a)) and a == b


def _same_stream(a, b, depth: int) -> bool:
    if not (isinstance(a, generic.StreamObject) and isinstance(b, generic.StreamObject)):
        return False
    keys = {*a.keys(), *b.keys()} - {"/Length"}
    if any(key not in a or key not in b or not same(a.raw_get(key), b.raw_get(key), depth + 1) for key in keys):
        return False
    return a.encoded_data == b.encoded_data


def _number(value) -> bool:
    return isinstance(value, generic.NumberObject | generic.FloatObject)


def resolved(value):
    """The value behind a reference, or the value itself."""
    return value.get_object() if isinstance(value, generic.IndirectObject) else value


def keys_within(value, depth: int = 0):
    """All dictionary keys and all names used as values, within `value`; references are not followed."""
    if depth > _DEEPEST:
        raise PdfError("nested too deeply")
    if isinstance(value, dict):
        for key in value:
            yield str(key)
            yield from keys_within(value.raw_get(key), depth + 1)
    elif isinstance(value, list):
        for i in range(len(value)):
            yield from keys_within(value.raw_get(i), depth + 1)
    elif isinstance(value, generic.NameObject):
        yield str(value)


def objects(pdf: PdfFileReader):
    """Every object that any revision of `pdf` names, as it stands now; freed ones are left out."""
    for revision in range(pdf.xrefs.total_revisions):
        for ref in pdf.xrefs.explicit_refs_in_revision(revision):
            yield ref, pdf.get_object(ref, never_decrypt=True)
