"""What a person sees of a job before pressing 署名する: values, for the window and the terminal alike.

`Shown` says what the station itself found in the document, on the card and in the signed envelope; what is the server's word
alone is marked so (しるしの説明).
"""

from dataclasses import dataclass
from datetime import datetime

KINDS = {
    "seal_pdf": "申請書への電子署名",
    "seal_list": "申請書への電子署名",
    "make_key": "鍵の作成とCSRへの署名",
    "install": "証明書の格納",
    "sign_mail": "メールへの電子署名",
    "sign_in": "カードでのサインイン",
}
DOES = {
    "seal_pdf": "署名する",
    "seal_list": "まとめて署名する",
    "make_key": "鍵を作り、CSRに署名する",
    "install": "証明書を格納する",
    "sign_mail": "メールに署名する",
    "sign_in": "サインインする",
}


@dataclass(frozen=True)
class Shown:
    """`rows` (label, value); `pages` PNG; `document` (media type, bytes) for a viewer, or None; `text` a mail's own words;
    `notes` sentences; `pins` how often the PIN will be asked."""

    kind: str
    title: str
    requester: str
    origin: str
    until: str
    rows: tuple[tuple[str, str], ...]
    pages: tuple[bytes, ...] = ()
    document: tuple[str, bytes] | None = None
    text: str = ""
    notes: tuple[str, ...] = ()
    pins: int = 1

    @property
    def operation(self):
        return KINDS[self.kind]

    @property
    def button(self):
        return DOES[self.kind]


def shown(envelope, rows, **more):
    """The Shown of an envelope with these rows."""
    until = datetime.fromtimestamp(envelope.expires_at).strftime("%H:%M:%S")
    words = (envelope.display["title"], envelope.requested_by, envelope.origin)
    told = [(f"しるしの説明({label})", value) for label, value in envelope.display["lines"]]
    return Shown(envelope.type, *words, until, (*rows, *told), **more)


def subject_rows(pairs):
    """Rows of a subject DN given as (short name, value) pairs, in encoded order."""
    return [(f"主体者 {short}", value) for short, value in pairs]


def digest(sha256):
    """A SHA-256 (hex) as it is compared by eye: whole, in groups."""
    return " ".join(sha256[start : start + 8] for start in range(0, 64, 8))


def size(count):
    return f"{count:,}バイト"
