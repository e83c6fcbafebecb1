"""CRT-01 … CRT-11: the certificate that the CA delivered (domain.md §5.2, CSBR 3.10.0 §7.1.2.3, §6.1.5, §6.3.2).

    CRT-01  public key and subject are those of the CSR (and of the token)
    CRT-02  keyUsage: present, critical, digitalSignature, no CA bits
    CRT-03  extendedKeyUsage: codeSigning; no anyExtendedKeyUsage, no serverAuth
    CRT-04  certificatePolicies present
    CRT-05  CRL distribution point present, non-critical, http
    CRT-06  authority information access present, non-critical, http
    CRT-07  authority key identifier present, non-critical; not a CA certificate
    CRT-08  signed with SHA-256, SHA-384 or SHA-512
    CRT-09  key size; O, C and ST or L in the subject, no DC
    CRT-10  validity: not longer than allowed on the day of issue, valid now
    CRT-11  issued by the profile's CA, by its key where its certificate came along

Rows 1 to 10 of the table in domain.md §5.2 in its order; CRT-11 is domain.md §18. A finding's `field` is "key",
"subject", "extensions", "signature", "validity" or "issuer".
"""

from webapp.papers import certificate as papers
from webapp.rules import ERROR, WARNING, Finding, keys, rule
from webapp.rules.subject import quoted
from webapp.rules.verbs import ON_DELIVERY

KEY_USAGE, EXTENDED_KEY_USAGE, POLICIES = "2.5.29.15", "2.5.29.37", "2.5.29.32"
CRL_POINTS, AUTHORITY_KEY_ID, INFORMATION_ACCESS = "2.5.29.31", "2.5.29.35", "1.3.6.1.5.5.7.1.1"
CODE_SIGNING, SERVER_AUTH, ANY_PURPOSE = "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
EMAIL_PROTECTION, LIFETIME_SIGNING = "1.3.6.1.5.5.7.3.4", "1.3.6.1.4.1.311.10.3.13"
DOCUMENT_SIGNING = "1.3.6.1.4.1.311.3.10.3.12"

_ASK_CA = "利用を始めず、サービス窓口に問い合わせてください。"


def judge(certificate, csr, profile, *, at, chain=(), anchors=(), token_spki_sha256=""):
    """All findings about a delivered Certificate, in the order of the catalogue; none means it is as it should be.

    `csr` is the Csr that was sent, `at` the aware instant of receipt, `chain` the Certificates above it that came
    along, `anchors` the CA Certificates that the institution trusts for code signing (empty: the name alone decides),
    `token_spki_sha256` the public key on the token if the key is on one of ours.
    """
    return [
        *crt_01(certificate, csr, token_spki_sha256),
        *crt_02(certificate),
        *crt_03(certificate),
        *crt_04(certificate),
        *crt_05(certificate),
        *crt_06(certificate),
        *crt_07(certificate),
        *crt_08(certificate, profile),
        *crt_09(certificate, profile),
        *crt_10(certificate, profile, at),
        *crt_11(certificate, profile, chain, anchors),
    ]


