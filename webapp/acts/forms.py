"""Freezing: what the worker makes of a submitted form. Not an act of a person, but it ends in one event."""

from dataclasses import replace

from webapp import clock, mails
from webapp.acts import THE_WORKER, facts, form_values, intakes, letters, performing, require_now
from webapp.errors import Overtaken, Refused, Unreadable
from webapp.papers import form_template, guard
from webapp.procedure import Stage
from webapp.register import ApplicationForm, Content, Event, FormTemplate, Job, Paper, database

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def make(form_id, work):
    """Make xlsx, PDF and pictures of one submitted form and keep them, once, on the CA's form that is in force now, else
    on our specimen. `work` is a folder for LibreOffice. Raises papers' Refused when a tool fails; the job is then tried
    again. A PDF saved from Excel that cannot be used leaves the form as it was."""
    row = ApplicationForm.get_by_id(form_id)
    if row.made_at is not None:
        return
    if row.printed is not None:
        return _make_printed(row, work)
    template = FormTemplate.in_force(row.application.kind)
    put(row, _frozen(row, template, work), template)


def _make_printed(row, work):
    try:
        made = _frozen(row, row.template, work)
    except Refused as refusal:
        with database.atomic():
            ApplicationForm.update(made_at=clock.now(), printed=None).where(ApplicationForm.id == row.id).execute()
            told = {"version": row.version, "reason": refusal.message}
            Event.write("keep_form_pdf", row.application, None, THE_WORKER.address, told)
    else:
        put(row, made, row.template)


def _frozen(row, template, work):
    from webapp.papers import freeze  # a second to load, for the worker alone: the web makes no papers

    on = template and form_template.Template(template.content.bytes(), template.mapping)
    printed = row.printed.bytes() if row.printed else None
    wants_seal = row.application.wants_seal
    return freeze.freeze(form_values.frozen(row), on, wants_seal=wants_seal, printed=printed, work=work)


def put(row, frozen, template=None):
    """Keep the papers of a form (papers.freeze.Frozen) unless another worker was faster, and tell the officers."""
    with database.atomic():
        first = ApplicationForm.update(made_at=clock.now(), template=template).where(
            (ApplicationForm.id == row.id) & ApplicationForm.made_at.is_null()
        )
        if first.execute():
            _keep(row, frozen, template)


def _keep(row, frozen, template):
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
    hashes |= {"template": f"{template.name} {template.version}"} if template else {}
    hashes |= {"printed": row.printed.sha256} if row.printed else {}
    Event.write("freeze", application, None, THE_WORKER.address, {"version": row.version, "mark": row.mark} | hashes)
    if application.stage == Stage.SUBMITTED and row.printed is None:
        officers = [officer for officer in letters.officers() if officer.id != application.applicant_id]
        letters.notify(mails.submitted, application, officers)


def frozen_pdf(application):
    """The bytes of the PDF that is examined, sealed and sent. Raises Incomplete while it is being made."""
    facts.demand([facts.made(application)], f"{application.form_name}がまだできていません。")
    return Paper.newest(application, "form_pdf").content.bytes()


def replace_form_pdf(application, who, name, data):
    """Let a PDF that the officer saved from Excel take the place of the one that LibreOffice drew, before examination: it
    must show every value of the form. The worker then freezes it anew under the same version. Raises Incomplete,
    Unreadable with the values that are missing, Overtaken while the form is being made."""
    require_now("replace_form_pdf", application, who)
    row = ApplicationForm.current(application)
    if row is None or row.made_at is None:
        raise Overtaken("申請書を作成しています。", "できあがってから、もう一度お試しください。")
    intake = intakes.receive(application, who, "form_pdf", name, data, is_secret=True)
    with intakes.reading(intake):
        _demand_values(row, data)
        with performing("replace_form_pdf", application, who, {"sha256": intake.sha256, "version": row.version}):
            changed = ApplicationForm.update(made_at=None, printed=intake.sha256).where(
                (ApplicationForm.id == row.id) & ApplicationForm.made_at.is_null(False)
            )
            if not changed.execute():
                raise Overtaken("申請書を作成しています。", "できあがってから、もう一度お試しください。")
            Job.ask("freeze", row)


def _demand_values(row, pdf):
    """Raise Unreadable with the names of the values that a PDF does not show in full."""
    form, template = replace(form_values.frozen(row), mark=row.mark), row.template
    blank, mapping = (template.content.bytes(), template.mapping) if template else (b"", None)
    missing = guard.run("webapp.papers.form_compared:missing", pdf, blank, mapping, form, seconds=30)
    if missing:
        names = "、".join(missing)
        raise Unreadable(
            f"このPDFには、申請書の値のうち{len(missing)}件が、そのままでは見つかりません: {names}",
            "申請の画面から保存した申請書(Excel)を開き、値を変えずにPDFで保存してください。欄からはみ出した値も、見つからないものに数えます。",
        )


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
