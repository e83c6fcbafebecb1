"""The tables of the statistics as files that spreadsheets open."""

from webapp.pages import attachment
from webapp.papers import spreadsheet
from webapp.routes.exported import XLSX


def sent(table, asked, kind):
    """One table as an answer to be saved; `kind` is csv or xlsx."""
    heads = [words for words, _ in table.columns]
    place = f"-{asked.department.name}" if asked.department else ""
    name = f"統計-{table.caption}{place}-{asked.first}-{asked.last}.{kind}"
    if kind == "csv":
        rows = ([str(cell) for cell in row] for row in table.rows)
        return attachment(b"".join(spreadsheet.csv_file(heads, rows)), name, "text/csv; charset=utf-8")
    with spreadsheet.xlsx_file(heads, table.rows, table.caption) as file:
        return attachment(file.read(), name, XLSX)
