"""The six things a station does. `prepared` checks and chooses, without any login; `performed` does it, with the PIN.

Everything signed is built here or in the token worker from what was checked; nothing from the envelope is signed as it stands.
"""

from hashlib import sha256

from cryptography import x509

from tokens import proof, public_keys
from tokens.client import proof_of
from tokens.errors import TokenError
from tokens.names import name_of
from tokens.station import cards, document, forms, mail, payloads, protocol, showing
from tokens.station.forms import Ready
from tokens.station.refusals import Refusal

WITH_DOCUMENT = ("seal_pdf", "sign_mail")


def prepared(envelope, data, station_cards, journal):
    """The Ready for an envelope and its document (b"" where the type has none). Raises TokenError: what is refused, and why."""
    return PREPARED[envelope.type](envelope, data, station_cards, journal)


def performed(ready, ask, journal):
    """The value of payloads.RESULTS. `ask(op, **arguments)` calls the token worker on the card with the person's PIN, one login
    each. Raises TokenError. A list is done by tokens/station/lists.py."""
    kind = "seal_pdf" if isinstance(ready.envelope.payload, payloads.ListedPdf) else ready.envelope.type
    return PERFORMED[kind](ready, ask, journal)


# make_key


def _key_prepared(envelope, data, station_cards, journal):
    asked = envelope.payload
    try:
        name_of(asked.subject)
    except (ValueError, TypeError) as error:
        raise Refusal("bad_subject") from error
    present = station_cards.present()
    planned = journal.planned(envelope)
    if planned:
        journal.same_plan(envelope, planned)
        present = [card for card in present if card.token["serial"] == planned["serial"]]
        if not present:
            raise Refusal("other_token", planned["serial"])
    if len(present) != 1:
        raise Refusal("several_cards")
    (card,) = present
    notes = ("前の操作で作りかけた鍵があれば、それを使います。新しい鍵は作りません。",) if planned else ()
    rows = [
        ("申請番号", asked.number),
        *showing.subject_rows(asked.subject),
        ("鍵の種類", asked.algorithm),
        ("鍵の名前", asked.label),
        ("カード", cards.called(card)),
    ]
    return Ready(envelope, showing.shown(envelope, rows, notes=notes), card)


def _key_made(ready, ask, journal):
    asked = ready.envelope.payload
    cka_id = journal.plan(ready.envelope, ready.card.token["serial"])
    subject = [list(each) for each in asked.subject]
    made = ask("make_key", cka_id=cka_id, label=asked.label, algorithm=asked.algorithm, subject=subject)
    request = x509.load_der_x509_csr(made["csr_der"])
    spki = sha256(public_keys.spki(request.public_key())).digest()
    if request.subject != name_of(asked.subject) or spki != made["spki_sha256"] or not request.is_signature_valid:
        raise Refusal("other_request")
    attributes = {name: told if told in (True, False) else None for name, told in made["attributes"].items()}
    attestation = _attested(ready.card, public_keys.spki(request.public_key()))
    return payloads.MadeKey(made["csr_der"], attributes, attestation, ready.card.told)


def _attested(card, spki):
    """By which certificates (DER) the card vouches for a key. Most cards have none, which is no fault."""
    try:
        told = card.worker.call("attestation", timeout=cards.SECONDS, token=_names(card), spki=spki)
    except TokenError:
        return ()
    return tuple(told["certificates"])


# install


def _install_prepared(envelope, data, station_cards, journal):
    asked = envelope.payload
    try:
        certificate = x509.load_der_x509_certificate(asked.certificate)
        chain = [x509.load_der_x509_certificate(each) for each in asked.chain]
        spki = sha256(public_keys.spki(certificate.public_key())).hexdigest()
    except ValueError as error:
        raise Refusal("certificate_unreadable") from error
    if spki != asked.spki_sha256:
        raise Refusal("other_key")
    card = _card_with(station_cards, certificate.public_key())
    rows = [
        ("申請番号", asked.number),
        ("証明書の主体者", certificate.subject.rfc4514_string()),
        ("発行者", certificate.issuer.rfc4514_string()),
        ("有効期間", f"{certificate.not_valid_before_utc:%Y-%m-%d} ~ {certificate.not_valid_after_utc:%Y-%m-%d}(UTC)"),
        ("シリアル番号", f"{certificate.serial_number:x}"),
        ("証明書のSHA-256", showing.digest(sha256(asked.certificate).hexdigest())),
        ("一緒に格納する中間証明書", f"{len(chain)}枚"),
        ("カード", cards.called(card)),
    ]
    notes = (
        "証明書を格納し、続けて、鍵を持っていることを署名で確かめます。署名のたびにPINを求める鍵では、PINをもう一度入力します。",
    )
    return Ready(envelope, showing.shown(envelope, rows, notes=notes), card)


