"""CRT-02 … CRT-07: the extensions of the certificate that the CA delivered (domain.md §5.2, CSBR 3.10.0 §7.1.2.3).

CRT-02  keyUsage: present, critical, digitalSignature, no CA bits
CRT-03  extendedKeyUsage: codeSigning; no anyExtendedKeyUsage, no serverAuth
CRT-04  certificatePolicies present
CRT-05  CRL distribution point present, non-critical, http
CRT-06  authority information access present, non-critical, http
CRT-07  authority key identifier present, non-critical; not a CA certificate
"""

from webapp.rules import ERROR, WARNING, Finding, rule
from webapp.rules.certificate import wrong
from webapp.rules.verbs import ON_DELIVERY

KEY_USAGE, CRL_POINTS, AUTHORITY_KEY_ID = "2.5.29.15", "2.5.29.31", "2.5.29.35"
INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.1"
CODE_SIGNING, SERVER_AUTH, ANY_PURPOSE = "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
EMAIL_PROTECTION, LIFETIME_SIGNING = "1.3.6.1.5.5.7.3.4", "1.3.6.1.4.1.311.10.3.13"
DOCUMENT_SIGNING = "1.3.6.1.4.1.311.3.10.3.12"


@rule(
    "CRT-02",
    (ERROR, WARNING),
    "鍵用途は重要(critical)で、電子署名を含み、認証局の用途を含まない。",
    "利用を始めず、サービス窓口に問い合わせる。",
    "CSBR §7.1.2.3 e",
    issue=ON_DELIVERY,
)
def crt_02(certificate):
    """keyUsage says signing, and nothing that only a CA does."""
    usages = certificate.extensions.key_usage
    if KEY_USAGE not in certificate.extensions.present:
        return [wrong("CRT-02", "extensions", "鍵用途(keyUsage)がありません。")]
    findings = []
    if KEY_USAGE not in certificate.extensions.critical:
        findings.append(wrong("CRT-02", "extensions", "鍵用途(keyUsage)が重要(critical)と指定されていません。"))
    if "digital_signature" not in usages:
        findings.append(wrong("CRT-02", "extensions", "鍵用途に電子署名(digitalSignature)がありません。"))
    if forbidden := {"key_cert_sign", "crl_sign"} & set(usages):
        sentence = f"鍵用途に認証局だけの用途({'、'.join(sorted(forbidden))})があります。"
        findings.append(wrong("CRT-02", "extensions", sentence))
    if others := set(usages) - {"digital_signature", "key_cert_sign", "crl_sign"}:
        sentence = f"鍵用途に、コード署名に不要な用途({'、'.join(sorted(others))})があります。"
        findings.append(
            Finding("CRT-02", WARNING, "extensions", sentence, "差し支えないかサービス窓口に確認してください。")
        )
    return findings


@rule(
    "CRT-03",
    (ERROR, WARNING),
    "拡張鍵用途にコード署名があり、「すべて」とサーバ認証がない。",
    "利用を始めず、サービス窓口に問い合わせる。",
    "CSBR §7.1.2.3 f",
    issue=ON_DELIVERY,
)
def crt_03(certificate):
    """extendedKeyUsage says codeSigning (CSBR §7.1.2.3 f)."""
    purposes = set(certificate.extensions.purposes)
    findings = []
    if CODE_SIGNING not in purposes:
        findings.append(wrong("CRT-03", "extensions", "用途にコード署名(codeSigning)がありません。"))
    if ANY_PURPOSE in purposes:
        findings.append(wrong("CRT-03", "extensions", "用途に「すべて」(anyExtendedKeyUsage)があります。"))
    if SERVER_AUTH in purposes:
        findings.append(wrong("CRT-03", "extensions", "用途にサーバ認証(serverAuth)があります。"))
    if LIFETIME_SIGNING in purposes:
        sentence = (
            "用途にLifetime Signingがあります。証明書の期限が切れると、タイムスタンプ付きの署名も無効になります。"
        )
        findings.append(
            Finding("CRT-03", WARNING, "extensions", sentence, "配布物の利用者に影響がないか確認してください。")
        )
    known = {CODE_SIGNING, ANY_PURPOSE, SERVER_AUTH, LIFETIME_SIGNING, EMAIL_PROTECTION, DOCUMENT_SIGNING}
    if others := purposes - known:
        sentence = f"用途に、コード署名以外のもの({'、'.join(sorted(others))})があります。"
        findings.append(
            Finding("CRT-03", WARNING, "extensions", sentence, "差し支えないかサービス窓口に確認してください。")
        )
    return findings


