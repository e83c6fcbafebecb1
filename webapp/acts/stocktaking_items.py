"""Answering a 棚卸し, one certificate at a time: by whoever is responsible for it now, or on their behalf by an officer."""

from webapp import clock
from webapp.acts import entries, letters
from webapp.acts.officers import require_officer
from webapp.acts.stocktaking_report import POINTS, points
from webapp.acts.stocktakings import hold
from webapp.errors import Incomplete, NotYourAct, Overtaken, Refused
from webapp.mails import stocktaking as mails
from webapp.register import Certificate, Event, StocktakingItem, database

LONGEST_NOTE = 1000
_AS_WRITTEN = dict.fromkeys(POINTS, True)


def confirm_item(item, who):
    """「記載のとおりで、トークンは手元にある」: by who is responsible now. Raises NotYourAct, Overtaken."""
    _require_own(item, who)
    with database.atomic():
        _answer(item, who, _AS_WRITTEN, "")
        _note("confirm_item", item, who)


def report_discrepancy(item, who, chosen, note):
    """What is different: `chosen` keys of POINTS, and words. The officers are told, and it stays their task until one
    has settled it. Raises NotYourAct, Incomplete, Overtaken."""
    _require_own(item, who)
    chosen, note = _checked(chosen, note)
    with database.atomic():
        _answer(item, who, {name: name not in chosen for name in POINTS}, note)
        _note("report_discrepancy", item, who, {"points": chosen}, {"note": note})
        path, title = f"/stocktaking-items/{item.id}", item.certificate.title or item.certificate.subject
        told = (item.stocktaking, title, who.person.name, points(item), note)
        letters.tell(mails.differs, letters.officers(), path, *told)


def confirm_item_for(item, who, reason):
    """An officer confirms on somebody's behalf and says how they know. Nobody does so for themselves: an officer who is
    responsible answers as such. Raises NotYourAct, Incomplete, Overtaken."""
    require_officer(who, "代わりに確認する")
    if item.certificate.subscriber_id == who.person.id:
        raise NotYourAct(
            "ご自身が利用管理者である証明書は、代わりに確認できません。", "利用管理者として確認してください。"
        )
    reason = _words(reason, "reason", "代わりに確認した理由(いつ、誰に、どう確かめたか)を入力してください。")
    with database.atomic():
        _answer(item, who, _AS_WRITTEN, reason, is_on_behalf=True)
        _note("confirm_item_for", item, who, None, {"reason": reason})


def settle_discrepancy(item, who, settlement):
    """An officer has dealt with what was reported, and says how. Raises NotYourAct, Incomplete, Overtaken."""
    require_officer(who, "対応済みにする")
    settlement = _words(settlement, "settlement", "行った対応を入力してください。")
    with database.atomic():
        same = (StocktakingItem.id == item.id) & (StocktakingItem.state == "discrepancy")
        values = {"settled_at": clock.now(), "settled_by": who.person, "settlement": settlement}
        open_still = same & StocktakingItem.settled_at.is_null()
        if not StocktakingItem.update(**values).where(open_still).execute():
            raise Overtaken("この相違は、すでに対応済みです。", "画面を開き直して、いまの状態を確認してください。")
        _note("settle_discrepancy", item, who, None, {"note": settlement})


def _require_own(item, who):
    if item.certificate.subscriber_id != who.person.id:
        raise NotYourAct("この証明書の棚卸しには、いまの利用管理者が回答します。", "利用管理者に連絡してください。")


def _answer(item, who, answers, note, is_on_behalf=False):
    """Write the answer once, if the 棚卸し is open and the certificate is still valid and the same person's."""
    hold(item.stocktaking)
    now = Certificate.get_by_id(item.certificate_id)
    if not now.is_valid:
        raise Refused(f"この証明書は{now.state}のため、棚卸しの対象から外れました。", "確認は必要ありません。")
    if now.subscriber_id != item.certificate.subscriber_id:
        raise Overtaken("この証明書の利用管理者が変わりました。", "画面を開き直してください。")
    values = {
        "state": "confirmed" if all(answers.values()) else "discrepancy",
        "note": note,
        "answered_at": clock.now(),
        "answered_by": who.person,
        "answered_for": now.subscriber_id,
        "is_on_behalf": is_on_behalf,
        **answers,
    }
    waiting = (StocktakingItem.id == item.id) & (StocktakingItem.state == "waiting")
    if not StocktakingItem.update(**values).where(waiting).execute():
        raise Overtaken("この証明書は、すでに回答済みです。", "画面を開き直して、いまの状態を確認してください。")
    for name, value in values.items():
        setattr(item, name, value)


def _note(act, item, who, facts=None, particulars=None):
    """The event is the certificate's: there it stays readable when the 棚卸し is long over."""
    told = {"stocktaking": item.stocktaking_id, "name": item.stocktaking.name} | (facts or {})
    Event.write(act, item.certificate, who.person, who.address, told, particulars)


def _checked(chosen, note):
    chosen, note = [name for name in POINTS if name in chosen], note.strip()
    if not chosen:
        raise Incomplete(
            "違う点を選んでください。", "1つ以上選ぶと報告できます。", {"points": "違う点を1つ以上選んでください。"}
        )
    if len(note) > LONGEST_NOTE:
        entries.refuse({"note": f"説明は{LONGEST_NOTE}文字以内で入力してください。"})
    if not note and set(chosen) != {"is_in_use"}:
        entries.refuse({"note": "どう違うかを、言葉で入力してください(新しい担当者の氏名、なくした時期など)。"})
    return chosen, note


def _words(text, field, sentence):
    text = text.strip()
    if not text:
        entries.refuse({field: sentence})
    if len(text) > LONGEST_NOTE:
        entries.refuse({field: f"{LONGEST_NOTE}文字以内で入力してください。"})
    return text
