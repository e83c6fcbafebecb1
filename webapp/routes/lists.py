"""The lists of certificates and applications as their addresses ask for them: what is garbled or unknown in an address
is left out, and every view has one address that stays."""

from dataclasses import dataclass
from datetime import date

from flask import g, request, url_for

from webapp.pages import page
from webapp.procedure import STAGE_LABELS, Kind, Role, Stage
from webapp.register import Application, Certificate, Department, filters, row_number
from webapp.register.listing import COUNTED, Listing
from webapp.register.words import YEARS, conditions

PER_PAGE = 25
KINDS = {Kind.ISSUE.value: "発行", Kind.REVOKE.value: "失効"}


@dataclass(frozen=True)
class View:
    """What an address asks for. `asked`: {parameter: text} as understood, without the place in the list."""

    listing: Listing
    asked: dict
    endpoint: str

    def url(self, **changes):
        """The address of this view with some parameters changed; empty ones are left out."""
        return url_for(self.endpoint, **{name: text for name, text in (self.asked | changes).items() if text})


def certificates():
    """The View of certificates behind the present address."""
    rules = {
        "state": (filters.is_state, filters.in_state),
        "department": (row_number, lambda text: filters.in_department(Certificate, row_number(text))),
        "person": (bool, lambda text: filters.of_person(Certificate, text)),
        "title": (bool, lambda text: filters.begins_with(Certificate, text)),
        "from": (_day, lambda text: filters.ends_from(_day(text))),
        "until": (_day, lambda text: filters.ends_until(_day(text))),
        "origin": (filters.ORIGINS.__contains__, filters.of_origin),
        "blocked": ("yes".__eq__, lambda text: filters.is_blocked()),
    }
    return _view(Certificate, rules, ("received", "end", "title", "number"), "-received", "certificates.index")


def applications():
    """The View of applications behind the present address."""
    rules = {
        "stage": (STAGE_LABELS.__contains__, filters.at_stage),
        "kind": (KINDS.__contains__, filters.of_kind),
        "open": ("yes".__eq__, lambda text: filters.still_open()),
        "department": (row_number, lambda text: filters.in_department(Application, row_number(text))),
        "person": (bool, lambda text: filters.of_person(Application, text)),
        "title": (bool, lambda text: filters.begins_with(Application, text)),
    }
    return _view(Application, rules, ("number", "since", "title"), "-number", "applications.index")


def _view(table, rules, orders, usual, endpoint):
    asked = {"q": line("q")} if line("q") else {}
    chosen = []
    for name, (is_fit, narrow) in rules.items():
        text = line(name)
        if text and is_fit(text):
            asked[name] = text
            chosen += narrow(text)
    sort = line("sort")
    if sort.removeprefix("-") in orders and sort != usual:
        asked["sort"] = sort
    sort = asked.get("sort", usual)
    order, descends = sort.removeprefix("-"), sort.startswith("-")
    words = tuple(conditions(table, asked["q"])) if "q" in asked else ()
    return View(Listing(table, g.person, order, descends, tuple(chosen), words), asked, endpoint)


def line(name):
    """What stands in the address, on one line and without what no database keeps."""
    text = "".join(letter if letter.isprintable() else " " for letter in request.args.get(name, ""))
    return " ".join(text.split())[:100]


def _day(text):
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day and YEARS[0] <= day.year <= YEARS[1] else None


def shown(view):
    """What the template of a list needs beside its rows: rows, their number in words, the addresses around."""
    after, before = (row_number(line(name)) for name in ("after", "before"))
    rows, is_more_before, is_more_after = view.listing.page(PER_PAGE, after, before)
    return {
        "rows": rows,
        "per_page": PER_PAGE,
        "asked": view.asked,
        "typed": {name: view.asked.get(name, "") for name in NAMES},
        "is_narrowed": bool(view.asked.keys() - {"sort"}),
        "has_details": bool(view.asked.keys() & DETAILS),
        "counted": _counted(view.listing.count()),
        "newer": view.url(before=rows[0].id) if rows and is_more_before else "",
        "older": view.url(after=rows[-1].id) if rows and is_more_after else "",
        "departments": departments(),
        "sorts": _sorts(view),
    }


def answer(template, view, **context):
    """The page of a list; while one types, what was found alone, and the address of the view for the browser's bar."""
    is_typing = request.headers.get("HX-Target") == "found"
    response = page(template, part="found" if is_typing else "case", **shown(view), **context)
    if is_typing:
        response.headers["HX-Replace-Url"] = view.url()
    return response


NAMES = ("q", "state", "stage", "kind", "open", "department", "person", "title", "from", "until", "origin", "blocked", "sort")  # fmt: skip
DETAILS = {"person", "title", "from", "until", "origin", "blocked", "kind", "open"}


def _counted(count):
    if count is None:
        return ""
    return f"{COUNTED:,}件以上" if count > COUNTED else f"{count:,}件"


def _sorts(view):
    """{order: {url, state}}: a column's heading sorts by it, and turns the order around when it does so already."""
    here, descends = view.listing.order, view.listing.is_descending
    kept = {name: text for name, text in view.asked.items() if name != "sort"}
    found = {}
    for order in ("received", "end", "title", "number", "since"):
        turned = order if order == here and descends else f"-{order}" if order == here else order
        state = ("descending" if descends else "ascending") if order == here else "none"
        found[order] = {"url": url_for(view.endpoint, **kept, sort=turned), "state": state}
    return found


def departments():
    """(id, name) of the departments to choose from: all for those who may see all, else one's own."""
    if g.roles & {Role.OFFICER, Role.HEAD, Role.AUDITOR}:
        rows = Department.select().order_by(Department.name)
    else:
        rows = g.person.departments()
    return [(row.id, row.name) for row in rows]


def stages():
    return [(stage.value, STAGE_LABELS[stage]) for stage in Stage]


def names_of(view):
    """The view in words, for the head of an export: 「検索: 計測、状態: 利用中」."""
    told = {
        "q": "検索",
        "state": "状態",
        "stage": "状態",
        "kind": "種別",
        "year": "年度",
        "open": "進行中",
        "department": "所属",
        "person": "氏名",
        "title": "管理名称の先頭",
        "from": "終了日(から)",
        "until": "終了日(まで)",
        "origin": "取得区分",
        "blocked": "使用禁止",
    }
    named = dict(departments()) if "department" in view.asked else {}
    said = view.asked | {"department": named.get(int(view.asked["department"]), "")} if named else view.asked
    return "、".join(f"{told[name]}: {text}" for name, text in said.items() if name in told)