@rule(
    "CRT-04",
    (ERROR,),
    "証明書ポリシがある。",
    "利用を始めず、サービス窓口に問い合わせる。",
    "CSBR §7.1.2.3 a",
    issue=ON_DELIVERY,
)
def crt_04(certificate):
    """certificatePolicies name the policy under which it was issued."""
    if certificate.extensions.policies:
        return []
    return [wrong("CRT-04", "extensions", "証明書ポリシ(certificatePolicies)がありません。")]


@rule(
    "CRT-05",
    (ERROR,),
    "CRL配布点があり、重要ではなく、httpのアドレスである。",
    "利用を始めず、サービス窓口に問い合わせる。",
    "CSBR §7.1.2.3 b",
    issue=ON_DELIVERY,
)
def crt_05(certificate):
    """A place to fetch the CRL from."""
    return _locations("CRT-05", certificate, CRL_POINTS, "CRL配布点", certificate.extensions.crl_urls)


@rule(
    "CRT-06",
    (ERROR,),
    "機関情報アクセスがあり、重要ではなく、発行者の証明書のアドレスがhttpである。",
    "利用を始めず、サービス窓口に問い合わせる。",
    "CSBR §7.1.2.3 c",
    issue=ON_DELIVERY,
)
def crt_06(certificate):
    """A place to fetch the issuer's certificate from; OCSP, if offered, by http."""
    urls = certificate.extensions.issuer_urls
    findings = _locations("CRT-06", certificate, INFORMATION_ACCESS, "機関情報アクセス(発行者の証明書)", urls)
    if not all(url.startswith("http://") for url in certificate.extensions.ocsp_urls):
        findings.append(wrong("CRT-06", "extensions", "OCSPのアドレスがhttpではありません。"))
    return findings


@rule(
    "CRT-07",
    (ERROR,),
    "発行者の鍵の識別子があり、認証局の証明書ではない。",
    "利用を始めず、サービス窓口に問い合わせる。",
    "CSBR §7.1.2.3 d・g",
    issue=ON_DELIVERY,
)
def crt_07(certificate):
    """It points to the key of its issuer and is no CA certificate."""
    extensions, findings = certificate.extensions, []
    if not extensions.authority_key_id:
        findings.append(wrong("CRT-07", "extensions", "発行者の鍵の識別子(authorityKeyIdentifier)がありません。"))
    if AUTHORITY_KEY_ID in extensions.critical:
        sentence = "発行者の鍵の識別子(authorityKeyIdentifier)が重要(critical)と指定されています。"
        findings.append(wrong("CRT-07", "extensions", sentence))
    if extensions.is_ca:
        findings.append(wrong("CRT-07", "extensions", "認証局の証明書です(basicConstraintsのcAがTRUE)。"))
    return findings


def _locations(rule, certificate, oid, name, urls):
    if oid not in certificate.extensions.present:
        return [wrong(rule, "extensions", f"{name}がありません。")]
    findings = []
    if oid in certificate.extensions.critical:
        findings.append(wrong(rule, "extensions", f"{name}が重要(critical)と指定されています。"))
    if not any(url.startswith("http://") for url in urls):
        findings.append(wrong(rule, "extensions", f"{name}にhttpのアドレスがありません。"))
    return findings
