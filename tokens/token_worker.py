"""The process that holds a PKCS#11 module: `python -m tokens.token_worker MODULE`, messages of tokens/wire.py on
stdin and stdout. The only code that imports pkcs11.

One thread. Login, operation and logout are one step. Only one-shot sign(bytes), under CANCEL_WITH_INIT: otherwise
python-pkcs11 lets the card sign a partial message. After any error of the module the process ends, because a failed login leaves a
session behind and a failed signature an open operation; tokens/worker.py starts the next one.
A PIN comes in a message and stays in this process.
"""

import hashlib
import os
import resource
import sys
from contextlib import contextmanager

import pkcs11
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from pkcs11 import Attribute, CancelStrategy, KeyType, Mechanism, ObjectClass, TokenFlag
from pkcs11.util.ec import encode_ec_public_key, encode_ecdsa_signature, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key
from pkcs11.util.x509 import decode_x509_certificate

from tokens import public_keys, wire
from tokens.errors import TokenError, named, translated
from tokens.mechanisms import choose, fed
from tokens.names import name_of
from tokens.proof import to_be_signed
from tokens.self_check import to_be_signed as check_bytes
from tokens.to_be_signed import check_ca_bytes, check_signed_attributes
from tokens.token_key import TokenKey, verify

ALGORITHMS = {
    "RSA-3072": (KeyType.RSA, 3072),
    "RSA-4096": (KeyType.RSA, 4096),
    "P-256": (KeyType.EC, "secp256r1"),
    "P-384": (KeyType.EC, "secp384r1"),
}
EVIDENCE = (
    "LOCAL",
    "NEVER_EXTRACTABLE",
    "ALWAYS_SENSITIVE",
    "SENSITIVE",
    "EXTRACTABLE",
    "PRIVATE",
    "TOKEN",
)


# What a caller may ask for


def list_tokens(library):
    """Every token present, without login: names, flags, mechanisms and the certificates anybody can read."""
    library.reinitialize()  # a token initialised since then is not seen otherwise
    return {"tokens": [{**_named(token), **_public(token)} for token in _present(library)]}


def make_key(library, token, pin, cka_id, label, algorithm, subject, final_try=False):
    """A key pair under `cka_id` (bytes) and a PKCS#10 request for it (DER, SHA-256). If the pair is there already it
    is used again: asking twice never makes two keys."""
    found, name = _token(library, token), _name(subject)
    kind = _algorithm(algorithm)
    _mechanism(found, kind[0], "sha256")  # before a key is made that could not sign
    with _logged_in(found, pin, final_try) as session:
        private = _key(session, cka_id) or _generated(session, kind, cka_id, label)
        public_key = _public_key(session, cka_id)
        if algorithm != public_keys.algorithm(public_key):
            raise named("key_differs", algorithm)
        key = TokenKey(public_key, lambda data, hash_name: _signature(private, public_key, data, hash_name, pin)[0])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
        attributes = {each: _attribute(private, each) for each in EVIDENCE}
    return {
        "csr_der": request.public_bytes(serialization.Encoding.DER),
        "spki_sha256": hashlib.sha256(public_keys.spki(public_key)).digest(),
        "cka_id": cka_id,
        "attributes": attributes,
        "token": _named(found),
    }


def install(library, token, pin, certificate_der, chain_ders=(), final_try=False):
    """Store the certificate beside its private key, under the same CKA_ID, and the chain beside it; read every one
    back byte for byte. What is there already stays as it is."""
    found, public_key = _token(library, token), public_keys.of_certificate(certificate_der)
    with _logged_in(found, pin, final_try) as session:
        cka_id = _private_key(session, public_key)[Attribute.ID]
        _store(session, certificate_der, cka_id)
        for der in chain_ders:
            _store(session, der, public_keys.identifier(public_keys.of_certificate(der)))
    certificate_sha256 = hashlib.sha256(certificate_der).digest()
    return {"cka_id": cka_id, "certificate_sha256": certificate_sha256, "token": _named(found)}


def prove(library, token, pin, certificate_der, challenge, final_try=False):
    """The proof of possession of tokens/proof.py for this certificate and challenge (32 bytes)."""
    data = to_be_signed(challenge, certificate_der)
    return _signed_by_certificate_key(library, token, pin, certificate_der, data, final_try)


def self_check(library, token, pin, nonce, final_try=False):
    """A signature over tokens/self_check.py's bytes by a key pair of this session alone: it is never stored, and no
    stored key is touched. P-256 where the token makes it, else RSA-3072."""
    data, found = check_bytes(nonce), _token(library, token)
    kind = _algorithm("P-256" if Mechanism.EC_KEY_PAIR_GEN in found.slot.get_mechanisms() else "RSA-3072")
    with _logged_in(found, pin, final_try) as session:
        cka_id = os.urandom(20)
        private = _generated(session, kind, cka_id, "self check", store=False)
        public_key = _public_key(session, cka_id)
        signature, mechanism = _signature(private, public_key, data, "sha256", pin)
    spki = public_keys.spki(public_key)
    return {"spki": spki, "signature": signature, "mechanism": mechanism, "token": _named(found)}


