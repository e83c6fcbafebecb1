"""What a profile is: each value once, with its kind, and its group, name and explanation for people. Loading, checking and
the page that reads a profile aloud all come from here."""

from dataclasses import MISSING, dataclass, field, fields

from webapp.profiles.kinds import ByProcedure, Choice, Count, Day, Flag, Many, Place, Rows, Text
from webapp.profiles.parts import Document, IdentityMethod, Link, PortalField, Validity

GROUPS = (
    "申請先",
    "鍵と証明書",
    "主体者DN",
    "捺印・署名",
    "送付",
    "受領",
    "有効期間",
    "失効の確認先",
    "同意する文書",
    "審査の方法",
    "お知らせ",
)

ROLES = Choice({"head": "機関の長・機関責任者", "officer": "登録担当者"})
PROCEDURE = Choice({"issue": "発行", "revoke": "失効"})
ATTRIBUTES = Many(
    Choice({each: each for each in ("C", "ST", "L", "O", "OU", "CN", "DC", "emailAddress", "serialNumber")})
)
CURVES = {each: each for each in ("P-256", "P-384", "P-521")}
KEYS = {each: each for each in ("RSA-3072", "RSA-4096")} | CURVES
PARTS = {"csr": "CSR", "xlsx": "申請書(Excel)", "pdf": "捺印・署名済みPDF"}
# What may be entered on a CA's portal: names of values in acts/portal.py.
PORTAL_VALUES = {
    "number": "申請番号",
    "kind_label": "申請種別",
    "institution_name": "利用機関名",
    "postal_code": "郵便番号",
    "address": "住所(本部所在地)",
    "switchboard": "代表電話番号",
    "head_title": "代表者の資格",
    "head_name": "代表者の氏名",
    "officer_name": "登録担当者の氏名",
    "officer_department": "登録担当者の所属",
    "officer_phone": "登録担当者の電話番号",
    "officer_mail": "登録担当者のE-mail",
    "officer_hours": "連絡可能な時間帯",
    "subscriber_name": "利用管理者の氏名",
    "subscriber_department": "利用管理者の所属",
    "subscriber_phone": "利用管理者の電話番号",
    "subscriber_mail": "利用管理者のE-mail",
    "subject": "主体者DN",
    "csr": "CSR(PEM)",
    "serial": "シリアル番号",
    "issuer": "発行者",
    "reason": "失効の理由",
    "comment": "コメント",
    "compromised_at": "危殆化の日時",
}
DOCUMENT = {"key": Text(longest=40), "title": Text(), "address": Place("url", True)}
LINK = {"title": Text(), "address": Place("url")}
METHOD = {"of": Choice({"identity": "本人性", "existence": "実在性"}), "title": Text(longest=100)}
PERIOD = {"issued_from": Day(), "days": Count(0, 4000), "months": Count(0, 120)}
ENTRY = {"of": PROCEDURE, "label": Text(longest=100), "value": Choice(PORTAL_VALUES)}


@dataclass(frozen=True)
class Spec:
    """How one value is described: `group` and `label` on the page, its `kind`, and `about`, a sentence for people."""

    group: str
    label: str
    kind: object
    about: str