def _card_with(station_cards, public_key):
    """The card whose public keys include this one; where no card shows its public keys, the only card."""
    present, spki = station_cards.present(), public_keys.spki(public_key)
    showing_it = [card for card in present if spki in _public_keys(card)]
    if len(showing_it) == 1 or len(present) == 1:
        return (showing_it or present)[0]
    raise Refusal("several_cards")


def _public_keys(card):
    return card.worker.call("show", timeout=cards.SECONDS, token=_names(card))["public_keys"]


def _installed(ready, ask, journal):
    asked = ready.envelope.payload
    challenge = bytes.fromhex(asked.challenge)
    made = ask(
        "install_and_prove", certificate_der=asked.certificate, chain_ders=list(asked.chain), challenge=challenge
    )
    shown = proof_of(made, asked.certificate, challenge)
    proof.check(shown, challenge, asked.certificate)
    return payloads.Installed(proof.to_text(shown), ready.card.told)


# sign_mail


def _mail_prepared(envelope, data, station_cards, journal):
    asked = envelope.payload
    document.same_bytes(data, asked)
    text = mail.check(data, asked)
    held = station_cards.holding(cards.is_of([asked.sender]))
    rows = [
        ("申請番号", asked.number),
        ("差出人", asked.sender),
        ("宛先", "、".join(asked.recipients)),
        ("件名", asked.subject),
        *((f"添付ファイル {each.name}", f"{showing.size(each.size)} / {each.sha256}") for each in asked.attachments),
        ("メールのSHA-256", showing.digest(asked.sha256)),
        *cards.rows(held),
    ]
    return Ready(envelope, showing.shown(envelope, rows, text=text), held.card, held, data)


def _mail_signed(ready, ask, journal):
    from tokens import smime

    der = ready.held.der

    def sign(attributes):
        return ask("sign_attributes", certificate_der=der, signed_attributes_der=attributes)["signature"]

    return payloads.SignedMail(smime.signed(ready.document, der, ready.held.chain, sign), ready.card.told)


# sign_in


def _sign_in_prepared(envelope, data, station_cards, journal):
    held = station_cards.holding(cards.signs_in)
    rows = [("サインインする先", envelope.origin), ("署名ステーションの持ち主", envelope.owner), *cards.rows(held)]
    return Ready(envelope, showing.shown(envelope, rows), held.card, held)


def _signed_in(ready, ask, journal):
    envelope, der = ready.envelope, ready.held.der
    bound = (envelope.origin, envelope.nonce, envelope.payload.session_bind, envelope.station)
    names = dict(zip(("origin", "nonce", "session_bind", "station"), bound, strict=True))
    made = ask("sign_in", certificate_der=der, **names)
    protocol.check_sign_in(der, made["signature"], *bound)
    return payloads.SignedIn(der, made["signature"], made["mechanism"], ready.card.told)


PREPARED = {
    "seal_pdf": forms.prepared,
    "seal_list": forms.list_prepared,
    "make_key": _key_prepared,
    "install": _install_prepared,
    "sign_mail": _mail_prepared,
    "sign_in": _sign_in_prepared,
}
PERFORMED = {
    "seal_pdf": forms.sealed,
    "make_key": _key_made,
    "install": _installed,
    "sign_mail": _mail_signed,
    "sign_in": _signed_in,
}


def _names(card):
    return {name: card.token[name] for name in ("label", "serial", "manufacturer", "model")}
