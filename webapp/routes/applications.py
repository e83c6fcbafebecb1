"""The list of applications, choosing the procedure, opening one, and the page of one."""

from flask import Blueprint, g, request, url_for

from webapp import clock
from webapp.acts import case as case_acts
from webapp.acts import key_protection, station_lists
from webapp.acts.facts import csr_in_force
from webapp.acts.judgement import Case
from webapp.pages import page, see_other
from webapp.procedure import Role
from webapp.register import Certificate, KeyProtection, Letter
from webapp.routes import case, exported, incoming_step, judged, lists
from webapp.routes.finding import find, tried, typed, who

bp = Blueprint("applications", __name__, url_prefix="/applications")
ORDERS = (
    ("number", "番号の古い順"),
    ("title", "管理名称の順"),
    ("since", "長く待っている順"),
    ("-since", "最近動いた順"),
)
OFFERED = 25  # certificates to choose from; the rest is in the list of certificates
REASON_OF = {"unneeded": 5, "compromised": 1}  # what an occasion for 失効 is called there (RFC 5280 §5.3.1)

# seed 1, 手続きの種別: what one wants, and which procedure it is.
OCCASIONS = (
    ("first", "新規", "新しくコード署名用証明書が必要になった"),
    ("other_dn", "新規", "証明書の主体者DN(機関名や所在地など)を変える"),
    ("continue", "更新", "いまの証明書を続けて使いたい(有効期限が近い)"),
    ("other_content", "更新", "主体者DN以外の記載内容を変える"),
    ("reissue", "更新", "失効した証明書を再発行する"),
    ("unneeded", "失効", "証明書が不要になった"),
    ("compromised", "失効", "秘密鍵が漏れた、またはトークンをなくした(危殆化)"),
)


@bp.get("")
def index():
    view = lists.applications()
    return lists.answer(
        "applications/index.html",
        view,
        stages=lists.stages(),
        kinds=list(lists.KINDS.items()),
        orders=ORDERS,
        since=case.since_words,
        columns=exported.columns(exported.APPLICATIONS),
        takes_arrivals=Role.OFFICER in g.roles,
        seals_several=Role.HEAD in g.roles and station_lists.has_several(g.person),
    )


@bp.get("/export")
def export():
    return exported.answer(lists.applications(), exported.APPLICATIONS, "申請一覧")


@bp.get("/new")
def new():
    chosen = request.args.get("occasion", "")
    kind = next((kind for key, kind, _ in OCCASIONS if key == chosen), "")
    return page("applications/new.html", **_new_page(chosen, kind))


def _new_page(chosen, kind, values=None, refusal=None):
    return {
        "occasions": [(key, sentence) for key, _, sentence in OCCASIONS],
        "chosen": chosen,
        "kind": kind,
        "may_file": bool(g.roles & {Role.SUBSCRIBER, Role.OFFICER}),
        "takes_arrivals": Role.OFFICER in g.roles,
        "certificates": _own_certificates() if chosen == "other_dn" else [],
        "targets": _targets(kind, chosen),
        "more_url": url_for("certificates.index"),
        "same": case_acts.namesake(values["title"].strip()) if refusal and "is_another" in refusal.fields else None,
        "typed": values or {"title": "", "purpose": "", "replaces": ""},
        "refusal": refusal,
    }


def _own_certificates():
    query = Certificate.seen_by(g.person).order_by(-Certificate.id).limit(OFFERED)
    return [(row.id, f"{row.title} シリアル番号 {row.serial[:16]}") for row in query]


def _targets(kind, chosen):
    """The certificates to begin a 更新 or 失効 at: those that the occasion fits, the first to end first."""
    if kind not in ("更新", "失効"):
        return []
    query = Certificate.seen_by(g.person)
    is_revoked = Certificate.revoked_at.is_null(chosen != "reissue")
    fitting = is_revoked if chosen == "reissue" else is_revoked & (Certificate.not_after >= clock.now())
    if kind == "失効":
        fitting &= Certificate.revoking.is_null()
    page_of = "renewals.new" if kind == "更新" else "revocations.new"
    rows = query.where(fitting).order_by(Certificate.not_after, Certificate.id).limit(OFFERED)
    return [{"row": row, "url": url_for(page_of, number=row.id, **_reason(chosen))} for row in rows]


def _reason(chosen):
    return {"reason": REASON_OF[chosen]} if chosen in REASON_OF else {}


@bp.post("")
def create():
    values = typed(title="", purpose="", replaces="", occasion="first")
    offered = {str(key) for key, _ in _own_certificates()}
    replaces = int(values["replaces"]) if values["replaces"] in offered else None
    is_another = "is_another" in request.form
    return tried(
        lambda: case_acts.open_application(who(), values["title"], values["purpose"], replaces, is_another),
        lambda refusal: page("applications/new.html", **_new_page(values["occasion"], "新規", values, refusal)),
        lambda application: see_other("drafts.csr", number=application.id),
    )


@bp.get("/<int:number>")
def show(number):
    application = find(number)
    return page("applications/show.html", **show_page(application))


def show_page(application):
    current, state = case.step_state(application)
    gathered = Case(application)
    held = csr_in_force(application, gathered)
    found = case.facts_now(application, gathered)
    return {
        "application": application,
        "current": current,
        "state": state,
        "waited": case.since_words(application.stage_since_at) if application.is_open else "",
        "next": case.next_step(application, g.person, found),
        "checklist": case.checklist(found),
        "form": case.form_of(application),
        "making": case.making(application),
        "csr": held,
        "papers": case.papers(application, g.person),
        "history": case.history(application),
        "came_back": case.came_back(application),
        "mails": incoming_step.mails(application, g.roles),
        "others": case.other_acts(application, g.person),
        "letter": _letter(application),
        "certificate": Certificate.of(application),
        **judged.page_values(gathered, application.roles_of(g.person)),
        "newest": KeyProtection.newest(application),
        "methods": key_protection.METHODS,
        **_of_revocation(application),
        "may_show_password": application.zip_password is not None
        and any(act.verb == "show_password" for act in application.acts_open_to(g.person)),
    }


def _of_revocation(application):
    """What only a 失効 has on its page."""
    if not application.is_revocation:
        return {"revocation": None, "hours": None, "awaits_review": False, "may_review": False}
    awaits = application.is_emergency and application.reviewer_id is None and application.is_told
    return {
        "revocation": case.revocation(application),
        "hours": case.hours_left(application),
        "awaits_review": awaits,
        "may_review": awaits and any(act.verb == "review_emergency" for act in application.acts_open_to(g.person)),
    }


def _letter(application):
    letter = Letter.packet(application)
    return {"row": letter, "state": case.LETTER_STATES[letter.state]} if letter else None


@bp.post("/<int:number>/password")
def password(number):
    application = find(number)
    shown = case_acts.show_password(application, who())
    return page("applications/password.html", application=application, password=shown)