@rule(
    "CRT-01",
    (ERROR,),
    "証明書の公開鍵と主体者DNが、送付したCSR(とトークンの鍵)と一致する。",
    "利用を始めず、サービス窓口に問い合わせる。",
    "CSBR §6.1.3、domain.md §5.2",
    issue=ON_DELIVERY,
)
def crt_01(certificate, csr, token_spki_sha256=""):
    """Same public key as the CSR and the token, same subject as the CSR."""
    findings = []
    if certificate.spki_sha256 != csr.spki_sha256:
        sentence = (
            f"証明書の公開鍵(SHA-256 {certificate.spki_sha256[:16]}…)は、"
            f"送付したCSRの公開鍵(SHA-256 {csr.spki_sha256[:16]}…)と違います。別の鍵の証明書です。"
        )
        advice = "ほかの申請の証明書ではないか確認してください。そうでなければサービス窓口に問い合わせてください。"
        findings.append(Finding("CRT-01", ERROR, "key", sentence, advice))
    if token_spki_sha256 and certificate.spki_sha256 != token_spki_sha256:
        sentence = "証明書の公開鍵は、トークンにある鍵ペアの公開鍵と違います。"
        findings.append(Finding("CRT-01", ERROR, "key", sentence, "正しいトークンが接続されているか確認してください。"))
    if certificate.subject != csr.subject:
        found, sent = quoted(str(certificate.subject), 400), quoted(str(csr.subject), 400)
        findings.append(_error("CRT-01", "subject", f"証明書の主体者DNは{found}で、CSRの{sent}と一致しません。"))
    return findings


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
        return [_error("CRT-02", "extensions", "鍵用途(keyUsage)がありません。")]
    findings = []
    if KEY_USAGE not in certificate.extensions.critical:
        findings.append(_error("CRT-02", "extensions", "鍵用途(keyUsage)が重要(critical)と指定されていません。"))
    if "digital_signature" not in usages:
        findings.append(_error("CRT-02", "extensions", "鍵用途に電子署名(digitalSignature)がありません。"))
    if forbidden := {"key_cert_sign", "crl_sign"} & set(usages):
        sentence = f"鍵用途に認証局だけの用途({'、'.join(sorted(forbidden))})があります。"
        findings.append(_error("CRT-02", "extensions", sentence))
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
        findings.append(_error("CRT-03", "extensions", "用途にコード署名(codeSigning)がありません。"))
    if ANY_PURPOSE in purposes:
        findings.append(_error("CRT-03", "extensions", "用途に「すべて」(anyExtendedKeyUsage)があります。"))
    if SERVER_AUTH in purposes:
        findings.append(_error("CRT-03", "extensions", "用途にサーバ認証(serverAuth)があります。"))
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
    return [_error("CRT-04", "extensions", "証明書ポリシ(certificatePolicies)がありません。")]


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
        findings.append(_error("CRT-06", "extensions", "OCSPのアドレスがhttpではありません。"))
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
        findings.append(_error("CRT-07", "extensions", "発行者の鍵の識別子(authorityKeyIdentifier)がありません。"))
    if AUTHORITY_KEY_ID in extensions.critical:
        sentence = "発行者の鍵の識別子(authorityKeyIdentifier)が重要(critical)と指定されています。"
        findings.append(_error("CRT-07", "extensions", sentence))
    if extensions.is_ca:
        findings.append(_error("CRT-07", "extensions", "認証局の証明書です(basicConstraintsのcAがTRUE)。"))
    return findings


@rule(
    "CRT-08",
    (ERROR,),
    "証明書の署名は SHA-256・384・512 とする。",
    "利用を始めず、サービス窓口に問い合わせる。",
    "CSBR §7.1.3.2",
    issue=ON_DELIVERY,
)
def crt_08(certificate, profile):
    """The CA signed it with a hash that still counts."""
    if certificate.signature_hash in profile.hashes:
        return []
    found = f"「{certificate.signature_hash}」です" if certificate.signature_hash else "確認できません"
    return [_error("CRT-08", "signature", f"証明書の署名のハッシュ関数が{found}。")]


@rule(
    "CRT-09",
    (ERROR,),
    "鍵の種類と長さ、主体者DNの必須項目が要件を満たす。",
    "利用を始めず、サービス窓口に問い合わせる。",
    "CSBR §6.1.5・§6.1.6・§7.1.4.2",
    issue=ON_DELIVERY,
)
def crt_09(certificate, profile):
    """Key and subject as CSBR §6.1.5, §6.1.6 and §7.1.4.2 want them."""
    complaint = keys.size_complaint(certificate.key, profile) or keys.weakness(certificate.key)
    findings = [_error("CRT-09", "key", complaint)] if complaint else []
    if keys.exponent_is_unfit(certificate.key):
        findings.append(_error("CRT-09", "key", f"RSAの公開指数(e)が{certificate.key.exponent}です。"))
    subject = certificate.subject
    if not subject.get("O"):
        findings.append(_error("CRT-09", "subject", "主体者DNに組織名(O)がありません。"))
    if len(subject.get("C")) != 2 or not subject.get("C").isupper():
        findings.append(_error("CRT-09", "subject", f"主体者DNの国(C)が{quoted(subject.get('C'))}です。"))
    if not (subject.get("ST") or subject.get("L")):
        findings.append(_error("CRT-09", "subject", "主体者DNに都道府県(ST)も市区町村(L)もありません。"))
    if subject.all("DC"):
        findings.append(_error("CRT-09", "subject", "主体者DNにドメイン(DC)があります。"))
    return findings


