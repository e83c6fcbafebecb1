"""CRT-01 and CRT-08 … CRT-11: the certificate that the CA delivered (domain.md §5.2, CSBR 3.10.0 §7.1.2.3, §6.1.5, §6.3.2); its
extensions, CRT-02 … CRT-07, are judged in extensions.py.

    CRT-01  public key and subject are those of the CSR (and of the token)
    CRT-08  signed with SHA-256, SHA-384 or SHA-512
    CRT-09  key size; O, C and ST or L in the subject, no DC
    CRT-10  validity: not longer than allowed on the day of issue, valid now
    CRT-11  issued by the profile's CA, by its key where its certificate came along

A finding's `field` is "key", "subject", "extensions", "signature", "validity" or "issuer".
"""

from webapp.papers import certificate as papers
from webapp.rules import ERROR, WARNING, Finding, keys, rule
from webapp.rules.subject import quoted
from webapp.rules.verbs import ON_DELIVERY

ASK_CA = "利用を始めず、サービス窓口に問い合わせてください。"


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
        findings.append(wrong("CRT-01", "subject", f"証明書の主体者DNは{found}で、CSRの{sent}と一致しません。"))
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
    return [wrong("CRT-08", "signature", f"証明書の署名のハッシュ関数が{found}。")]


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
    findings = [wrong("CRT-09", "key", complaint)] if complaint else []
    if keys.exponent_is_unfit(certificate.key):
        findings.append(wrong("CRT-09", "key", f"RSAの公開指数(e)が{certificate.key.exponent}です。"))
    subject = certificate.subject
    if not subject.get("O"):
        findings.append(wrong("CRT-09", "subject", "主体者DNに組織名(O)がありません。"))
    if len(subject.get("C")) != 2 or not subject.get("C").isupper():
        findings.append(wrong("CRT-09", "subject", f"主体者DNの国(C)が{quoted(subject.get('C'))}です。"))
    if not (subject.get("ST") or subject.get("L")):
        findings.append(wrong("CRT-09", "subject", "主体者DNに都道府県(ST)も市区町村(L)もありません。"))
    if subject.all("DC"):
        findings.append(wrong("CRT-09", "subject", "主体者DNにドメイン(DC)があります。"))
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
        findings.append(wrong("CRT-10", "validity", sentence))
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
        return [wrong("CRT-11", "issuer", "証明書の署名を、発行者の証明書で検証できません。")]
    return []


def _anchor(certificate, authorities, anchors):
    if not anchors or any(each in anchors for each in papers.path(certificate, authorities)):
        return []
    sentence = "証明書チェーンが、登録済みの認証局の証明書につながりません。"
    advice = "認証局の証明書が新しくなっていないか確認し、必要なら管理者が登録してください。" + ASK_CA
    return [Finding("CRT-11", ERROR, "issuer", sentence, advice)]


def wrong(rule, field, sentence):
    """An error of the certificate, about which only the CA can do something."""
    return Finding(rule, ERROR, field, sentence, ASK_CA)
