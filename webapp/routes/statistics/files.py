"""The tables of the statistics as files that spreadsheets open."""

from webapp.pages import attachment
from webapp.papers import csv_table, xlsx_table

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sent(table, asked, kind):
    """One table as an answer to be saved; `kind` is csv or xlsx."""
    headings = [words for words, _ in table.columns]
    place = f"-{asked.department.name}" if asked.department else ""
    name = f"統計-{table.caption}{place}-{asked.first}-{asked.last}.{kind}"
    if kind == "csv":
        return attachment(csv_table.written(headings, table.rows), name, "text/csv; charset=utf-8")
    return attachment(xlsx_table.written(headings, table.rows), name, XLSX)
