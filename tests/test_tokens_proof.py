"""Proofs of possession: made on a token, checked without one."""

import os
from hashlib import sha256

import pytest
from ca import Authority, der, new_key
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from softhsm import PIN, make_token

from tokens import proof
from tokens.client import proof_of
from tokens.errors import ProofRefused

CHALLENGE = bytes(range(32))


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    return make_token(tmp_path_factory.mktemp("proof"))


@pytest.fixture(scope="module", params=["P-256", pytest.param("RSA-3072", marks=pytest.mark.slow)])
def proved(request, token):
    """(certificate DER, Proof over CHALLENGE) by a key on the token."""
    wanted = {"token": token.label, "pin": token.pin}
    with token.worker() as worker:
        subject = [["CN", "Shinsei University"]]
        key = {"cka_id": request.param.encode(), "label": "鍵", "algorithm": request.param, "subject": subject}
        csr = x509.load_der_x509_csr(worker.call("make_key", **wanted, **key)["csr_der"])
        certificate = der(Authority().code_signing(csr.public_key()))
        made = worker.call("prove", **wanted, certificate_der=certificate, challenge=CHALLENGE)
    return certificate, proof_of(made, certificate, CHALLENGE)


def changed(shown, **values):
    return proof.Proof(**{**vars(shown), **values})


def refusal(*arguments):
    with pytest.raises(ProofRefused) as refused:
        proof.check(*arguments)
    assert refused.value.message.endswith("。") and refused.value.advice
    return refused.value.detail


def test_a_proof_of_the_right_key_holds(proved):
    certificate, shown = proved
    proof.check(shown, CHALLENGE, certificate)
    assert shown.token_label == "署名カード" and shown.mechanism in ("ECDSA", "SHA256_RSA_PKCS")


def test_it_travels_as_text_among_other_lines(proved):
    certificate, shown = proved
    text = proof.to_text(shown)
    assert text.isascii() and text.startswith("-----BEGIN SHIRUSHI PROOF-----\n")
    mailed = "証明です。\r\n\r\n" + text.replace("\n", "\r\n") + "\r\n鈴木"
    assert proof.from_text(mailed) == shown
    assert PIN not in text


def test_a_proof_for_another_challenge_is_refused(proved):
    certificate, shown = proved
    other = os.urandom(32)
    assert refusal(shown, other, certificate) == "another challenge"
    assert refusal(changed(shown, challenge=other), other, certificate) == "signature"


def test_a_proof_for_another_certificate_is_refused_even_of_the_same_key(proved):
    certificate, shown = proved
    key = x509.load_der_x509_certificate(certificate).public_key()
    for other in (der(Authority().code_signing(key)), der(Authority().code_signing(new_key().public_key()))):
        assert refusal(shown, CHALLENGE, other) == "another certificate"
        digest = hashes.Hash(hashes.SHA256())
        digest.update(other)
        assert refusal(changed(shown, certificate_sha256=digest.finalize()), CHALLENGE, other) == "signature"


def test_a_changed_signature_is_refused(proved):
    certificate, shown = proved
    for position in range(0, len(shown.signature), 7):
        flipped = bytearray(shown.signature)
        flipped[position] ^= 1
        assert refusal(changed(shown, signature=bytes(flipped)), CHALLENGE, certificate) == "signature"
    assert refusal(changed(shown, signature=b""), CHALLENGE, certificate) == "signature"


def test_a_signature_of_the_bare_challenge_is_no_proof():
    key = new_key()
    certificate = der(Authority().code_signing(key.public_key()))
    with pytest.raises(ProofRefused):
        proof.verify(CHALLENGE, certificate, key.sign(CHALLENGE, ec.ECDSA(hashes.SHA256())))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN SHIRUSHI PROOF-----\n-----END SHIRUSHI PROOF-----",
        "-----BEGIN SHIRUSHI PROOF-----\n!!!!\n-----END SHIRUSHI PROOF-----",
        "-----BEGIN SHIRUSHI PROOF-----\nAAAA\n-----END SHIRUSHI PROOF-----",
        "-----BEGIN SHIRUSHI PROOF-----\ne30=\n-----END SHIRUSHI PROOF-----",
        "-----BEGIN SHIRUSHI PROOF-----\nWzFd\n-----END SHIRUSHI PROOF-----",
        "-----BEGIN CERTIFICATE-----\ne30=\n-----END CERTIFICATE-----",
    ],
)
def test_a_text_that_is_no_proof_is_refused(text):
    with pytest.raises(ProofRefused):
        proof.from_text(text)


def test_what_is_signed_is_the_prefix_the_challenge_and_the_digest_of_the_certificate():
    assert proof.to_be_signed(CHALLENGE, b"c") == b"SHIRUSHI-PROOF-v1\0" + CHALLENGE + sha256(b"c").digest()
    with pytest.raises(ProofRefused):
        proof.to_be_signed(b"short", b"c")
