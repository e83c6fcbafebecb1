"""Freezing: what the worker makes of a submitted form. Not an act of a person, but it ends in one event."""

from webapp import clock, mails
from webapp.acts import THE_WORKER, form_values, letters
from webapp.procedure import Stage
from webapp.register import ApplicationForm, Content, Event, Paper, database

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def make(form_id, work):
    """Make xlsx, PDF and pictures of one submitted form and keep them, once. `work` is a folder for LibreOffice.
    Raises papers' Refused when a tool fails; the job is then tried again."""
    from webapp.papers import freeze  # a second to load, for the worker alone: the web makes no papers

    row = ApplicationForm.get_by_id(form_id)
    if row.made_at is None:
        put(row, freeze.freeze(form_values.frozen(row), work=work))


def put(row, frozen):
    """Keep the papers of a form (papers.freeze.Frozen) unless another worker was faster, and tell the officers."""
    with database.atomic():
        first = ApplicationForm.update(made_at=clock.now()).where(
            (ApplicationForm.id == row.id) & ApplicationForm.made_at.is_null()
        )
        if first.execute():
            _keep(row, frozen)


def _keep(row, frozen):
    application = row.application
    stem = f"{application.number}-{row.version}"
    kept = [
        keep(application, "form_xlsx", f"{stem}.xlsx", XLSX, frozen.xlsx, row.version),
        keep(application, "form_pdf", f"{stem}.pdf", "application/pdf", frozen.pdf, row.version),
    ]
    for kind, pages, secret in (("picture", frozen.pictures, True), ("masked_picture", frozen.masked_pictures, False)):
        for page, picture in enumerate(pages, 1):
            keep(application, kind, f"{stem}-{page}.png", "image/png", picture, row.version, page, secret)
    hashes = {paper.kind: paper.sha256 for paper in kept}
    Event.write("freeze", application, None, THE_WORKER.address, {"version": row.version, "mark": row.mark} | hashes)
    if application.stage == Stage.SUBMITTED:
        officers = [officer for officer in letters.officers() if officer.id != application.applicant_id]
        letters.notify(mails.submitted, application, officers)


def keep(application, kind, name, media_type, data, version, page=0, is_secret=True, person=None, report=None):
    """Keep one paper of a case; `is_secret` papers carry the ZIP password and are encrypted at rest."""
    return Paper.create(
        application=application,
        kind=kind,
        version=version,
        page=page,
        name=name,
        media_type=media_type,
        size=len(data),
        content=Content.keep(data, is_encrypted=is_secret),
        carries_password=is_secret,
        at=clock.now(),
        person=person,
        report=report,
    )
