"""Listing, signing and installing on real modules with a virtual smartcard behind them; pkcs11-tool, yubico-piv-tool and
openssl as second opinions, the card's own log as witness."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from tests import ca
from tests.cards import AUTHENTICATION, ISO_ID, KINDS, SIGNATURE, VirtualCard, outcome, public_key_file
from tests.softhsm import logins
from tokens import proof, public_keys
from tokens.errors import TokenError
from tokens.mechanisms import DIGEST_INFO

pytestmark = pytest.mark.slow
SUBJECT = [["C", "JP"], ["O", "申請大学"], ["CN", "Shinsei University"]]
PIV_KINDS = ["opensc-piv", "ykcs11-piv"]
KEYS = [(kind, key) for kind in PIV_KINDS for key in (SIGNATURE, AUTHENTICATION)] + [("opensc-isoapplet", ISO_ID)]


def prove(worker, card, key, pin=None, **more):
    wanted = {"token": card.serial, "certificate_der": card.certificates[key], "challenge": bytes(range(32))}
    return worker.call("prove", pin=pin or card.pin, **wanted, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_is_listed_as_pkcs11_tool_lists_it(virtual_card, kind):
    card = virtual_card(kind)
    with card.worker() as worker:
        (listed,) = worker.call("tokens")["tokens"]
    assert listed["serial"] == card.serial
    assert f"token label        : {listed['label']}" in card.tool("-L")
    on_card = {each["der"] for each in listed["certificates"]}
    assert on_card == (set() if kind == "opensc-isoapplet" else set(card.certificates.values()))
    assert card.log.pin_entries == []


@pytest.mark.parametrize(("kind", "key"), KEYS)
def test_a_proof_by_each_key_verifies_elsewhere_and_took_one_signature(virtual_card, kind, key, tmp_path):
    card = virtual_card(kind)
    with card.spied(tmp_path / "spy.log") as worker:
        made = prove(worker, card, key)
    proof.verify(bytes(range(32)), card.certificates[key], made["signature"])
    (tmp_path / "signature").write_bytes(made["signature"])
    (tmp_path / "signed").write_bytes(proof.to_be_signed(bytes(range(32)), card.certificates[key]))
    command = ["openssl", "dgst", "-sha256", "-verify", public_key_file(card, card.certificates[key])]
    subprocess.run([*command, "-signature", tmp_path / "signature", tmp_path / "signed"], check=True)
    assert len(card.log.signatures) == 1
    asked_twice = key == SIGNATURE  # 9C demands the PIN for the signature itself
    assert logins(tmp_path / "spy.log") == (2 if asked_twice else 1)


@pytest.mark.parametrize("kind", PIV_KINDS)
def test_a_key_that_demands_the_pin_each_time_gets_it_each_time(virtual_card, kind):
    card = virtual_card(kind)
    with card.worker() as worker:
        for number in (1, 2, 3):
            prove(worker, card, SIGNATURE)
            assert len(card.log.signatures) == number
    assert card.tries_left == 3


@pytest.mark.parametrize(
    ("kind", "key", "mechanism"),
    [
        *[
            (kind, SIGNATURE, each)
            for kind in PIV_KINDS
            for each in ("RSA-PKCS", "SHA256-RSA-PKCS", "SHA256-RSA-PKCS-PSS")
        ],
        *[(kind, AUTHENTICATION, each) for kind in PIV_KINDS for each in ("ECDSA", "ECDSA-SHA256")],
        *[("opensc-isoapplet", ISO_ID, each) for each in ("RSA-PKCS", "SHA256-RSA-PKCS")],
    ],
)
def test_every_mechanism_that_is_offered_signs(virtual_card, kind, key, mechanism, tmp_path):
    card = virtual_card(kind)
    data, digest = b"practice", hashlib.sha256(b"practice").digest()
    fed = {"RSA-PKCS": DIGEST_INFO["sha256"] + digest, "ECDSA": digest}.get(mechanism, data)
    (tmp_path / "fed").write_bytes(fed)
    (tmp_path / "data").write_bytes(data)
    key_id = {SIGNATURE: "02", AUTHENTICATION: "01"}.get(key, key)
    words = ["--login", "--pin", card.pin, "--sign", "--mechanism", mechanism, "--id", key_id]
    words += [
        "--input-file",
        tmp_path / "fed",
        "--output-file",
        tmp_path / "signature",
        "--signature-format",
        "openssl",
    ]
    card.tool(*words)
    command = ["openssl", "dgst", "-sha256", "-verify", public_key_file(card, card.certificates[key])]
    command += ["-sigopt", "rsa_padding_mode:pss"] if mechanism.endswith("PSS") else []
    subprocess.run([*command, "-signature", tmp_path / "signature", tmp_path / "data"], check=True)


@pytest.mark.parametrize(("kind", "key"), KEYS)
def test_a_key_the_issuer_made_gets_a_request_that_openssl_verifies(virtual_card, kind, key, tmp_path):
    card = virtual_card(kind)
    public_key = x509.load_der_x509_certificate(card.certificates[key]).public_key()
    with card.worker() as worker:
        wanted = {"spki": public_keys.spki(public_key), "subject": SUBJECT}
        made = worker.call("request", token=card.serial, pin=card.pin, **wanted)
    (tmp_path / "request").write_bytes(made["csr_der"])
    command = ["openssl", "req", "-inform", "DER", "-in", tmp_path / "request", "-verify", "-noout"]
    subprocess.run(command, check=True, capture_output=True)
    assert x509.load_der_x509_csr(made["csr_der"]).public_key() == public_key
    assert len(card.log.signatures) == 1


def test_a_certificate_is_written_beside_its_key_and_read_back_by_others(virtual_card, tmp_path):
    card = virtual_card("opensc-isoapplet")
    der = card.certificates[ISO_ID]
    with card.worker() as worker:
        for _ in range(2):  # a second time changes nothing
            assert (
                worker.call("install", token=card.serial, pin=card.pin, certificate_der=der)["cka_id"].hex() == ISO_ID
            )
        prove(worker, card, ISO_ID)
    card.tool("--read-object", "--type", "cert", "--id", ISO_ID, "--output-file", tmp_path / "read")
    assert (tmp_path / "read").read_bytes() == der


@pytest.mark.parametrize("kind", KINDS)
def test_no_new_key_is_begun_that_the_card_cannot_finish(virtual_card, kind):
    """IsoApplet: RSA of 2048 bits only, ECDSA with SHA-1 only. PIV: keys are made with the management key."""
    card = virtual_card(kind)
    with card.worker() as worker:
        for algorithm in ("RSA-3072", "P-256"):
            wanted = {"cka_id": b"\x05", "label": "new", "algorithm": algorithm, "subject": SUBJECT}
            assert outcome(worker.call, "make_key", token=card.serial, pin=card.pin, **wanted) != "ok"
    assert [entry.header for entry in card.log.entries if entry.ins in (0x46, 0x47)] == []


def test_yubicos_own_program_makes_a_key_that_then_signs(virtual_card, tmp_path):
    """What the user's PIN may not do, the management key does: a new key in 9A, its certificate, and a proof by it."""
    card = virtual_card("ykcs11-piv")
    reader = ["yubico-piv-tool", "-r", card.kind.reader]
    public_key, certificate = tmp_path / "public.pem", tmp_path / "certificate.pem"
    card.run(*reader, "-s", "9a", "-a", "generate", "-A", "ECCP256", "-o", str(public_key))
    issued = ca.Authority().smime(x509_key(public_key), "yamamoto@shinsei.example")
    certificate.write_bytes(ca.pem(issued))
    card.run(*reader, "-s", "9a", "-a", "import-certificate", "-i", str(certificate))
    card.certificates[AUTHENTICATION] = ca.der(issued)
    with card.worker() as worker:
        made = prove(worker, card, AUTHENTICATION)
    proof.verify(bytes(range(32)), ca.der(issued), made["signature"])


