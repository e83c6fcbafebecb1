"""鍵の保護 on screen: how the key of an application is kept, by what that is shown, and what the rules find."""

from flask import Blueprint, request

from webapp import clock
from webapp.acts import ca_profiles, require_now
from webapp.acts import key_protection as acts
from webapp.pages import page
from webapp.register import Csr, KeyProtection
from webapp.routes.finding import attempt, find, typed, upload, who

bp = Blueprint("key_protection", __name__, url_prefix="/applications/<int:number>")


@bp.get("/key_protection")
def show(number):
    return _page(find(number))


def _page(application, refusal=None):
    require_now("note_key_protection", application, who())
    return page(
        "applications/key_protection.html",
        application=application,
        newest=KeyProtection.newest(application),
        findings=acts.judge(application),
        methods=acts.METHODS,
        words=acts.WORDS,
        tokens=[(row.id, f"{row.label}({row.serial or 'シリアル番号なし'})") for row in acts.offered(who())],
        has_csr=Csr.in_force(application) is not None,
        is_public=ca_profiles.of(application).public,
        typed=typed(method="", token="", words="", witness="", shown_on=clock.today().isoformat()),
        refusal=refusal,
    )


@bp.post("/key_protection")
def note_key_protection(number):
    application = find(number)
    return attempt(
        lambda: acts.note_key_protection(application, who(), request.form, *upload()),
        lambda refusal: _page(application, refusal),
        "key_protection.show",
        "note_key_protection",
        number=number,
    )
