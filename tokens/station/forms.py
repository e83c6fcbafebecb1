"""What is prepared for a person to confirm, and the forms among it: one, or a list for which one press is enough."""

from dataclasses import dataclass, replace

from tokens import stamp
from tokens.errors import TokenError, named
from tokens.station import cards, document, payloads, pictures, showing
from tokens.station.refusals import Refusal

NO_PICTURES = "このパソコンではページを画像にできません。下のボタンでPDFを開いてお確かめください。"


@dataclass(frozen=True)
class Ready:
    """A job that passed every check: what is shown, and with which card and certificate (cards.Held or None) it will be done.
    A list has `parts`, a Ready for each document, and what a person answered to each: True (sign it), False (leave it out),
    None (not looked at yet); `one_pin` if one PIN entry is enough for all."""

    envelope: object
    shown: showing.Shown
    card: cards.Card
    held: object = None
    document: bytes = b""
    parts: tuple = ()
    answers: tuple = ()
    one_pin: bool = False

    @property
    def unread(self):
        """The place of the first document that nobody has answered for, or None."""
        return self.answers.index(None) if None in self.answers else None

    @property
    def chosen(self):
        """[(place, Ready), …] of the documents that are to be signed."""
        return [(at, part) for at, part in enumerate(self.parts) if self.answers[at]]

    @property
    def pins(self):
        """How often the PIN will be asked."""
        return len(self.chosen) if self.parts and not self.one_pin else self.shown.pins

    def answered(self, place, answer):
        """The same with this answer for the document at `place`."""
        return replace(self, answers=(*self.answers[:place], answer, *self.answers[place + 1 :]))


def prepared(envelope, data, station_cards, journal):
    drawn = _read(data, envelope.payload)
    return _form_ready(envelope, data, drawn, station_cards.holding(cards.is_of(envelope.payload.signer_mails)))


def _read(data, asked):
    """The pictures.Pages of a form that passed every check."""
    document.same_bytes(data, asked)
    document.check(data, asked.field)
    drawn = pictures.of(data)
    document.check_words(drawn.text, asked)
    return drawn


def _form_ready(envelope, data, drawn, held):
    asked = envelope.payload
    notes = () if drawn.pictures else (NO_PICTURES,)
    if len(drawn.pictures) < drawn.count:
        notes += (f"{drawn.count}ページのうち、はじめの{len(drawn.pictures)}ページを表示しています。",)
    rows = [
        ("申請番号", asked.number),
        *_whose(asked, drawn.text),
        ("書類", asked.form_name),
        ("照合番号", asked.mark),
        ("ページ数", str(drawn.count) if drawn.count else "数えられません"),
        ("大きさ", showing.size(len(data))),
        ("SHA-256", showing.digest(asked.sha256)),
        ("印影に入る文字", " / ".join(line for line, _ in stamp.lines_of(asked.name_lines, held.der))),
        *cards.rows(held),
    ]
    pdf = ("application/pdf", data)
    return Ready(
        envelope, showing.shown(envelope, rows, pages=drawn.pictures, document=pdf, notes=notes), held.card, held, data
    )


def _whose(asked, text):
    """Rows on a form of a list: what stands on its pages too, and what is the server's word alone."""
    if not isinstance(asked, payloads.ListedPdf):
        return []
    rows = (("申請した人", asked.applicant), ("管理名称", asked.title), ("主体者DN", asked.subject))
    return [(label if _stands(value, text) else f"しるしの説明({label})", value) for label, value in rows]


def _stands(value, text):
    """Does a value stand on the pages, or each part of a DN? Line breaks and spaces do not count."""
    printed = "".join((text or "").split())
    parts = [each.partition("=")[2] or each for each in value.split(", ")]
    return any(all("".join(each.split()) in printed for each in found) for found in ([value], parts))


def sealed(ready, ask, journal):
    from tokens import sealing

    asked, der = ready.envelope.payload, ready.held.der

    def sign(attributes):
        return ask("sign_attributes", certificate_der=der, signed_attributes_der=attributes)["signature"]

    made = sealing.seal(
        ready.document, der, ready.held.chain, sign, field=asked.field, name_lines=list(asked.name_lines)
    )
    document.check_sealed(made, ready.document, asked.field, der)
    return payloads.SealedPdf(made, ready.card.told)


def list_prepared(envelope, documents, station_cards, journal):
    """Every document of a list, checked as if it came alone; if one does not hold, none is shown."""
    asked = envelope.payload.documents
    if len({each.signer_mails for each in asked}) > 1:
        raise Refusal("several_heads")
    drawn = [_read(data, each) for data, each in zip(documents, asked, strict=True)]
    held = station_cards.holding(cards.is_of(asked[0].signer_mails))
    alone = [replace(envelope, payload=each, display={"title": each.title, "lines": ()}) for each in asked]
    parts = tuple(map(_form_ready, alone, documents, drawn, [held] * len(asked)))
    rows = [("書類の数", f"{len(parts)}件"), *cards.rows(held)]
    shown = showing.shown(envelope, rows)
    return Ready(envelope, shown, held.card, held, parts=parts, answers=(None,) * len(parts))


def sealed_together(parts, ask):
    """([payloads.SealedPdf, …], TokenError or None) of several Ready forms within one login: as far as the card signed."""
    from tokens import sealing

    der, chain = parts[0].held.der, parts[0].held.chain
    begun = [
        sealing.begin(
            each.document,
            der,
            chain,
            field=each.envelope.payload.field,
            name_lines=list(each.envelope.payload.name_lines),
        )
        for each in parts
    ]
    answer = ask("sign_all_attributes", certificate_der=der, signed_attributes_ders=[each.attributes for each in begun])
    sealed = []
    for ready, form, signature in zip(parts, begun, answer["signatures"], strict=False):
        try:
            made = form.signed_with(signature)
            document.check_sealed(made, ready.document, ready.envelope.payload.field, der)
        except TokenError as error:
            return sealed, error
        sealed.append(payloads.SealedPdf(made, ready.card.told))
    return sealed, named(**answer["failed"]) if answer["failed"] else None
