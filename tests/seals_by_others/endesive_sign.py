"""As the examples of endesive sign: frozen.pdf with a new field on 印 (endesive-new.pdf), and with the name of ours
(endesive-own.pdf), which it makes anew and unseen."""

from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import pkcs12
from endesive.pdf import cms

key, certificate, others = pkcs12.load_key_and_certificates(Path("head.p12").read_bytes(), b"x")
frozen = Path("frozen.pdf").read_bytes()
common = {"aligned": 0, "sigflags": 3, "sigpage": 0, "contact": "", "location": "JP", "reason": "seal"}
common["signingdate"] = datetime.now(UTC).strftime("D:%Y%m%d%H%M%S+00'00'")
new = {"sigfield": "Signature1", "signaturebox": (480, 470, 530, 520), "signature": "Tanaka"}
for name, wanted in (("new", new), ("own", {"sigfield": "Seal"})):
    added = cms.sign(frozen, {**common, **wanted}, key, certificate, others, "sha256")
    Path(f"endesive-{name}.pdf").write_bytes(frozen + added)
