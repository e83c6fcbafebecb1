"""openssl on the signed answers that the office keeps about a revocation, and on the certificate itself."""

import re
import subprocess
from datetime import UTC, datetime, timedelta, timezone

from tests.person import NotAsTold
from tests.story import office, oracles
from tests.story.teller import demand

JST = timezone(timedelta(hours=9))
WEEKDAYS = "月火水木金土日"


def revoked(story, issued, crl, answer, reason):
    """openssl reads in the CRL and in the OCSP answer (DER) that a certificate is revoked for this reason, and refuses
    the certificate. Returns since when, as a page says it, by CRL and by OCSP."""
    files = _Files(story, issued)
    files.keep("kept.crl", crl)
    files.keep("kept.ors", answer)
    said = files.openssl("crl", "-inform", "DER", "-in", "kept.crl", "-CAfile", "issuing.pem", "-noout", "-text")
    demand("verify OK" in said, f"openssl crl: {said[:200]}")
    entry = next((part for part in said.split("Serial Number: ") if part.lower().startswith(issued.serial)), "")
    demand(re.search(rf"CRL Reason Code: *\n +{WORDS[reason]}\n", entry), f"openssl crl: {said}")
    told = files.ocsp("-respin", "kept.ors")
    demand("leaf.pem: revoked" in told and f"Reason: {reason}" in told, f"openssl ocsp: {told}")
    since = re.search(r"Revocation Time: (.+)", told)[1]
    verified = files.openssl(*VERIFY, "-CRLfile", "kept.crl.pem", "-crl_check", "leaf.pem", status=2)
    demand("certificate revoked" in verified, f"openssl verify: {verified}")
    return [_said(re.search(r"Revocation Date: (.+)", entry)[1]), _said(since)]


def still_good(story, issued):
    """openssl asks the authority over HTTP, and verifies the certificate with the CRL of now."""
    files = _Files(story, issued)
    told = files.ocsp("-url", f"{story.world.practice_url}/ocsp")
    demand("leaf.pem: good" in told, f"openssl ocsp: {told}")
    oracles.certificate(issued.chain, issued.csr, office.root_of(story), story.desk_of(story.sato))


WORDS = {"superseded": "Superseded", "keyCompromise": "Key Compromise"}  # as openssl ocsp and openssl crl have them
VERIFY = ("verify", "-CAfile", "root.pem", "-untrusted", "issuing.pem")


class _Files:
    """A folder with leaf.pem, issuing.pem and root.pem, in which openssl works."""

    def __init__(self, story, issued):
        self.folder = story.desk_of(story.sato) / "status"
        self.folder.mkdir(exist_ok=True)
        end = b"-----END CERTIFICATE-----\n"
        leaf, issuing, *_ = [part + end for part in issued.chain.split(end)[:-1]]
        self.keep("leaf.pem", leaf)
        self.keep("issuing.pem", issuing)
        self.keep("root.cer", office.root_of(story))
        self.openssl("x509", "-inform", "DER", "-in", "root.cer", "-out", "root.pem")

    def keep(self, name, data):
        (self.folder / name).write_bytes(data)
        if name.endswith(".crl"):
            self.openssl("crl", "-inform", "DER", "-in", name, "-out", f"{name}.pem")

    def ocsp(self, *how):
        whom = ("-issuer", "issuing.pem", "-cert", "leaf.pem", "-CAfile", "root.pem", "-verify_other", "issuing.pem")
        told = self.openssl("ocsp", *how, *whom, "-no_nonce")
        demand("Response verify OK" in told, f"openssl ocsp: {told}")
        return told

    def openssl(self, *words, status=0):
        done = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, text=True, timeout=60)
        if done.returncode != status:
            raise NotAsTold(f"openssl {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr


def _said(moment):
    """ "Nov 23 06:45:22 2026 GMT" as a page says it, in Japan."""
    at = datetime.strptime(moment.strip(), "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC).astimezone(JST)
    return f"{at.year}年{at.month}月{at.day}日({WEEKDAYS[at.weekday()]}) {at:%H:%M}"
