"""What a caller of the token worker may ask for. Each function gets the Module, the Login where one is needed, and its own
arguments as tokens/wire.py carries them; it returns a dict of such values. Typed: nobody can have bare bytes signed.

`token` is a label or serial (text), the names as `sessions.named_by` gives them (dict), or None: the only one there.
"""

import hashlib
import os
from contextlib import contextmanager

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from pkcs11 import Attribute, TokenFlag
from pkcs11.util.x509 import decode_x509_certificate

from tokens import mail_part, public_keys
from tokens.cryptoki import SECURITY_OFFICER, USER, ReturnValue
from tokens.errors import TokenError, named, translated
from tokens.names import name_of
from tokens.proof import to_be_signed
from tokens.self_check import to_be_signed as check_bytes
from tokens.station.protocol import sign_in_bytes
from tokens.to_be_signed import check_ca_bytes, check_program_attributes, check_signed_attributes
from tokens.token_key import TokenKey
from tokens.token_worker import blank, generation, sessions, stored
from tokens.token_worker.sessions import check_flags, logged_in, named_by
from tokens.token_worker.signatures import offered, signature

SPARSE = ("CLASS", "CERTIFICATE_TYPE", "SUBJECT", "VALUE", "TOKEN", "ID", "LABEL")

# Looking, without login


def list_tokens(module):
    """Every token present: names, flags, mechanisms and the certificates anybody can read."""
    module.library.reinitialize()  # a token initialised since then is not seen otherwise
    return {"tokens": [{**named_by(token), **_public(token)} for token in sessions.present(module)]}


def describe(module):
    """The module and its slots: {"description", "manufacturer", "version", "slots": [{"description", "token": names or
    None, "problem": code of an error or ""}]}."""
    library = module.library
    return {
        "description": sessions.text(library.library_description),
        "manufacturer": sessions.text(library.manufacturer_id),
        "version": ".".join(map(str, library.library_version)),
        "slots": [_slot(slot) for slot in sessions.slots(module)],
    }


def state(module, token):
    """The names and fresh flags of one token."""
    found = sessions.one(module, token)
    return {**named_by(found), "flags": _flags(found)}


def show(module, token):
    """More of one token: {**names, "flags", "mechanisms", "certificates", "public_keys" (DER), "makes" (algorithms)}."""
    found = sessions.one(module, token)
    with sessions.looking(found) as session:
        keys = session.get_objects({Attribute.CLASS: pkcs11.ObjectClass.PUBLIC_KEY})
        spkis = [public_keys.spki(key) for key in map(stored.public_key_of, list(keys)) if key is not None]
    return {**named_by(found), **_public(found), "public_keys": spkis, "makes": generation.makeable(found)}


def attestation(module, token, spki):
    """{"certificates", "token"}: what the token shows to vouch for the key whose public half is `spki` (DER): its attestation
    and those above it, or nothing."""
    public_key = public_keys.of_spki(spki)
    found = sessions.one(module, token, public_key)
    with sessions.looking(found) as session:
        return {"certificates": stored.attestation(session, public_key), "token": named_by(found)}


# Keys and certificates


def make_key(module, token, login, cka_id, label, algorithm, subject):
    """A key pair under `cka_id` (bytes) and a PKCS#10 request for it: csr_der, spki_sha256, cka_id, attributes, token. If
    the pair is there already it is used again: asking twice never makes two keys."""
    name = _name(subject)
    found = _able(module, token, algorithm)
    with _signed_in(module, found, login) as at:
        private, public_key, made = _pair(at, cka_id, label, algorithm)
        return {"csr_der": _request(at, private, public_key, name), **made}


def generate(module, token, login, cka_id, label, algorithm, as_security_officer=False):
    """A key pair alone: spki (DER), spki_sha256, cka_id, attributes, token. As in make_key, never a second one. Some
    tokens (YubiKey) make keys only for their security officer, who in turn cannot sign a request."""
    found = _able(module, token, algorithm)
    with _signed_in(module, found, login, SECURITY_OFFICER if as_security_officer else USER) as at:
        _, public_key, made = _pair(at, cka_id, label, algorithm)
        return {"spki": public_keys.spki(public_key), **made}


