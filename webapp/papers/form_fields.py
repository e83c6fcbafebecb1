"""The fields that a form of a CA may have, the words by which such forms call them, and what is written into each.

A field's key is that of the dataclass (`address`), a part of it (`subject.CN`, `applied_on.year`), or a box to tick
(`reason=1`: ticked when the value is this one).
"""

import datetime
import re
import unicodedata
from dataclasses import dataclass

from webapp.papers.form_values import LABELS as ISSUE_LABELS
from webapp.papers.form_values import IssueForm
from webapp.papers.forms import paper_of
from webapp.papers.revocation_reasons import REASONS
from webapp.papers.revocation_values import LABELS as REVOCATION_LABELS
from webapp.papers.subject import Subject

ISSUE, REVOKE = "issue", "revoke"
TEXT, DAY, CHOICE = "text", "day", "choice"

# Whose field it is -> how forms call them, the longer names first.
GROUPS = {
    "officer": ("登録担当者", "登録担当", "事務担当者", "担当者"),
    "subscriber": ("利用管理者(任意)", "利用管理者", "証明書利用管理者", "利用者", "管理者"),
    "head": (
        "代表者または機関責任者の資格・氏名",
        "代表者または機関責任者(登録担当者)の資格・氏名",
        "代表者または機関責任者",
        "機関の長または機関責任者",
        "機関の長または機関責任者の資格・氏名",
        "機関責任者",
        "機関の長",
        "代表者",
        "申請者",
        "申請責任者",
    ),
    "subject": (
        "主体者dn",
        "主体者",
        "証明書の主体者dn",
        "証明書の主体者",
        "識別名",
        "サブジェクト",
        "証明書の記載内容",
    ),
    "certificate": ("失効対象の証明書", "失効対象証明書", "対象証明書", "失効する証明書", "失効を希望する証明書"),
}
_ITEMS = {
    "name": ("氏名", "名前", "お名前", "担当者名", "氏名(漢字)"),
    "department": (
        "所属",
        "所属部署",
        "部署",
        "所属部局",
        "部局",
        "部局名",
        "部署名",
        "所属名",
        "所属・職名",
        "所属部課",
    ),
    "phone": ("電話番号", "電話", "tel", "連絡先電話番号", "電話番号(直通)", "連絡先"),
    "mail": (
        "e-mail",
        "メールアドレス",
        "eメール",
        "email",
        "mail",
        "電子メール",
        "電子メールアドレス",
        "e-mailアドレス",
    ),
    "hours": (
        "連絡可能な時間帯",
        "連絡可能な時間",
        "連絡可能時間帯",
        "連絡可能時間",
        "電話可能な時間帯",
        "連絡のとれる時間帯",
    ),
    "title": ("資格", "役職", "職名", "肩書", "役職名", "資格・役職"),
    "": ("資格・氏名", "役職・氏名", "職・氏名", "職名・氏名", "職氏名"),  # both in one cell
}
_WORDS = {
    "number": ("申請番号", "受付番号", "整理番号", "管理番号", "申請書番号"),
    "version": ("版", "版数"),
    "applied_on": ("申請日", "申請年月日", "申込日", "記入日", "提出日", "申請日付", "日付"),
    "kind_label": ("申請種別", "申請区分", "種別", "申請の種類", "申請の種別", "手続きの種別", "申請内容"),
    "mark": ("照合番号",),
    "postal_code": ("郵便番号", "〒"),
    "address": (
        "住所(本部所在地)",
        "住所",
        "所在地",
        "本部所在地",
        "機関所在地",
        "機関住所",
        "機関の住所",
        "機関の所在地",
    ),
    "institution_name": (
        "利用機関名",
        "機関名",
        "機関名称",
        "申請機関名",
        "利用機関名称",
        "機関の名称",
        "法人名",
        "大学名",
    ),
    "switchboard": ("代表電話番号", "代表電話", "電話番号(代表)", "機関代表電話番号", "代表番号", "機関の代表電話番号"),
    "zip_password": (
        "パスワード(証明書取得時用)",
        "パスワード",
        "証明書取得時用パスワード",
        "証明書取得用パスワード",
        "zipパスワード",
        "zipファイルのパスワード",
    ),
    "agreements": ("承認した文書", "同意した文書", "承認文書", "確認した文書"),
    "subject": ("主体者dn", "主体者", "サブジェクト", "subject", "dn", "識別名", "主体者(dn)"),
    "serial": (
        "失効対象証明書シリアル番号",
        "シリアル番号",
        "証明書シリアル番号",
        "シリアルナンバー",
        "serialnumber",
        "失効対象証明書のシリアル番号",
        "証明書のシリアル番号",
    ),
    "serial_otherwise": ("同上(別の表記)", "シリアル番号(別の表記)"),
    "issuer": ("発行者(cn)", "発行者", "発行認証局", "認証局名", "issuer"),
    "period": ("有効期間", "証明書の有効期間", "有効期限"),
    "begins_on": ("有効期間開始日", "有効期間の開始日", "開始日", "notbefore"),
    "ends_on": ("有効期間終了日", "有効期間の終了日", "終了日", "有効期限日", "notafter"),
    "reason": ("失効理由", "失効の理由", "失効事由", "理由"),
    "comment": ("失効理由コメント", "コメント", "備考", "失効理由の詳細", "詳細", "理由の詳細", "具体的な理由"),
    "compromised_at": ("危殆化の推定日時", "危殆化日時", "危殆化した日時", "危殆化の日時", "推定日時", "発生日時"),
    "is_emergency": ("取り扱い", "取扱い", "取扱", "緊急度"),
    "subject.C": ("国(c)", "c", "国名", "国", "国名(c)", "countryname"),
    "subject.ST": ("都道府県(st)", "st", "都道府県", "都道府県名", "都道府県名(st)", "stateorprovincename"),
    "subject.L": ("市区町村(l)", "l", "市区町村", "市区町村名", "場所(l)", "localityname", "都市名(l)", "場所名(l)"),
    "subject.O": ("機関名(o)", "o", "組織名(o)", "組織名", "機関名英語表記", "organizationname", "機関名(英語)"),
    "subject.CN": ("一般名(cn)", "cn", "コモンネーム", "一般名", "commonname", "一般名称(cn)"),
}
_REASON_WORDS = {
    1: ("秘密鍵の危殆化", "鍵の危殆化", "危殆化", "keycompromise", "鍵の漏えい", "鍵の漏洩"),
    3: ("記載情報の変更", "記載事項の変更", "所属の変更", "affiliationchanged", "証明書記載事項の変更"),
    4: ("新しい証明書への置き換え", "証明書の更新", "置き換え", "superseded", "更新"),
    5: ("利用の中止", "利用終了", "利用の終了", "cessationofoperation", "運用停止", "利用停止", "証明書の利用終了"),
    0: ("その他", "unspecified"),
}
_CHOICES = {
    ISSUE: {
        "kind_label=新規": ("申請種別: 新規", ("新規", "新規発行", "新規申請")),
        "kind_label=更新": ("申請種別: 更新", ("更新", "更新発行", "更新申請")),
        "agreements=1": (
            "文書の承認",
            ("承認しました", "承認する", "承認します", "同意します", "同意する", "同意しました"),
        ),
    },
    REVOKE: {
        **{f"reason={code}": (f"失効理由: {REASONS[code].words}", words) for code, words in _REASON_WORDS.items()},
        "is_emergency=1": ("緊急", ("緊急", "緊急失効", "至急")),
    },
}
_MORE = {
    ISSUE: {"head": "代表者または機関責任者の資格・氏名(1つの欄で)", "subject": "主体者DN(1行で)"},
    REVOKE: {
        "sealer": "捺印・署名する人の資格・氏名(1つの欄で)",
        "begins_on": "有効期間の開始日",
        "ends_on": "有効期間の終了日",
    },
}
# What such a form asks for (seed 1-1-2, 1-3-1), each in one of these fields.
ESSENTIAL = {
    ISSUE: (
        ("address",),
        ("institution_name",),
        ("head_name", "head"),
        ("officer_name",),
        ("subject.CN", "subject"),
        ("zip_password",),
    ),
    REVOKE: (("address",), ("institution_name",), ("sealer_name", "sealer"), ("officer_name",), ("serial",)),
}
_PARTS = {"year": "年", "month": "月", "day": "日"}
_DAYS = ("applied_on", "begins_on", "ends_on")
_NUMBERING = re.compile(r"^\s*[(\[]?(?:\d{1,2}|[a-z])[)\].、](?=\D)")
_DECORATION = re.compile(r"[\s::=*※★☆●○◆◇■・._,、。/|<>〈〉【】「」\[\]]|必須")


