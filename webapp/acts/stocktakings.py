"""棚卸し, once a year: opened, reminded of and closed by an officer, signed off by a head or another officer."""

from webapp import clock
from webapp.acts import entries, letters, reminders, stocktaking_report
from webapp.acts.dues import Due
from webapp.acts.officers import require_officer
from webapp.errors import Incomplete, NotYourAct, Overtaken, Refused
from webapp.mails import stocktaking as mails
from webapp.procedure import Role
from webapp.register import Content, Event, Person, Stocktaking, StocktakingItem, database

LONGEST_REASON = 1000
_RULES = {"name": entries.line("年度", longest=40), "due_on": entries.day("期限")}


def open_stocktaking(who, given):
    """Open one (name, due_on as typed) over every certificate that is valid at this moment, and ask everybody who is
    responsible. Returns the Stocktaking. Raises NotYourAct, Incomplete, Overtaken while another is open."""
    require_officer(who, "棚卸しを始める")
    values = entries.checked(_RULES, given)
    if values["due_on"] <= clock.today():
        entries.refuse({"due_on": "期限は、明日以降の日付にしてください。"})
    with database.atomic():
        if Stocktaking.open_now():
            raise Overtaken("開いている棚卸しがあります。", "先に、その棚卸しを閉じてください。")
        if Stocktaking.get_or_none(Stocktaking.name == values["name"]):
            entries.refuse({"name": "同じ名前の棚卸しがあります。別の名前にしてください。"})
        row = Stocktaking.create(**values, opened_at=clock.now(), opened_by=who.person)
        count = StocktakingItem.open_in(row)
        if not count:
            raise Incomplete("有効な証明書がないため、棚卸しを始められません。")
        people = reminders.ask(row)
        told = {"name": row.name, "due_on": row.due_on.isoformat(), "count": count, "people": people}
        Event.write("open_stocktaking", row, who.person, who.address, told)
    return row


def remind_stocktaking(row, who):
    """Write to everybody who has not answered and was not written to within three days; returns how many people.
    Raises NotYourAct, Overtaken when it is closed, Refused when there is nobody to write to."""
    require_officer(who, "催促する")
    with database.atomic():
        hold(row)
        count = reminders.ask(row)
        if not count:
            raise Refused(
                "いま催促できる人はいません。",
                "未回答の人には、3日以内にお知らせ済みです。日を置いてから行ってください。",
            )
        Event.write("remind_stocktaking", row, who.person, who.address, {"name": row.name, "people": count})
    return count


def close_stocktaking(row, who, reason=""):
    """Close it: nobody answers any more, and what was found is kept as the report. Where something is left open the
    reason says why that is so. Raises NotYourAct, Incomplete, Overtaken."""
    require_officer(who, "棚卸しを閉じる")
    reason = _short(reason)
    with database.atomic():
        hold(row)
        counts = stocktaking_report.counts(row)
        if counts["waiting"] + counts["discrepancy"] and not reason:
            entries.refuse({"reason": "未回答または対応していない相違が残っています。閉じる理由を入力してください。"})
        row.closed_at, row.closed_by = clock.now(), who.person
        data = stocktaking_report.written(stocktaking_report.of(row, reason))
        row.report = Content.keep(data, is_encrypted=True)
        row.save(only=[Stocktaking.closed_at, Stocktaking.closed_by, Stocktaking.report])
        told = {"name": row.name, "counts": counts, "report_sha256": row.report_sha256}
        Event.write("close_stocktaking", row, who.person, who.address, told, {"reason": reason} if reason else None)
        for person in _others(who.person):
            letters.tell(mails.awaits_sign_off, [person], f"/stocktakings/{row.id}", row, who.person.name)


def sign_off_stocktaking(row, who, sha256):
    """Sign off the report with this SHA-256: by a head, or by an officer other than the one who closed it. Raises
    NotYourAct, Overtaken when that is done already or the report is another one."""
    require_sign_off(row, who)
    with database.atomic():
        same = (Stocktaking.id == row.id) & (Stocktaking.report == sha256) & Stocktaking.signed_off_at.is_null()
        values = {"signed_off_at": clock.now(), "signed_off_by": who.person}
        if not Stocktaking.update(**values).where(same).execute():
            raise Overtaken("この報告は、すでに承認されているか、内容が異なります。", "報告を開き直してください。")
        told = {"name": row.name, "report_sha256": sha256}
        Event.write("sign_off_stocktaking", row, who.person, who.address, told)


def require_sign_off(row, who):
    """Raises NotYourAct unless this person may sign off what another has closed, Overtaken while it is open."""
    if not who.person.roles() & {Role.HEAD, Role.OFFICER}:
        raise NotYourAct("棚卸しの報告は、機関責任者または登録担当者が承認します。", "担当の方に連絡してください。")
    if row.closed_at is None:
        raise Overtaken("棚卸しはまだ閉じられていません。", "閉じたあとに、報告を承認してください。")
    if row.closed_by_id == who.person.id:
        raise NotYourAct(
            "ご自身が閉じた棚卸しの報告は承認できません。", "機関責任者または、ほかの登録担当者に依頼してください。"
        )


def hold(row):
    """Keep a 棚卸し as it is until the caller's transaction ends; raises Overtaken when it is closed."""
    still = Stocktaking.update(name=Stocktaking.name).where(
        (Stocktaking.id == row.id) & Stocktaking.closed_at.is_null()
    )
    if not still.execute():
        raise Overtaken("この棚卸しは閉じられています。", "画面を開き直して、いまの状態を確認してください。")


def dues(today):
    """Who has not answered, 30, 14, 7, 3 and 1 days before the day and once a week after it; then the heads and the
    officers too, with the names."""
    row = Stocktaking.open_now()
    warned = reminders.warning(row, today) if row else ""
    if not warned:
        return
    missing = list(StocktakingItem.missing(row))
    known = reminders.people(number for number, _ in missing if number)
    for number, count in missing:
        if number:
            sentence = f"棚卸し({row.name}): {count}件の確認をお願いします"
            key = f"stocktaking-{row.id}-{number}-{warned}"
            yield Due(key, row.due_on, sentence, f"/stocktakings/{row.id}/own", (known[number],))
    if missing and warned.startswith("overdue"):
        sentence = f"棚卸し({row.name})の期限を過ぎました。未回答: {reminders.listed(missing, known)}"
        key = f"stocktaking-{row.id}-{warned}"
        yield Due(key, row.due_on, sentence, f"/stocktakings/{row.id}", tuple(_office()))


def dates(first, last):
    """The day on which an open one is due, for those who have not answered and for the officers."""
    row = Stocktaking.open_now()
    if row and first <= row.due_on <= last:
        known = reminders.people(number for number, _ in StocktakingItem.missing(row) if number)
        everybody = {person.id: person for person in (*known.values(), *letters.officers())}
        sentence = f"棚卸し({row.name})の期限"
        yield Due(f"stocktaking-{row.id}", row.due_on, sentence, f"/stocktakings/{row.id}", tuple(everybody.values()))


def _office():
    return {person.id: person for person in (*Person.holding(Role.HEAD), *letters.officers())}.values()


def _others(person):
    return [each for each in _office() if each.id != person.id]


def _short(text):
    text = text.strip()
    if len(text) > LONGEST_REASON:
        entries.refuse({"reason": f"理由は{LONGEST_REASON}文字以内で入力してください。"})
    return text