def request(module, token, login, spki, subject):
    """{"csr_der", "token"}: a PKCS#10 request by the key whose public half is `spki` (DER)."""
    public_key, name = public_keys.of_spki(spki), _name(subject)
    found = sessions.one(module, token, public_key)
    with _signed_in(module, found, login) as at:
        private = stored.private_key_of(at.session, public_key)
        return {"csr_der": _request(at, private, public_key, name), "token": named_by(found)}


def install(module, token, login, certificate_der, chain_ders=()):
    """Store the certificate beside its private key, under the same CKA_ID, and the chain beside it; read every one
    back byte for byte. What is there already stays as it is."""
    with _at_key(module, token, login, certificate_der) as (at, private, public_key):
        cka_id = _put(at, private, public_key, certificate_der, chain_ders)
    certificate_sha256 = hashlib.sha256(certificate_der).digest()
    return {"cka_id": cka_id, "certificate_sha256": certificate_sha256, "token": named_by(at.token)}


def install_and_prove(module, token, login, certificate_der, challenge, chain_ders=()):
    """`install`, and the signature of `prove`, in one login."""
    data = to_be_signed(challenge, certificate_der)
    with _at_key(module, token, login, certificate_der) as (at, private, public_key):
        _put(at, private, public_key, certificate_der, chain_ders)
        signed, mechanism = signature(at, private, public_key, data)
    return {"signature": signed, "mechanism": mechanism, "token": named_by(at.token)}


# Signatures


def prove(module, token, login, certificate_der, challenge):
    """The proof of possession of tokens/proof.py for this certificate and challenge (32 bytes)."""
    return _by_certificate(module, token, login, certificate_der, to_be_signed(challenge, certificate_der))


def sign_attributes(module, token, login, certificate_der, signed_attributes_der):
    """Sign CMS signed attributes (SHA-256) which name this certificate as the signer's."""
    check_signed_attributes(signed_attributes_der, certificate_der)
    return _by_certificate(module, token, login, certificate_der, signed_attributes_der)


def sign_all_attributes(module, token, login, certificate_der, signed_attributes_ders):
    """The same for several, in one login: {"signatures", "failed", "token"}. What fails after the first signature ends it:
    `failed` is then {"code", "detail"} and the signatures are those made before; otherwise None."""
    for each in signed_attributes_ders:
        check_signed_attributes(each, certificate_der)
    public_key = public_keys.of_certificate(certificate_der)
    found = sessions.one(module, token, public_key)
    signed, failed = [], None
    try:
        with _signed_in(module, found, login) as at:
            private = stored.private_key_of(at.session, public_key)
            for each in signed_attributes_ders:
                signed.append(signature(at, private, public_key, each)[0])
    except (sessions.ModuleFailed, TokenError) as error:
        if not signed:
            raise
        reason = getattr(error, "error", error)
        failed = {"code": reason.code, "detail": reason.detail}
    return {"signatures": signed, "failed": failed, "token": named_by(found)}


def sign_mail(module, token, login, certificate_der, inside, signed_attributes_der):
    """Sign the CMS signed attributes (SHA-256) over `inside`, which must be the signed part of a mail from an address of this
    certificate: for the key of an office, which tokend offers."""
    mail_part.check(inside, signed_attributes_der, certificate_der)
    return _by_certificate(module, token, login, certificate_der, signed_attributes_der)


def sign_programs(module, token, login, certificate_der, signed_attributes_ders):
    """Sign the Authenticode attributes (SHA-256) of several programs in one login, for the certificate's key: {"signatures",
    "token"}."""
    for each in signed_attributes_ders:
        check_program_attributes(each)
    with _at_key(module, token, login, certificate_der) as (at, private, public_key):
        signed = [signature(at, private, public_key, each)[0] for each in signed_attributes_ders]
    return {"signatures": signed, "token": named_by(at.token)}


