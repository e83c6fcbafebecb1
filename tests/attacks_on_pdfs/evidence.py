"""That a forgery carries its attack: another reader than ours (PDFium, pdfsig) sees what it sees in no right file."""

import hashlib
import subprocess

import pypdfium2

from webapp.papers.pdf import keys_within, objects, reader

LOOK = ("annotations", "pages", "shadow-hide", "shadow-replace", "shadow-hide-and-replace")
CONTENT = ("incremental-saving", "fonts", "metadata", "attachments", "javascript", "certification")
INFO = ("Title", "Author", "Subject", "Keywords", "Creator")
SIGNATURES = ("byte-range", "wrapping", "universal-forgery", "shared-signature")


def seen(family, pdf, path):
    """What tells a member of a family from a right file; `path` is where a file for other programs may lie. Of damage by chance
    nothing can be said but its bytes."""
    if family in LOOK:
        return _look(pdf)
    if family in CONTENT:
        return (
            _look(pdf),
            _information(pdf),
            frozenset(n for _, each in objects(reader(pdf)) for n in keys_within(each)),
        )
    if family in SIGNATURES:
        return _pdfsig(pdf, path)
    return hashlib.sha256(pdf).digest()


def _look(pdf):
    """Each page as it is drawn, annotations included; None where a file has no page to draw."""
    with _opened(pdf) as document:
        pages = [page.render(scale=0.4, may_draw_forms=False) for page in document] if document else []
    return tuple((page.width, page.height, hashlib.sha256(bytes(page.buffer)).hexdigest()) for page in pages)


def _information(pdf):
    with _opened(pdf) as document:
        found = document.get_metadata_dict()
    return tuple(found[key] for key in INFO)


def _opened(pdf):
    return pypdfium2.PdfDocument(pdf)


def _pdfsig(pdf, path):
    path.write_bytes(pdf)
    done = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, timeout=20)
    return done.returncode, done.stdout
