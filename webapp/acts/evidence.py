"""Files kept as they came, as proof that something was told or answered."""

from webapp import clock
from webapp.acts.intakes import LARGEST
from webapp.errors import Incomplete
from webapp.register import Content, Evidence

# How a file begins -> what it is served as. Nothing is read beyond that, and only pictures and PDF are ever shown.
MEDIA_TYPES = {
    b"%PDF-": "application/pdf",
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"PK\x03\x04": "application/octet-stream",  # Excel and its like
}

CERTIFICATES = {b"-----BEGIN ": "PEM", b"\x30\x80": "DER", b"\x30\x81": "DER", b"\x30\x82": "DER"}


def check(data, also=()):
    """Raise Incomplete for a file that cannot be kept; a file that was not chosen (no bytes) is none of that. `also`:
    further beginnings of files, as CERTIFICATES."""
    if len(data) > LARGEST:
        _refuse("ファイルが大きすぎます。20MB以内のファイルを選んでください。")
    if data and media_type_of(data) is None and not data.startswith(tuple(also)):
        kinds = "PDF、JPEG、PNG、Excel" + ("、証明書(PEM・DER・P7B)" if also else "")
        _refuse(f"{kinds}のいずれかのファイルを選んでください。")


def keep(who, name, data, **case):
    """Keep a checked file beside its case (notification=, gate_record= or application=); returns the Evidence, None
    without bytes."""
    if not data:
        return None
    return Evidence.create(
        name=name[-200:] or "無題",
        media_type=media_type_of(data) or "application/octet-stream",
        size=len(data),
        content=Content.keep(data),
        at=clock.now(),
        person=who.person,
        **case,
    )


def media_type_of(data):
    return next((media_type for start, media_type in MEDIA_TYPES.items() if data.startswith(start)), None)


def _refuse(sentence):
    raise Incomplete("ファイルを受け取れませんでした。", sentence, {"file": sentence})
