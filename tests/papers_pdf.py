"""Tiny PDFs for the tests of seals and scans: made from raw bytes, no LibreOffice."""

import hashlib
import io
import re

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from webapp.papers.freeze import add_seal_field

XMP = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:ModifyDate="2026-11-20T09:00:00+09:00"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""
SPOT = (474.0, 466.0, 536.0, 528.0)


def plain_pdf(number="CS-2026-0012", pages=1, lines=()) -> bytes:
    """A PDF 1.7 with a classic cross-reference table, an /ID of its own per `number`, and text on its first page."""
    kids = " ".join(f"{5 + 2 * i} 0 R" for i in range(pages))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {pages}/Kids[{kids}]>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        b"<</Title(form)/Producer(test)>>",
    ]
    for _ in range(pages):
        content = _content([f"Application {number}", *lines])
        page = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {len(objects) + 2} 0 R"
        objects.append(f"{page}/Resources<</Font<</F1 3 0 R>>>>>>".encode())
        objects.append(f"<</Length {len(content)}>>stream\n".encode() + content + b"\nendstream")
    return _file(objects, hashlib.md5(number.encode()).hexdigest())


def frozen_pdf(number="CS-2026-0012") -> bytes:
    """What freezing makes: the PDF with the empty field on the seal spot."""
    return add_seal_field(plain_pdf(number), 0, SPOT)


def _content(lines: list[str]) -> bytes:
    shown = "".join(f"BT /F1 12 Tf 72 {760 - 40 * i} Td ({line}) Tj ET\n" for i, line in enumerate(lines))
    return shown.encode()


def _file(objects: list[bytes], identifier: str) -> bytes:
    body, offsets = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start, size = len(body), len(objects) + 1
    body += f"xref\n0 {size}\n0000000000 65535 f \n".encode()
    body += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    trailer = f"trailer\n<</Size {size}/Root 1 0 R/Info 4 0 R/ID[<{identifier}><{identifier}>]>>\n"
    return body + trailer.encode() + f"startxref\n{start}\n%%EOF\n".encode()


def streamed_pdf() -> bytes:
    """The same PDF as a newer program saves it: its objects in object streams, a cross-reference stream, XMP metadata."""
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(plain_pdf())), writer_kwargs={"stream_xrefs": True})
    kind = {generic.NameObject("/Type"): generic.NameObject("/Metadata")}
    kind |= {generic.NameObject("/Subtype"): generic.NameObject("/XML")}
    writer.root[generic.NameObject("/Metadata")] = writer.add_object(generic.StreamObject(kind, stream_data=XMP))
    packed = writer.prepare_object_stream()
    for number in (20, 21):
        writer.add_object(generic.pdf_string(f"object {number}"), obj_stream=packed)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def hybrid_pdf() -> bytes:
    """The same PDF as Office exports it: what only newer readers need lies in an object stream, at which an empty table points
    by /XRefStm (ISO 32000 7.5.8.4)."""
    body = plain_pdf()
    trailer = body[body.rindex(b"trailer\n") : body.rindex(b"startxref")]
    before, size = body[body.rindex(b"startxref") + 9 :].split()[0], int(re.search(rb"/Size (\d+)", trailer)[1])
    packed = b"%d 0 <</Type/StructElem/S/P>>" % size
    members = b"%d 0 obj\n<</Type/ObjStm/N 1/First %d/Length %d>>stream\n" % (
        size + 1,
        len(b"%d 0 " % size),
        len(packed),
    )
    members += packed + b"\nendstream\nendobj\n"
    hidden = len(body) + len(members)
    listed = b"\2%b\0\1%b\0\1%b\0" % tuple(each.to_bytes(4, "big") for each in (size + 1, len(body), hidden))
    index = b"<</Type/XRef/Size %d/W[1 4 1]/Index[%d 3]/Length %d>>stream\n" % (size + 3, size, len(listed))
    body += members + b"%d 0 obj\n" % (size + 2) + index + listed + b"\nendstream\nendobj\n"
    points = b"/Size %d/Prev %b/XRefStm %d" % (size + 3, before, hidden)
    table = b"xref\n0 0\n" + trailer.replace(b"/Size %d" % size, points)
    return body + table + b"startxref\n%d\n%%%%EOF\n" % len(body)
