"""What a station refuses to have signed: documents, mails, certificates and bytes that are not what they should be."""

from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256

import pytest
from asn1crypto import cms
from ca import Authority, der, new_key
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from played_intranet import payload
from softhsm import MODULE, PIN
from stationed import MAIL, NUMBER, Person, card_with, done, form, reader, seal, station, taken

from tokens import sealing
from tokens import softhsm as soft
from tokens.errors import TokenError
from tokens.station import device, journal, mail, payloads, protocol
from tokens.station.cards import Cards
from tokens.to_be_signed import check_signed_attributes

pytestmark = pytest.mark.usefixtures("own_folders")

OFFICER, DESK = "suzuki@shinsei.example", "certs@nii.example"


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def card(tmp_path_factory, authority):
    return card_with(tmp_path_factory.mktemp("checks"), authority=authority)


@pytest.fixture(scope="module")
def cards(card):
    with reader(card[0]) as found:
        yield found


def refused(act, *arguments, **named):
    with pytest.raises(TokenError) as caught:
        act(*arguments, **named)
    assert caught.value.message.endswith("。") and caught.value.advice.endswith("。")
    return caught.value.code


CASES = {
    "another document after the code was typed": (lambda: (seal(form()), form().replace(b"595", b"594")), "changed"),
    "one byte more": (lambda: (seal(form()), form() + b"\n"), "too_large"),
    "one byte less": (lambda: (seal(form()), form()[:-1]), "changed"),
    "another application's form": (lambda: (seal(form(), number="CS-2026-0099"), form()), "other_document"),
    "a form with another mark": (lambda: (seal(form(), mark="ffffffffffffffff"), form()), "other_document"),
    "another field": (lambda: (seal(form(), field="KikanSekinin"), form()), "pdf_field"),
    "somebody else's certificate": (
        lambda: (seal(form(), signer_mails=["other@shinsei.example"]), form()),
        "no_certificate_for",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_form_is_refused_before_any_pin_and_the_server_is_told(case, intranet, cards):
    make, code = CASES[case]
    asked, data = make()
    person = Person()
    agent = station(intranet, cards, person)
    job = intranet.offer(asked, data)
    done(taken(agent, job), job)
    assert agent.ready == [] and person.asked == 0
    (entry,) = [each for each in journal.Journal().entries() if each["event"] == "refused"]
    assert entry["reason"] == code
    outcome, value, reason = intranet.result(job)
    assert (outcome, value) == ("failed", None) and reason.endswith("。")


# The mail


def written(**changes):
    """A mail (bytes) from the officer to the desk, with one attachment."""
    message = EmailMessage(policy=SMTP)
    headers = {
        "From": f"鈴木 花子 <{OFFICER}>",
        "To": DESK,
        "Subject": "コード署名用証明書の発行申請",
        "Date": "Mon, 23 Nov 2026 10:00:00 +0900",
    }
    for name, value in (headers | changes).items():
        if value is not None:
            message[name] = value
    message.set_content("申請書をお送りします。\n")
    message.add_attachment(b"PK-zip", maintype="application", subtype="zip", filename="application.zip")
    return message.as_bytes()


def mail_asked(data, **changes):
    attached = {"name": "application.zip", "size": 6, "sha256": sha256(b"PK-zip").hexdigest()}
    told = {
        "number": NUMBER,
        "sha256": sha256(data).hexdigest(),
        "size": len(data),
        "from": OFFICER,
        "recipients": [DESK],
    }
    rest = {"subject": "コード署名用証明書の発行申請", "attachments": [attached]}
    return payload("sign_mail", **{**told, **rest, **changes})


def test_a_mail_is_signed_as_it_was_shown(intranet, authority, tmp_path):
    data = written()
    with reader(card_with(tmp_path / "officer", OFFICER, authority=authority)[0]) as cards:
        agent = station(intranet, cards)
        job = intranet.offer(mail_asked(data), data)
        taken(agent, job)
        rows = dict(agent.ready[0].shown.rows)
        assert rows["宛先"] == DESK and "6バイト" in rows["添付ファイル application.zip"]
        assert "申請書をお送りします。" in agent.ready[0].shown.text
        done(agent, job)
    outcome, value, _ = intranet.result(job)
    assert outcome == "done" and b"multipart/signed" in value.mail


MAILS = {
    "mail_sender": [{"From": MAIL}, {"From": f"{OFFICER}, {MAIL}"}, {"Reply-To": "thief@evil.example"}, {"Sender": MAIL}],
    "mail_recipients": [{"To": "thief@evil.example"}, {"To": f"{DESK}, thief@evil.example"}, {"Cc": "thief@evil.example"},
                        {"Bcc": "thief@evil.example"}, {"To": None}],
    "mail_subject": [{"Subject": "別の件名"}],
    "mail_unreadable": [{"Resent-To": "thief@evil.example"}],
}  # fmt: skip


@pytest.mark.parametrize(("code", "headers"), [(code, each) for code, found in MAILS.items() for each in found])
def test_a_mail_with_other_headers_than_the_envelope_is_refused(code, headers):
    data = written(**headers)
    assert refused(mail.check, data, mail_asked(data)) == code


def test_a_mail_with_other_contents_than_the_envelope_is_refused():
    data = written()
    mail.check(data, mail_asked(data))
    other = data.replace(b"UEstemlw", b"UEstemlx")
    assert other != data and refused(mail.check, other, mail_asked(other)) == "mail_attachments"
    assert refused(mail.check, data, mail_asked(data, attachments=[])) == "mail_attachments"
    html = data.replace(b"text/plain", b"text/html", 1)
    assert refused(mail.check, html, mail_asked(html)) == "mail_parts"
    inline = data.replace(b"Content-Disposition: attachment", b"Content-Disposition: inline")
    assert refused(mail.check, inline, mail_asked(inline)) == "mail_parts"
    twice = b"To: thief@evil.example\r\n" + data
    assert refused(mail.check, twice, mail_asked(twice)) == "mail_unreadable"
    assert refused(mail.check, b"", mail_asked(data)) in ("mail_sender", "mail_unreadable")


def test_a_mail_of_somebody_else_is_not_signed_with_this_card(intranet, cards):
    data = written()
    agent = station(intranet, cards)
    job = intranet.offer(mail_asked(data), data)
    taken(agent, job)
    assert agent.ready == [] and agent.told[0].message == "この依頼に使える証明書が、カードにありません。"


# Certificates and bytes


def test_a_certificate_for_another_key_is_not_installed(intranet, cards, authority):
    stranger = der(authority.code_signing(new_key().public_key()))
    agent = station(intranet, cards)
    asked = payloads.Install(NUMBER, stranger, (), "ab" * 32, "5a" * 32)
    taken(agent, intranet.offer(asked))
    assert agent.ready == [] and agent.told[0].message == "届いた証明書は、CSRを作った鍵のものではありません。"


def test_a_certificate_that_has_ended_does_not_seal(intranet, tmp_path, authority):
    token, _ = card_with(tmp_path / "old", authority=Authority(at=authority.at - timedelta(days=3000)))
    with reader(token) as cards:
        agent = station(intranet, cards)
        taken(agent, intranet.offer(seal(form()), form()))
    assert agent.ready == [] and agent.told[0].message == "この依頼に使える証明書が、カードにありません。"


def test_without_a_card_the_station_says_so(intranet, tmp_path):
    with Cards([MODULE], soft.prepare(tmp_path / "empty")) as cards:
        assert refused(cards.present) == "token_missing"
    with Cards(["/nowhere/module.so"]) as cards:
        assert refused(cards.present) == "module_unusable"


def test_neither_can_a_sign_in_be_signed_as_a_seal_nor_a_seal_as_a_sign_in(card):
    token, certificate = card
    login = protocol.sign_in_bytes("https://shirushi.example", "11" * 32, "22" * 32, "st-7")
    attributes = []
    key = new_key()
    with pytest.raises(TokenError):
        sealing.seal(
            form(), certificate, [], lambda data: attributes.append(data) or key.sign(data, ec.ECDSA(hashes.SHA256()))
        )
    check_signed_attributes(attributes[0], certificate)
    wanted = {"token": token.label, "pin": PIN, "certificate_der": certificate}
    with token.worker() as worker:
        call = worker.call
        assert refused(call, "sign_attributes", **wanted, signed_attributes_der=login) == "bytes_refused"
        assert refused(call, "sign_attributes", **wanted, signed_attributes_der=attributes[0][:-1]) == "bytes_refused"
        for bent in (attributes[0].hex(), "31" * 31, "zz" * 32):
            words = {"origin": "o", "nonce": bent, "session_bind": "22" * 32, "station": "s"}
            assert refused(call, "sign_in", **wanted, **words)
        words = {"origin": "https://shirushi.example", "nonce": "11" * 32, "session_bind": "22" * 32, "station": "st-7"}
        signature = call("sign_in", **wanted, **words)["signature"]
    protocol.check_sign_in(certificate, signature, **words)
    assert (
        refused(protocol.check_sign_in, certificate, signature, **{**words, "origin": "https://evil.example"})
        == "signature"
    )


def test_signed_attributes_that_were_changed_are_refused(card):
    token, certificate = card
    attributes = []
    with pytest.raises(TokenError):
        sealing.seal(form(), certificate, [], lambda data: attributes.append(data) or b"")
    more = cms.CMSAttributes.load(attributes[0])
    more.append(cms.CMSAttribute({"type": "1.2.3.4", "values": [cms.OctetString(b"x")]}))
    with token.worker() as worker:
        wanted = {"token": token.label, "pin": PIN, "certificate_der": certificate}
        assert refused(worker.call, "sign_attributes", **wanted, signed_attributes_der=more.dump()) == "bytes_refused"


# What the station keeps


def test_the_journal_shows_a_line_that_was_changed_taken_out_or_put_in():
    record = journal.Journal()
    for number in range(4):
        record.write("signed", job=f"j-{number}")
    assert record.broken_at() is None
    lines = record.path.read_bytes().splitlines(keepends=True)
    for bent, at in (
        ([lines[0], lines[1].replace(b"j-1", b"j-9"), *lines[2:]], 3),
        ([lines[0], *lines[2:]], 2),
        ([lines[0], lines[0], *lines[1:]], 2),
    ):
        record.path.write_bytes(b"".join(bent))
        assert record.broken_at() == at
    record.path.write_bytes(b"".join(lines)[:-10])  # the power went
    record.write("signed", job="j-5")
    assert record.entries()[-1]["job"] == "j-5" and record.broken_at() == 4


def test_key_and_settings_are_the_persons_own(tmp_path):
    key = device.key()
    pairing = device.Pairing("https://a.example", "st-1", "田中", "x")
    for each in (pairing, device.Pairing("https://b.example", "st-2", "田中", "y"), pairing):
        device.pair(each)
    assert [each.origin for each in device.pairings()] == ["https://b.example", "https://a.example"]
    assert protocol.raw(device.key()) == protocol.raw(key)
    folder = device.folder()
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    (folder / "device.key").chmod(0o640)
    assert refused(device.key) == "key_open"
    (folder / "device.key").write_bytes(b"nonsense")
    (folder / "device.key").chmod(0o600)
    assert refused(device.key) == "key_unreadable"
    (folder / "pairings.json").write_text('[{"origin": 1}]')
    assert refused(device.pairings) == "settings_unreadable"


def test_with_the_last_pairing_the_key_is_forgotten():
    device.key()
    device.pair(device.Pairing("https://a.example", "st-1", "田中", "x"))
    assert not device.forget("https://b.example")
    assert device.forget("https://a.example")
    assert not (device.folder() / "device.key").exists() and device.pairings() == []
