"""The test signature that a token makes when it is set up."""

import os
import subprocess

import pytest
from ca import new_key
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from softhsm import make_token

from tests.test_tokens_tokend import running
from tokens import errors, public_keys, self_check


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    return make_token(tmp_path_factory.mktemp("checked"))


def test_a_token_signs_with_a_key_that_is_gone_afterwards(token, tmp_path):
    with running(tmp_path, token) as tokend:
        nonce = os.urandom(32)
        made = tokend.self_check(nonce=nonce)
        self_check.verify(nonce, made.spki, made.signature)
        assert made.token["label"] == token.label and made.mechanism == "ECDSA"
        with pytest.raises(errors.TokenError) as refusal:
            tokend.self_check(nonce=b"short")
        assert refusal.value.code == "bad_request"
    assert objects(token) == ""


def objects(token):
    """What pkcs11-tool finds on the token, keys included."""
    command = ["pkcs11-tool", "--module", token.module, "--token-label", token.label, "--login", "--pin", token.pin]
    done = subprocess.run([*command, "--list-objects"], env={**os.environ, **token.env}, capture_output=True, text=True)
    return "".join(line for line in done.stdout.splitlines() if "Object" in line)


def test_a_signature_by_another_key_or_over_another_nonce_is_refused():
    key, nonce = new_key(), os.urandom(32)
    spki = public_keys.spki(key.public_key())
    signature = key.sign(self_check.to_be_signed(nonce), ec.ECDSA(hashes.SHA256()))
    self_check.verify(nonce, spki, signature)
    for wrong in ((bytes(32), spki), (nonce, public_keys.spki(new_key().public_key())), (nonce, b"no key")):
        with pytest.raises(errors.TokenError) as refusal:
            self_check.verify(*wrong, signature)
        assert refusal.value.code == "signature_wrong"
