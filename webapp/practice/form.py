"""Reads an application form (xlsx) by its labels, with python-calamine, as a clerk would: label, then the cell right of it.
Of a form that is laid out otherwise only the password is looked for; the rest a clerk reads by eye."""

import io
import re
import unicodedata
from dataclasses import dataclass, field

import python_calamine

GROUPS = {"登録担当者": "officer", "利用管理者": "subscriber", "主体者DN": "subject", "代表者または機関責任者": "head"}
PARTS = {"資格": "title", "氏名": "name", "所属": "department", "電話": "phone", "E-mail": "mail", "メール": "mail"}
FIELDS = {
    "申請番号": "number",
    "申請日": "applied_on",
    "申請種別": "kind",
    "住所": "address",
    "利用機関名": "institution",
    "代表電話番号": "switchboard",
    "パスワード": "password",
    "承認した文書": "agreements",
    "失効対象証明書シリアル番号": "serial",
    "失効理由コメント": "comment",
    "失効理由": "reason",
}
_PASSWORD = re.compile(r"[!-~]{8,}")
_SHORT = re.compile(r"(?:.*\()?(C|ST|L|O|OU|CN|DC|emailAddress)\)?")


class Illegible(Exception):
    """The file is no workbook that can be read."""


@dataclass
class Form:
    """Values of the form as text: `values` by name ("officer_mail", "password", …), `subject` short name -> value.
    `is_strange`: it is laid out otherwise than the specimen."""

    values: dict = field(default_factory=dict)
    subject: dict = field(default_factory=dict)
    is_strange: bool = False

    def __getitem__(self, name):
        return self.values.get(name, "")

    @property
    def is_revocation(self):
        """Whether it is a 失効申請書."""
        return "serial" in self.values


def read(data: bytes) -> Form:
    """The form in the first sheet of an xlsx file. Raises Illegible."""
    try:
        book = python_calamine.load_workbook(io.BytesIO(data))
        sheets = [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names]
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise Illegible("Excelのファイルとして読めません。") from error
    sheets = [[[_text(value) for value in row] for row in rows] for rows in sheets]
    form = _gather(sheets[0]) if sheets else Form()
    if form.is_revocation or {"institution", "officer_name"} & form.values.keys():
        return form
    found = (word for rows in sheets for word in _passwords(rows))
    return Form({"password": next(found, "")}, is_strange=True)


def _passwords(rows):
    """What stands right of a label of the password, or below it."""
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if "パスワード" in _folded(cell):
                below = [each[column] for each in rows[number + 1 : number + 2]]
                yield from (word for word in [*row[column + 1 :], *below] if _PASSWORD.fullmatch(word))


def _gather(rows):
    form, group, column = Form(), "", _group_column(rows)
    for row in rows:
        if row[column]:
            group = next((GROUPS[word] for word in GROUPS if _folded(row[column]).startswith(word)), "")
        _take(form, group, row)
    return form


def _take(form, group, row):
    for label, value in zip(row, row[1:], strict=False):
        if name := _name(group, label):
            target = form.subject if group == "subject" else form.values
            target.setdefault(name, value)
            return


def _name(group, label):
    folded = _folded(label)
    if group == "subject":
        found = _SHORT.fullmatch(folded)
        return found[1] if found else ""
    alone = next((folded.removeprefix(word) for word in GROUPS if folded.startswith(word)), folded)
    part = next((PARTS[word] for word in PARTS if alone.startswith(word)), "")
    if group and part:
        return f"{group}_{part}"
    return next((FIELDS[word] for word in FIELDS if folded.startswith(word)), "")


def _group_column(rows):
    """The column of the groups: the leftmost in which one is named, since 登録担当者 may also stand as somebody's 資格."""
    found = [index for row in rows for index, cell in enumerate(row) if _folded(cell).startswith("登録担当者")]
    return min(found, default=0)


def _text(value):
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return unicodedata.normalize("NFC", str(value)).strip()


def _folded(label):
    return re.sub(r"\s", "", label)
