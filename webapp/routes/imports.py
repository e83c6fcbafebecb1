"""Taking in certificates issued before: choose a file, look at what each row would do, register, take back."""

from datetime import datetime

from flask import Blueprint, request, stream_with_context, url_for

from webapp import clock
from webapp.acts import imports as acts
from webapp.errors import Unseen
from webapp.gate import let_in
from webapp.pages import attachment, page, see_other
from webapp.papers import import_list, spreadsheet
from webapp.procedure import Role
from webapp.register import Department, ImportBatch, ImportRow, Job, Person
from webapp.register.imports import VERDICTS
from webapp.routes.exported import XLSX
from webapp.routes.finding import attempt, numbered, tried, upload, who

bp = Blueprint("imports", __name__, url_prefix="/imports")
PER_PAGE = 50
KINDS = {"wrong": "error", "kept": "attention"}  # of the tag of a verdict
SHOWN = 10  # batches on the first page
EXAMPLE = {
    "シリアル番号": "0a:1b:2c:3d:4e:5f:60:71",
    "発行者": "(証明書の発行者のCN、またはDN全体)",
    "主体者DN": "CN=Example University, O=Example University, L=Chiyoda-ku, ST=Tokyo, C=JP",
    "開始日": "2026-04-01",
    "終了日": "2027-06-30",
    "管理名称": "(記入例。この行を消してから使う)",
    "用途": "学内ソフトウェアの配布",
    "利用管理者": "氏名またはメールアドレス",
    "所属": "設定に登録された所属名",
    "失効日": "",
    "失効理由": "",
    "申請番号": "",
}


@bp.before_request
def _officers_only():
    let_in(Role.OFFICER)


@bp.get("/new")
def new():
    return _new_page()


def _new_page(refusal=None):
    return page(
        "imports/new.html",
        refusal=refusal,
        batches=ImportBatch.newest(SHOWN),
        columns=import_list.NAMES,
        most_rows=import_list.MOST_ROWS,
    )


@bp.post("")
def read_import():
    return tried(
        lambda: acts.read_import(who(), *upload()),
        _new_page,
        lambda batch: see_other("imports.show", "read_import", number=batch.id),
    )


@bp.get("/template.csv")
def template_csv():
    return attachment(spreadsheet.csv_file(*_template()), "証明書の一覧.csv", "text/csv; charset=utf-8")


@bp.get("/template.xlsx")
def template_xlsx():
    with spreadsheet.xlsx_file(*_template(), "証明書の一覧") as file:
        return attachment(file.read(), "証明書の一覧.xlsx", XLSX)


def _template():
    return list(import_list.NAMES), [[EXAMPLE[name] for name in import_list.NAMES]]


@bp.get("/<int:number>")
def show(number):
    return _page(_find(number))


def _find(number):
    batch = ImportBatch.get_or_none(ImportBatch.id == number)
    if batch is None:
        raise Unseen("取り込みが見つかりません。", "取り込みの画面の一覧から選んでください。")
    return batch


def _page(batch, refusal=None):
    counts = batch.counts()
    verdict = request.args.get("verdict", "")
    verdict = verdict if verdict in VERDICTS else ""
    rows, newer, older = _rows(batch, verdict)
    return page(
        "imports/show.html",
        refusal=refusal,
        batch=batch,
        counts=[(key, label, counts[key]) for key, label in VERDICTS.items()],
        total=sum(counts.values()),
        new_count=counts["new"],
        done_count=counts["new"] - (batch.waiting().count() if batch.state == "importing" else 0),
        failed=_failed(batch),
        verdict=verdict,
        labels=VERDICTS,
        rows=_shown(rows),
        newer=newer,
        older=older,
    )


def _failed(batch):
    """Whether the worker has given the registration up."""
    job = Job.newest("import", batch) if batch.state == "importing" else None
    return job is not None and job.state == "failed"


def _rows(batch, verdict):
    """One page of the rows in the order of the file, and the addresses around it."""
    query = batch.rows.where(ImportRow.verdict == verdict) if verdict else batch.rows
    after, before = numbered("after"), numbered("before")
    if before is not None:
        rows = list(query.where(ImportRow.line < before).order_by(-ImportRow.line).limit(PER_PAGE + 1))
        is_more_before, is_more_after = len(rows) > PER_PAGE, True
        rows = rows[:PER_PAGE][::-1]
    else:
        rows = list(query.where(ImportRow.line > (after or 0)).order_by(ImportRow.line).limit(PER_PAGE + 1))
        is_more_before, is_more_after = bool(after), len(rows) > PER_PAGE
        rows = rows[:PER_PAGE]
    kept = {"number": batch.id, **({"verdict": verdict} if verdict else {})}
    newer = url_for("imports.show", **kept, before=rows[0].line) if rows and is_more_before else ""
    older = url_for("imports.show", **kept, after=rows[-1].line) if rows and is_more_after else ""
    return rows, newer, older


def _shown(rows):
    """The rows as the page says them."""
    people, departments = _named(Person, rows, "subscriber_id"), _named(Department, rows, "department_id")
    return [_row(row, row.values, people, departments) for row in rows]


def _row(row, values, people, departments):
    at = row.certificate_id or values.get("certificate_id")
    department = departments.get(values.get("department_id"))
    return {
        "line": row.line,
        "title": values.get("title") or "(空欄)",
        "url": url_for("certificates.show", number=at) if at else "",
        "serial": values.get("serial") or "(空欄)",
        "term": f"{_day(values['not_before'])} 〜 {_day(values['not_after'])}" if "not_after" in values else "",
        "person": people.get(values.get("subscriber_id"), "未登録") + (f"({department})" if department else ""),
        "result": "登録済" if row.certificate_id else VERDICTS[row.verdict],
        "kind": KINDS.get(row.verdict, "plain"),
        "sentence": row.sentence,
    }


def _day(text):
    return clock.day_of(datetime.fromisoformat(text)).isoformat()


def _named(table, rows, key):
    ids = {row.values.get(key) for row in rows} - {None}
    return {row.id: row.name for row in table.select(table.id, table.name).where(table.id.in_(list(ids)))}


@bp.post("/<int:number>/import")
def import_certificates(number):
    batch = _find(number)
    return _attempt(acts.import_certificates, batch)


@bp.post("/<int:number>/drop")
def drop_import(number):
    return _attempt(acts.drop_import, _find(number))


@bp.post("/<int:number>/taking-back")
def take_back(number):
    return _attempt(acts.take_back, _find(number))


def _attempt(act, batch):
    return attempt(
        lambda: act(batch, who()),
        lambda refusal: _page(batch, refusal),
        "imports.show",
        act.__name__,
        number=batch.id,
    )


@bp.get("/<int:number>/rows.csv")
def rows_csv(number):
    """All rows that were not registered, with the reason: what is to be mended."""
    batch = _find(number)
    wrong = batch.rows.where(ImportRow.verdict.in_(("wrong", "kept"))).order_by(ImportRow.line)
    texts = (
        [str(row.line), VERDICTS[row.verdict], row.values.get("serial", ""), row.values.get("title", ""), row.sentence]
        for row in wrong.iterator()
    )
    heads = ["行", "結果", "シリアル番号", "管理名称", "理由"]
    body = stream_with_context(spreadsheet.csv_file(heads, texts))
    return attachment(body, f"取り込みの誤り-{batch.id}.csv", "text/csv; charset=utf-8")
