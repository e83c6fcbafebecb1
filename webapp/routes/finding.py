"""What every route of a case begins and ends with: find it, try the act, show the page again or go on."""

from flask import current_app, g, request

from tokens.client import Tokend
from webapp.errors import Refused, Unseen
from webapp.gate import who
from webapp.pages import see_other
from webapp.register import Application, Certificate, row_number


def find(number):
    """The application with this row number, if this person may know of it; raises Unseen (404) otherwise."""
    application = Application.get_or_none(Application.id == number)
    if application is None or not application.is_seen_by(g.person):
        raise Unseen("申請が見つかりません。", "番号を確かめるか、申請の一覧から探してください。")
    return application


def find_certificate(number):
    """The certificate with this row number, if this person may know of it; raises Unseen (404) otherwise."""
    row = Certificate.get_or_none(Certificate.id == number)
    if row is None or not row.is_seen_by(g.person):
        raise Unseen("証明書が見つかりません。", "証明書の一覧から探してください。")
    return row


def attempt(act, again, onward, done="", **values):
    """Do an act. What can be corrected shows the page again through again(refusal); success goes on (303)."""
    return tried(act, again, lambda _: see_other(onward, done=done, **values))


def tried(act, again, onward):
    """The same, where what the act returns says where to go on: through onward(it)."""
    try:
        made = act()
    except Refused as refusal:
        if refusal.status != 422:
            raise
        return again(refusal)
    return onward(made)


def tokend():
    """The daemon that reaches the institution's token."""
    return Tokend(current_app.config["SHIRUSHI"].tokend)


def typed(**otherwise):
    """What the person typed in this POST, else the values given."""
    return otherwise if request.method == "GET" else otherwise | request.form.to_dict()


def numbered(name):
    """The row number in the query string under this name, or None: not given, or none that a table can hold."""
    return row_number(request.args.get(name, ""))


def upload(field="file"):
    """(name, bytes) of an uploaded file; an empty name and no bytes when none was chosen."""
    file = request.files.get(field)
    return (file.filename or "", file.read()) if file else ("", b"")


__all__ = ["attempt", "find", "find_certificate", "numbered", "tokend", "tried", "typed", "upload", "who"]
