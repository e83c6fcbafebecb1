"""The values of a 発行申請書, and the labels the sheet is read and filled by (seed 1-1-2)."""

import datetime
from dataclasses import dataclass

from webapp.papers.form_mark import mark_of

# Subject attributes the sheet has a row for, in the order of the rows.
SUBJECT_ROWS = ("C", "ST", "L", "O", "CN")

# (group, label) as printed -> key of the dataclass; subject rows have the keys "subject.C" and so on.
LABELS = {
    ("申請", "申請番号"): "number",
    ("申請", "版"): "version",
    ("申請", "申請日"): "applied_on",
    ("申請", "申請種別"): "kind_label",
    ("申請", "照合番号"): "mark",
    ("利用機関", "郵便番号"): "postal_code",
    ("利用機関", "住所(本部所在地)"): "address",
    ("利用機関", "利用機関名"): "institution_name",
    ("利用機関", "代表電話番号"): "switchboard",
    ("代表者または機関責任者の資格・氏名", "資格"): "head_title",
    ("代表者または機関責任者の資格・氏名", "氏名"): "head_name",
    ("登録担当者", "氏名"): "officer_name",
    ("登録担当者", "所属"): "officer_department",
    ("登録担当者", "電話番号"): "officer_phone",
    ("登録担当者", "E-mail"): "officer_mail",
    ("登録担当者", "連絡可能な時間帯"): "officer_hours",
    ("利用管理者(任意)", "氏名"): "subscriber_name",
    ("利用管理者(任意)", "所属"): "subscriber_department",
    ("利用管理者(任意)", "電話番号"): "subscriber_phone",
    ("利用管理者(任意)", "E-mail"): "subscriber_mail",
    ("主体者DN", "国(C)"): "subject.C",
    ("主体者DN", "都道府県(ST)"): "subject.ST",
    ("主体者DN", "市区町村(L)"): "subject.L",
    ("主体者DN", "機関名(O)"): "subject.O",
    ("主体者DN", "一般名(CN)"): "subject.CN",
    ("証明書の受け取り", "パスワード(証明書取得時用)"): "zip_password",
    ("承認", "承認した文書"): "agreements",
}


@dataclass(frozen=True)
class IssueForm:
    """The values of one 発行申請書. `subject` holds (short name, value) pairs in encoded order; `agreements` one line a
    document (name and version); `mark` may stay "" and is then `mark_of(form)`. Text is unlimited Unicode but for
    control characters; `applied_on` is a JST day."""

    number: str
    version: int
    applied_on: datetime.date
    kind_label: str
    postal_code: str
    address: str
    institution_name: str
    head_title: str
    head_name: str
    officer_name: str
    officer_department: str
    officer_phone: str
    officer_mail: str
    officer_hours: str
    switchboard: str
    subject: list[tuple[str, str]]
    zip_password: str
    agreements: list[str]
    subscriber_name: str = ""
    subscriber_department: str = ""
    subscriber_phone: str = ""
    subscriber_mail: str = ""
    mark: str = ""


def as_read(form: IssueForm) -> dict:
    """The values as they are read back from a sheet filled with `form`: with its mark, the subject in row order."""
    subject = sorted(form.subject, key=lambda pair: SUBJECT_ROWS.index(pair[0]))
    return vars(form) | {"mark": form.mark or mark_of(form), "subject": subject}


def printed(form: IssueForm) -> dict[str, str]:
    """What stands in the cells: key of LABELS -> text. Subject attributes are looked up by their short name."""
    texts = {key: str(getattr(form, key)) for key in LABELS.values() if key in _PLAIN}
    texts |= {f"subject.{short}": value for short, value in form.subject}
    texts["version"] = f"第{form.version}版"
    texts["applied_on"] = f"{form.applied_on.year}年{form.applied_on.month}月{form.applied_on.day}日"
    texts["agreements"] = "\n".join(form.agreements)
    texts["mark"] = form.mark or mark_of(form)
    return texts


_PLAIN = {key for key in LABELS.values() if "." not in key} - {"version", "applied_on", "agreements", "mark"}
