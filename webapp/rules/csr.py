"""CSR-01 … CSR-08: a CSR before it goes to the CA (domain.md §5, §18). What its subject holds is for rules/subject.py.

A finding's `field` is "key", "signature", "subject" or "attributes".
"""

import shlex

from webapp.papers import csr as papers
from webapp.rules import ERROR, WARNING, Finding, keys, rule
from webapp.rules import subject as subjects
from webapp.rules.verbs import ON_CSR

_NEW_KEY = "新しい鍵ペアを作成し、そのCSRを提出してください。"


@rule(
    "CSR-01",
    (ERROR,),
    "CSRを読み取れ、その自己署名を検証できる。",
    "同じ鍵でCSRを作り直す。",
    "RFC 2986 §4.2、CSBR §6.1.1.3",
    issue=ON_CSR,
)
def csr_01(csr):
    """The self-signature verifies (RFC 2986 §4.2)."""
    try:
        papers.check_signature(csr)
    except papers.BrokenSignature as broken:
        return [Finding("CSR-01", ERROR, "signature", broken.message, broken.advice)]
    return []


@rule(
    "CSR-02",
    (ERROR,),
    "鍵は RSA 3072ビット以上(8の倍数)、または ECDSA P-256・P-384・P-521 とする。",
    "新しい鍵ペアを作り、そのCSRを提出する。",
    "CSBR §6.1.5.1",
    issue=ON_CSR,
)
def csr_02(csr, profile):
    """RSA of at least 3072 bits in whole octets, or ECDSA on an accepted curve (CSBR §6.1.5.1)."""
    complaint = keys.size_complaint(csr.key, profile)
    if not complaint:
        return []
    how = f"例: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:{profile.rsa_min_bits}"
    return [Finding("CSR-02", ERROR, "key", complaint, f"{_NEW_KEY}{how}(トークンで生成する場合は鍵長を選びます)")]


@rule(
    "CSR-03",
    (ERROR, WARNING),
    "RSAの公開指数は3以上の奇数(必須)、65537以上(推奨)とする。",
    "e = 65537 で新しい鍵ペアを作る。",
    "CSBR §6.1.6",
    issue=ON_CSR,
)
def csr_03(csr):
    """The RSA exponent is odd and at least 3, better 65537 or more (CSBR §6.1.6)."""
    sentence = f"RSAの公開指数(e)が{csr.key.exponent}です。"
    if keys.exponent_is_unfit(csr.key):
        return [Finding("CSR-03", ERROR, "key", f"{sentence}3以上の奇数でなければなりません。", _NEW_KEY)]
    if keys.exponent_is_small(csr.key):
        advice = f"e = 65537(OpenSSLの初期値)で{_NEW_KEY}"
        return [Finding("CSR-03", WARNING, "key", f"{sentence}65537以上が推奨されています。", advice)]
    return []


@rule(
    "CSR-04",
    (ERROR,),
    "CSRの署名は SHA-256・384・512 とする。",
    "-sha256 を付けてCSRを作り直す。",
    "CSBR §7.1.3.2",
    issue=ON_CSR,
)
def csr_04(csr, profile):
    """Signed with SHA-256, SHA-384 or SHA-512."""
    if csr.signature_hash in profile.hashes:
        return []
    found = f"「{csr.signature_hash}」です" if csr.signature_hash else "確認できません"
    return [
        Finding(
            "CSR-04",
            ERROR,
            "signature",
            f"CSRの署名のハッシュ関数が{found}。使えるのは{'、'.join(profile.hashes)}です。",
            "同じコマンドに -sha256 を付けてCSRを作り直してください。例: openssl req -new -sha256 -key 鍵のファイル",
        )
    ]


