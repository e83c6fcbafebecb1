"""A mail as received, .eml (RFC 5322) or Outlook's .msg, as a plain value: who, what, the words, the files, the signature.

Call it through guard.run with SECONDS and MEGABYTES: a mail from outside may be a bomb. Nothing is rendered or fetched.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from webapp.errors import Unreadable
from webapp.papers import key_search, mail_signature, mail_words, mime, outlook_mail, unpacking
from webapp.papers.armour import PrivateKeyPasted
from webapp.papers.mail_signature import MailSignature

__all__ = ["LARGEST", "MEGABYTES", "SECONDS", "Attachment", "PrivateKeyPasted", "ReceivedMail", "read"]

SECONDS, MEGABYTES = 20, 1024
LARGEST = mime.LARGEST
MOST_ATTACHMENTS = 100
_PLACE = "メールの本文"
_TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")
_ADVICE = "メールソフトで「名前を付けて保存」した .eml または .msg のファイルを選んでください。"


@dataclass(frozen=True)
class Attachment:
    """A file that came along: `name` without folders (never empty), `type` as the mail says it, `data` decoded."""

    name: str
    type: str
    data: bytes
    sha256: str

    @property
    def size(self):
        return len(self.data)


@dataclass(frozen=True)
class ReceivedMail:
    """`sender` and `to` (To and Cc) are bare addresses in lower case; `sender_name` is only what the sender writes.
    `sent_at` is an aware datetime or None; `message_id` "" where there is none; `answers` are the Message-IDs that it
    answers, In-Reply-To first, then References. `text` is plain. `inside` holds mails that were forwarded as files,
    whose own attachments are theirs. `notes` are sentences about what was odd or left out."""

    sender: str
    sender_name: str
    to: tuple[str, ...]
    subject: str
    sent_at: datetime | None
    message_id: str
    answers: tuple[str, ...]
    text: str
    attachments: tuple[Attachment, ...] = ()
    inside: tuple["ReceivedMail", ...] = ()
    signature: MailSignature | None = None
    notes: tuple[str, ...] = ()

    def everything(self):
        """This mail and those inside it, outermost first."""
        return [self, *(each for mail in self.inside for each in mail.everything())]


def read(data, anchors=(), others=(), at=None):
    """The ReceivedMail in `data` (.eml or .msg). `anchors` and `others` (DER) are the CA certificates by which its
    signature is judged at `at` (aware; now when not given). Raises Unreadable: no mail, too large, too many parts; and
    PrivateKeyPasted for a mail with a private key, which may not be kept."""
    mail = _Reading(tuple(anchors), tuple(others), at or datetime.now(UTC)).mail(data, 1)
    key_search.refuse_text(data, _PLACE)  # also what stands where nobody reads it, as between the parts
    for each in mail.everything():
        key_search.refuse_text(f"{each.subject}\n{each.text}", _PLACE)
    return mail


@dataclass
class _Gathered:
    """What is found while one mail is walked through."""

    plain: list = field(default_factory=list)
    html: list = field(default_factory=list)
    attachments: list = field(default_factory=list)
    inside: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    signature: MailSignature | None = None


@dataclass
class _Reading:
    """One call of `read`; the parts of all mails inside are counted together, and what their ZIPs unpack to."""

    anchors: tuple
    others: tuple
    at: datetime
    parts: int = 0
    budget: list = field(default_factory=lambda: [unpacking.MAX_TOTAL_BYTES])

    def mail(self, data, depth):
        if outlook_mail.is_one(data):
            return self._of_outlook(outlook_mail.read(data), depth)
        whole = mime.whole(data)
        found = _Gathered()
        self._walk(whole, found, depth)
        return _value(whole.headers, found)

    def _of_outlook(self, saved, depth):
        """What Outlook took apart; a signed mail lies whole in an attachment of its own (MS-OXOSMIME 2.1.3)."""
        found = _Gathered(plain=[saved.text] if saved.text else [], notes=list(saved.notes))
        found.html += [saved.html] if saved.html else []
        key_search.refuse_text(saved.text, _PLACE)
        key_search.refuse_html(saved.html, _PLACE)
        if saved.signed:
            self._walk(mime.part(saved.signed), found, depth)
        for name, media_type, data in saved.files:
            self._attach(found, name, media_type, data)
        for inner in saved.mails:
            self._count(depth + 1)
            mail = self._of_outlook(inner, depth + 1)
            found.inside.append(mail)
        return _value(saved.headers, found)

    def _count(self, depth):
        self.parts += 1
        if self.parts > mime.MOST_PARTS or depth > mime.DEEPEST:
            raise mime.too_many()

    def _walk(self, part, found, depth):
        self._count(depth)
        if part.type == "multipart/signed" and found.signature is None:
            self._signed(part, found, depth)
        elif part.headers.get_content_maintype() == "multipart":
            self._several(part, found, depth)
        elif part.type in ("message/rfc822", "message/global"):
            self._forwarded(part, found, depth)
        elif part.type in mail_signature.ENVELOPE_TYPES:
            self._enveloped(part, found, depth)
        else:
            self._leaf(part, found)

    def _forwarded(self, part, found, depth):
        try:
            found.inside.append(self.mail(mime.content(part)[0], depth + 1))
        except (mime.TooMany, unpacking.TooLarge, PrivateKeyPasted):
            raise
        except Unreadable:
            found.notes.append("転送されたメールを読み取れないため、ファイルとして添付しています。")
            self._attach_leaf(part, found)

    def _several(self, part, found, depth):
        children, is_whole = mime.children(part)
        if not is_whole:
            found.notes.append("メールの一部が途中で切れています。添付ファイルが欠けていないか確認してください。")
        for child in children:
            self._walk(child, found, depth + 1)

    def _signed(self, part, found, depth):
        children, is_whole = mime.children(part)
        if len(children) != 2 or children[1].type not in mail_signature.SIGNATURE_TYPES:
            found.notes.append("S/MIMEではない電子署名、または壊れた電子署名が付いています。")
            return self._several(part, found, depth)
        content, signature = children
        der = mime.content(signature)[0]
        found.signature = _judgement().judge(content.raw, der, self.anchors, self.others, self.at)
        self._walk(content, found, depth + 1)

    def _enveloped(self, part, found, depth):
        der = mime.content(part)[0]
        content = _judgement().enclosed(der)
        if content is None:
            found.notes.append("暗号化されたメールのため、しるしでは本文と添付ファイルを読めません。")
            return self._attach_leaf(part, found)
        if found.signature is None:
            found.signature = _judgement().judge(None, der, self.anchors, self.others, self.at)
        self._walk(mime.part(content), found, depth + 1)

    def _leaf(self, part, found):
        disposition = part.headers.get_content_disposition()
        if part.type == "message/external-body":
            found.notes.append("外部の場所にある添付ファイルは、取りに行きません。")
        elif disposition != "attachment" and part.type in ("text/plain", "text/html") and not _named(part):
            self._words(part, found)
        elif part.type in mail_signature.SIGNATURE_TYPES and found.signature is not None:
            pass
        else:
            self._attach_leaf(part, found)

    def _words(self, part, found):
        raw, is_whole = mime.content(part)
        key_search.refuse_text(raw, _PLACE)
        text, fits = mail_words.decoded(raw[: mail_words.LONGEST_HTML * 2], _charset(part.headers))
        if not (fits and is_whole):
            found.notes.append(
                "本文の文字コードの記載が実際と異なるか、壊れています。読めない文字があるかもしれません。"
            )
        if part.type == "text/html":
            key_search.refuse_html(text, _PLACE)
        (found.html if part.type == "text/html" else found.plain).append(text)

    def _attach_leaf(self, part, found):
        raw, is_whole = mime.content(part)
        name = mail_words.file_name(part.headers)
        self._attach(found, name, part.type, raw)
        if not is_whole:
            found.notes.append(f"添付ファイル「{found.attachments[-1].name}」の符号化(base64)が壊れています。")

    def _attach(self, found, name, media_type, data):
        if len(found.attachments) >= MOST_ATTACHMENTS:
            raise mime.too_many()
        name = name or f"添付{len(found.attachments) + 1}"
        if media_type.lower() in _TNEF or name.lower() == "winmail.dat":
            found.notes.append(
                "添付ファイルが、Outlookの独自形式(winmail.dat)の中にあります。しるしでは開けません。"
                "Outlookで開いて添付ファイルを保存するか、送り主にHTML形式またはテキスト形式で送り直してもらってください。"
            )
        found.notes += key_search.refuse_file(name, data, self.budget)
        sha256 = hashlib.sha256(data).hexdigest()
        found.attachments.append(Attachment(name, media_type.lower()[:100], data, sha256))


def _judgement():
    """mail_judgement, which brings all of pyHanko: most mails are not signed."""
    from webapp.papers import mail_judgement

    return mail_judgement


def _named(part):
    return bool(mail_words.file_name(part.headers))


def _charset(headers):
    try:
        return str(headers.get_param("charset", ""))
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


def _value(headers, found):
    senders = mail_words.addresses(headers, "From")
    ids = {
        name: mail_words.ids(mail_words.header(headers, name)) for name in ("Message-ID", "In-Reply-To", "References")
    }
    sent, subject = mail_words.header(headers, "Date"), mail_words.header(headers, "Subject")
    if not (senders or ids["Message-ID"]) or not (subject or sent or found.plain or found.html or found.attachments):
        raise Unreadable("メールのファイルではないようです(差出人や本文がありません)。", _ADVICE)
    shown, sender = senders[0] if senders else ("", "")
    to = [address for name in ("To", "Cc") for _, address in mail_words.addresses(headers, name)]
    value = ReceivedMail(
        sender=sender,
        sender_name=shown,
        to=tuple(dict.fromkeys(to))[:100],
        subject=subject,
        sent_at=mail_words.instant(sent),
        message_id=next(iter(ids["Message-ID"]), ""),
        answers=tuple(dict.fromkeys((*ids["In-Reply-To"], *reversed(ids["References"])))),
        text=_text(found),
        attachments=tuple(found.attachments),
        inside=tuple(found.inside),
        signature=found.signature,
        notes=(),
    )
    return replace(value, notes=tuple(dict.fromkeys((*found.notes, *_odd(headers, senders, found)))))


def _text(found):
    words = found.plain or [mail_words.words_of(each) for each in found.html]
    return mail_words.lines("\n\n".join(words))


def _odd(headers, senders, found):
    """Sentences about the head: what appears twice, who shows another address, what was left out of HTML."""
    for name, label in (("From", "差出人"), ("Subject", "件名"), ("Message-ID", "Message-ID")):
        if len(headers.get_all(name, [])) > 1:
            yield f"{label}の行がふたつ以上あります。最初のものを表示しています。"
    if len(senders) > 1:
        yield "差出人がふたり以上書かれています。最初の差出人を表示しています。"
    if senders and "@" in senders[0][0] and senders[0][1] not in senders[0][0].lower():
        yield f"差出人の表示名に、別のアドレス({senders[0][0]})が書かれています。"
    if found.html and not found.plain:
        yield "HTMLのメールのため、文字だけを取り出して表示しています(画像やリンクは読み込みません)。"
