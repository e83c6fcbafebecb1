"""Trust anchors: the CA certificates by which seals and delivered certificates are judged."""

from dataclasses import dataclass

from webapp import clock
from webapp.acts import entries, house, kept_lists, signatures
from webapp.errors import Incomplete, Refused
from webapp.papers import certificate as papers
from webapp.papers.certificate import Certificate
from webapp.register import TrustAnchor, in_force

USES = {
    "seal": "電子署名の確認",
    "sign_in": "カードでのサインイン",
    "certificate": "証明書の確認",
    "attestation": "アテステーションの確認",
    "timestamp": "タイムスタンプの確認",
}
LARGEST = 65_536  # bytes; a certificate may be read in place
KEY_USAGE = "2.5.29.15"


@dataclass(frozen=True)
class Candidate:
    """A CA certificate read aloud before it is trusted. `is_root`: signed by itself; `doubts` are sentences."""

    certificate: Certificate
    use: str
    is_root: bool
    doubts: tuple[str, ...]

    @property
    def name(self):
        subject = self.certificate.subject
        return subject.get("CN") or subject.get("OU") or subject.get("O") or str(subject)


def read(data, use):
    """The Candidate in an uploaded file or pasted text (DER or PEM). Raises Incomplete, Unreadable, or Refused for a
    certificate that is no CA's, that has expired, or that is trusted already."""
    if use not in USES:
        entries.refuse({"use": "何の確認に使うかを選んでください。"})
    if not data or len(data) > LARGEST:
        entries.refuse({"file": "認証局の証明書のファイル(64KB以内)を選んでください。"})
    certificate = papers.read(data)
    _check_is_ca(certificate)
    _check_is_new(certificate, use)
    is_root = papers.issued(certificate, certificate)
    return Candidate(certificate, use, is_root, tuple(_doubts(certificate, use, is_root)))


def trust(who, data, use, is_compared):
    """Trust a CA certificate for one use, after its fingerprint was compared with what the CA publishes."""
    house.require_administrator(who)
    found = read(data, use)
    if not is_compared:
        sentence = "フィンガープリントを、認証局が公開している値と照合してください。"
        raise Incomplete("照合がまだ済んでいません。", sentence, {"is_compared": sentence})
    with house.administering(who):
        _check_is_new(found.certificate, use)
        row = TrustAnchor.create(
            use=use, name=found.name, der=found.certificate.der, is_root=found.is_root, since_on=clock.today()
        )
        told = {"use": use, "subject": str(found.certificate.subject), "sha256": found.certificate.sha256}
        told |= {"stamps": signatures.judge_again()} if use == "timestamp" else {}
        house.note("add_trust_anchor", row, who, told | {"is_root": found.is_root})
        if use in kept_lists.USES:
            kept_lists.hasten()  # a list that nobody was trusted to sign may be good now
    return row


def end(who, row, until_on):
    """Trust a CA no longer after a day. What was received before has been judged and stays."""
    house.end(who, row, until_on)


def _check_is_ca(certificate):
    found = certificate.extensions
    may_sign = KEY_USAGE not in found.present or "key_cert_sign" in found.key_usage
    if not found.is_ca or not may_sign:
        raise Refused(
            f"「{certificate.subject}」の証明書は、認証局の証明書ではありません。",
            "ルート認証局または中間認証局の証明書を選んでください。個人やサーバーの証明書は登録できません。",
        )
    if certificate.not_after <= clock.now():
        ended = clock.day_of(certificate.not_after)
        raise Refused(
            f"この証明書の有効期限は{ended.year}年{ended.month}月{ended.day}日に切れています。",
            "認証局の現在の証明書を入手してください。",
        )


def _check_is_new(certificate, use):
    alike = (TrustAnchor.use == use) & (TrustAnchor.der == certificate.der) & in_force(TrustAnchor)
    if TrustAnchor.select().where(alike).exists():
        raise Refused("この認証局は、同じ用途ですでに登録されています。", "一覧を確認してください。")


def _doubts(certificate, use, is_root):
    if certificate.not_before > clock.now():
        yield "この証明書は、まだ有効期間が始まっていません。"
    if not is_root and not _issuer_is_trusted(certificate, use):
        yield f"これは中間認証局の証明書です。発行したルート認証局「{certificate.issuer}」がまだ登録されていません。"


def _issuer_is_trusted(certificate, use):
    roots, others = TrustAnchor.trusted_for(use)
    return any(papers.issued(papers.read(der), certificate) for der in (*roots, *others))
