"""Key pairs made on a token: looked for before, made once, read back."""

import pkcs11
from pkcs11 import DEFAULT, Attribute, KeyType, Mechanism, MechanismFlag
from pkcs11.util.ec import encode_named_curve_parameters

from tokens.errors import TokenError, named, translated
from tokens.mechanisms import usable
from tokens.token_worker import stored
from tokens.token_worker.signatures import offered

ALGORITHMS = {
    "RSA-3072": (KeyType.RSA, 3072),
    "RSA-4096": (KeyType.RSA, 4096),
    "P-256": (KeyType.EC, 256),
    "P-384": (KeyType.EC, 384),
}
CURVES = {256: "secp256r1", 384: "secp384r1"}
MAKERS = {KeyType.RSA: Mechanism.RSA_PKCS_KEY_PAIR_GEN, KeyType.EC: Mechanism.EC_KEY_PAIR_GEN}
EVIDENCE = (
    "LOCAL",
    "NEVER_EXTRACTABLE",
    "ALWAYS_SENSITIVE",
    "SENSITIVE",
    "EXTRACTABLE",
    "PRIVATE",
    "TOKEN",
)
# Every right that the key must not have, said to the token; or, where the token takes no such words, left out.
PRIVATE = {Attribute.SIGN: True, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True}
FULL = {
    KeyType.RSA: (
        {Attribute.ENCRYPT: False, Attribute.WRAP: False},
        {Attribute.DECRYPT: False, Attribute.UNWRAP: False},
    ),
    KeyType.EC: ({}, {Attribute.DERIVE: False}),
}
UNSAID = (  # of both halves
    {Attribute.ENCRYPT: DEFAULT, Attribute.WRAP: DEFAULT, Attribute.VERIFY: DEFAULT},
    {Attribute.DECRYPT: DEFAULT, Attribute.UNWRAP: DEFAULT, Attribute.DERIVE: DEFAULT},
)
# How modules refuse a template: some say so, some (tpm2-pkcs11) only that they failed.
REFUSALS = {"template_refused", "function_failed"}


def algorithm(name):
    """(KeyType, bits). Raises TokenError bad_request."""
    if name not in ALGORITHMS:
        raise named("bad_request", f"algorithm {name!r}")
    return ALGORITHMS[name]


def can_make(token, name, hash_name="sha256"):
    """Raises TokenError mechanism_missing unless the token says that it makes such a key and signs with it: before a key
    is made that would be of no use."""
    kind, bits = algorithm(name)
    usable(offered(token), kind.name, hash_name)
    if MAKERS[kind] not in token.slot.get_mechanisms():
        raise named("mechanism_missing", "no key pairs")
    sizes = token.slot.get_mechanism_info(MAKERS[kind])
    longest = sizes.max_key_length or 0
    if longest >= 1024 or kind is KeyType.EC:  # smaller ones are counted in bytes, or not at all
        if longest and not sizes.min_key_length <= bits <= longest:
            raise named("mechanism_missing", "CKR_KEY_SIZE_RANGE")


def makeable(token):
    """The names of the key pairs the token makes."""
    return [name for name in ALGORITHMS if _makes(token, name)]


def _makes(token, name):
    try:
        can_make(token, name)
    except TokenError as error:
        if error.code != "mechanism_missing":
            raise
        return False
    return True


def generate(at, name, cka_id, label, store=True):
    """(public key object, private key object), made now. A token that takes no full template gets a sparser one, each
    time after a look whether the attempt before left a key behind. `at` is a LoggedIn. Raises TokenError
    not_permitted if the token made a key that can be taken out; it is destroyed."""
    kind, bits = algorithm(name)
    public, private = FULL[kind]
    sparser = [({**PRIVATE, **private}, public), ({**PRIVATE, **UNSAID[1]}, UNSAID[0]), (UNSAID[1], UNSAID[0])]
    for private, public in sparser[:-1]:
        try:
            return _made(at.session, kind, bits, cka_id, label, store, private, public)
        except pkcs11.PKCS11Error as error:
            if translated(error).code not in REFUSALS or stored.private_key(at.session, cka_id) is not None:
                raise
    public, private = _made(at.session, kind, bits, cka_id, label, store, *sparser[-1])
    if stored.attribute(private, "EXTRACTABLE") is True or stored.attribute(private, "SENSITIVE") is False:
        private.destroy()
        public.destroy()
        raise named("not_permitted", "the key could be taken out")
    return public, private


def evidence(private):
    """What the token says of a private key: {name: True, False, or None where it says nothing}."""
    return {each: stored.attribute(private, each) for each in EVIDENCE}


def _made(session, kind, bits, cka_id, label, store, private, public):
    wanted = {"id": cka_id, "label": label, "store": store, "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY}
    wanted |= {"private_template": private, "public_template": public}
    if kind is KeyType.RSA:
        return session.generate_keypair(kind, bits, **wanted)
    curve = {Attribute.EC_PARAMS: encode_named_curve_parameters(CURVES[bits])}
    return session.create_domain_parameters(kind, curve, local=True).generate_keypair(**wanted)
