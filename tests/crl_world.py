"""The server of the CA behind persons' certificates, for tests of the lists that the worker keeps."""

from cryptography import x509

from tests.cases import unguarded
from tests.revocation import crl
from tests.test_asking import OK, answering
from webapp import asking, worker
from webapp.acts import kept_lists
from webapp.register import KeptList

URL = "http://ca.example/ca/smime.crl"
FETCH = asking.fetch


class World:
    """The server of the CA, at one address for ever: the bytes that it answers with, and how slowly."""

    def __init__(self, settings, authority):
        self.settings, self.authority, self.parts, self.every, self.told = settings, authority, (), 0.0, []

    def publish(self, *ders, **how):
        """A list in which these certificates (DER) are revoked."""
        entries = [(x509.load_der_x509_certificate(der), x509.ReasonFlags.key_compromise) for der in ders]
        return self.answer(crl(self.authority, *entries, **how))

    def answer(self, data):
        self.parts, self.every = (OK + b"Content-Length: %d\r\n\r\n" % len(data), data), 0.0
        return data

    def fetch(self, url, hosts, **how):
        """The real question, put to where the server stands in this test."""
        with answering(*self.parts, every=self.every) as (place, self.told):
            stands_at = [each.replace("ca.example", place) for each in hosts]
            return FETCH(url.replace("ca.example", place), stands_at, **how)

    def round(self):
        """Let the worker ask once; the row."""
        with unguarded():
            assert worker.turn(self.settings).kind == kept_lists.JOB
        return KeptList.at(URL)
