"""1-1-6 on screen: the ZIP, the token, the proof, the review of the certificate."""

from flask import Blueprint, current_app, request, url_for

from webapp.acts import ca_profiles, incoming, key_use, require_now
from webapp.acts import delivery as acts
from webapp.pages import page, see_other
from webapp.papers import certificate as certificate_paper
from webapp.procedure import Stage
from webapp.register import Certificate, Intake, KeyUse
from webapp.routes import incoming_step
from webapp.routes.finding import attempt, find, tokend, typed, upload, who

bp = Blueprint("delivery", __name__, url_prefix="/applications/<int:number>")

# What CRT-01…11 look at, in the words of the person who waits for the certificate.
LOOKED_AT = (
    ("CRT-01", "公開鍵と主体者DNが、提出したCSRと一致する"),
    ("CRT-02", "鍵用途がデジタル署名である"),
    ("CRT-03", "拡張鍵用途がコード署名である"),
    ("CRT-04", "証明書ポリシが書かれている"),
    ("CRT-05", "失効リスト(CRL)の場所が書かれている"),
    ("CRT-06", "発行者の証明書などの場所が書かれている"),
    ("CRT-07", "発行者の鍵の識別子があり、認証局の証明書ではない"),
    ("CRT-08", "署名アルゴリズムが安全なものである"),
    ("CRT-09", "鍵の種類と長さ、主体者DNの項目が基準に合う"),
    ("CRT-10", "有効期間が基準に合い、いま有効である"),
    ("CRT-11", "登録された認証局が発行し、証明書チェーンがつながる"),
)


@bp.get("/delivery")
def show(number):
    application = find(number)
    require_now("take_delivery", application, who())
    return _page(application)


def _page(application, refusal=None):
    return page(
        "applications/delivery.html",
        application=application,
        practice_mail=current_app.config["SHIRUSHI"].practice_url,
        kept=list(_kept(application)),
        mail=incoming_step.given(application),
        has_zip=ca_profiles.of(application).has_zip,
        refusal=refusal,
    )


@bp.post("/delivery")
def take_delivery(number):
    application = find(number)
    name, data = _given_zip(application)
    password = request.form.get("password", "")
    mail = incoming_step.given(application)
    return attempt(
        lambda: incoming_step.doing(
            mail, "take_delivery", lambda: acts.take_delivery(application, who(), name, data, password)
        ),
        lambda refusal: _page(application, refusal),
        "delivery.result",
        "take_delivery",
        number=number,
    )


def _given_zip(application):
    """The file that was chosen, or the one in the mail that the officer came from; when only a password was typed, the
    last one kept, so that it need not be chosen twice."""
    name, data = upload()
    mail = incoming_step.given(application)
    if mail and not data:
        return incoming.parcel_of(mail)
    kept = _kept(application).first()
    is_kept_meant = kept and not data and request.form.get("password")
    return (kept.name, kept.content.bytes()) if is_kept_meant else (name, data)


def _kept(application):
    return application.intakes.where(Intake.purpose == "delivery").order_by(-Intake.id)


@bp.get("/certificate")
def result(number):
    """The delivered certificate read aloud, with what was checked, and the next step."""
    application = find(number)
    row = Certificate.of(application)
    if row is None:
        return see_other("applications.show", number=number)
    return page("applications/certificate.html", **_certificate(application, row))


def _certificate(application, row):
    return {
        "application": application,
        "certificate": row,
        "read": certificate_paper.read(row.content.bytes()),
        "points": points(row),
        "findings": [{"id": i, "severity": s, "sentence": t, "advice": a} for i, s, t, a in row.findings],
        "proof": row.proof,
        "use": _use(application),
        "approve_url": url_for("delivery.approve_key_use", number=application.id),
        "install_url": url_for("delivery.install", number=application.id),
        "handover_url": url_for("delivery.handover", number=application.id),
    }


