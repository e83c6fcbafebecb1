"""Whether a person's certificate is revoked, by the lists that are at hand (SIG-04): nothing is asked for here."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from webapp.errors import Refused
from webapp.papers.certificate import read, serial_hex
from webapp.papers.crl import last_instant, read_crl
from webapp.papers.status_answer import (
    GOOD,
    REVOKED,
    UNKNOWN,
    OtherIssuer,
    Stale,
    is_issued_by,
    issuer_of,
    moment,
    revoked_sentence,
)

LABELS = {GOOD: "有効", REVOKED: "失効", UNKNOWN: "未確認"}


@dataclass(frozen=True)
class RevocationState:
    """`state` is "good", "revoked" or "unknown"; `as_of` the aware instant of the list that says so (None for unknown);
    `sentence` says to people what the list says, or why nothing is known."""

    state: str
    as_of: datetime | None
    sentence: str

    @property
    def label(self):
        """In a word: 有効(CRL 2026-11-23 09:00現在), 失効, 未確認."""
        as_of = f"(CRL {moment(self.as_of)}現在)" if self.state == GOOD else ""
        return LABELS[self.state] + as_of


def unknown(why):
    """The state of which nothing is known, and why."""
    return RevocationState(UNKNOWN, None, why)


def judge(certificate_der: bytes, authorities: list[bytes], lists: list[bytes], at: datetime) -> RevocationState:
    """The RevocationState of a certificate (DER) at the aware instant `at` by CRLs (DER or PEM). Only a list that the
    certificate's own issuer, one of the `authorities` (DER), has signed says anything. That a certificate is revoked is
    believed of an expired list, too; that it is not, only while the list lasts. Raises Unreadable for no certificate."""
    certificate = read(certificate_der)
    loaded = x509.load_der_x509_certificate(certificate.der)
    issuer = next((der for der in authorities if is_issued_by(loaded, issuer_of(der))), None)
    if issuer is None:
        return unknown("発行した認証局の証明書が、「信頼する認証局」に登録されていません。")
    question = (issuer, serial_hex(loaded.serial_number), at, certificate.extensions.crl_urls)
    found = [state for data in lists if (state := _said(data, *question))]
    if not found:
        return unknown("発行した認証局の失効リスト(CRL)が、手元にありません。")
    return min(found, key=_weight)


def _weight(state):
    """Revoked counts before good, good before unknown; of the good, the newest."""
    return (REVOKED, GOOD, UNKNOWN).index(state.state), -state.as_of.timestamp() if state.as_of else 0


def _said(data, issuer, serial, at, addresses):
    """What one list says as a RevocationState, None if it is another authority's."""
    try:
        return _state(read_crl(data, issuer, serial, at, addresses))
    except OtherIssuer:
        return None
    except Stale as stale:
        return _said_before(data, issuer, serial, at, addresses) or unknown(stale.message)
    except Refused as refusal:
        return unknown(refusal.message)


def _said_before(data, issuer, serial, at, addresses):
    """The revocation that a list showed while it lasted, or None."""
    last = last_instant(data)
    if last is None or last >= at:
        return None
    try:
        state = _state(read_crl(data, issuer, serial, last, addresses))
    except Refused:
        return None
    return state if state.state == REVOKED else None


def _state(found):
    if found.outcome == REVOKED:
        since = f"{moment(found.revoked_at)}に失効と記録されています。"
        return RevocationState(REVOKED, found.this_update, revoked_sentence(found.reason) + since)
    sentence = f"証明書は、失効リスト(CRL {moment(found.this_update)}現在)に載っていません。"
    return RevocationState(GOOD, found.this_update, sentence)
