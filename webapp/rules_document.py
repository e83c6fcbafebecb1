"""docs/rules.md, written from the catalogue: `python -m webapp.rules_document > docs/rules.md`."""

from webapp.procedure import KIND_LABELS, PROCEDURES, Kind
from webapp.rules import ERROR
from webapp.rules.catalogue import RULES

SEVERITIES = {ERROR: "要修正"}
HEAD = """# 規則の一覧

`webapp/rules/` の規則から作った一覧です。申請のどの操作でも、しるしはこの表の「確認する操作」に従って規則を選び、確認します。

* **要修正**: 直すまで、その操作はできません。了承することもできません。
* **注意**: 審査と送付は、登録担当者(申請した人・利用管理者を除く)が理由を付けて了承するか、直すまで待ちます。
  ほかの操作では表示するだけです。秘密鍵の危殆化による失効と緊急失効は、注意では待ちません(CSBR §4.9.1.1 の24時間)。
* 了承は、申請書の版と、注意の内容に結び付きます。内容が変われば、もう一度確認します。

| 規則 | 重大度 | 決まり | 直し方 | 出典 | 確認する操作 |
|---|---|---|---|---|---|
"""


def document():
    """The document as Markdown, in Japanese: a row for each rule, beginning with its id."""
    return HEAD + "".join(map(_row, RULES))


def _row(rule):
    severity = "・".join(SEVERITIES.get(each, "注意") for each in rule.severities)
    acts = "。".join(_acts(kind, rule.verbs(kind)) for kind in Kind if rule.verbs(kind))
    cells = (rule.id, severity, rule.says, rule.advice, rule.source, acts)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _acts(kind, verbs):
    table = {act.verb: act.label for act in PROCEDURES[kind]}
    if set(verbs) == set(table):
        return f"{KIND_LABELS[kind]}: すべての操作"
    return f"{KIND_LABELS[kind]}: " + "、".join(f"{table[verb]}(`{verb}`)" for verb in verbs)


if __name__ == "__main__":
    print(document(), end="")
