"""Tables as CSV that a spreadsheet opens without surprises (RFC 4180; OWASP, CSV Injection)."""

import csv
import io

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def written(headings, rows):
    """UTF-8 bytes with a byte order mark and CRLF. A text that a spreadsheet would take for a formula gets an
    apostrophe in front."""
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet, lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([_harmless(value) for value in row] for row in rows)
    return sheet.getvalue().encode("utf-8-sig")


def _harmless(value):
    text = str(value)
    return f"'{text}" if text.startswith(_STARTS_FORMULA) else text
