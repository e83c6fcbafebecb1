"""行為: the verbs of the office, and the only writers of stages.

Every act goes through `performing`: the table of the procedure says whether this person may do it now; the stage
moves by one conditional UPDATE; what the act writes, its event, its letters and its jobs share one transaction.
"""

from contextlib import contextmanager
from dataclasses import dataclass

from webapp import clock, procedure
from webapp.errors import NotYourAct, Overtaken, Refused, Unseen
from webapp.procedure import ROLE_LABELS, Kind, Role
from webapp.register import Application, Event, Person, database
from webapp.rules import catalogue


@dataclass(frozen=True)
class Who:
    """Who acts, and from which address. `person` is None for the worker. `by`: the officer who does it in the place of
    `person`, who has sent a filled form (代理登録)."""

    person: Person | None
    address: str = ""
    by: Person | None = None

    @property
    def doer(self):
        """Whom the event names."""
        return self.by or self.person

    @property
    def told(self):
        """What the event says of it, if it was done in somebody's place."""
        return {"on_behalf_of": self.person.id} if self.by else {}


THE_WORKER = Who(None, "worker")


@dataclass
class Deed:
    """What the event of an act will say: plain `facts`, and `particulars` in people's words, kept beside the chain."""

    facts: dict
    particulars: dict


def require(verb, application, who):
    """The act, if this person may do it on this application at all; raises Unseen or NotYourAct. The stage is not
    looked at here but by the UPDATE itself."""
    act = _act_of(application, verb)
    if who.person is None:
        if Role.SYSTEM not in act.by:
            raise NotYourAct(f"「{act.label}」は自動では行いません。")
        return act
    if not application.is_seen_by(who.person):
        raise Unseen("申請が見つかりません。")
    roles = application.roles_of(who.person)
    if procedure.is_kept_from(act, roles, application.is_emergency):
        raise NotYourAct(
            f"ご自身が申請した、または利用管理者である申請では「{act.label}」を行えません。",
            "ほかの登録担当者に依頼してください。",
        )
    if not roles & set(act.by):
        able = "・".join(ROLE_LABELS[role] for role in act.by)
        raise NotYourAct(f"「{act.label}」は{able}が行う操作です。", "担当の方に連絡してください。")
    if not procedure.stages_of(act, application.wants_seal):
        raise Refused(
            "この認証局への申請では、捺印・署名は不要です。", "審査が済んだら、そのまま送付に進んでください。"
        )
    return act


def _act_of(application, verb):
    """The act of this kind of application; Unseen where its procedure knows none of that name."""
    try:
        return procedure.find_act(Kind(application.kind), verb)
    except KeyError:
        raise Unseen(
            f"{application.procedure_label}の申請には、この操作はありません。", "申請の画面に戻ってください。"
        ) from None


def require_now(verb, application, who):
    """The same for a page that prepares an act: raises Overtaken too when the application is not at its stage."""
    act = require(verb, application, who)
    if application.stands_at not in act.since:
        raise Overtaken(
            f"「{act.label}」は、いまの段階({application.status})では行えません。",
            "申請の画面で、次の操作を確認してください。",
        )
    return act


@contextmanager
def performing(verb, application, who, facts=None, particulars=None, **columns):
    """Do one act: check, open a transaction, move the stage (and set further columns of the application in the same
    UPDATE), let the caller write, add the event. Yields the Deed, to which the caller may add. Raises Unseen,
    NotYourAct, or Overtaken when the application no longer stands where the act begins."""
    act = require(verb, application, who)
    deed = Deed(dict(facts or {}), dict(particulars or {}))
    try:
        with database.atomic():
            _move(act, application, columns)
            yield deed
            told = deed.facts | who.told
            _told(Event.write(verb, application, who.doer, who.address, told, deed.particulars), application)
    except Refused:
        _as_it_stands(application)
        raise


def _told(event, application):
    """AUD-01: raises Refused, which undoes the act, where its event does not say what it must."""
    for rule in catalogue.at(application.kind, event.act):
        for finding in rule.ask({"event": event.__data__}) if "event" in rule.wants else ():
            raise Refused(finding.sentence, finding.advice)


def _move(act, application, columns):
    values, to = dict(columns), procedure.leads_to(act, application.wants_seal)
    if to is not None:
        values |= {"stage": to.value, "stage_since_at": clock.now(), "came_by": act.verb}
    since = [stage.value for stage in procedure.stages_of(act, application.wants_seal)]
    moved = (
        Application.update(**(values or {"stage": Application.stage}))
        .where((Application.id == application.id) & Application.stage.in_(since))
        .execute()
    )
    if not moved:
        raise Overtaken(
            "この申請は、ほかの人の操作ですでに次へ進んでいます。",
            "画面を開き直して、いまの状態を確認してください。入力した内容は保存されていません。",
        )
    for name, value in values.items():
        if name != "stage" or to is not None:
            setattr(application, name, value)


def _as_it_stands(application):
    """Take back what was set on the row in memory: the page that is shown again reads it."""
    kept = Application.get_by_id(application.id)
    application.__data__, application.__rel__ = kept.__data__, kept.__rel__
