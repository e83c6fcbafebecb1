"""A sealed PDF with a time stamp of AT, as an authority sets it or as a forger bends it, in memory."""

import hashlib
import re
from functools import cached_property

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests import ca
from tests.papers_pdf import frozen_pdf
from tests.papers_seals import AT, Head, sign
from webapp.papers import seal
from webapp.papers.envelope import der_length

FROZEN = frozen_pdf()
ATTRIBUTE = cms.CMSAttributeType("signature_time_stamp_token").dump()
HASHES = {"sha1": hashes.SHA1, "sha256": hashes.SHA256}


class StampWorld:
    """The head's seal, and an authority that stamps it."""

    def __init__(self):
        self.authority = ca.Authority("Practice S/MIME CA", at=AT)
        self.stampers = ca.Authority("Practice TSA CA", at=AT)
        self.strangers = ca.Authority("Somebody's TSA CA", at=AT)
        self.key = rsa.generate_private_key(65537, 2048)
        self.certificate = self.certified()
        self.head = Head(self.authority)
        self.sealed = sign(FROZEN, self.head, pades=True, room=32768)
        self.known = ([ca.der(self.stampers.root)], [ca.der(self.stampers.issuing)])

    def certified(self, **changes):
        rule = {"usages": ("digital_signature",), "purposes": (ca.Purpose.TIME_STAMPING,), "purposes_critical": True}
        rule |= {"mails": (), "policies": ()}
        return self.stampers.certificate(self.key.public_key(), (("CN", "Practice TSA"),), **(rule | changes))

    @cached_property
    def signature(self):
        return _signer(_cms(self.sealed)).native["signature"]

    def token(
        self, *, at=AT, along=None, hash="sha256", ess=("v2",), also_named=(), content_type="tst_info", change=None
    ):
        """The DER of a TimeStampToken. `along`: what comes with the authority's certificate (DER); `ess`: which ESSCertIDs name
        it, `also_named` hashes that follow; `change(SignedData)` comes last, after the signature."""
        held = asn1.Certificate.load(ca.der(self.certificate))
        imprint = {"hash_algorithm": {"algorithm": hash}, "hashed_message": hashlib.new(hash, self.signature).digest()}
        told = {"version": "v1", "policy": "1.2.3.4", "message_imprint": imprint, "serial_number": 7}
        told = tsp.TSTInfo(told | {"gen_time": core.GeneralizedTime(at)})
        attributes = [
            {"type": "content_type", "values": [content_type]},
            {"type": "message_digest", "values": [hashlib.new(hash, told.dump()).digest()]},
            *(self._named(kind, also_named) for kind in ess),
        ]
        attributes = cms.CMSAttributes(attributes)
        signer = {
            "version": "v1",
            "sid": {"issuer_and_serial_number": {"issuer": held.issuer, "serial_number": held.serial_number}},
            "digest_algorithm": {"algorithm": hash},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "rsassa_pkcs1v15"},
            "signature": self.key.sign(attributes.dump(), padding.PKCS1v15(), HASHES[hash]()),
        }
        chain = [held.dump(), *(self.stampers.chain if along is None else along)]
        data = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": hash}],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(told.dump())},
            "certificates": [cms.CertificateChoices("certificate", asn1.Certificate.load(der)) for der in chain],
            "signer_infos": [signer],
        }
        data = cms.SignedData(data)
        if change:
            change(data)
        return cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()

    def _named(self, kind, also):
        der = ca.der(self.certificate)
        if kind == "v1":
            certs = [tsp.ESSCertID({"cert_hash": digest}) for digest in (hashlib.sha1(der).digest(), *also)]
            return {"type": "signing_certificate", "values": [tsp.SigningCertificate({"certs": certs})]}
        certs = [tsp.ESSCertIDv2({"cert_hash": digest}) for digest in (hashlib.sha256(der).digest(), *also)]
        return {"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": certs})]}

    def stamped(self, token=None, pdf=None):
        """The seal with `token` (any bytes) as its time stamp, all lengths around it made to fit."""
        pdf = pdf or self.sealed
        envelope = _cms(pdf)
        attribute = tlv(0x30, ATTRIBUTE + tlv(0x31, self.token() if token is None else token))
        return with_unsigned(pdf, envelope, tlv(0xA1, attribute))

    def judge(self, pdf, *, is_known=True, known=None):
        """The Seal; `known` are the authorities trusted for time stamps: (roots, others), or by `is_known` ours or none."""
        roots, others = [ca.der(self.authority.root)], [ca.der(self.authority.issuing)]
        return seal.check(pdf, FROZEN, roots, others, AT, known or (self.known if is_known else ((), ())))


def with_unsigned(pdf, envelope, unsigned):
    """`pdf` with the bytes `unsigned` at the end of its SignerInfo."""
    data = envelope["content"]
    before = data.contents.removesuffix(data["signer_infos"].dump())
    made = tlv(0x30, before + tlv(0x31, tlv(0x30, _signer(envelope).contents + unsigned)))
    return with_contents(pdf, tlv(0x30, envelope["content_type"].dump() + tlv(0xA0, made)))


def gap(pdf):
    """Where the hex digits of /Contents begin and end."""
    _, start, end, _ = (int(each) for each in re.search(rb"/ByteRange *\[([0-9 ]+)\]", pdf)[1].split())
    return start + 1, end - 1


def with_contents(pdf, contents):
    start, end = gap(pdf)
    digits = contents.hex().encode()
    assert len(digits) <= end - start, "no room"
    return pdf[:start] + digits.ljust(end - start, b"0") + pdf[end:]


def contents_of(pdf):
    start, end = gap(pdf)
    return bytes.fromhex(pdf[start:end].decode())


def flipped(pdf, dice):
    """`pdf` with one bit flipped in the unsigned attributes of its signature."""
    contents = bytearray(contents_of(pdf))
    place = dice.randrange(contents.index(ATTRIBUTE) - 8, der_length(contents))
    contents[place] ^= 1 << dice.randrange(8)
    return with_contents(pdf, bytes(contents))


def cut(token, dice):
    """A token cut off, with bytes more or with bytes less."""
    place, count = dice.randrange(len(token)), dice.randrange(1, 20)
    rest = (b"", dice.randbytes(count) + token[place:], token[place + count :])[dice.randrange(3)]
    return token[:place] + rest


def tlv(tag, content):
    """One DER value."""
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _cms(pdf):
    return cms.ContentInfo.load(contents_of(pdf))


def _signer(envelope):
    return envelope["content"]["signer_infos"][0]
