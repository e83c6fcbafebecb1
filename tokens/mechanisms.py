"""Which PKCS#11 mechanism a token signs with, by name, and what it has to be fed."""

import hashlib

from tokens.errors import named

DIGEST_INFO = {  # RFC 8017 §9.2 note 1
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


def choose(offered, kind, hash_name):
    """The mechanism (its name) for a key of `kind` "RSA" or "EC" among the names a token offers: RSA hashed by the
    token, else raw RSA_PKCS over a DigestInfo; ECDSA raw over our hash, else hashed by the token.
    Raises TokenError mechanism_missing, or bad_request for an unknown hash."""
    if hash_name not in DIGEST_INFO:
        raise named("bad_request", f"hash {hash_name!r}")
    hashing = hash_name.upper()
    wanted = {"RSA": (f"{hashing}_RSA_PKCS", "RSA_PKCS"), "EC": ("ECDSA", f"ECDSA_{hashing}")}
    for mechanism in wanted[kind]:
        if mechanism in offered:
            return mechanism
    raise named("mechanism_missing", f"{kind} {hash_name}")


def fed(mechanism, data, hash_name):
    """What the mechanism signs in place of `data`: a DigestInfo, a digest, or the data itself."""
    digest = hashlib.new(hash_name, data).digest()
    return {"RSA_PKCS": DIGEST_INFO[hash_name] + digest, "ECDSA": digest}.get(mechanism, data)
