"""The page of the practice desk, for people in training, and the same facts as JSON for programs."""

import datetime
import io
from pathlib import Path

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)

from tokens.errors import TokenError
from webapp.practice import persons, responder
from webapp.practice.cases import KINDS, STATES, OutOfTurn
from webapp.practice.clock import JST
from webapp.practice.examination import read_form
from webapp.practice.form import Form
from webapp.practice.mailbox import attachments, text
from webapp.practice.tools import ToolFailed

HOUSE = Path(__file__).resolve().parents[2]
ACTS = {  # the noun in the address -> the act
    "examination": "examine",
    "call": "call",
    "certificate": "issue",
    "revocation": "revoke",
    "complaint": "complain",
}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
pages = Blueprint("practice", __name__)


def make_app(desk, automatic=False, reader=None, pad_url="") -> Flask:
    """The application for one desk, with a CardReader and its PIN pad's page if there are any. Answers on loopback names only."""
    app = Flask("practice", template_folder=HOUSE / "templates", static_folder=HOUSE / "static")
    app.config.update(
        TRUSTED_HOSTS=["127.0.0.1", "localhost"], DESK=desk, AUTOMATIC=automatic, READER=reader, PAD_URL=pad_url
    )
    app.json.ensure_ascii = False
    app.register_blueprint(pages)
    words = {"jst": JST, "static": lambda path: url_for("static", filename=path), "states": STATES, "kinds": KINDS}
    app.jinja_env.globals.update(words)
    app.jinja_env.globals["ui"] = app.jinja_env.get_template("_ui.html").module
    app.jinja_env.filters["instant"] = datetime.datetime.fromisoformat
    return app


@pages.before_app_request
def only_from_our_own_page():
    """A change comes from a form of this page: Origin equals our own address, and is there. OCSP changes nothing."""
    g.desk = current_app.config["DESK"]
    is_change = request.method == "POST" and request.endpoint != "practice.status"
    if is_change and request.headers.get("Origin") != request.host_url.rstrip("/"):
        abort(403, "この操作は、練習用の窓口の画面から行ってください。")


@pages.after_app_request
def guarded(response):
    """The same headers as the house."""
    response.headers.update(HEADERS)
    return response


@pages.get("/")
def home():
    """What to do next, and the mailboxes."""
    open_cases = [case for case in g.desk.cases.all() if case.step]
    return render_template("practice/home.html", boxes=g.desk.mailbox.addresses(), open_cases=open_cases)


@pages.get("/mail")
def mail_list():
    """The mails, all or those of one mailbox (?to=); newest first. ?format=json for programs."""
    to = request.args.get("to", "")
    mails = g.desk.mailbox.mails(to)
    if _wants_json():
        return jsonify([_mail_facts(mail) for mail in mails])
    files = {mail.id: len(attachments(g.desk.mailbox.message(mail.id))) for mail in mails}
    return render_template("practice/mails.html", to=to, mails=mails, files=files)


@pages.get("/mail/<int:number>")
def mail(number):
    """One mail."""
    found = g.desk.mailbox.mail(number) or abort(404)
    if _wants_json():
        return jsonify(_mail_facts(found))
    message, case = g.desk.mailbox.message(number), g.desk.cases.of_mail(number)
    return render_template("practice/mail.html", mail=found, case=case, files=attachments(message), body=text(message))


@pages.get("/mail/<int:number>/attachments/<int:position>")
def attachment(number, position):
    """An attached file, to be saved; the first has position 1."""
    g.desk.mailbox.mail(number) or abort(404)
    files = attachments(g.desk.mailbox.message(number))
    if not 1 <= position <= len(files):
        abort(404)
    file = files[position - 1]
    name = file.name or f"{number}-{position}"
    return send_file(io.BytesIO(file.data), "application/octet-stream", as_attachment=True, download_name=name)


@pages.get("/mail/<int:number>/source")
def source(number):
    """The mail as it arrived (.eml)."""
    g.desk.mailbox.mail(number) or abort(404)
    return send_file(
        io.BytesIO(g.desk.mailbox.raw(number)), "message/rfc822", as_attachment=True, download_name=f"{number}.eml"
    )


@pages.get("/cases")
def case_list():
    """Every case, newest first. ?format=json for programs."""
    cases = g.desk.cases.all()
    if _wants_json():
        return jsonify([_case_facts(case) for case in cases])
    return render_template("practice/cases.html", cases=cases)


@pages.get("/cases/<int:number>")
def case(number):
    """One case: what to do, what was found, what was asked for."""
    found = _case(number)
    if _wants_json():
        return jsonify(_case_facts(found))
    form = read_form(g.desk.packet(found)) or Form()
    mail = g.desk.mailbox.mail(found.mail_id)
    return render_template("practice/case.html", case=found, form=form, mail=mail, noun=_noun(found))


