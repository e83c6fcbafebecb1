"""ORG-01, ORG-02: what the form says of the institution against what the institution has registered."""

import unicodedata

from webapp.rules import ERROR, WARNING, Finding


def judge(form, head_office, formal_name):
    """Findings about the address and the name on a form (papers.issue_form.IssueForm), seed 1-1-2."""
    return [
        *_compared("ORG-01", "address", "住所", form.address, head_office, "利用機関を登録した際の本部所在地"),
        *_compared(
            "ORG-02", "institution_name", "利用機関名", form.institution_name, formal_name, "法人名からの正式名称"
        ),
    ]


def _compared(rule, field, label, given, registered, what):
    if given == registered:
        return []
    if folded(given) == folded(registered):
        return [Finding(rule, WARNING, field, f"{label}の空白や全角・半角が、台帳の表記「{registered}」と異なります。")]
    advice = f"台帳の表記のとおりに直してください。{label}には{what}を記入します。"
    return [Finding(rule, ERROR, field, f"{label}が、台帳に登録された{what}「{registered}」と異なります。", advice)]


def folded(text):
    """For comparing only: NFKC, and no blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split())
