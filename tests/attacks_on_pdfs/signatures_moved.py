"""Games with the signature itself: universal forgery, wrapping, /ByteRange, one signature in two fields (Mladenov et al. 2019)."""

import re

from tests import papers_seals as hand
from tests.papers_seals import changed

ANY = {
    "broken", "changed_after", "changed_before", "unreadable", "no_signature", "two_signatures", "weak", "not_on_seal_spot",
    "untrusted", "client_certificate",
}  # fmt: skip
_RANGE = re.compile(rb"/ByteRange *\[([0-9 ]+)\]")


def _range(pdf):
    found = _RANGE.search(pdf)
    return found, [int(each) for each in found[1].split()]


def _with_range(pdf, numbers):
    """The same file with other numbers, as long as before."""
    found, _ = _range(pdf)
    words = (numbers if isinstance(numbers, bytes) else b" ".join(b"%d" % n for n in numbers)).ljust(len(found[1]))
    return pdf[: found.start(1)] + words[: len(found[1])] + pdf[found.end(1) :]


def byte_ranges(world):
    for name, pdf in world.all:
        _, (a, b, c, d) = _range(pdf)
        changes = {
            "starts-late": [1, b - 1, c, d], "short": [a, b, c, d - 1], "long": [a, b, c, d + 1], "wide-gap": [a, b - 9, c, d],
            "late-gap": [a, b, c + 9, d - 9], "overlap": [a, b + 9, c - 9, d + 9], "zeros": [0, 0, 0, 0], "no-tail": [a, b, c, 0],
            "negative": [a, -1, c, d], "three": [a, b, c], "empty": b"", "name": b"/a /b", "huge": [a, b, c, 10**12],
        }  # fmt: skip
        for kind, numbers in changes.items():
            yield f"{name}-{kind}", lambda p=pdf, n=numbers: _with_range(p, n), ANY


def wrapped(world):
    """The signed bytes moved away, and others set between them (SWA)."""
    for name, pdf in world.all:
        _, (_, b, c, d) = _range(pdf)
        for size in (1, 16, 512, 9000):
            filler = (b"% wrapped " * (size // 10 + 1))[:size]
            moved = pdf[:c] + filler + pdf[c:]
            yield f"{name}-between-{size}", lambda m=moved, s=size, b=b, c=c, d=d: _with_range(m, [0, b, c + s, d]), ANY
            yield f"{name}-behind-{size}", lambda p=pdf, f=filler: p + f + b"\n%%EOF\n", ANY
            yield f"{name}-before-{size}", lambda p=pdf, f=filler: p[:9] + f + p[9:], ANY


def universal(world):
    """Parts of the signature dictionary taken away or made nothing (USF)."""
    for name, pdf in world.all:
        at = pdf.rindex(b"/Contents")
        start, end = pdf.index(b"<", at), pdf.index(b">", at) + 1
        gap = end - start
        contents = {
            "null": b"null", "empty": b"<>", "zeros": b"<" + b"0" * (gap - 2) + b">", "half": pdf[start : start + gap // 2] + b">",
            "string": b"(x)", "odd": pdf[start : end - 2] + b">", "sequence": b"<3000>", "wrong-oid": b"<300b06092a864886f70d010701>",
        }  # fmt: skip
        for kind, value in contents.items():
            made = pdf[:start] + value.ljust(gap) + pdf[end:]
            yield f"{name}-contents-{kind}", lambda m=made: m, ANY
        for key in (b"/ByteRange", b"/SubFilter", b"/Filter", b"/Contents"):
            place = pdf.rindex(key)
            hidden = pdf[:place] + b"/" + b"X" * (len(key) - 1) + pdf[place + len(key) :]
            yield f"{name}-without-{key.decode()[1:]}", lambda m=hidden: m, ANY


def shared(world):
    """One signature named by two fields, or by one of another name."""
    boxes = [(474, 466, 536, 528), (10, 10, 60, 60), (0, 0, 0, 0), (60, 740, 400, 790), (440, 450, 560, 540)]
    for name, pdf in world.all:
        for place, box in enumerate(boxes):
            for field in ("Second", "Seal2"):
                yield f"{name}-{field}-{place}", lambda p=pdf, b=box, f=field: changed(p, _second(f, b)), ANY


def _second(field, box):
    def change(writer):
        from pyhanko.sign import fields

        value = writer.root["/AcroForm"]["/Fields"][
            -1 if "/V" in writer.root["/AcroForm"]["/Fields"][-1] else 0
        ].raw_get("/V")
        fields.append_signature_field(writer, fields.SigFieldSpec(field, on_page=0, box=box))
        made = writer.root["/AcroForm"]["/Fields"][-1]
        made[hand.Name("/V")] = value
        writer.update_container(made)

    return change


FAMILIES = {"byte-range": byte_ranges, "wrapping": wrapped, "universal-forgery": universal, "shared-signature": shared}