def sign_attributes(library, token, pin, certificate_der, signed_attributes_der, final_try=False):
    """Sign CMS signed attributes (SHA-256) which name this certificate as the signer's."""
    check_signed_attributes(signed_attributes_der, certificate_der)
    return _signed_by_certificate_key(library, token, pin, certificate_der, signed_attributes_der, final_try)


def sign(library, token, pin, cka_id, purpose, tbs, hash_name="sha256"):
    """Sign as a certification authority: `purpose` "certificate", "crl" or "ocsp" and its to-be-signed DER. For the
    practice CA alone; tokend does not offer it."""
    check_ca_bytes(purpose, tbs)
    found = _token(library, token)
    with _logged_in(found, pin) as session:
        private = _key(session, cka_id)
        if private is None:
            raise named("no_key")
        signature, mechanism = _signature(private, _public_key(session, cka_id), tbs, hash_name, pin)
    return {"signature": signature, "mechanism": mechanism}


def change_pin(library, token, pin, new_pin, as_security_officer=False):
    """Replace the user's PIN, or the security officer's, by a new one."""
    who = {"so_pin": pin} if as_security_officer else {"user_pin": pin}
    with _token(library, token).open(rw=True, cancel_strategy=CancelStrategy.CANCEL_WITH_INIT, **who) as session:
        session.set_pin(pin, new_pin)
    return {}


OPERATIONS = {
    "tokens": list_tokens,
    "make_key": make_key,
    "install": install,
    "prove": prove,
    "self_check": self_check,
    "sign_attributes": sign_attributes,
    "sign": sign,
    "change_pin": change_pin,
}


# Tokens


def _present(library):
    for slot in library.get_slots(token_present=True):
        try:
            token = slot.get_token()
        except (pkcs11.TokenNotRecognised, pkcs11.TokenNotPresent):
            continue  # a blank card, or one pulled just now
        if TokenFlag.TOKEN_INITIALIZED in token.flags:
            yield token


def _token(library, wanted):
    """The one token whose label or serial is `wanted`."""
    found = _called(library, wanted)
    if not found:
        library.reinitialize()  # it may have been initialised since then
        found = _called(library, wanted)
    if len(found) != 1:
        raise named("token_ambiguous" if found else "token_missing")
    return found[0]


def _called(library, wanted):
    return [token for token in _present(library) if wanted in (token.label, _text(token.serial))]


def _named(token):
    return {
        "label": token.label,
        "serial": _text(token.serial),
        "manufacturer": _text(token.manufacturer_id),
        "model": _text(token.model),
    }


def _public(token):
    with token.open() as session:
        stored = list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}))
        certificates = [
            {"label": _attribute(each, "LABEL"), "cka_id": each[Attribute.ID], "der": each[Attribute.VALUE]}
            for each in stored
        ]
    flags = [flag.name for flag in TokenFlag if flag in token.flags]
    mechanisms = sorted(getattr(each, "name", hex(each)) for each in token.slot.get_mechanisms())
    return {"flags": flags, "mechanisms": mechanisms, "certificates": certificates}


@contextmanager
def _logged_in(token, pin, final_try=False):
    """A session for one operation. Exactly one C_Login; none at all if the token's own flags speak against it. With
    the PIN None the reader's own pad asks for it."""
    _check_flags(token.flags, final_try)
    if pin is None and TokenFlag.PROTECTED_AUTHENTICATION_PATH not in token.flags:
        raise named("bad_request", "no PIN, and no PIN pad")
    user_pin = pkcs11.PROTECTED_AUTH if pin is None else pin
    with token.open(rw=True, user_pin=user_pin, cancel_strategy=CancelStrategy.CANCEL_WITH_INIT) as session:
        yield session


def _check_flags(flags, final_try):
    if TokenFlag.USER_PIN_LOCKED in flags:
        raise named("pin_locked")
    if TokenFlag.USER_PIN_TO_BE_CHANGED in flags:
        raise named("pin_expired")
    if TokenFlag.USER_PIN_FINAL_TRY in flags and not final_try:
        raise named("pin_final_try")


# Keys


def _algorithm(name):
    if name not in ALGORITHMS:
        raise named("bad_request", f"algorithm {name!r}")
    return ALGORITHMS[name]


def _name(subject):
    try:
        return name_of(subject)
    except (ValueError, TypeError) as error:
        raise named("bad_request", "subject") from error


