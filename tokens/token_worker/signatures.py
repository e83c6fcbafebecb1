"""One signature: C_SignInit, the key's own login if it wants one, C_Sign; nothing between, nothing twice."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import utils
from pkcs11 import Mechanism

from tokens import public_keys
from tokens.cryptoki import CONTEXT_SPECIFIC, ReturnValue
from tokens.errors import named
from tokens.mechanisms import fed, usable
from tokens.token_key import verify
from tokens.token_worker.stored import attribute

# A module that stores CKA_ALWAYS_AUTHENTICATE without knowing that login (openCryptoki, NSS): the signature decides.
NO_SUCH_LOGIN = {"CKR_USER_TYPE_INVALID", "CKR_USER_ALREADY_LOGGED_IN"}


def signature(at, private, public_key, data, hash_name="sha256"):
    """(signature, name of the mechanism): RSASSA-PKCS1-v1_5 or DER ECDSA over `data`, checked with the public key before
    anybody sees it. `at` is a LoggedIn. The second PIN is asked for before C_SignInit."""
    kind, size = public_keys.kind(public_key), public_key.key_size
    mechanisms = usable(offered(at.token), kind, hash_name)
    each_time = bool(attribute(private, "ALWAYS_AUTHENTICATE"))
    pin = at.pin_for_signature() if each_time else None
    mechanism = _started(at, private, mechanisms)
    if each_time and at.entry != "module":
        _login_again(at, pin)
    signed = at.module.raw.sign(at.session.handle, fed(mechanism, data, hash_name, size))
    if kind == "EC":
        signed = _der(signed, size)
    try:
        verify(public_key, signed, data, getattr(hashes, hash_name.upper())())
    except InvalidSignature as error:
        raise named("signature_wrong") from error
    return signed, mechanism


def offered(token):
    """The names of the mechanisms a token has; a maker's own, which have none, are left out."""
    return {each.name for each in token.slot.get_mechanisms() if hasattr(each, "name")}


def _started(at, private, mechanisms):
    """C_SignInit with the first mechanism that this key takes; a refused one has signed nothing."""
    for mechanism in mechanisms[:-1]:
        try:
            at.module.raw.start_signing(at.session.handle, private.handle, Mechanism[mechanism])
            return mechanism
        except ReturnValue as error:
            if error.name != "CKR_MECHANISM_INVALID":
                raise
    at.module.raw.start_signing(at.session.handle, private.handle, Mechanism[mechanisms[-1]])
    return mechanisms[-1]


def _login_again(at, pin):
    try:
        at.module.raw.login(at.session.handle, pin, CONTEXT_SPECIFIC)
    except ReturnValue as error:
        if error.name not in NO_SUCH_LOGIN:
            raise


def _der(signed, size):
    """ECDSA-Sig-Value (RFC 3279 §2.2.3) of r‖s; what has another length is DER already, or wrong."""
    half = (size + 7) // 8
    if len(signed) != 2 * half:
        return signed
    return utils.encode_dss_signature(*(int.from_bytes(each, "big") for each in (signed[:half], signed[half:])))