def said(group, label, kind, about="", default=MISSING):
    """A field of Profile. One that was not there from the first has a default, because older versions are still read."""
    kept = {"default_factory": default} if default is dict else {"default": default}
    return field(metadata={"spec": Spec(group, label, kind, about)}, **kept)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One CA profile: values, and choices among variants that the code knows; never stages. `public`: its certificates are
    trusted outside, so a software token never holds their keys.

    `seal_roles` and `attachments` are keyed by procedure kind ("issue", "revoke"), roles as in procedure.Role. Which hosts
    and addresses are asked about revocation: rules/status_addresses.
    """

    name: str
    title: str = said("申請先", "名称", Text())
    note: str = said("申請先", "注意", Text(True, 1000), "設定の画面に表示します。")
    practice: bool = said(
        "申請先",
        "環境",
        Flag("練習環境で使う", "本番で使う"),
        "練習用は本番では選べず、本番用は練習環境では選べません。",
        False,
    )
    business_days: int = said(
        "申請先", "審査の日数", Count(1, 120, "{n}営業日"), "認証局の審査が始まってから、発行までの目安です。"
    )
    links: tuple = said("申請先", "案内のページ", Rows(Link, LINK, {}, "{title} {address}"))

    public: bool = said(
        "鍵と証明書",
        "信頼される範囲",
        Flag("組織の外でも信頼される", "組織の外では信頼されない"),
        "外でも信頼される証明書の鍵は、ハードウェアで守った証拠がないと送付できません。",
    )
    second_person: bool = said(
        "鍵と証明書", "2人目の承認", Flag("必要", "不要"), "機関のトークンにある鍵を1回使うごとに、別の人が承認します。"
    )
    one_pin_for_list: bool = said(
        "鍵と証明書",
        "まとめて署名するときのPIN",
        Flag("一覧に1回", "1件ごとに1回"),
        "機関責任者が一覧の申請書にまとめて署名するときの、PINの入力です。",
        False,
    )
    offered_keys: tuple = said(
        "鍵と証明書", "トークンで作れる鍵", Many(Choice(KEYS), 1), "画面で選べる鍵の種類です。先頭が標準です。"
    )
    rsa_min_bits: int = said("鍵と証明書", "RSAの最短の鍵長", Count(2048, 16384, "{n}ビット"))
    curves: tuple = said("鍵と証明書", "使える楕円曲線", Many(Choice(CURVES)))
    hashes: tuple = said(
        "鍵と証明書", "使えるハッシュ関数", Many(Choice({each: each for each in ("SHA-256", "SHA-384", "SHA-512")}), 1)
    )
    issuers: tuple = said("鍵と証明書", "証明書を発行する認証局", Many(Text(), 1), "発行者のCNです。")
    serial_format: str = said(
        "鍵と証明書", "シリアル番号の書き方", Choice({"hex": "16進数", "dec": "10進数"}), "失効の申請に書く形です。"
    )

    required_attributes: tuple = said("主体者DN", "必要な項目", ATTRIBUTES)
    fixed_attributes: tuple = said("主体者DN", "機関で1つに決まる項目", ATTRIBUTES, "登録した値のとおりに書きます。")
    forbidden_attributes: tuple = said("主体者DN", "使えない項目", ATTRIBUTES)
    common_name: str = said(
        "主体者DN", "一般名(CN)", Text(placeholders=("{O}", "{L}", "{ST}", "{C}")), "{O}は、登録した機関名です。"
    )

    seal: str = said(
        "捺印・署名",
        "捺印・署名",
        Choice({"pdf": "申請書のPDFに、電子署名または捺印をする", "none": "不要"}),
        "不要なら、審査のあとすぐに送付します。段階そのものは変わりません。",
        "pdf",
    )
    seal_roles: dict = said("捺印・署名", "捺印・署名する人", ByProcedure(Many(ROLES, 1), True), "", dict)
    seal_issuers: tuple = said(
        "捺印・署名", "署名に使える証明書の発行者", Many(Text()), "空のときは、登録したCA証明書だけで判断します。", ()
    )
    seal_status_hosts: tuple = said(
        "捺印・署名",
        "個人の証明書の失効を尋ねるホスト",
        Many(Place("host")),
        "ここに書いたホストのほかには尋ねません。",
        (),
    )
    seal_crl_addresses: tuple = said(
        "捺印・署名",
        "個人の証明書のCRL",
        Many(Place("url")),
        "署名やサインインに使う証明書の、失効リストの場所です。",
        (),
    )
    seal_crl_minutes: int = said("捺印・署名", "そのCRLを取り直す間隔", Count(1, 10080, "{n}分"), "", 180)
    stamp_address: str = said(
        "捺印・署名",
        "タイムスタンプ局",
        Place("url", True),
        "署名ステーションで作った電子署名に、この局の時刻の証明(RFC 3161)を付けます。空のときは付けません。",
        "",
    )
    sign_in_needs_status: bool = said(
        "捺印・署名",
        "カードでのサインイン",
        Flag("失効していないと確認できたときだけ", "失効を確認できないときも受け付ける"),
        "失効していると分かったカードは、どちらでも受け付けません。",
        False,
    )

    dispatch: str = said(
        "送付",
        "送付の方法",
        Choice({"mail": "メールで送付する", "portal": "認証局のポータルに手で入力する"}),
        "メールは、しるしからも、自分のメールソフトからも送れます。",
        "mail",
    )
    recipients: tuple = said("送付", "宛先", Many(Place("mail")), "", ())
    copies: tuple = said("送付", "写し(Cc)", Many(Place("mail")), "", ())
    attachments: dict = said("送付", "添付する書類", ByProcedure(Many(Choice(PARTS))))
    portal_address: str = said("送付", "ポータルのアドレス", Place("url", True), "", "")
    portal_fields: tuple = said(
        "送付",
        "ポータルの入力欄",
        Rows(PortalField, ENTRY, {}, "{of}: {label} ← {value}"),
        "ポータルの画面の順です。",
        (),
    )

    delivery: str = said(
        "受領",
        "証明書の届き方",
        Choice({"zip_mail": "パスワード付きZIPがメールで届く", "link": "リンクから証明書のファイルを取得する"}),
        "リンクで届くときは、ZIPのパスワードを作りません。",
        "zip_mail",
    )

    validity: tuple = said(
        "有効期間",
        "有効期間の上限",
        Rows(Validity, PERIOD, {"days": 0, "months": 0}, "{issued_from}から発行されたもの: {row}", 1),
        "日数か月数のどちらかです。",
    )

    status_hosts: tuple = said(
        "失効の確認先", "尋ねてよいホスト", Many(Place("host")), "ここに書いたホストのほかには尋ねません。"
    )
    crl_addresses: tuple = said(
        "失効の確認先", "CRL", Many(Place("url")), "証明書に書かれた場所が使えないときに尋ねます。"
    )
    ocsp_addresses: tuple = said(
        "失効の確認先", "OCSP", Many(Place("url")), "証明書に書かれた場所が使えないときに尋ねます。"
    )

    documents: tuple = said("同意する文書", "申請の前に承認する文書", Rows(Document, DOCUMENT, {}, "{title} {address}"))
    identity_methods: tuple = said(
        "審査の方法",
        "本人性・実在性の確認方法の案",
        Rows(IdentityMethod, METHOD, {}, "{of}: {title}"),
        "機関の手順が優先します。",
    )
    reminder_days: tuple = said(
        "お知らせ",
        "有効期限の何日前に知らせるか",
        Many(Count(0, 400, "{n}日前"), 1),
        "",
        (90, 60, 45, 30, 14, 7, 0),
    )

    @property
    def wants_seal(self):
        return self.seal != "none"

    @property
    def has_zip(self):
        """Whether the certificate comes in a ZIP under a password that the form names."""
        return self.delivery == "zip_mail"

    def validity_at(self, issued_at):
        """The Validity for a certificate whose period begins at `issued_at` (aware datetime): the newest that applies,
        the oldest for a date before all of them."""
        oldest_first = sorted(self.validity, key=lambda each: each.issued_from)
        return [oldest_first[0], *(each for each in oldest_first if each.issued_from <= issued_at.date())][-1]

    def common_name_for(self, registered):
        """The CN that this profile expects for a registered Subject (anything with `get(short)`)."""
        expected = self.common_name
        for short in ("O", "L", "ST", "C"):
            expected = expected.replace("{" + short + "}", registered.get(short))
        return expected


SPECS = {each.name: each.metadata["spec"] for each in fields(Profile) if each.metadata}
REQUIRED = [each.name for each in fields(Profile) if each.metadata and each.default is each.default_factory]
