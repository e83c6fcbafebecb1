"""Changes of the CMS in /Contents where the signature itself does not look: each would still verify (RFC 5652 §5.4)."""

from asn1crypto import cms

from tests import ca
from tests.attacks_on_pdfs.signatures_moved import ANY
from tests.papers_seals import MAIL
from tests.stamped_seals import contents_of, der_length, tlv, with_contents

NULL = b"\x05\x00"
UNKNOWN = tlv(0x30, bytes.fromhex("06032a0304") + tlv(0x31, NULL))  # an attribute of type 1.2.3.4


def _remade(envelope, signer=(), data=(), more=b""):
    """A ContentInfo with parts of its SignerInfo and SignedData put in place of its own; `more` at the end of SignerInfo."""
    held = envelope["content"]
    one = held["signer_infos"][0]
    signer, data = dict(signer), dict(data)
    made = tlv(0x30, b"".join(signer.get(name, one[name].dump()) for name in one) + more)
    data = {"signer_infos": tlv(0x31, made)} | data
    parts = b"".join(data.get(name, held[name].dump()) for name in held)
    return tlv(0x30, envelope["content_type"].dump() + tlv(0xA0, tlv(0x30, parts + data.get("after", b""))))


def _along(envelope, *ders):
    return {"certificates": tlv(0xA0, envelope["content"]["certificates"].contents + b"".join(ders))}


def _algorithm(value, parameters):
    return tlv(0x30, value["algorithm"].dump() + parameters)


def _changes(world, envelope):
    data = envelope["content"]
    one = data["signer_infos"][0]
    digest, sid = one["digest_algorithm"], one["sid"].chosen
    colleague = ca.der(world.authority.smime(ca.new_key().public_key(), MAIL))
    padded = tlv(0x02, b"\0\0" + sid["serial_number"].contents)
    value = one["signature"].contents
    whole = envelope.dump()
    yield "list", _remade(envelope, data={"crls": tlv(0xA1, ca.der(world.authority.crl()))})
    yield "no-lists", _remade(envelope, data={"crls": tlv(0xA1, b"")})
    yield "stranger", _remade(envelope, data=_along(envelope, ca.der(world.strangers.root)))
    yield "colleague", _remade(envelope, data=_along(envelope, colleague))
    yield "twice", _remade(envelope, data=_along(envelope, ca.der(world.head.certificate)))
    yield "unsigned", _remade(envelope, more=tlv(0xA1, UNKNOWN))
    yield "unsigned-none", _remade(envelope, more=tlv(0xA1, b""))
    yield "signer-field", _remade(envelope, more=tlv(0xA3, UNKNOWN))
    yield "data-field", _remade(envelope, data={"after": tlv(0xA5, UNKNOWN)})
    yield "digests", _remade(envelope, data={"digest_algorithms": tlv(0x31, digest.dump() * 2)})
    yield "no-digest", _remade(envelope, data={"digest_algorithms": tlv(0x31, b"")})
    yield "digest-parameters", _remade(envelope, signer={"digest_algorithm": _algorithm(digest, tlv(4, b"x"))})
    yield (
        "parameters",
        _remade(envelope, signer={"signature_algorithm": _algorithm(one["signature_algorithm"], tlv(4, b"x"))}),
    )
    yield "version", _remade(envelope, data={"version": b"\x02\x01\x03"})
    yield "long-version", _remade(envelope, data={"version": b"\x02\x02\x00\x01"})
    yield "signer-version", _remade(envelope, signer={"version": b"\x02\x01\x03"})
    yield "serial", _remade(envelope, signer={"sid": tlv(0x30, sid["issuer"].dump() + padded)})
    yield "pieces", _remade(envelope, signer={"signature": tlv(0x24, tlv(4, value[:9]) + tlv(4, value[9:]))})
    yield "long-length", b"\x30\x84" + len(envelope.contents).to_bytes(4, "big") + envelope.contents
    yield "indefinite", b"\x30\x80" + envelope.contents + b"\0\0"
    yield "padding", whole + b"x"
    yield "late-padding", whole.ljust(8000, b"\0") + b"x"


def envelopes(world):
    for name, pdf in (("field", world.signed(room=16384)), ("pades", world.signed(room=16384, pades=True))):
        contents = contents_of(pdf)
        envelope = cms.ContentInfo.load(contents[: der_length(contents)])
        for kind, made in _changes(world, envelope):
            yield f"{name}-{kind}", lambda p=pdf, m=made: with_contents(p, m), ANY | {"bad_stamp", "unusual"}


FAMILIES = {"envelope": envelopes}
