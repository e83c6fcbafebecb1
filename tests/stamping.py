"""Time stamps for tests: a time-stamp authority in memory that stamps any time, and one run by `openssl ts`."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests import ca
from tests.openssl import openssl

INDIRECT = "1.3.6.1.4.1.311.2.1.4"
MICROSOFT = "1.3.6.1.4.1.311.3.3.1"
TSA_NAME = (("C", "JP"), ("O", "Practice"), ("CN", "Practice TSA 1"))
CONFIG = """[tsa]
default_tsa = one
[one]
serial = {folder}/serial
default_policy = 1.2.3.4
digests = sha256
signer_digest = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
"""


class Stamper:
    """A time-stamp authority; `purposes` may be spoilt."""

    def __init__(self, purposes=(ExtendedKeyUsageOID.TIME_STAMPING,), name=TSA_NAME):
        self.key = ca.new_key()
        self.authority = ca.Authority("Practice TSA CA")
        how = {"purposes": purposes, "purposes_critical": True, "not_before": datetime.now(UTC) - timedelta(days=30)}
        self.certificate = self.authority.code_signing(self.key.public_key(), name, **how)

    def token(self, value, at=None):
        """A TimeStampToken (ContentInfo) over `value`, of the time `at`."""
        told = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.2.3.4",
                "message_imprint": _imprint(value),
                "serial_number": 1,
                "gen_time": core.GeneralizedTime((at or datetime.now(UTC)).replace(microsecond=0)),
            }
        )
        held = asn1.Certificate.load(ca.der(self.certificate))
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [hashlib.sha256(told.dump()).digest()]},
            ]
        )
        signer = {
            "version": "v1",
            "sid": {"issuer_and_serial_number": {"issuer": held.issuer, "serial_number": held.serial_number}},
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": self.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
        }
        content = {"content_type": "tst_info", "content": core.ParsableOctetString(told.dump())}
        return _signed_data(content, signer, [held])

    def with_openssl(self, value, folder):
        """The same made by `openssl ts -reply`, of this moment."""
        (folder / "value").write_bytes(value)
        asked = openssl("ts", "-query", "-data", str(folder / "value"), "-sha256", "-cert")
        return cms.ContentInfo.load(self.reply(asked, folder, "-token_out"))

    def reply(self, asked, folder, *options):
        """What `openssl ts -reply` answers to a TimeStampReq (DER); its files lie in `folder`."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "asked.tsq").write_bytes(asked)
        (folder / "tsa.key").write_bytes(key)
        (folder / "signer.pem").write_bytes(ca.pem(self.certificate))
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        words = ["-config", str(folder / "tsa.cnf"), "-signer", str(folder / "signer.pem")]
        words += ["-inkey", str(folder / "tsa.key"), *options]
        return openssl("ts", "-reply", "-queryfile", str(folder / "asked.tsq"), *words)


class LegacyStamper:
    """A time-stamp authority as Authenticode knew it before RFC 3161 (Microsoft, "Time Stamping Authenticode Signatures"): the
    signature value comes in Base64, a SignedData over it goes back, whose signer becomes the countersignature."""

    def __init__(self):
        self.key = rsa.generate_private_key(65537, 2048)
        self.authority = ca.Authority("Practice TSA CA")
        how = {"purposes": (ExtendedKeyUsageOID.TIME_STAMPING,), "not_before": datetime.now(UTC) - timedelta(days=30)}
        self.certificate = self.authority.code_signing(self.key.public_key(), TSA_NAME, **how)

    def reply(self, asked, folder=None):
        """What is answered to a request (bytes in Base64)."""
        members = core.SequenceOf.load(base64.b64decode(asked), spec=core.Any)
        value = cms.ContentInfo.load(members[1].dump())["content"].native
        return base64.b64encode(self.token(value).dump())

    def token(self, value, at=None):
        """A SignedData over the signature `value` (PKCS#9, RFC 2985 §5.3.6)."""
        held = asn1.Certificate.load(ca.der(self.certificate))
        said = cms.Time({"utc_time": core.UTCTime((at or datetime.now(UTC)).replace(microsecond=0))})
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["data"]},
                {"type": "signing_time", "values": [said]},
                {"type": "message_digest", "values": [hashlib.sha256(value).digest()]},
            ]
        )
        signer = {
            "version": "v1",
            "sid": {"issuer_and_serial_number": {"issuer": held.issuer, "serial_number": held.serial_number}},
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "rsassa_pkcs1v15"},
            "signature": self.key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256()),
        }
        content = {"content_type": "data", "content": core.ParsableOctetString(value)}
        certificates = [held, asn1.Certificate.load(ca.der(self.authority.issuing))]
        return _signed_data(content, signer, certificates)


def signature_of(key, certificate, content=b"content", said_at=None):
    """A SignedData (ContentInfo) by `key` over `content`, as a program carries it; without a time stamp."""
    held = asn1.Certificate.load(ca.der(certificate))
    attributes = [
        {"type": "content_type", "values": [INDIRECT]},
        {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
    ]
    if said_at:
        said = cms.Time({"utc_time": core.UTCTime(said_at.replace(microsecond=0))})
        attributes.append({"type": "signing_time", "values": [said]})
    attributes = cms.CMSAttributes(attributes)
    signer = {
        "version": "v1",
        "sid": {"issuer_and_serial_number": {"issuer": held.issuer, "serial_number": held.serial_number}},
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
    }
    return _signed_data({"content_type": "data", "content": core.ParsableOctetString(content)}, signer, [held])


def stamped(signature, token, kind=MICROSOFT):
    """The signature with a time stamp beside it, as DER."""
    made = cms.ContentInfo.load(signature.dump())
    made["content"]["signer_infos"][0]["unsigned_attrs"] = [{"type": kind, "values": [token]}]
    return made.dump(force=True)


def value_of(signature):
    return signature["content"]["signer_infos"][0]["signature"].native


def _imprint(value):
    return {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(value).digest()}


def _signed_data(content, signer, certificates):
    return cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": content,
                "certificates": [cms.CertificateChoices("certificate", each) for each in certificates],
                "signer_infos": [signer],
            },
        }
    )
