"""Makes what the signers of README.md need, in the folder given: frozen.pdf (our specimen, frozen), root.pem and issuing.pem, and
head.p12 (password x), which is thrown away after signing."""

import sys
from pathlib import Path
from unittest.mock import patch

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from tests import ca
from tests.papers_people import issue_form
from tests.papers_seals import MAIL
from webapp.papers import freeze


def main(folder):
    with patch.object(
        ca, "new_key", lambda curve=None: rsa.generate_private_key(65537, 2048)
    ):  # signpdf knows RSA alone
        authority, key = ca.Authority("Practice S/MIME CA"), ca.new_key()
    certificate = authority.smime(key.public_key(), MAIL, usages=("digital_signature", "content_commitment"))
    (folder / "root.pem").write_bytes(ca.pem(authority.root))
    (folder / "issuing.pem").write_bytes(ca.pem(authority.issuing))
    old = pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC  # what all of them can open
    shut = PrivateFormat.PKCS12.encryption_builder().key_cert_algorithm(old).hmac_hash(hashes.SHA1()).build(b"x")
    chain = [authority.issuing, authority.root]
    (folder / "head.p12").write_bytes(pkcs12.serialize_key_and_certificates(b"head", key, certificate, chain, shut))
    (folder / "frozen.pdf").write_bytes(freeze.freeze(issue_form(), work=folder / "office").pdf)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
