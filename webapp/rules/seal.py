"""SIG-01 … SIG-04: the electronic seal on a paper, by what its examination found (domain.md §16; papers/seal.py)."""

from dataclasses import dataclass

from webapp.rules import ERROR, WARNING, Finding, rule

GOOD, REVOKED, UNKNOWN = "good", "revoked", "unknown"


@dataclass(frozen=True)
class Sealed:
    """What an examination found: `is_intact`, `covers_whole` (the whole file), `is_unchanged` (nothing came after),
    `is_trusted` (chains to an allowed S/MIME CA at the time), `is_client_authentication`, the `mails` in the
    certificate, and its `revocation`: GOOD, REVOKED, UNKNOWN."""

    is_intact: bool
    covers_whole: bool
    is_unchanged: bool
    is_trusted: bool
    is_client_authentication: bool
    mails: tuple
    revocation: str = UNKNOWN


@rule(
    "SIG-01",
    (ERROR,),
    "電子署名は壊れておらず、PDF全体を対象とし、そのあとに変更がない。",
    "審査したPDFに署名し直す。",
    "手順 1-1-4(ETSI EN 319 102-1)",
    issue=("seal",),
    revoke=("seal",),
)
def sig_01(sealed):
    complaints = [
        (not sealed.is_intact, "電子署名を検証できません。署名または文書が変更されています。"),
        (not sealed.covers_whole, "電子署名が、PDFの全体を対象としていません。"),
        (not sealed.is_unchanged, "電子署名のあとに、PDFが変更されています。"),
    ]
    advice = "審査した申請書のPDFに、もう一度署名してください。"
    return [Finding("SIG-01", ERROR, "file", sentence, advice) for holds, sentence in complaints if holds]


@rule(
    "SIG-02",
    (ERROR,),
    "署名した証明書は、署名の時点で、認めた UPKI のS/MIME認証局につながり、クライアント認証用ではない。",
    "S/MIME証明書を選んで署名し直す。",
    "手順 1-1-4(UPKIのS/MIME証明書)",
    issue=("seal",),
    revoke=("seal",),
)
def sig_02(sealed):
    if sealed.is_client_authentication:
        sentence = "クライアント認証用の証明書で署名されています。"
    elif not sealed.is_trusted:
        sentence = "署名した証明書が、認めた認証局のS/MIME証明書につながりません。"
    else:
        return []
    return [Finding("SIG-02", ERROR, "file", sentence, "UPKIのS/MIME証明書を選んで、署名し直してください。")]


@rule(
    "SIG-03",
    (ERROR,),
    "署名した証明書のメールアドレスは、申請書に記載された捺印・署名する人の登録メールアドレスである。",
    "記載された人が署名し直すか、差し戻して記載する人を選び直す。",
    "手順 1-1-4",
    issue=("seal",),
    revoke=("seal",),
)
def sig_03(sealed, sealer_mails):
    """`sealer_mails`: the registered addresses of whoever the form names."""
    known = {mail.lower() for mail in sealer_mails}
    if any(mail.lower() in known for mail in sealed.mails):
        return []
    found = "、".join(sealed.mails) or "なし"
    sentence = f"署名した証明書のメールアドレス({found})は、申請書に記載された人の登録メールアドレスではありません。"
    return [Finding("SIG-03", ERROR, "file", sentence, "記載された人に署名を依頼してください。")]


@rule(
    "SIG-04",
    (ERROR, WARNING),
    "署名した証明書の失効状態を確認する。確認できないときは「未確認」と明記する。失効していれば受け付けない。",
    "CRL・OCSPで確認できるようにするか、未確認であることを承知して進める。",
    "domain.md §16.3",
    issue=("seal",),
    revoke=("seal",),
)
def sig_04(sealed):
    if sealed.revocation == GOOD:
        return []
    if sealed.revocation == REVOKED:
        sentence = "署名した証明書は失効しています。"
        return [Finding("SIG-04", ERROR, "file", sentence, "有効なS/MIME証明書で署名し直してください。")]
    sentence = "署名した証明書の失効状態は未確認です。"
    return [Finding("SIG-04", WARNING, "file", sentence, "必要なときは、発行元のCRLで確認してください。")]