@dataclass(frozen=True)
class Field:
    """One field: `label` as our pages call it; `kind` text, day or choice; `group` a key of GROUPS or ""; `words` how
    forms call it, folded."""

    key: str
    label: str
    kind: str
    group: str
    words: tuple


def fields(kind: str) -> dict:
    """Key -> Field, for forms of a kind ("issue" or "revoke"), in the order of our specimen."""
    found = {}
    for (group, label), key in (ISSUE_LABELS if kind == ISSUE else REVOCATION_LABELS).items():
        found[key] = _field(key, f"{group}・{label}" if group != "申請" else label)
    for key, label in _MORE[kind].items():
        found[key] = _field(key, label)
    for part, label in _PARTS.items():
        found[f"applied_on.{part}"] = Field(f"applied_on.{part}", f"申請日の{label}(別のセルのとき)", TEXT, "", ())
    for key, (label, words) in _CHOICES[kind].items():
        found[key] = Field(key, f"□ {label}", CHOICE, "", tuple(map(fold, words)))
    return found


def _field(key, label):
    whose, _, item = key.partition("_")
    group = {"officer": "officer", "subscriber": "subscriber", "head": "head", "sealer": "head"}.get(whose, "")
    words = _ITEMS[item] if group else _WORDS[key]
    if key.startswith("subject."):
        group = "subject"
    return Field(key, label, DAY if key in _DAYS else TEXT, group, tuple(map(fold, words)))


