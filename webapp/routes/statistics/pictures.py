"""The charts beside the tables. Each says in a sentence what it shows; the numbers stand in its table."""

from webapp import charts


def course(table, asked):
    """What came and went, and what was valid in the end."""
    rows = table.rows[:-1]
    names = [_short(row[0]) for row in rows]
    issued, revoked, expired, valid = ([row[n] for row in rows] for n in (1, 3, 4, 5))
    moved = f"{asked.span}の合計は、発行{sum(issued):,}件、失効{sum(revoked):,}件、期間満了{sum(expired):,}件です。"
    came = charts.columns(
        "course-chart",
        "発行・失効・期間満了の数",
        moved,
        names,
        [("発行", issued), ("失効", revoked), ("期間満了", expired)],
    )
    stood = f"{rows[0][0]}の終わりに{valid[0]:,}件、{rows[-1][0]}の終わりに{valid[-1]:,}件です。"
    return [came, charts.columns("valid-chart", "有効な証明書の数", stood, names, [("有効", valid)])]


def ahead(table):
    values = [row[1] for row in table.rows]
    told = f"{table.rows[0][0]}から{len(values)}か月の合計は{sum(values):,}件です。"
    if any(values):
        most = max(table.rows, key=lambda row: row[1])
        told += f"最も多い月は{most[0]}の{most[1]:,}件です。"
    names = [_short(row[0]) for row in table.rows]
    return charts.columns("ahead-chart", "月ごとに期限を迎える証明書の数", told, names, [("期間満了", values)])


def reasons(table, asked):
    names, values = ([row[n] for row in table.rows] for n in (0, 1))
    told = f"{asked.span}の失効は{sum(values):,}件で、最も多い理由は「{names[0]}」の{values[0]:,}件です。"
    names = [name.partition("(")[0] for name in names]
    return charts.rows("reasons-chart", "理由ごとの失効の数", told, names, [("失効", values)], "件")


def waits(table, asked):
    longest = max(table.rows, key=lambda row: row[3])
    told = f"{asked.span}に最も長く待った段階は、{longest[0]}の「{longest[1]}」で、中央値は{longest[3]}日です。"
    names = [f"{row[0]}: {_stage(row[1])}" for row in table.rows]
    series = [("中央値", [row[3] for row in table.rows]), ("最長", [row[4] for row in table.rows])]
    return charts.rows("waits-chart", "段階ごとに待った日数", told, names, series, "日")


def _stage(words):
    """登録担当者の審査待ち → 審査待ち"""
    return words.rpartition("の")[2]


def _short(words):
    """2026年11月 → 26/11; 2026年度 → 2026"""
    year, _, month = words.partition("年")
    return f"{year[2:]}/{month[:-1]}" if month.endswith("月") else year
