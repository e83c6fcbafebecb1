"""One file sealed by pyHanko's own PKCS11Signer: `python -m bench._pyhanko MODULE LABEL FIELD IN OUT`, the PIN on stdin.

Stands in for `pyhanko sign addsig pkcs11` where that program is not installed.
"""

import sys

from pyhanko.config.pkcs11 import PKCS11SignatureConfig, TokenCriteria
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.pkcs11 import PKCS11SigningContext
from pyhanko.sign.signers import PdfSignatureMetadata, sign_pdf


def main():
    module, label, field, source, target = sys.argv[1:]
    told = {
        "module_path": module,
        "token_criteria": TokenCriteria(label=label),
        "user_pin": sys.stdin.readline().strip(),
    }
    config = PKCS11SignatureConfig(**told, key_label=label, cert_label=None, cert_id=b"bench")
    metadata = PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    with PKCS11SigningContext(config) as signer, open(source, "rb") as pdf, open(target, "wb") as output:
        sign_pdf(IncrementalPdfFileWriter(pdf), metadata, signer, existing_fields_only=True, output=output)


if __name__ == "__main__":
    main()
