"""ORG-01, ORG-02: what the form says of the institution against what the institution has registered."""

import unicodedata

from webapp.rules import ERROR, WARNING, Finding, rule


def judge(form, head_office, formal_name):
    """Findings about the address and the name on a form (papers.issue_form.IssueForm), seed 1-1-2."""
    return [*org_01(form, head_office), *org_02(form, formal_name)]


@rule(
    "ORG-01",
    (ERROR,),
    "住所は、利用機関を登録した際の本部所在地である。",
    "差し戻し、台帳の住所で提出し直す。",
    "手順 1-1-2・1-1-3",
    issue=("examine",),
    revoke=("examine",),
)
def org_01(form, head_office):
    """The address is that of the head office, as registered, letter by letter."""
    if form.address == head_office:
        return []
    return [_differs("ORG-01", "address", "住所", head_office, "本部所在地", "利用機関を登録した際の本部所在地")]


@rule(
    "ORG-02",
    (ERROR, WARNING),
    "利用機関名は、法人名から始まる正式名称である。",
    "差し戻し、台帳の正式名称で提出し直す。",
    "手順 1-1-3",
    issue=("examine",),
    revoke=("examine",),
)
def org_02(form, formal_name):
    """The institution's name is the formal one, from the legal entity on."""
    given = form.institution_name
    if given == formal_name:
        return []
    if folded(given) == folded(formal_name):
        said = f"利用機関名の空白や全角・半角が、台帳の表記「{formal_name}」と異なります。"
        return [Finding("ORG-02", WARNING, "institution_name", said)]
    what = ("正式名称", "法人名から始まる正式名称")
    return [_differs("ORG-02", "institution_name", "利用機関名", formal_name, *what)]


def _differs(rule, field, label, registered, what, whole):
    advice = f"{whole}を、この表記のとおりに記入してください。"
    return Finding(rule, ERROR, field, f"{label}が、登録されている{what}「{registered}」と異なります。", advice)


def folded(text):
    """For comparing only: NFKC, and no blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split())
