"""Lists as files: the columns, and the answer that streams them."""

from flask import request, stream_with_context

from webapp import clock
from webapp.acts import exports
from webapp.gate import who
from webapp.pages import attachment
from webapp.papers import spreadsheet
from webapp.papers.revocation_reasons import REASONS
from webapp.register.filters import ORIGINS
from webapp.routes import lists

MOST = 50_000  # rows of one file
CUT = "この一覧は50,000件で打ち切りました。条件を絞り込み、残りをもう一度保存してください。"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _instant(value):
    return value.astimezone(clock.JST).strftime("%Y-%m-%d %H:%M:%S") if value else ""


def _day(value):
    return clock.day_of(value).isoformat() if value else ""


def _reason(code):
    if code is None:
        return ""
    return str(REASONS[code]) if code in REASONS else str(code)


def _octets(serial):
    """0a:1b: what no spreadsheet takes for a number."""
    return ":".join(serial[at : at + 2] for at in range(0, len(serial), 2))


# key, heading, the text of a row; the headings are those that an import recognises again.
CERTIFICATES = (
    ("title", "管理名称", lambda row: row.title),
    ("purpose", "用途", lambda row: row.purpose),
    ("number", "申請番号", lambda row: row.number),
    ("state", "状態", lambda row: row.state),
    ("serial", "シリアル番号", lambda row: _octets(row.serial)),
    ("subject", "主体者DN", lambda row: row.subject),
    ("issuer", "発行者", lambda row: row.issuer),
    ("begins", "開始日", lambda row: _instant(row.not_before)),
    ("ends", "終了日", lambda row: _instant(row.not_after)),
    ("subscriber", "利用管理者", lambda row: row.subscriber.name if row.subscriber else ""),
    ("phone", "電話番号", lambda row: row.subscriber.phone if row.subscriber else ""),
    ("department", "所属", lambda row: row.department.name if row.department else ""),
    ("origin", "取得区分", lambda row: ORIGINS[row.origin]),
    ("received", "登録日", lambda row: _day(row.received_at)),
    ("revoked", "失効日", lambda row: _instant(row.revoked_at)),
    ("reason", "失効理由", lambda row: _reason(row.revocation_reason)),
    ("blocked", "使用停止", lambda row: _instant(row.blocked_at)),
    ("sha256", "SHA-256", lambda row: row.sha256 or ""),
)
APPLICATIONS = (
    ("number", "申請番号", lambda row: row.number),
    ("procedure", "手続き", lambda row: row.procedure_label),
    ("title", "管理名称", lambda row: row.title),
    ("purpose", "用途", lambda row: row.purpose),
    ("state", "状態", lambda row: row.status),
    ("waiting", "いまの担当", lambda row: row.waiting),
    ("since", "状態になった日時", lambda row: _instant(row.stage_since_at)),
    ("created", "申請を始めた日時", lambda row: _instant(row.created_at)),
    ("applicant", "申請した人", lambda row: row.applicant.name),
    ("phone", "電話番号", lambda row: row.applicant.phone),
    ("department", "所属", lambda row: row.department.name),
)


def columns(table):
    """(key, heading) to choose from."""
    return [(key, heading) for key, heading, _ in table]


def answer(view, table, what):
    """The rows of a view as the file that the address asks for (format csv or xlsx, columns), streamed. `what` names
    the list in Japanese."""
    chosen = [each for each in table if each[0] in request.args.getlist("columns")] or table
    kind = "xlsx" if request.args.get("format") == "xlsx" else "csv"
    told = {"what": what, "format": kind}
    ids, is_cut = exports.export(who(), view.listing, MOST, told, lists.names_of(view))
    heads = [heading for _, heading, _ in chosen]
    texts = _texts(view.listing.rows(ids), chosen, is_cut)
    name = f"{what}-{clock.today().isoformat()}.{kind}"
    if kind == "xlsx":
        return attachment(_pieces(spreadsheet.xlsx_file(heads, texts, what)), name, XLSX)
    return attachment(stream_with_context(spreadsheet.csv_file(heads, texts)), name, "text/csv; charset=utf-8")


def _pieces(file):
    with file:
        while piece := file.read(65_536):
            yield piece


def _texts(rows, chosen, is_cut):
    for row in rows:
        yield [text(row) for _, _, text in chosen]
    if is_cut:
        yield [CUT, *[""] * (len(chosen) - 1)]
