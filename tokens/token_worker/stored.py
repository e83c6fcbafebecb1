"""Objects on a token: found by what they are, never by label or position (some modules rename keys, some number them)."""

import warnings

import pkcs11
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.utils import CryptographyDeprecationWarning
from pkcs11 import Attribute, KeyType, ObjectClass

from tokens import public_keys
from tokens.errors import named

KINDS = {KeyType.RSA: "RSA", KeyType.EC: "EC"}


def attribute(thing, name):
    """An attribute's value, or None where the module does not tell it."""
    try:
        return thing[Attribute[name]]
    except (pkcs11.PKCS11Error, IndexError, ValueError):
        return None


def certificates(session):
    """[object, …]: those that lie on the token for good (attestations made up for this session do not)."""
    found = list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}))
    return [each for each in found if attribute(each, "TOKEN") is not False]


def attestation(session, public_key):
    """[DER, …]: the certificate by which the token vouches for this key and those above it that lie there, or none. Modules
    show such a one beside the stored certificates, made up for the session (CKA_TOKEN False: Yubico, YKCS11)."""
    found = list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}))
    made_up = [attribute(each, "VALUE") for each in found if attribute(each, "TOKEN") is False]
    path = [der for der in made_up if _spki_of_certificate(der) == public_keys.spki(public_key)][:1]
    ders = [der for der in (attribute(each, "VALUE") for each in found) if _key_of_certificate(der)]
    while path and (above := next((der for der in ders if der not in path and _issued(der, path[-1])), None)):
        path.append(above)
    return path


def identifiers(session, public_key):
    """[CKA_ID, …] of the certificates and public keys that can be seen and carry this public key."""
    spki = public_keys.spki(public_key)
    found = [each for each in certificates(session) if _spki_of_certificate(attribute(each, "VALUE")) == spki]
    found += [each for each in session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY}) if _spki(each) == spki]
    return list(dict.fromkeys(each for each in (attribute(thing, "ID") for thing in found) if each is not None))


def public_key_of(thing):
    """The public key (cryptography) in the attributes of a key object, or None: RSA also from the private one."""
    kind = attribute(thing, "KEY_TYPE")
    if kind is KeyType.RSA:
        return public_keys.of_rsa_numbers(attribute(thing, "MODULUS"), attribute(thing, "PUBLIC_EXPONENT"))
    if kind is KeyType.EC:
        return public_keys.of_ec_point(attribute(thing, "EC_PARAMS"), attribute(thing, "EC_POINT"))
    return None


def private_key(session, cka_id):
    """The private key of that CKA_ID, or None. Raises TokenError key_ambiguous."""
    found = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: cka_id}))
    values = {_spki(each) for each in found}
    if len(found) > 1 and (len(values) > 1 or None in values):
        raise named("key_ambiguous")
    return found[0] if found else None


def public_key(session, private, cka_id):
    """The public key that belongs to a private one: from the public object or certificate of its CKA_ID, else its own
    attributes. Raises TokenError no_key."""
    alike = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.ID: cka_id}
    found = [public_key_of(each) for each in session.get_objects(alike)] + [public_key_of(private)]
    ders = [attribute(each, "VALUE") for each in certificates(session) if attribute(each, "ID") == cka_id]
    found += [_key_of_certificate(der) for der in ders]
    found = [each for each in found if each is not None]
    if not found:
        raise named("no_key", "public key")
    return found[0]


def private_key_of(session, public_key):
    """The private key that belongs to a public key: by its own modulus or point, else by the CKA_ID of a certificate or
    public key with the same value. Raises TokenError no_key, key_ambiguous or not_permitted (no signing key)."""
    privates = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
    spki = public_keys.spki(public_key)
    found = [each for each in privates if _spki(each) == spki]
    if not found:
        known = identifiers(session, public_key)
        kind = public_keys.kind(public_key)
        alike = [each for each in privates if KINDS.get(attribute(each, "KEY_TYPE")) == kind]
        found = [each for each in alike if attribute(each, "ID") in known and _spki(each) is None]
        if len(found) > 1:
            raise named("key_ambiguous")
    if not found:
        raise named("no_key")
    signing = [each for each in found if attribute(each, "SIGN") is not False]
    if not signing:
        raise named("not_permitted", "CKR_KEY_FUNCTION_NOT_PERMITTED")
    return signing[0]  # the same key may be listed more than once


def _issued(issuer, der):
    try:
        x509.load_der_x509_certificate(der).verify_directly_issued_by(x509.load_der_x509_certificate(issuer))
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _spki(thing):
    key = public_key_of(thing)
    return public_keys.spki(key) if key is not None else None


def _spki_of_certificate(der):
    key = _key_of_certificate(der)
    return public_keys.spki(key) if key is not None else None


def _key_of_certificate(der):
    try:
        with warnings.catch_warnings():  # what a YubiKey wraps a new key in has the serial 0
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return x509.load_der_x509_certificate(der or b"").public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