def fold(text: str) -> str:
    """A label as it is compared: NFKC, lower case, without blanks, line breaks, colons, numbering and ornament."""
    return _DECORATION.sub("", _NUMBERING.sub("", unicodedata.normalize("NFKC", text).lower()))


def written(form) -> dict:
    """What an IssueForm or RevocationForm puts into the fields of its kind: key -> text, day, or whether a box is
    ticked."""
    kind = ISSUE if isinstance(form, IssueForm) else REVOKE
    values = {**paper_of(form).printed(form), "applied_on": form.applied_on}
    day = form.applied_on
    values |= {"applied_on.year": str(day.year), "applied_on.month": str(day.month), "applied_on.day": str(day.day)}
    whose = "head" if kind == ISSUE else "sealer"
    values[whose] = f"{getattr(form, f'{whose}_title')} {getattr(form, f'{whose}_name')}".strip()
    if kind == ISSUE:
        values |= {"subject": str(Subject(tuple(form.subject))), "agreements=1": bool(form.agreements)}
        values |= {f"kind_label={each}": form.kind_label == each for each in ("新規", "更新")}
    else:
        values |= {"begins_on": form.begins_on, "ends_on": form.ends_on, "is_emergency=1": form.is_emergency}
        values |= {f"reason={code}": form.reason == code for code in REASONS}
    return {key: values.get(key, "") for key in fields(kind)}


def era_day(day: datetime.date) -> str:
    """令和8年11月22日."""
    year = day.year - 2018
    return f"令和{year if year > 1 else '元'}年{day.month}月{day.day}日"


def day(day: datetime.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
