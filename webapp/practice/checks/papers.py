"""The form (Excel) by itself and against the other papers."""

import unicodedata

from webapp.practice import reasons
from webapp.practice.checks import FAULT, GOOD, LOOK, Finding, judged
from webapp.practice.mailbox import is_address

REQUIRED = {
    "address": "住所",
    "institution": "利用機関名",
    "head_name": "代表者または機関責任者の氏名",
    "officer_name": "登録担当者の氏名",
    "officer_mail": "登録担当者のE-mail",
}
TOOL = "python-calamine"
SHORTEST_PASSWORD = 16
LEGAL = ("法人", "大学共同利用機関", "独立行政", "株式会社", "高等専門学校機構")


def examine_form(form, institution) -> list[Finding]:
    """Findings on the values of the form, for issue and for revocation."""
    return [_complete(form), *_addresses(form), _institution(form, institution), *_address(form, institution)]


def examine_issue(form, institution) -> list[Finding]:
    """Findings on what only the form for issue has: agreements, password, DN."""
    agreed = judged(
        form["agreements"], "承認した文書が記入されています。", "「承認した文書」が記入されていません。", TOOL
    )
    return [agreed, _password(form["password"]), *_registered(form.subject, institution)]


def examine_strange(form) -> list[Finding]:
    """Findings on a form for issue that is laid out otherwise than the specimen."""
    words = "申請書は練習用の見本と違う様式です。記載は窓口の担当者が目で確かめます。"
    return [Finding(LOOK, words, TOOL), _password(form["password"])]


def examine_revocation(form) -> list[Finding]:
    """Findings on what only the form for revocation has: the reason and its comment."""
    reason, code = form["reason"], reasons.code_of(form["reason"])
    if code is None:
        shown = f"「{reason}」は、申請できる失効理由ではありません。" if reason else "失効理由が記入されていません。"
        return [Finding(FAULT, f"{shown}様式にある理由から選んでください。", TOOL)]
    found = [Finding(GOOD, f"失効理由は「{reason}」です。", TOOL)]
    if code == 0 and not form["comment"]:
        fault = f"失効理由が「{reason}」のときは、失効理由コメントに理由を具体的に記入してください。"
        found.append(Finding(FAULT, fault, TOOL))
    return found


def examine_subject(form, subject) -> list[Finding]:
    """Whether form and CSR ask for the same name. `subject` is that of the CSR."""
    fault = "申請書の主体者DNとCSRの主体者DNが一致しません。どちらかを直して、両方を送り直してください。"
    return [judged(form.subject == dict(subject), "申請書の主体者DNとCSRの主体者DNは一致します。", fault)]


def examine_text(form, page) -> list[Finding]:
    """Whether the PDF says the same as the form; `page` is what pdftotext read."""
    names = {
        "institution": "利用機関名",
        "address": "住所",
        "head_name": "代表者または機関責任者の氏名",
        "officer_mail": "登録担当者のE-mail",
        "serial": "失効対象証明書シリアル番号",
        "reason": "失効理由",
    }
    absent = [label for key, label in names.items() if _folded(form[key]) not in _folded(page)]
    absent += [f"主体者DNの{short}" for short, value in form.subject.items() if _folded(value) not in _folded(page)]
    fault = f"PDFの記載がExcelと一致しません({'、'.join(absent)})。同じ内容のものを送ってください。"
    return [judged(not absent, "PDFとExcelの記載は一致します。", fault, "pdftotext")]


def _complete(form):
    optional = {"head_name"} if form.is_revocation else set()  # the officer may seal a revocation
    absent = [label for key, label in REQUIRED.items() if not form[key] and key not in optional]
    fault = f"申請書に記入のない欄があります: {'、'.join(absent)}"
    return judged(not absent, "申請書の必須の欄はすべて記入されています。", fault, TOOL)


def _addresses(form):
    labels = {"officer_mail": "登録担当者", "subscriber_mail": "利用管理者"}
    wrong = [label for key, label in labels.items() if form[key] and not is_address(form[key])]
    return [Finding(FAULT, f"{label}のE-mailが、メールアドレスの形式ではありません。", TOOL) for label in wrong]


def _institution(form, institution):
    name = form["institution"]
    if institution.name:
        fault = (
            f"利用機関名「{name}」が登録と一致しません。法人名から正式名称で「{institution.name}」と記入してください。"
        )
        return judged(_folded(name) == _folded(institution.name), f"利用機関名「{name}」は登録と一致します。", fault)
    fault = f"利用機関名「{name}」は法人名から正式名称で記入してください。"
    return judged(any(word in name for word in LEGAL), f"利用機関名は「{name}」です。", fault)


def _address(form, institution):
    if not institution.address:
        return []
    fault = "住所が、利用機関登録した際の本部所在地と一致しません。"
    return [judged(_folded(form["address"]) == _folded(institution.address), "住所は本部所在地と一致します。", fault)]


def _registered(subject, institution):
    wrong = [short for short, value in institution.subject.items() if subject.get(short) != value]
    if wrong:
        return [Finding(FAULT, f"主体者DNの{'、'.join(wrong)}が登録された値と一致しません。")]
    return [Finding(GOOD, "主体者DNは登録された値と一致します。")] if institution.subject else []


def _password(password):
    if not password:
        return Finding(FAULT, "「パスワード(証明書取得時用)」が記入されていません。", TOOL)
    if not password.isascii():
        return Finding(
            FAULT, "「パスワード(証明書取得時用)」に全角の文字があります。半角で記入してください。", "python-calamine"
        )
    if len(password) < SHORTEST_PASSWORD:
        return Finding(
            LOOK, f"「パスワード(証明書取得時用)」が{SHORTEST_PASSWORD}文字より短くなっています。", "python-calamine"
        )
    return Finding(GOOD, "「パスワード(証明書取得時用)」が記入されています。", TOOL)


def _folded(text):
    return "".join(unicodedata.normalize("NFKC", text).split())
