"""Tiny PDFs for the tests of seals and scans: made from raw bytes, no LibreOffice."""

import hashlib

from webapp.papers.freeze import add_seal_field

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
