"""Forms: from values to a PDF, beside LibreOffice alone, and reading a filled one, beside openpyxl."""

import io
import tempfile
from pathlib import Path

import openpyxl

from bench import Measured, measurement
from bench._time import median
from tests import form_blanks
from tests.papers_people import issue_form
from webapp.papers import form_filling, form_template, freeze, guard
from webapp.papers import issue_form as specimen
from webapp.papers.form_filled import read_filled
from webapp.papers.office import to_pdf

ROUNDS, MANY = 5, 30
OFFICE, OPENPYXL = "LibreOfficeだけ(Excel→PDF)", "openpyxlで開くだけ"


@measurement
def to_paper():
    """Freezing on our specimen and on a CA's form, the PDF alone being LibreOffice's part of it."""
    with tempfile.TemporaryDirectory() as folder:
        work, form, template = Path(folder) / "office", issue_form(), _template()
        sheet = form_filling.fill(template.blank, template.mapping, form)
        alone = median(ROUNDS, lambda: to_pdf(sheet, work))
        yield Measured(OFFICE, alone * 1000, "ミリ秒")
        on_specimen = median(ROUNDS, lambda: freeze.freeze(form, work=work))
        yield Measured("見本の様式: 値からPDFと画像まで", on_specimen * 1000, "ミリ秒", on_specimen / alone, OFFICE)
        on_blank = median(ROUNDS, lambda: freeze.freeze(form, template, work=work))
        yield Measured("認証局の様式: 値からPDFと画像まで", on_blank * 1000, "ミリ秒", on_blank / alone, OFFICE)
        filling = median(MANY, lambda: form_filling.fill(template.blank, template.mapping, form))
        yield Measured("認証局の様式: 値の書き込みだけ", filling * 1000, "ミリ秒", filling / alone, OFFICE)


@measurement
def reading():
    """Reading what somebody filled in, in this process and in a guarded child."""
    template = _template()
    sheet = form_filling.fill(template.blank, template.mapping, issue_form())
    ours = specimen.fill(issue_form())
    opened = median(MANY, lambda: openpyxl.load_workbook(io.BytesIO(sheet)))
    yield Measured(OPENPYXL, opened * 1000, "ミリ秒")
    for name, read in (
        ("記入済みの見本を読む", lambda: specimen.read(ours)),
        ("記入済みの認証局の様式を読む", lambda: read_filled(sheet, template.mapping)),
        ("空の様式を読み、対応を提案する", lambda: form_template.read(template.blank, "issue")),
    ):
        taken = median(MANY, read)
        yield Measured(name, taken * 1000, "ミリ秒", taken / opened, OPENPYXL)
    guarded = median(ROUNDS, lambda: guard.run("webapp.papers.form_filled:read_filled", sheet, template.mapping))
    yield Measured("記入済みの認証局の様式を、隔離した子で読む", guarded * 1000, "ミリ秒", guarded / opened, OPENPYXL)


def _template():
    blank = form_blanks.labels_left()
    typed = {key: each.place for key, each in form_template.read(blank, "issue").proposals.items()}
    places = form_template.bind(blank, "issue", typed)
    return form_template.Template(blank, {"kind": "issue", "places": places, "seal": None})