def _generated(session, kind, cka_id, label, store=True):
    private = {Attribute.SIGN: True, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True}
    if kind[0] is KeyType.RSA:
        private |= {Attribute.DECRYPT: False, Attribute.UNWRAP: False}
        public = {Attribute.VERIFY: True, Attribute.ENCRYPT: False, Attribute.WRAP: False}
        make = session
        arguments = kind
    else:
        private |= {Attribute.DERIVE: False}
        public = {Attribute.VERIFY: True}
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters(kind[1])}
        make, arguments = session.create_domain_parameters(KeyType.EC, curve, local=True), ()
    templates = {"public_template": public, "private_template": private}
    return make.generate_keypair(*arguments, id=cka_id, label=label, store=store, **templates)[1]


def _key(session, cka_id):
    """The private key of that CKA_ID, or None."""
    found = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: cka_id}))
    if len(found) > 1:
        raise named("key_ambiguous")
    return found[0] if found else None


def _public_key(session, cka_id):
    stored = session.get_key(object_class=ObjectClass.PUBLIC_KEY, id=cka_id)
    if stored.key_type is KeyType.RSA:
        return serialization.load_der_public_key(encode_rsa_public_key(stored))
    return serialization.load_der_public_key(encode_ec_public_key(stored))


def _private_key(session, public_key):
    """The private key that belongs to a public key: by its modulus, or by the CKA_ID of the same public point. Labels
    are never asked: some modules rename keys."""
    if public_keys.algorithm(public_key).startswith("RSA"):
        alike = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.MODULUS: public_keys.modulus(public_key)}
        found = list(session.get_objects(alike))
    else:
        alike = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.EC_POINT: public_keys.ec_point(public_key)}
        found = [_key(session, each[Attribute.ID]) for each in list(session.get_objects(alike))]
    found = [each for each in found if each is not None]
    if not found:
        raise named("no_key")
    return found[0]


def _attribute(thing, name):
    """An attribute's value, or None where the module does not know it."""
    try:
        return thing[Attribute[name]]
    except pkcs11.AttributeTypeInvalid:
        return None


# Signatures


def _signed_by_certificate_key(library, token, pin, certificate_der, data, final_try):
    found, public_key = _token(library, token), public_keys.of_certificate(certificate_der)
    with _logged_in(found, pin, final_try) as session:
        private = _private_key(session, public_key)
        signature, mechanism = _signature(private, public_key, data, "sha256", pin)
    return {"signature": signature, "mechanism": mechanism, "token": _named(found)}


def _signature(private, public_key, data, hash_name, pin):
    """(signature, mechanism's name): one C_Sign, checked with the public key before anybody sees it. A key that asks
    for the PIN at each use (CKA_ALWAYS_AUTHENTICATE) gets it."""
    mechanism = _mechanism(private.session.token, private.key_type, hash_name)
    again = {"pin": pin} if _attribute(private, "ALWAYS_AUTHENTICATE") else {}
    signature = private.sign(fed(mechanism.name, data, hash_name), mechanism=mechanism, **again)
    if private.key_type is KeyType.EC:
        signature = encode_ecdsa_signature(signature)
    try:
        verify(public_key, signature, data, getattr(hashes, hash_name.upper())())
    except InvalidSignature as error:
        raise named("signature_wrong") from error
    return signature, mechanism.name


def _mechanism(token, key_type, hash_name):
    offered = {getattr(each, "name", "") for each in token.slot.get_mechanisms()}
    return Mechanism[choose(offered, key_type.name, hash_name)]


# Certificates


def _store(session, der, cka_id):
    alike = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.VALUE: der, Attribute.ID: cka_id}
    if not list(session.get_objects(alike)):
        template = decode_x509_certificate(der)
        template |= {Attribute.TOKEN: True, Attribute.PRIVATE: False, Attribute.ID: cka_id}
        session.create_object(template | {Attribute.LABEL: public_keys.common_name(der)})
    stored = list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.ID: cka_id}))
    if der not in [each[Attribute.VALUE] for each in stored]:
        raise named("not_read_back")


def _text(value):
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return text.strip(" \0")


# The process


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # a module that prints must not speak into our answers
    answers.write(wire.pack({"ok": "ready"}))  # all imported; from here the parent's clock runs
    library = None
    for line in iter(sys.stdin.buffer.readline, b""):
        try:
            library = library or _loaded(sys.argv[1])
            answers.write(wire.pack({"ok": _answer(library, wire.unpack(line))}))
        except TokenError as error:  # our own refusal: sessions are closed, the module is sound
            answers.write(wire.pack({"code": error.code, "detail": error.detail, "last": False}))
        except pkcs11.PKCS11Error as error:
            error = translated(error)
            answers.write(wire.pack({"code": error.code, "detail": error.detail, "last": True}))
            return


def _loaded(path):
    try:
        return pkcs11.lib(path)
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
        raise named("module_unusable", type(error).__name__) from error


def _answer(library, message):
    operation = OPERATIONS.get(message.get("op"))
    if operation is None:
        raise named("bad_request", "operation")
    return operation(library, **message["args"])


if __name__ == "__main__":
    main()