@rule(
    "CRT-10",
    (ERROR,),
    "有効期間がその日の上限(2026-03-01から460日)以内で、いま有効である。",
    "利用を始めず、サービス窓口に問い合わせる。",
    "CSBR §6.3.2",
    issue=ON_DELIVERY,
)
def crt_10(certificate, profile, at):
    """Not valid for longer than the rule of the day on which its period begins, and valid at `at`."""
    begin, end = certificate.not_before, certificate.not_after
    validity, findings = profile.validity_at(begin), []
    if end > validity.longest_until(begin):
        sentence = f"有効期間が{(end - begin).days}日を超えています。この日に始まる証明書は最長{validity}です。"
        findings.append(_error("CRT-10", "validity", sentence))
    if at < begin:
        advice = "このサーバの時計が正しいか確認してください。正しければ、有効期間が始まってから登録してください。"
        findings.append(Finding("CRT-10", ERROR, "validity", "証明書の有効期間がまだ始まっていません。", advice))
    if at > end:
        advice = "以前の証明書ではないか確認し、認証局から届いた新しい証明書を登録してください。"
        findings.append(Finding("CRT-10", ERROR, "validity", "証明書の有効期限が切れています。", advice))
    return findings


@rule(
    "CRT-11",
    (ERROR, WARNING),
    "認証局プロファイルの認証局が発行し、その鍵の署名と、登録済みの認証局までのつながりを確認できる。",
    "利用を始めず、サービス窓口に問い合わせる。",
    "domain.md §5.2・§18",
    issue=ON_DELIVERY,
)
def crt_11(certificate, profile, chain=(), anchors=()):
    """The issuer is the profile's CA; its key has signed, and the chain ends at an anchor, where these are known."""
    authorities = (*anchors, *(each for each in chain if each.extensions.is_ca))
    return [
        *_issuer_name(certificate, profile),
        *_issuer_signature(certificate, authorities),
        *_anchor(certificate, authorities, anchors),
    ]


def _issuer_name(certificate, profile):
    if certificate.issuer.get("CN") in profile.issuers:
        return []
    expected = "、".join(f"「{issuer}」" for issuer in profile.issuers)
    sentence = f"発行者が{quoted(str(certificate.issuer), 400)}です。{profile.title}の発行者は{expected}です。"
    advice = "認証局から発行者の変更の案内があったか確認してください。案内があれば、管理者が設定の発行者を改めます。"
    return [Finding("CRT-11", ERROR, "issuer", sentence, advice)]


def _issuer_signature(certificate, authorities):
    namesakes = [each for each in authorities if each.subject == certificate.issuer]
    if not namesakes:
        sentence = "発行者(中間CA)の証明書が一緒に届いていないため、証明書の署名は検証していません。"
        advice = "認証局のリポジトリから中間CAの証明書を入手し、証明書と一緒に登録してください。"
        return [Finding("CRT-11", WARNING, "issuer", sentence, advice)]
    if not any(papers.issued(issuer, certificate) for issuer in namesakes):
        return [_error("CRT-11", "issuer", "証明書の署名を、発行者の証明書で検証できません。")]
    return []


def _anchor(certificate, authorities, anchors):
    if not anchors or any(each in anchors for each in papers.path(certificate, authorities)):
        return []
    sentence = "証明書チェーンが、登録済みの認証局の証明書につながりません。"
    advice = "認証局の証明書が新しくなっていないか確認し、必要なら管理者が登録してください。" + _ASK_CA
    return [Finding("CRT-11", ERROR, "issuer", sentence, advice)]


def _locations(rule, certificate, oid, name, urls):
    if oid not in certificate.extensions.present:
        return [_error(rule, "extensions", f"{name}がありません。")]
    findings = []
    if oid in certificate.extensions.critical:
        findings.append(_error(rule, "extensions", f"{name}が重要(critical)と指定されています。"))
    if not any(url.startswith("http://") for url in urls):
        findings.append(_error(rule, "extensions", f"{name}にhttpのアドレスがありません。"))
    return findings


def _error(rule, field, sentence):
    return Finding(rule, ERROR, field, sentence, _ASK_CA)