def sign_in(module, token, login, certificate_der, origin, nonce, session_bind, station):
    """Sign the bytes by which a person signs in to `origin` at a station (tokens/station/protocol.py: sign_in_bytes)."""
    data = sign_in_bytes(origin, nonce, session_bind, station)
    return _by_certificate(module, token, login, certificate_der, data)


def self_check(module, token, login, nonce):
    """A signature over tokens/self_check.py's bytes by a key pair of this session alone: it is never stored, and no
    stored key is touched. P-256 where the token makes it, else RSA-3072."""
    data, found = check_bytes(nonce), sessions.one(module, token)
    algorithm = "P-256" if "EC_KEY_PAIR_GEN" in offered(found) else "RSA-3072"
    with _signed_in(module, found, login) as at:
        passing = b"\xff" + os.urandom(19)  # modules of PIV cards take a first byte of 1 to 25 for a key that is there
        public, private = generation.generate(at, algorithm, passing, "self check", store=False)
        public_key = stored.public_key_of(public)
        signed, mechanism = signature(at, private, public_key, data)
    spki = public_keys.spki(public_key)
    return {"spki": spki, "signature": signed, "mechanism": mechanism, "token": named_by(found)}


def sign(module, token, login, cka_id, purpose, tbs, hash_name="sha256"):
    """Sign as a certification authority: `purpose` "certificate", "crl" or "ocsp" and its to-be-signed DER. For the
    practice CA alone; tokend does not offer it."""
    check_ca_bytes(purpose, tbs)
    with _signed_in(module, sessions.one(module, token), login) as at:
        private = stored.private_key(at.session, cka_id)
        if private is None:
            raise named("no_key")
        public_key = stored.public_key(at.session, private, cka_id)
        signed, mechanism = signature(at, private, public_key, tbs, hash_name)
    return {"signature": signed, "mechanism": mechanism}


# PINs


def change_pin(module, token, login, new_pin, as_security_officer=False):
    """Replace the user's PIN, or the security officer's, by a new one; at a PIN pad both are None. One attempt: C_SetPIN
    checks the old PIN itself, and only a token that wants a login first gets one."""
    found = sessions.one(module, token)
    if not as_security_officer and TokenFlag.USER_PIN_LOCKED in found.flags:
        raise named("pin_locked")
    if TokenFlag.USER_PIN_FINAL_TRY in found.flags and not (login.final_try or as_security_officer):
        raise named("pin_final_try")
    who = {"user_type": SECURITY_OFFICER} if as_security_officer else {}
    with logged_in(module, found, login, first_login=as_security_officer, **who) as at:
        try:
            module.raw.set_pin(at.session.handle, login.pin, new_pin)
        except ReturnValue as error:
            if error.name != "CKR_USER_NOT_LOGGED_IN" or as_security_officer:
                raise
            module.raw.login(at.session.handle, login.pin)
            module.raw.set_pin(at.session.handle, login.pin, new_pin)
    return {"token": named_by(found)}


OPERATIONS = {
    "initialise": blank.initialise,
    "tokens": list_tokens,
    "describe": describe,
    "state": state,
    "show": show,
    "attestation": attestation,
    "make_key": make_key,
    "generate": generate,
    "request": request,
    "install": install,
    "install_and_prove": install_and_prove,
    "prove": prove,
    "sign_attributes": sign_attributes,
    "sign_all_attributes": sign_all_attributes,
    "sign_mail": sign_mail,
    "sign_programs": sign_programs,
    "sign_in": sign_in,
    "self_check": self_check,
    "sign": sign,
    "change_pin": change_pin,
}


# How


def _public(token):
    try:
        with sessions.looking(token) as session:
            certificates = [
                {
                    "label": sessions.text(stored.attribute(each, "LABEL") or ""),
                    "cka_id": stored.attribute(each, "ID") or b"",
                    "der": each[Attribute.VALUE],
                }
                for each in stored.certificates(session)
            ]
    except (pkcs11.SessionCount, pkcs11.SessionExists):  # another program has it; its names and flags still tell
        certificates = []
    mechanisms = sorted(getattr(each, "name", hex(each)) for each in token.slot.get_mechanisms())
    return {"flags": _flags(token), "mechanisms": mechanisms, "certificates": certificates}