@rule(
    "CSR-05",
    (ERROR,),
    "公開鍵から秘密鍵を計算できる弱い鍵(小さい因数・近い素数・ROCA)ではない。",
    "新しい鍵ペアを作り、そのCSRを提出する。",
    "CSBR §6.1.1.3・§6.1.6、TLS BR §6.1.1.3 (5)",
    issue=ON_CSR,
)
def csr_05(csr):
    """The key cannot be factored by known shortcuts. Lists of leaked or Debian keys are not checked."""
    weakness = keys.weakness(csr.key)
    return [Finding("CSR-05", ERROR, "key", weakness, f"この鍵は使えません。{_NEW_KEY}")] if weakness else []


@rule(
    "CSR-06",
    (ERROR,),
    "公開鍵が、台帳のほかの証明書や申請で使われていない。",
    "更新や再発行でも、新しい鍵ペアを作る。",
    "NII 証明書管理手順、CSBR §9.6.3 (3)",
    issue=ON_CSR,
)
def csr_06(known):
    """The key is new: `known` are sentences without full stop such as "CS-2025-0003 の証明書(シリアル番号 0a1b)"."""
    return [
        Finding(
            "CSR-06",
            ERROR,
            "key",
            f"この公開鍵はすでに使われています: {where}。",
            f"更新や再発行でも鍵ペアは毎回作り直します。{_NEW_KEY}",
        )
        for where in known
    ]


@rule(
    "CSR-07",
    (ERROR,),
    "CSRの主体者DNが、発行申請書の主体者DNと順序も含めて一致する。",
    "画面に示すコマンドでCSRを作り直す(鍵は同じでよい)。",
    "手順 1-1-5(domain.md §17)",
    issue=ON_CSR,
)
def csr_07(csr, form_subject):
    """The subject is that of the form, attribute by attribute and in its order."""
    if csr.subject == form_subject:
        return []
    advice = f"次のコマンドでCSRを作り直せます(鍵は同じでかまいません): {openssl_command(form_subject)}"
    return [Finding("CSR-07", ERROR, "subject", _difference(csr.subject, form_subject), advice)]


def _difference(found, expected):
    """How two subjects differ: in their order alone, or in what they say."""
    orders = ["→".join(short for short, _ in each.values) for each in (found, expected)]
    if sorted(found.values) == sorted(expected.values) and orders[0] != orders[1]:
        return (
            "CSRの主体者DNは、値は発行申請書と同じですが、項目の順序が違います"
            f"(CSRは {orders[0]}、発行申請書は {orders[1]})。"
        )
    shown = [subjects.quoted(str(each), 400) for each in (found, expected)]
    return f"CSRの主体者DNは{shown[0]}、発行申請書の主体者DNは{shown[1]}で、一致しません。"


@rule(
    "CSR-08",
    (WARNING,),
    "CSRにメールアドレス(SAN)やチャレンジパスワードを入れない。",
    "それらを入れずにCSRを作り直す。",
    "NII CP §7.3(domain.md §5)",
    issue=ON_CSR,
)
def csr_08(csr):
    """No attributes that the CA does not want: mail addresses in SAN, a challenge password."""
    findings = []
    if csr.san_mails:
        mails = "、".join(subjects.quoted(mail) for mail in csr.san_mails)
        sentence = f"CSRにメールアドレス({mails})が入っています。コード署名用証明書には使いません。"
        findings.append(
            Finding("CSR-08", WARNING, "attributes", sentence, "subjectAltNameを付けずにCSRを作り直してください。")
        )
    if csr.challenge_password:
        sentence = "CSRにチャレンジパスワードが入っています。誰でも読める形で含まれるため、使いません。"
        advice = "「A challenge password」を空のままにしてCSRを作り直してください。ほかで使っているパスワードなら変更してください。"
        findings.append(Finding("CSR-08", WARNING, "attributes", sentence, advice))
    return findings


def openssl_command(subject):
    """The shell command that makes a CSR with exactly this Subject from an existing key."""
    escaped = "".join(f"/{short}={_escaped(value)}" for short, value in subject.values)
    return f"openssl req -new -sha256 -utf8 -key key.pem -subj {shlex.quote(escaped)} -out request.csr"


def _escaped(value):
    return "".join("\\" + each if each in "\\/+" else each for each in value)
