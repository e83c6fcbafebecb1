"""The documents that applicants agree to."""

from flask import request

from webapp import clock
from webapp.acts import documents as acts
from webapp.pages import page
from webapp.register import Document
from webapp.routes.administration import bp
from webapp.routes.finding import attempt, typed, upload, who


@bp.get("/documents")
def documents():
    rows = list(Document.select().order_by(Document.name, Document.id.desc()))
    return page("administration/documents.html", documents=rows, missing=acts.missing_documents(), today=clock.today())


@bp.get("/documents/new")
def new_document():
    return _new_page()


def _new_page(refusal=None):
    wanted = {name: request.args.get(name, "") for name in ("name", "address")}
    return page(
        "administration/document_new.html",
        typed=typed(version="", since_on=clock.today().isoformat(), **wanted),
        refusal=refusal,
    )


@bp.post("/documents")
def add_document():
    _, data = upload("file")
    return attempt(lambda: acts.add_document(who(), request.form, data), _new_page, "administration.documents", "added")