def _flags(token):
    return [flag.name for flag in TokenFlag if flag in token.flags]


def _slot(slot):
    told = {"description": sessions.text(slot.slot_description), "token": None, "problem": ""}
    try:
        token = slot.get_token()
    except pkcs11.PKCS11Error as error:
        return told | {"problem": translated(error).code}
    if TokenFlag.TOKEN_INITIALIZED not in token.flags:
        return told | {"problem": "not_initialised"}
    return told | {"token": named_by(token)}


def _signed_in(module, token, login, user_type=USER):
    check_flags(token.flags, login, user_type)
    return logged_in(module, token, login, user_type)


def _able(module, token, algorithm):
    generation.algorithm(algorithm)
    found = sessions.one(module, token)
    generation.can_make(found, algorithm)
    return found


def _pair(at, cka_id, label, algorithm):
    """(private key object, public key, what is told of them)."""
    private = stored.private_key(at.session, cka_id)
    if private is not None:
        public_key = stored.public_key(at.session, private, cka_id)
    else:
        public, private = generation.generate(at, algorithm, cka_id, label)
        public_key = stored.public_key_of(public) or stored.public_key(at.session, private, cka_id)
    if algorithm != public_keys.algorithm(public_key):
        raise named("key_differs", algorithm)
    return (
        private,
        public_key,
        {
            "spki_sha256": hashlib.sha256(public_keys.spki(public_key)).digest(),
            "cka_id": stored.attribute(private, "ID") or cka_id,  # some tokens number their keys themselves
            "attributes": generation.evidence(private),
            "token": named_by(at.token),
        },
    )


def _request(at, private, public_key, name):
    key = TokenKey(public_key, lambda data, hash_name: signature(at, private, public_key, data, hash_name)[0])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


@contextmanager
def _at_key(module, token, login, certificate_der):
    """(LoggedIn, private key object, public key) of this certificate."""
    public_key = public_keys.of_certificate(certificate_der)
    with _signed_in(module, sessions.one(module, token, public_key), login) as at:
        yield at, stored.private_key_of(at.session, public_key), public_key


def _by_certificate(module, token, login, certificate_der, data):
    with _at_key(module, token, login, certificate_der) as (at, private, public_key):
        signed, mechanism = signature(at, private, public_key, data)
    return {"signature": signed, "mechanism": mechanism, "token": named_by(at.token)}


def _put(at, private, public_key, certificate_der, chain_ders):
    """Store certificate and chain; the CKA_ID of certificate and key."""
    cka_id = stored.attribute(private, "ID") or public_keys.identifier(public_key)
    _store(at.session, certificate_der, cka_id)
    for der in chain_ders:
        if not _lies(at.session, der):
            _store(at.session, der, public_keys.identifier(public_keys.of_certificate(der)))
    return cka_id


def _store(session, der, cka_id):
    if _lies(session, der, cka_id):
        return
    template = decode_x509_certificate(der)
    template |= {Attribute.TOKEN: True, Attribute.PRIVATE: False, Attribute.VALUE: der, Attribute.ID: cka_id}
    template[Attribute.LABEL] = public_keys.common_name(der)
    try:
        session.create_object(template)
    except pkcs11.PKCS11Error as error:
        if translated(error).code != "template_refused" or _lies(session, der, cka_id):
            raise
        session.create_object({Attribute[name]: template[Attribute[name]] for name in SPARSE})
    if not _lies(session, der, cka_id):
        raise named("not_read_back")


def _lies(session, der, cka_id=None):
    """Is exactly this certificate there, under this CKA_ID if one is given?"""
    found = [each for each in stored.certificates(session) if stored.attribute(each, "VALUE") == der]
    return bool(found) if cka_id is None else cka_id in [stored.attribute(each, "ID") for each in found]


def _name(subject):
    try:
        return name_of(subject)
    except (ValueError, TypeError) as error:
        raise named("bad_request", "subject") from error
