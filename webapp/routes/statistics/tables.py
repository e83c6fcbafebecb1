"""The tables of the statistics, as words and whole numbers: the page shows them, and they are saved as files."""

from dataclasses import dataclass

from webapp import clock
from webapp.papers.revocation_reasons import REASONS
from webapp.procedure import ENDS, KIND_LABELS, STAGES, WAITING_LABELS, Kind, Stage
from webapp.register import Application, Department, Person
from webapp.register.applications import MANY
from webapp.register.statistics import (
    StageWait,
    Tally,
    later_month,
    median,
    month_number,
    months_between,
    valid_after,
    valid_now,
)
from webapp.routes.statistics.asked import fiscal_year_of, month_words

AHEAD = 18  # months
SHOWN = 50  # rows of a division on the page; a saved file has all
REASON_WORDS = {code: reason.words for code, reason in REASONS.items()} | {
    0: "その他(理由の記録がないものを含む)",
    9: "認証局による失効",
}
NOBODY = {"department": "(管理部局なし)", "person": "(利用管理者なし)"}


@dataclass(frozen=True)
class Table:
    """`columns`: (words, "text" or "number"); the first cell of a row names it."""

    name: str
    caption: str
    columns: tuple
    rows: list
    note: str = ""
    left_out: int = 0  # rows that a saved file has besides


class Counted:
    """The numbers behind one question, read from the register once."""

    def __init__(self, asked):
        self.asked = asked
        self.this_month = month_number(clock.today())
        self.tallied = Tally.since(min(asked.first, self.this_month), asked.department_id)

    def of(self, measure, months, reason=0):
        return sum(self.tallied.get((month, measure, reason), 0) for month in months)

    def revoked(self, months):
        """{reason: how many}"""
        wanted, found = set(months), {}
        for (month, measure, reason), count in self.tallied.items():
            if measure == "revoked" and month in wanted:
                found[reason] = found.get(reason, 0) + count
        return {reason: count for reason, count in found.items() if count}

    @property
    def valid_now(self):
        return valid_now(self.tallied, self.asked.department_id)


def course(counted):
    """発行・更新・失効・期間満了 and what was valid in the end, by month or by 年度."""
    asked = counted.asked
    spans = _spans(asked)
    rows = []
    for words, months in spans:
        issued, renewed, expires = (counted.of(measure, months) for measure in ("issued", "renewed", "expires"))
        revoked = sum(counted.revoked(months).values())
        rows.append([words, issued, renewed, revoked, expires, valid_after(counted.tallied, months[-1])])
    total = ["合計", *(sum(row[n] for row in rows) for n in range(1, 5)), rows[-1][5]]
    head = "年度" if asked.by == "year" else "月"
    columns = ((head, "text"), *_numbers("発行", "うち更新", "失効", "期間満了", "終わりに有効"))
    note = "「終わりに有効」は、その月(年度)が終わった時点で有効な証明書の数です。今月は、月末までの見込みです。"
    return Table("course", "発行・更新・失効の推移", columns, [*rows, total], note)


def _spans(asked):
    """[(words, months)] of the rows."""
    if asked.by == "month":
        return [(month_words(month), [month]) for month in asked.months]
    years = {}
    for month in asked.months:
        years.setdefault(fiscal_year_of(month), []).append(month)
    return [(f"{year}年度", months) for year, months in years.items()]


def reasons(counted):
    """失効 by reason, the most frequent first."""
    found = counted.revoked(counted.asked.months)
    rows = [[_reason(code), count] for code, count in sorted(found.items(), key=lambda item: (-item[1], item[0]))]
    return Table("reasons", "失効の理由", (("理由", "text"), *_numbers("失効した証明書")), rows)


def _reason(code):
    return REASON_WORDS.get(code, f"理由コード {code}")


def ahead(counted):
    """期間満了 by month, from this month on."""
    months = months_between(counted.this_month, later_month(counted.this_month, AHEAD - 1))
    rows = [[month_words(month), counted.of("expires", [month])] for month in months]
    note = "失効した証明書は含みません。今月の数には、今月すでに満了したものを含みます。"
    return Table("ahead", "これから期限を迎える証明書", (("月", "text"), *_numbers("期限を迎える証明書")), rows, note)


def division(counted, shown=None):
    """The same numbers for each department or each person, those with most first; `shown`: at most so many rows."""
    asked = counted.asked
    if asked.of == "person":
        places = [asked.department_id] if asked.department else [row.id for row in asked.choices] + [0]
        found = Tally.by_person(places, asked.first, asked.last)
        names, head, caption = _names(Person, found), "利用管理者", "利用管理者ごとの数"
    else:
        found = Tally.by_department([row.id for row in asked.choices] + [0], asked.first, asked.last)
        names, head, caption = _names(Department, found), "部局", "部局ごとの数"
    rows = [
        [names.get(place, NOBODY[asked.of]), *(n[key] for key in ("issued", "renewed", "revoked", "expires", "valid"))]
        for place, n in found.items()
    ]
    rows.sort(key=lambda row: (-row[5], -row[1], row[0]))
    columns = ((head, "text"), *_numbers("発行", "うち更新", "失効", "期間満了", "期間の終わりに有効"))
    note = "いまの管理部局・利用管理者で数えます。引き継いだ証明書は、過去の月の分も引き継いだ側に入ります。"
    return Table("division", caption, columns, rows[:shown], note, len(rows) - len(rows[:shown]))


def _names(model, ids):
    wanted = [place for place in ids if place]
    return {row.id: row.name for row in model.select().where(model.id.in_(wanted))}


def waits(asked):
    """How many days applications stood at each stage before they went on, of those that left it in these months."""
    found = StageWait.between(asked.first, asked.last, asked.department_id)
    rows = []
    for kind in Kind:
        for stage in STAGES[kind]:
            days = found.get((kind, stage))
            if days and stage not in ENDS[kind]:
                count = sum(number for _, number in days)
                rows.append([KIND_LABELS[kind], WAITING_LABELS[stage], count, _whole(median(days)), days[-1][0]])
    columns = (("手続き", "text"), ("段階", "text"), *_numbers("件数", "中央値(日)", "最長(日)"))
    note = "土日と祝日も含む日数です。その月に段階を終えた申請を数え、差し戻しなどで同じ段階を通るたびに1件とします。"
    return Table("waits", "申請が各段階で待った日数", columns, rows, note)


def _whole(number):
    return int(number) if number == int(number) else number


def _numbers(*names):
    return tuple((name, "number") for name in names)


def waiting_now():
    """In words, how many applications of the house stand at each stage now."""
    stages = (Stage.SUBMITTED, Stage.EXAMINED, Stage.SEALED, Stage.SENT, Stage.DELIVERED, Stage.INSTALLED)
    counts = [(WAITING_LABELS[stage], Application.counted(stage)) for stage in stages]
    return [f"{words} {count}件{'以上' if count >= MANY else ''}" for words, count in counts]


ALL = {
    "course": course,
    "reasons": reasons,
    "ahead": ahead,
    "division": division,
    "waits": lambda counted: waits(counted.asked),
}
