"""The signer's certificate: may it sign papers at all, was it valid on receipt, does it chain to an anchor.

UPKI's S/MIME certificates name only a mail address (reference: domain.md §16.2); whose it is, is decided elsewhere.
"""

from datetime import UTC, datetime, timedelta, timezone

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko_certvalidator import ValidationContext

from webapp.papers.seal_report import Point, SealRefused
from webapp.papers.subject import Subject, shown

JST = timezone(timedelta(hours=9))
SMALLEST_RSA = 2048
_OTHER_USES = {
    ExtendedKeyUsageOID.CLIENT_AUTH: "クライアント認証用",
    ExtendedKeyUsageOID.SERVER_AUTH: "サーバ用",
    ExtendedKeyUsageOID.CODE_SIGNING: "コード署名用",
    ExtendedKeyUsageOID.TIME_STAMPING: "タイムスタンプ用",
}


def mails(certificate: x509.Certificate) -> tuple[str, ...]:
    """The mail addresses of the certificate, lower-case: SAN rfc822Name, emailAddress, and a CN that is one."""
    found = []
    if san := _extension(certificate, x509.SubjectAlternativeName):
        found += san.get_values_for_type(x509.RFC822Name)
    for oid in (NameOID.EMAIL_ADDRESS, NameOID.COMMON_NAME):
        found += [str(name.value) for name in certificate.subject.get_attributes_for_oid(oid) if "@" in name.value]
    return tuple(dict.fromkeys(shown(mail.lower()) for mail in found))


def validation_context(anchors, others, at: datetime) -> ValidationContext:
    """For judging a chain at `at` (aware) by what is at hand: `anchors` are trusted, `others` help (DER). Nothing is fetched;
    revocation is judged apart."""
    return ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(der) for der in anchors],
        other_certs=[asn1_x509.Certificate.load(der) for der in others],
        allow_fetching=False,
        moment=at,
        revocation_mode="soft-fail",
    )


def check_kind(certificate: x509.Certificate) -> Point:
    """An S/MIME certificate that may sign: EKU emailProtection, KU digitalSignature or nonRepudiation (CA/B S/MIME BR
    7.1.2.3; the seed 1-1-4 asks for S/MIME). Raises SealRefused client_certificate or weak."""
    purposes = list(_extension(certificate, x509.ExtendedKeyUsage) or [])
    if ExtendedKeyUsageOID.EMAIL_PROTECTION not in purposes:
        use = next((word for oid, word in _OTHER_USES.items() if oid in purposes), "電子メール用ではない")
        raise SealRefused(
            "client_certificate", f"署名に使われた証明書は{use}のもので、電子メール用のS/MIME証明書ではありません。"
        )
    usage = _extension(certificate, x509.KeyUsage)
    if not usage or not (usage.digital_signature or usage.content_commitment):
        raise SealRefused("client_certificate", "署名に使われた証明書には、電子署名に使えるとの記載がありません。")
    check_key(certificate)
    return Point("署名に使われた証明書は、電子メール用のS/MIME証明書で、電子署名に使えます。")


def check_dates(certificate: x509.Certificate, received_at: datetime) -> Point:
    """Valid at `received_at` (aware); raises SealRefused not_yet_valid or expired."""
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if received_at < start:
        raise SealRefused("not_yet_valid", f"署名に使われた証明書は、まだ有効ではありません({_day(start)}から有効)。")
    if received_at > end:
        raise SealRefused("expired", f"署名に使われた証明書は、{_day(end)}に有効期限が切れています。")
    return Point("受領した時点で、証明書は有効期間内です。", detail=f"{_day(start)}〜{_day(end)}")


def untrusted(certificate: x509.Certificate) -> SealRefused:
    """The refusal for a certificate that chains to no anchor."""
    if certificate.subject == certificate.issuer:
        return SealRefused("untrusted", "署名に使われた証明書は、本人が自分で作った証明書(自己署名)です。")
    issuer = Subject.from_name(certificate.issuer)
    return SealRefused("untrusted", f"署名に使われた証明書は、登録された認証局のものではありません(発行者: {issuer})。")


def check_issuer(certificate: x509.Certificate, issuers) -> None:
    """Issued by one of the CAs of these names (CN), where there are any (domain.md §16.2); raises SealRefused untrusted."""
    found = {str(name.value) for name in certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)}
    if issuers and not found.intersection(issuers):
        names = "、".join(f"「{shown(name)}」" for name in found) or "名前なし"
        raise SealRefused(
            "untrusted",
            f"署名に使われた証明書の発行者({names})は、この手続きで認められていません。",
            f"「{'」または「'.join(issuers)}」が発行したS/MIME証明書を選んで、署名し直してください。",
            sub="CHAIN_CONSTRAINTS_FAILURE",
        )


def check_key(certificate: x509.Certificate) -> None:
    """RSA of 2048 bits, a curve of 256, or more; raises SealRefused weak."""
    key = certificate.public_key()
    strong = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= 256
    if not strong and not (isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_RSA):
        raise SealRefused("weak", "署名に使われた証明書の鍵が弱いため、電子署名を受け付けられません。")


def _extension(certificate: x509.Certificate, kind):
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _day(instant: datetime) -> str:
    local = min(instant, datetime(9999, 12, 31, 14, 59, tzinfo=UTC)).astimezone(JST)
    return f"{local.year}年{local.month}月{local.day}日"
