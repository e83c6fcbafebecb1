"""What a mail that came leads to: one next step, which an officer presses; and how the pages of the acts take it along."""

from flask import g, request, url_for

from webapp import clock
from webapp.acts import incoming as acts
from webapp.gate import who
from webapp.papers import mail_kind
from webapp.procedure import Role, Stage
from webapp.register import IncomingMail, row_number

SHOWN = 10
LONGEST = 1900  # characters of a mail that go into a field
_WAYS = {"question": "correction", "refusal": "refusal", "receipt": "review"}
# Kind of mail -> (what is said, what the button says, the page of the act), for 発行 and for 失効.
_ISSUE = {
    "certificate": ("証明書のZIPが届いています。", "届いた証明書を受け取る", "delivery.show"),
    "question": ("不備の指摘または質問と思われるメールが届いています。", "内容を確認し、対応を記録する", "desk.show"),
    "refusal": ("却下の知らせと思われるメールが届いています。", "内容を確認し、却下を記録する", "desk.show"),
    "receipt": ("受付または審査開始の知らせと思われるメールが届いています。", "審査開始日を記録する", "desk.show"),
}
_REVOKE = {
    "revoked": ("失効完了の通知が届いています。", "届いた通知を記録する", "revocations.completion"),
    "question": _ISSUE["question"],
    "refusal": _ISSUE["refusal"],
}
_FORMS = (".xlsx", ".xlsm", ".xls")
_LOOK = ("メールが届いています。内容を確認してください。", "メールを確認する", None)


def is_application(mail):
    """Whether a mail seems to be a 利用管理者's filled form: a workbook from elsewhere than the desk, tied to nothing."""
    names = [name.lower() for name, *_ in mail.attachments]
    is_open = mail.state == "waiting" and not (mail.application_id or mail.ties or mail.is_of_desk)
    return is_open and any(name.endswith(_FORMS) for name in names)


def kind(mail):
    """What a mail seems to be, in words."""
    return "利用管理者の申請書" if is_application(mail) else acts.KINDS[mail.kind]


def step(mail):
    """(sentence, label, url) of what an officer may do next because of a mail, or None when nothing waits."""
    application = mail.application if mail.application_id else None
    if mail.state != "waiting" or application is None or application.stage != Stage.SENT:
        return None
    known = _REVOKE if application.is_revocation else _ISSUE
    sentence, label, endpoint = known.get(mail.kind, _LOOK)
    url = url_for(endpoint, number=application.id, mail=mail.id) if endpoint else ""
    return sentence, label, url


def offer(application):
    """The next step on the page of an application, or None. A mail with a warning is looked at first."""
    mail = IncomingMail.waiting_for(application)
    found = mail and step(mail)
    if not found:
        return None
    sentence, label, url = found
    at = url_for("incoming.show", number=mail.id)
    if mail.warnings or not url:
        return f"サービス窓口からと思われる{sentence} {' '.join(mail.warnings)}".strip(), "メールを確認する", at
    return f"サービス窓口から、{sentence}", label, url


def mails(application, roles):
    """The mails of an application, for those who may open them."""
    return IncomingMail.of(application) if roles & {Role.OFFICER, Role.AUDITOR} else []


def given(application):
    """The mail that the person came from (`mail` in the address or the form), if it belongs to this application."""
    if Role.OFFICER not in g.roles:
        return None
    number = row_number(request.values.get("mail", ""))
    same = (IncomingMail.id == number) & (IncomingMail.application == application)
    return IncomingMail.get_or_none(same & (IncomingMail.state == "waiting"))


def doing(mail, verb, act):
    """Do an act, then note that it was done because of this mail, if there is one."""
    act()
    if mail:
        acts.settle_mail(mail, who(), verb)


def words(mail):
    """What a mail puts into the fields of the desk's page."""
    fields = {"fault": "", "reason": ""}
    if mail is None:
        return fields
    text = mail_kind.said(mail.text)[:LONGEST]
    if mail.kind == "refusal":
        return fields | {"reason": text}
    if mail.kind == "receipt" and mail.sent_at:
        return fields | {"started_on": min(clock.day_of(mail.sent_at), clock.today()).isoformat()}
    return fields | {"fault": text}


def way(mail):
    """Which part of the desk's page is open then."""
    return _WAYS.get(mail.kind, "") if mail else ""


def queue():
    """What the officers' home says of mails that wait; nothing when there are none."""
    query = IncomingMail.telling()
    count = query.count()
    rows = [_row(mail) for mail in query.limit(SHOWN)]
    listed = {"heading": "メールが届いています", "count": count, "rows": rows, "empty": "", "id": "mails"}
    return [listed | {"more_url": url_for("incoming.index")}] if rows else []


def _row(mail):
    tied = mail.application if mail.application_id else None
    is_warned = bool(mail.warnings) and not is_application(mail)
    left = f"({tied.title})" if tied else "" if is_application(mail) else "(申請を選んでください)"
    return {
        "number": tied.number if tied else "",
        "name": mail.subject,
        "url": url_for("incoming.show", number=mail.id),
        "whose": f"{kind(mail)}{left}",
        "since": f"{mail.came_at.astimezone(clock.JST):%-m月%-d日 %H:%M}到着",
        "due": "差出人・署名に注意" if is_warned else "",
        "late": is_warned,
    }
