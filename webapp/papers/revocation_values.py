"""The values of a 失効申請書, and the labels the sheet is read and filled by (seed 1-3-1; domain.md §3.1, §6, §7)."""

import datetime
from dataclasses import dataclass

from webapp.papers.form_mark import mark_of
from webapp.papers.revocation_reasons import REASONS
from webapp.papers.serial import as_decimal, as_hex

JST = datetime.timezone(datetime.timedelta(hours=9))
SEAL_GROUP = "代表者または機関責任者(登録担当者)の資格・氏名"  # seed 1-3-2: who seals may be the 登録担当者
NOTATIONS = {"hex": ("16進", as_hex), "dec": ("10進", as_decimal)}
OTHER = {"hex": "dec", "dec": "hex"}
EMERGENCY = {True: "緊急(24時間以内の失効を希望)", False: "通常"}

# (group, label) as printed -> key
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
    (SEAL_GROUP, "資格"): "sealer_title",
    (SEAL_GROUP, "氏名"): "sealer_name",
    ("登録担当者", "氏名"): "officer_name",
    ("登録担当者", "所属"): "officer_department",
    ("登録担当者", "電話番号"): "officer_phone",
    ("登録担当者", "E-mail"): "officer_mail",
    ("登録担当者", "連絡可能な時間帯"): "officer_hours",
    ("利用管理者(任意)", "氏名"): "subscriber_name",
    ("利用管理者(任意)", "所属"): "subscriber_department",
    ("利用管理者(任意)", "電話番号"): "subscriber_phone",
    ("利用管理者(任意)", "E-mail"): "subscriber_mail",
    ("失効対象の証明書", "失効対象証明書シリアル番号"): "serial",
    ("失効対象の証明書", "同上(別の表記)"): "serial_otherwise",
    ("失効対象の証明書", "主体者DN"): "subject",
    ("失効対象の証明書", "発行者(CN)"): "issuer",
    ("失効対象の証明書", "有効期間"): "period",
    ("失効の内容", "失効理由"): "reason",
    ("失効の内容", "失効理由コメント"): "comment",
    ("失効の内容", "危殆化の推定日時"): "compromised_at",
    ("失効の内容", "取り扱い"): "is_emergency",
}


@dataclass(frozen=True)
class RevocationForm:
    """The values of one 失効申請書. `sealer_*`: who will seal it, 機関の長, 機関責任者 or 登録担当者. Of the certificate:
    `serial` lower-case hex as in the register, `serial_format` "hex" or "dec" as the profile wants it printed,
    `subject` its 主体者DN in one line, `issuer` the CN of its CA, `begins_on` and `ends_on` the JST days of its first and
    last instant. `reason` is a code of REASONS; `compromised_at` an aware instant, printed in JST to the minute.
    `mark` may stay "" and is then `mark_of(form)`. Text is unlimited Unicode but for control characters; `applied_on`
    is a JST day. A form of this kind carries no password."""

    number: str
    version: int
    applied_on: datetime.date
    postal_code: str
    address: str
    institution_name: str
    switchboard: str
    sealer_title: str
    sealer_name: str
    officer_name: str
    officer_department: str
    officer_phone: str
    officer_mail: str
    officer_hours: str
    serial: str
    serial_format: str
    subject: str
    issuer: str
    begins_on: datetime.date
    ends_on: datetime.date
    reason: int
    comment: str = ""
    compromised_at: datetime.datetime | None = None
    is_emergency: bool = False
    subscriber_name: str = ""
    subscriber_department: str = ""
    subscriber_phone: str = ""
    subscriber_mail: str = ""
    kind_label: str = "失効"
    mark: str = ""


def as_read(form: RevocationForm) -> dict:
    """The values as they are read back from a sheet filled with `form`: with its mark, text without blanks around it,
    the instant to the minute."""
    at = form.compromised_at and form.compromised_at.replace(second=0, microsecond=0)
    texts = {key: value.strip() for key, value in vars(form).items() if isinstance(value, str)}
    return vars(form) | texts | {"mark": form.mark or mark_of(form), "compromised_at": at}


def printed(form: RevocationForm) -> dict[str, str]:
    """What stands in the cells: key of LABELS -> text."""
    texts = {key: str(getattr(form, key)) for key in LABELS.values() if key in _PLAIN}
    serial, at = int(form.serial, 16), form.compromised_at and form.compromised_at.astimezone(JST)
    other, write_otherwise = NOTATIONS[OTHER[form.serial_format]]
    texts["version"] = f"第{form.version}版"
    texts["applied_on"] = _day(form.applied_on)
    texts["mark"] = form.mark or mark_of(form)
    texts["serial"] = NOTATIONS[form.serial_format][1](serial)
    texts["serial_otherwise"] = f"{other} {write_otherwise(serial)}"
    texts["period"] = f"{_day(form.begins_on)} から {_day(form.ends_on)} まで"
    texts["reason"] = str(REASONS[form.reason])
    texts["compromised_at"] = f"{_day(at)} {at:%H:%M}(日本時間)" if at else ""
    texts["is_emergency"] = EMERGENCY[form.is_emergency]
    return texts


def _day(day) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


_MADE = {"version", "applied_on", "mark", "serial", "serial_otherwise", "period", "reason", "compromised_at"}
_PLAIN = set(LABELS.values()) - _MADE - {"is_emergency"}
