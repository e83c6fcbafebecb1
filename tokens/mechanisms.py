"""Which PKCS#11 mechanism a token signs with, by name, and what it has to be fed."""

import hashlib

from tokens.errors import named

DIGEST_INFO = {  # RFC 8017 §9.2 note 1
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


def usable(offered, kind, hash_name):
    """The mechanisms (names, best first) for a key of `kind` "RSA" or "EC" among the names a token offers: hashed by the
    token, else raw over our own hash. Raises TokenError mechanism_missing, or bad_request for an unknown hash."""
    if hash_name not in DIGEST_INFO:
        raise named("bad_request", f"hash {hash_name!r}")
    hashing = hash_name.upper()
    wanted = {"RSA": (f"{hashing}_RSA_PKCS", "RSA_PKCS"), "EC": (f"ECDSA_{hashing}", "ECDSA")}
    found = [mechanism for mechanism in wanted[kind] if mechanism in offered]
    if not found:
        raise named("mechanism_missing", f"{kind} {hash_name}")
    return found


def fed(mechanism, data, hash_name, key_size):
    """What the mechanism signs in place of `data`: a DigestInfo, a digest no longer than an EC key of `key_size` bits takes
    (FIPS 186-5 §6.4.1), or the data itself."""
    digest = hashlib.new(hash_name, data).digest()
    if mechanism == "RSA_PKCS":
        return DIGEST_INFO[hash_name] + digest
    return digest[: (key_size + 7) // 8] if mechanism == "ECDSA" else data
