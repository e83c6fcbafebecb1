"""The mark at the foot of every page of a PDF that was printed from a CA's own form, whose footer is not ours to change."""

import io

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from webapp.errors import Unreadable
from webapp.papers.pdf import PARSER_ERRORS, reader

LEFT, BOTTOM, SIZE = 18 / 25.4 * 72, 4.5 / 25.4 * 72, 7  # points


def marked(pdf: bytes, line: str) -> bytes:
    """`pdf` written anew (Office leaves hybrid references, which signers stumble over) with `line` (ASCII) at the foot
    of each page. Raises Unreadable."""
    try:
        return _marked(reader(pdf), line)
    except PARSER_ERRORS as broken:
        raise Unreadable("PDFに照合番号を書き込めませんでした。", "PDFを保存し直してください。") from broken


def _marked(opened: PdfFileReader, line: str) -> bytes:
    writer = copy_into_new_writer(opened)
    font = generic.DictionaryObject(
        {_name("Type"): _name("Font"), _name("Subtype"): _name("Type1"), _name("BaseFont"): _name("Helvetica")}
    )
    font = writer.add_object(font)
    before = writer.add_object(generic.StreamObject(stream_data=b"q\n"))
    for number in range(_pages(writer)):
        words = f"\nQ q BT /ShirushiMark{number} {SIZE} Tf 0.2 g 1 0 0 1 {LEFT:.2f} {BOTTOM:.2f} Tm ({_escaped(line)}) Tj ET Q\n"
        behind = writer.add_object(generic.StreamObject(stream_data=words.encode("ascii")))
        writer.add_stream_to_page(number, before, prepend=True)
        fonts = generic.DictionaryObject({_name(f"ShirushiMark{number}"): font})  # pages may share their resources
        writer.add_stream_to_page(number, behind, generic.DictionaryObject({_name("Font"): fonts}))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _pages(writer):
    return int(writer.root["/Pages"]["/Count"])


def _escaped(line):
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _name(text):
    return generic.NameObject(f"/{text}")