def x509_key(path):
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    return load_pem_public_key(path.read_bytes())


def test_one_card_is_the_same_through_two_makers_modules(virtual_card):
    card = virtual_card("ykcs11-piv")
    through_opensc = VirtualCard(KINDS["opensc-piv"], card.path, card.reader)
    through_opensc.certificates = card.certificates
    for each in (card, through_opensc):
        with each.worker() as worker:
            prove(worker, each, AUTHENTICATION)
    assert [entry.key for entry in card.log.signatures] == ["9a", "9a"]


def test_two_cards_in_two_slots_are_told_apart_by_their_numbers(card_factory, virtual_card):
    first, second = virtual_card("opensc-piv"), virtual_card("opensc-piv", slot=1)
    assert first.serial != second.serial
    with first.worker() as worker:
        labels = {each["label"] for each in worker.call("tokens")["tokens"]}
        assert len(labels) == 1  # made from the same certificate
        ambiguous = {"certificate_der": second.certificates[AUTHENTICATION], "challenge": bytes(32)}
        assert outcome(worker.call, "prove", token=labels.pop(), pin=second.pin, **ambiguous) == "token_ambiguous"
        prove(worker, second, AUTHENTICATION)
    assert (len(first.log.signatures), len(second.log.signatures)) == (0, 1)
    assert first.log.pin_entries == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_cards_log_and_its_answers_never_hold_the_pin(virtual_card, kind):
    card = virtual_card(kind)
    key = next(iter(card.certificates))
    with card.worker() as worker:
        prove(worker, card, key)
        with pytest.raises(TokenError) as refusal:
            prove(worker, card, key, pin="90909090")
    text = card.log.path.read_text() + repr(vars(refusal.value))
    for pin in (card.pin, "90909090"):
        assert pin not in text and pin.encode().hex() not in text


def test_the_reader_is_reached_by_nobody_else(virtual_card):
    """Neither the machine's own PC/SC nor a port of it knows the virtual reader."""
    card = virtual_card("opensc-piv")
    tool = ["pkcs11-tool", "--module", card.module, "-L"]
    env = {key: value for key, value in os.environ.items() if key != "PCSCLITE_CSOCK_NAME"}
    assert card.serial not in subprocess.run(tool, env=env, capture_output=True, text=True).stdout
    assert ":8C7B " not in Path("/proc/net/tcp").read_text()  # 35963, where the driver waits by itself