def _use(application):
    """What the page says of the use of a key on the institution's token, or None where it lies elsewhere: {user, is_own,
    is_approved (or needs no approval), may_approve}."""
    if not key_use.lies_on_token(application):
        return None
    person, user = who().person, key_use.user_of(application)
    may_approve = "approve_key_use" in {act.verb for act in application.acts_open_to(person)}
    return {
        "user": user,
        "is_own": person == user,
        "may_approve": may_approve,
        "is_approved": not key_use.needs_second_person(application) or KeyUse.open_of(application) is not None,
    }


def points(row):
    """The checks of a delivered certificate, each with what was found, for ui.points."""
    found = {rule: (severity, sentence) for rule, severity, sentence, _ in row.findings}
    has_zip = row.application is None or row.application.zip_password
    opened = "ZIPを開き、証明書を取り出した" if has_zip else "認証局から取得したファイルを読み取った"
    return [_point(opened, "ok", ""), *(_point(label, *found.get(rule, ("ok", ""))) for rule, label in LOOKED_AT)]


def _point(sentence, result, detail):
    return {"sentence": sentence, "result": result, "detail": detail}


@bp.post("/key_use")
def approve_key_use(number):
    application = find(number)
    return attempt(
        lambda: key_use.approve_key_use(application, who()),
        lambda refusal: _installation_page(application, refusal),
        "delivery.result",
        "approve_key_use",
        number=number,
    )


@bp.post("/installation")
def install(number):
    application = find(number)
    return attempt(
        lambda: acts.install(application, who(), tokend()),
        lambda refusal: _installation_page(application, refusal),
        "applications.show",
        "install",
        number=number,
    )


def _installation_page(application, refusal):
    row = Certificate.of(application)
    shown = _certificate(application, row) if row else {}
    return page("applications/certificate.html", **shown, refusal=refusal)


@bp.get("/handover")
def handover(number):
    application = find(number)
    require_now("hand_out" if application.stage == Stage.DELIVERED else "prove", application, who())
    return _handover_page(application)


def _handover_page(application, refusal=None):
    row = Certificate.of(application)
    return page(
        "applications/handover.html",
        application=application,
        certificate=row,
        challenge=acts.set_challenge(row),
        typed=typed(proof=""),
        refusal=refusal,
    )


@bp.post("/handover")
def hand_out(number):
    application = find(number)
    text = _proof_text()
    return attempt(
        lambda: acts.hand_out(application, who(), text),
        lambda refusal: _handover_page(application, refusal),
        "applications.show",
        "hand_out",
        number=number,
    )


def _proof_text():
    _, data = upload("file")
    return data[:65536].decode("utf-8", "replace") if data else request.form.get("proof", "")


@bp.post("/proof")
def prove(number):
    application = find(number)
    text = _proof_text()
    return attempt(
        lambda: acts.prove(application, who(), text),
        lambda refusal: _handover_page(application, refusal),
        "applications.show",
        "prove",
        number=number,
    )


@bp.get("/acceptance")
def acceptance(number):
    application = find(number)
    require_now("accept" if application.subscriber else "accept_for", application, who())
    return _acceptance_page(application)


def _acceptance_page(application, refusal=None):
    row = Certificate.of(application)
    return page(
        "applications/acceptance.html",
        **_certificate(application, row),
        typed=typed(reason=""),
        refusal=refusal,
    )


@bp.post("/acceptance")
def accept(number):
    application = find(number)
    return attempt(
        lambda: acts.accept(application, who(), "reviewed" in request.form),
        lambda refusal: _acceptance_page(application, refusal),
        "applications.show",
        "accept",
        number=number,
    )


@bp.post("/proxy_acceptance")
def accept_for(number):
    application = find(number)
    return attempt(
        lambda: acts.accept_for(application, who(), "reviewed" in request.form, request.form.get("reason", "")),
        lambda refusal: _acceptance_page(application, refusal),
        "applications.show",
        "accept_for",
        number=number,
    )
