"""What a signing station and its server agree on, and what each refuses of the other."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.ca import Authority, der, new_key
from tokens.station import codes, payloads, protocol
from tokens.station.refusals import SENTENCES, Refusal
from tokens.to_be_signed import check_signed_attributes

ORIGIN, STATION, NOW = "https://shirushi.example.ac.jp", "st-7", 1_795_000_000
DEVICE, JOB_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
TOKEN = {"label": "署名カード", "serial": "0a1b", "model": "SoftHSM v2"}
SHA = "ab" * 32
PDF = {
    "number": "CS-2026-0012",
    "form_name": "発行申請書",
    "sha256": SHA,
    "size": 84_210,
    "mark": "K7QM-2XRD",
    "field": "Seal",
    "signer_mails": ["tanaka@shinsei.example"],
    "name_lines": ["学校法人申請学園", "髙橋 﨑子"],
}
PAYLOADS = {
    "seal_pdf": PDF,
    "make_key": {
        "number": "CS-2026-0012",
        "subject": [["C", "JP"], ["O", "Shinsei Gakuen"], ["CN", "Shinsei Gakuen"]],
        "algorithm": "RSA-3072",
        "label": "コード署名",
        "journal_id": "app-12-key-1",
    },
    "install": {
        "number": "CS-2026-0012",
        "certificate": base64.b64encode(b"der").decode(),
        "chain": [base64.b64encode(b"issuer").decode()],
        "spki_sha256": SHA,
        "challenge": SHA,
    },
    "sign_mail": {
        "number": "CS-2026-0012",
        "sha256": SHA,
        "size": 1200,
        "from": "suzuki@shinsei.example",
        "recipients": ["certs@nii.example"],
        "subject": "コード署名用証明書の発行申請",
        "attachments": [{"name": "application.zip", "size": 1000, "sha256": SHA}],
    },
    "sign_in": {"session_bind": SHA},
}


def job(kind="seal_pdf", **changes):
    payload = payloads.read(payloads.ASKED[kind], PAYLOADS[kind])
    words = {"job": "j-1", "origin": ORIGIN, "station": STATION, "owner": "田中", "requested_by": "鈴木"}
    return protocol.envelope(payload, title="申請書への署名", now=NOW, **{**words, **changes})


def opened(text, signature, key=None, **known):
    known = {"origin": ORIGIN, "station": STATION, "now": NOW + 5} | known
    return protocol.opened(text, signature, protocol.raw(key or JOB_KEY), **known)


def resigned(made, **changes):
    """The envelope with these JSON values instead, signed as the server would."""
    values = {**json.loads(protocol.signed(made, JOB_KEY)[0]), **changes}
    text = protocol.canonical(values)
    return text.decode(), protocol.armoured(JOB_KEY.sign(protocol.ENVELOPE + text))


def refused(act, *arguments, **named):
    with pytest.raises(Refusal) as caught:
        act(*arguments, **named)
    assert caught.value.message.endswith("。") and caught.value.advice.endswith(("。", "。)"))
    return caught.value.code


# Envelopes


@pytest.mark.parametrize("kind", PAYLOADS)
def test_an_envelope_is_opened_as_it_was_made(kind):
    made = job(kind)
    assert opened(*protocol.signed(made, JOB_KEY)) == made
    assert json.loads(protocol.signed(made, JOB_KEY)[0])["payload"] == PAYLOADS[kind]


def test_an_envelope_signed_by_another_key_is_refused():
    assert refused(opened, *protocol.signed(job(), Ed25519PrivateKey.generate())) == "foreign_key"
    assert refused(opened, *protocol.signed(job(), DEVICE)) == "foreign_key"
    assert refused(opened, protocol.signed(job(), JOB_KEY)[0], "") == "foreign_key"


def test_an_envelope_of_which_one_character_was_changed_is_refused():
    text, signature = protocol.signed(job(), JOB_KEY)
    for at in range(0, len(text), 7):
        changed = text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1 :]
        assert refused(opened, changed, signature) == "foreign_key"


def test_an_envelope_for_another_origin_or_station_is_refused():
    assert refused(opened, *protocol.signed(job(origin="https://evil.example"), JOB_KEY)) == "other_origin"
    assert refused(opened, *protocol.signed(job(station="st-8"), JOB_KEY)) == "other_station"


def test_an_envelope_lives_ten_minutes_at_most():
    made = protocol.signed(job(), JOB_KEY)
    assert opened(*made, now=NOW + 599)
    assert refused(opened, *made, now=NOW + 600) == "expired"
    assert refused(opened, *made, now=NOW - 121) == "expired"
    assert refused(opened, *protocol.signed(job(seconds=601), JOB_KEY)) == "too_long"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"extra": 1}, "unknown_field"),
        ({"type": "sign_anything"}, "unknown_type"),
        ({"type": ["seal_pdf"]}, "unknown_type"),
        ({"v": 2}, "unknown_type"),
        ({"nonce": "00"}, "malformed"),
        ({"expires_at": "soon"}, "malformed"),
        ({"expires_at": True}, "malformed"),
        ({"job": ""}, "malformed"),
        ({"display": {"title": "x", "lines": [], "html": "<b>"}}, "unknown_field"),
        ({"display": {"title": "x\u202e", "lines": []}}, "malformed"),
        ({"payload": {**PDF, "signed_attrs": "MIIB"}}, "unknown_field"),
        ({"payload": {name: value for name, value in PDF.items() if name != "sha256"}}, "malformed"),
        ({"payload": {**PDF, "sha256": SHA.upper()}}, "malformed"),
        ({"payload": {**PDF, "size": -1}}, "malformed"),
        ({"payload": {**PDF, "size": 10**12}}, "malformed"),
        ({"payload": {**PDF, "signer_mails": "tanaka@shinsei.example"}}, "malformed"),
        ({"payload": PAYLOADS["sign_in"]}, "unknown_field"),
        ({"payload": []}, "malformed"),
    ],
)
def test_an_envelope_with_anything_unknown_or_misshapen_is_refused_although_signed(changes, code):
    assert refused(opened, *resigned(job(), **changes)) == code


def test_an_envelope_that_is_not_canonical_json_is_refused_although_signed():
    text = protocol.signed(job(), JOB_KEY)[0]
    for other in (
        text.replace('","', '", "', 1),
        text.replace('"v":1', '"v":1,"v":1'),
        text.replace('"v":1', '"v":1.0'),
    ):
        signature = protocol.armoured(JOB_KEY.sign(protocol.ENVELOPE + other.encode()))
        assert refused(opened, other, signature) == "malformed"


# Requests


def headers(**changes):
    made = protocol.request_headers(DEVICE, STATION, "POST", "/station/jobs?x=1", b"{}", ORIGIN, NOW)
    return {**made, **changes}


def checked(given, method="POST", target="/station/jobs?x=1", body=b"{}", origin=ORIGIN, now=NOW):
    return protocol.check_request(given, protocol.raw(DEVICE), method, target, body, origin, now)


def test_a_signed_request_gives_its_nonce_and_no_two_are_the_same():
    assert checked(headers()) != checked(headers())
    assert checked(headers(), now=NOW + 120) and checked(headers(), now=NOW - 120)


def test_a_request_is_signed_with_method_path_body_origin_time_and_nonce():
    given = headers()
    for change in ({"method": "GET"}, {"target": "/station/jobs"}, {"body": b"{ }"}, {"origin": "https://x.example"}):
        assert refused(checked, given, **change) == "signature"
    assert refused(checked, {**given, "Station-Time": str(NOW + 1)}) == "signature"
    assert refused(checked, {**given, "Station-Nonce": "00" * 16}) == "signature"
    assert refused(checked, {}) == "malformed"


def test_a_request_of_another_hour_is_refused():
    assert refused(checked, headers(), now=NOW + 121) == "clock"


def test_a_poll_for_a_pairing_is_signed_for_that_pairing():
    signature = protocol.pairing_signature(DEVICE, "p-1")
    protocol.check_pairing(protocol.raw(DEVICE), "p-1", signature)
    assert refused(protocol.check_pairing, protocol.raw(DEVICE), "p-2", signature) == "signature"
    assert refused(protocol.check_pairing, protocol.raw(JOB_KEY), "p-1", signature) == "signature"


# Codes


def test_a_user_code_is_read_however_it_is_typed():
    for typed in ("BCDF-GHJK", "bcdfghjk", " bcdf ghjk ", "ＢＣＤＦ－ＧＨＪＫ", "BCDFーGHJK"):
        assert codes.user_code(typed) == "BCDF-GHJK"
    for typed in ("", "BCDF-GHJ", "BCDA-GHJK", "BCDF-GHJKL", "1234-5678"):
        assert refused(codes.user_code, typed) == "bad_code"
    assert codes.user_code(codes.new_user_code())


def test_a_match_code_is_six_digits_however_they_are_typed():
    assert codes.digits("042 317") == codes.digits("０４２３１７") == codes.digits("042-317") == "042317"
    for typed in ("", "42317", "0423177", "04231a", "٠٤٢٣١٧x"):
        assert refused(codes.digits, typed) == "bad_code"
    assert len({codes.new_digits() for _ in range(50)}) > 40


def test_a_stored_code_tells_the_right_one_from_others_and_differs_by_job():
    stored = codes.hashed("042317", "j-1")
    assert codes.is_code("042317", "j-1", stored)
    assert not codes.is_code("042318", "j-1", stored)
    assert not codes.is_code("042317", "j-2", stored)
    assert "042317" not in stored


# Origins and keys


def test_an_origin_is_https_or_this_computer():
    assert protocol.origin_of("https://Shirushi.example.AC.jp:443/stations?x") == ORIGIN
    assert protocol.origin_of("http://127.0.0.1:5000/") == "http://127.0.0.1:5000"
    assert protocol.origin_of("http://[::1]:5000") == "http://[::1]:5000"
    for address in ("http://shirushi.example.ac.jp", "http://127.0.0.1.evil.example", "http://10.0.0.1"):
        assert refused(protocol.origin_of, address) == "insecure_address"
    for address in ("", "shirushi", "file:///etc", "https://a@b.example", "https://x:99999", "javascript:1"):
        assert refused(protocol.origin_of, address) == "bad_address"


def test_a_device_key_is_compared_by_eight_groups():
    shown = protocol.fingerprint(protocol.raw(DEVICE)).split()
    assert [len(each) for each in shown] == [4] * 8


# Results and signing in


def test_a_result_comes_back_as_it_was():
    value = payloads.SealedPdf(pdf=b"%PDF-1.7 \xff", token=payloads.Token(**TOKEN))
    body = protocol.result("done", value)
    assert protocol.result_read("seal_pdf", body) == ("done", value, "")
    assert protocol.result_read("sign_in", protocol.result("rejected", reason="やめました。")) == (
        "rejected",
        None,
        "やめました。",
    )


def test_a_result_of_another_shape_is_refused():
    value = payloads.SealedPdf(pdf=b"%PDF", token=payloads.Token(**TOKEN))
    body = json.loads(protocol.result("done", value))
    assert refused(protocol.result_read, "make_key", json.dumps(body).encode()) == "unknown_field"
    for change in ({"outcome": "maybe"}, {"outcome": "failed"}, {"result": None}, {"extra": 1}):
        assert refused(protocol.result_read, "seal_pdf", json.dumps({**body, **change}).encode())
    for text in (b"", b"[]", b"\xff", b'{"outcome":NaN}', b"[" * 100_000):
        assert refused(protocol.result_read, "seal_pdf", text) == "malformed"


def test_signing_in_is_bound_to_origin_nonce_session_and_station():
    key, authority = new_key(), Authority()
    certificate = der(authority.smime(key.public_key(), "tanaka@shinsei.example"))
    given = [ORIGIN, "11" * 32, SHA, STATION]
    signature = key.sign(protocol.sign_in_bytes(*given), ec.ECDSA(hashes.SHA256()))
    protocol.check_sign_in(certificate, signature, *given)
    for at, other in enumerate(["https://evil.example", "22" * 32, "cd" * 32, "st-8"]):
        changed = [*given[:at], other, *given[at + 1 :]]
        assert refused(protocol.check_sign_in, certificate, signature, *changed) == "signature"
    assert refused(protocol.check_sign_in, b"no certificate", signature, *given) == "signature"


def test_what_is_signed_to_sign_in_can_be_no_cms_and_no_request():
    data = protocol.sign_in_bytes(ORIGIN, "11" * 32, SHA, STATION)
    assert data[:1] == b"S" and len(data) == len(protocol.SIGN_IN) + 4 * 32
    with pytest.raises(Exception, match="許された種類"):
        check_signed_attributes(data, b"certificate")


def test_every_refusal_says_what_happened_and_what_to_do():
    for code, (message, advice) in SENTENCES.items():
        assert message.endswith("。"), code
        assert advice.endswith(("。", "。)")), code
