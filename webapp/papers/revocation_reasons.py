"""失効理由: the reasons that an applicant may give (RFC 5280 §5.3.1; domain.md §6.3). 6 (certificateHold) is never
offered, 9 (privilegeWithdrawn) is the CA's alone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """One reason: `code` and `name` of RFC 5280, `words` for choosing and for the form, `meaning` when it fits, `help`
    what to know before choosing it (Japanese; sentences)."""

    code: int
    name: str
    words: str
    meaning: str
    help: str

    def __str__(self):
        """As the form prints it: "1 秘密鍵の危殆化(keyCompromise)"."""
        return f"{self.code} {self.words}({self.name})"


KEY_COMPROMISE, UNSPECIFIED = 1, 0

_OFFERED = (
    Reason(
        1,
        "keyCompromise",
        "秘密鍵の危殆化",
        "秘密鍵やトークンの盗難・紛失・漏えい・不正利用があったとき、またはそのおそれがあるときに選びます。",
        "すぐにこの鍵での署名をやめてください。気づいてから24時間以内に、失効申請書をサービス窓口へ送付します。"
        "危殆化の推定日時より後の署名は無効になることがあります。",
    ),
    Reason(
        3,
        "affiliationChanged",
        "記載情報の変更",
        "機関名や所在地など、証明書に記載された内容が変わったとき、または正しくないと分かったときに選びます。",
        "引き続き署名するには、新しい主体者DNで新規発行を申請してください。",
    ),
    Reason(
        4,
        "superseded",
        "新しい証明書への置き換え",
        "新しい証明書を受け取り、この証明書を使わなくなったときに選びます。",
        "タイムスタンプのない署名は、失効すると検証できなくなることがあります。",
    ),
    Reason(
        5,
        "cessationOfOperation",
        "利用の中止",
        "ソフトウェアの配布をやめるなど、この証明書が不要になったときに選びます。",
        "タイムスタンプのない署名は、失効すると検証できなくなることがあります。",
    ),
    Reason(
        0,
        "unspecified",
        "その他",
        "ほかの理由に当てはまらないときに選びます。",
        "失効理由コメントに、理由を具体的に記入してください。",
    ),
)

# Code -> Reason, in the order in which they are offered.
REASONS = {reason.code: reason for reason in _OFFERED}
