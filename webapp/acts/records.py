"""The auditor's act: to walk the whole chain and leave word of it."""

from webapp import clock
from webapp.acts import Who
from webapp.errors import NotYourAct
from webapp.procedure import Role
from webapp.register import ChainBroken, Event, Institution, database, verify_chain


def check_chain(who: Who):
    """Walk the chain now. Returns {count, trouble, at}: how many events fit, or what does not. That it was done stands
    in the chain itself. Raises NotYourAct."""
    if Role.AUDITOR not in who.person.roles():
        raise NotYourAct("操作記録の整合性は、監査担当者が確認します。", "監査担当者に連絡してください。")
    try:
        count, trouble = verify_chain(), ""
    except ChainBroken as broken:
        count, trouble = 0, str(broken)
    with database.atomic():
        Event.write("check_chain", Institution.here(), who.person, who.address, {"count": count, "trouble": trouble})
    return {"count": count, "trouble": trouble, "at": clock.now()}
