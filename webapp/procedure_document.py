"""docs/procedure.md, written from the table: `python -m webapp.procedure_document > docs/procedure.md`."""

from webapp.procedure import KIND_LABELS, PROCEDURES, ROLE_LABELS, STAGE_LABELS, STAGES, STEPS, TURNS, WAITING_LABELS


def document():
    """The document as Markdown, in Japanese."""
    lines = [
        "# 手続きの表",
        "",
        "`webapp/procedure.py` の表から作った一覧です。画面のボタン、操作の可否、段階の表示、権限の試験は、同じ表を読みます。",
        "「章」は、コード署名用証明書管理手順 V2.4 の章番号です。",
    ]
    for kind, acts in PROCEDURES.items():
        lines += ["", f"## {KIND_LABELS[kind]}", "", *_stages(kind), "", *_acts(acts)]
    return "\n".join(lines) + "\n"


def _stages(kind):
    line = " → ".join(STAGE_LABELS[stage] for stage in STEPS[kind])
    rows = [
        f"| {STAGE_LABELS[stage]} | `{stage}` | {'・'.join(ROLE_LABELS[role] for role in TURNS[stage]) or '—'} | {WAITING_LABELS[stage]} |"
        for stage in STAGES[kind]
    ]
    return [f"段階: {line}", "", "| 段階 | 名前 | 担当 | 表示 |", "|---|---|---|---|", *rows]


def _acts(acts):
    return [
        "| 操作(ボタン) | 名前 | アドレス | いつ | 次の段階 | だれが | だれはできない | 章 |",
        "|---|---|---|---|---|---|---|---|",
        *map(_row, acts),
    ]


def _row(act):
    since = "・".join(STAGE_LABELS[stage] for stage in act.since)
    able = "・".join(ROLE_LABELS[role] for role in act.by)
    never = "・".join(ROLE_LABELS[role] for role in act.never) or "—"
    to = STAGE_LABELS[act.to] if act.to else "変わらない"
    return f"| {act.label} | `{act.verb}` | `/{act.noun}` | {since} | {to} | {able} | {never} | {act.section} |"


if __name__ == "__main__":
    print(document(), end="")