@pages.post("/cases/<int:number>/<noun>")
def act(number, noun):
    """The next step of a case. 409 if it is not its turn."""
    if noun not in ACTS:
        abort(404)
    g.desk.act(_case(number), ACTS[noun])
    return redirect(url_for("practice.case", number=number), 303)


@pages.get("/ca")
def authority():
    """The practice authority: its certificates and lists."""
    return render_template("practice/authority.html", roles=("root", "issuing", "smime"), authority=g.desk.authority)


@pages.get("/ca/<any(root, issuing, smime):role>.cer")
def certificate(role):
    """A CA certificate (DER)."""
    return send_file(g.desk.folder.ca / f"{role}.cer", "application/pkix-cert", as_attachment=True)


@pages.get("/ca/<any(root, issuing, smime):role>.crl")
def revocation_list(role):
    """A CRL (DER), at most a day old."""
    data = io.BytesIO(g.desk.authority.list_revoked(role))
    return send_file(data, "application/pkix-crl", as_attachment=True, download_name=f"{role}.crl")


@pages.get("/persons")
def person_list():
    """The certificates of persons, to be revoked for a training."""
    rows = g.desk.authority.persons.all()
    return render_template("practice/persons.html", rows=rows, purposes=persons.PURPOSES)


@pages.post("/persons/<serial>/<any(revocation, restoration):noun>")
def move_person(serial, noun):
    """Revoke a person's certificate, or take that back."""
    authority = g.desk.authority
    authority.revoke_of_person(serial) if noun == "revocation" else authority.restore_of_person(serial)
    return redirect(url_for("practice.person_list"), 303)


@pages.get("/reader")
def reader():
    """The practice card reader: the card is in it, or out."""
    return render_template("practice/reader.html", reader=current_app.config["READER"] or abort(404))


@pages.post("/reader/<any(insertion, removal):noun>")
def move_card(noun):
    """Put the card in, or pull it, whatever it is doing."""
    found = current_app.config["READER"] or abort(404)
    found.insert() if noun == "insertion" else found.pull()
    return redirect(url_for("practice.reader"), 303)


@pages.post("/ocsp")
@pages.get("/ocsp/<path:question>", merge_slashes=False)
def status(question=""):
    """OCSP: the request (DER) as a body, or base64 in the address (RFC 6960 App. A.1)."""
    request.max_content_length = responder.MAX_BYTES
    asked = responder.decoded(question) if request.method == "GET" else request.get_data()
    return Response(responder.answer(g.desk.authority, asked), content_type="application/ocsp-response")


@pages.app_errorhandler(403)
@pages.app_errorhandler(404)
def refused(error):
    """A refusal in a sentence."""
    sentence = "お探しのページはありません。" if error.code == 404 else error.description
    return render_template(
        "practice/refused.html", sentence=sentence, advice="ホームから選び直してください。"
    ), error.code


@pages.app_errorhandler(OutOfTurn)
def out_of_turn(error):
    """Somebody was faster, or the button was pressed twice."""
    return render_template("practice/refused.html", sentence=str(error), advice="案件を開き直してください。"), 409


@pages.app_errorhandler(ToolFailed)
def tool_failed(error):
    """A program of the desk is missing or hangs."""
    sentence = f"検査に使うプログラムが動きませんでした({error})。"
    advice = "openssl と poppler-utils が入っていることを確認し、もう一度「検査する」を押してください。"
    return render_template("practice/refused.html", sentence=sentence, advice=advice), 503


@pages.app_errorhandler(TokenError)
def token_failed(error):
    """The CA's token did not answer."""
    return render_template("practice/refused.html", sentence=error.message, advice=error.advice), 503


def _wants_json():
    return request.args.get("format") == "json"


def _case(number):
    return g.desk.cases.case(number) or abort(404)


def _noun(case):
    return next((noun for noun, act in ACTS.items() if case.step and act == case.step[0]), "")


def _mail_facts(mail):
    message = g.desk.mailbox.message(mail.id)
    files = [
        {"name": file.name, "size": len(file.data), "url": f"/mail/{mail.id}/attachments/{position}"}
        for position, file in enumerate(attachments(message), 1)
    ]
    named = {"from": mail.sender, "to": list(mail.recipients), "subject": mail.subject, "date": mail.received_at}
    return {"id": mail.id, **named, "text": text(message), "attachments": files}


def _case_facts(case):
    findings = [{"result": f.result, "sentence": f.sentence, "tool": f.tool} for f in case.findings]
    names = ("id", "mail_id", "kind", "number", "state", "opened_at", "called_at", "serial", "answer_id")
    facts = {name: getattr(case, name) for name in names}
    step = {"noun": _noun(case), "label": case.step[1]} if case.step else None
    return facts | {"state_label": STATES[case.state], "findings": findings, "next": step, "url": f"/cases/{case.id}"}
