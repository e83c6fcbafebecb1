"""Forced replacement (一斉置き換え): so many certificates by a day, because the CA or a broken algorithm says so."""

from webapp import clock
from webapp.acts import campaign_choice, entries, letters, reminders
from webapp.acts.dues import Due
from webapp.acts.officers import require_officer
from webapp.errors import Incomplete, Overtaken, Refused
from webapp.register import Campaign, CampaignItem, Event, database

STANDINGS = {
    "not_begun": "未着手",
    "nobody": "利用管理者の登録なし",
    "under_way": "更新の手続き中",
    "in_use": "新しい証明書を利用中(旧証明書は有効)",
    "replaced": "置き換え完了(旧証明書は失効・期限切れ)",
    "ended": "更新せずに失効・期限切れ",
}
LONGEST_REASON = 2000
_WRITTEN_AT_ONCE = 400


def open_campaign(who, given):
    """Open one (title, reason, due_on and the fields of campaign_choice as typed; count: how many certificates the
    person was shown) and write to everybody who is responsible. Returns the Campaign. Raises NotYourAct, Incomplete,
    Refused when other certificates fit now than were shown."""
    require_officer(who, "一斉置き換えを始める")
    values = entries.checked({"title": entries.line("件名", longest=100), "due_on": entries.day("期限")}, given)
    values["reason"] = _reason(given.get("reason") or "")
    if values["due_on"] < clock.today():
        entries.refuse({"due_on": "期限は、今日以降の日付にしてください。"})
    numbers = campaign_choice.choose(given).numbers
    if not numbers:
        raise Incomplete("対象になる有効な証明書がありません。", "条件を確かめて、もう一度確認してください。")
    if given.get("count") != str(len(numbers)):
        raise Refused(
            f"条件に合う証明書は、いま{len(numbers)}枚です。確認したときと異なります。",
            "下の一覧をもう一度確認してから、始めてください。",
        )
    with database.atomic():
        row = Campaign.create(**values, opened_at=clock.now(), opened_by=who.person, summary={})
        for at in range(0, len(numbers), _WRITTEN_AT_ONCE):
            piece = numbers[at : at + _WRITTEN_AT_ONCE]
            CampaignItem.insert_many(
                [(row.id, number) for number in piece], (CampaignItem.campaign, CampaignItem.certificate)
            ).execute()
        people = reminders.ask(row)
        criteria = {name: given[name] for name in campaign_choice.FIELDS if name != "serials" and given.get(name)}
        told = {"title": row.title, "due_on": row.due_on.isoformat(), "count": len(numbers), "people": people}
        told |= {"criteria": criteria, "by_serials": bool((given.get("serials") or "").strip())}
        Event.write("open_campaign", row, who.person, who.address, told, {"reason": row.reason})
    return row


def remind_campaign(row, who):
    """Write to everybody who has not replaced theirs and was not written to within three days; returns how many.
    Raises NotYourAct, Overtaken when it is closed, Refused when there is nobody to write to."""
    require_officer(who, "全員にメールを送る")
    with database.atomic():
        _hold(row)
        count = reminders.ask(row)
        if not count:
            raise Refused(
                "いまメールを送る相手はいません。", "置き換えの済んでいない人には、3日以内にお知らせ済みです。"
            )
        Event.write("remind_campaign", row, who.person, who.address, {"title": row.title, "people": count})
    return count


def close_campaign(row, who, note=""):
    """Close it with a summary of how its certificates stand; where some are not replaced, the note says why it is closed.
    Raises NotYourAct, Incomplete, Overtaken."""
    require_officer(who, "一斉置き換えを閉じる")
    note = note.strip()
    if len(note) > LONGEST_REASON:
        entries.refuse({"note": f"{LONGEST_REASON}文字以内で入力してください。"})
    with database.atomic():
        _hold(row)
        found = counts(row)
        if found["not_begun"] + found["nobody"] + found["under_way"] and not note:
            entries.refuse({"note": "置き換えの済んでいない証明書が残っています。閉じる理由を入力してください。"})
        row.closed_at, row.closed_by, row.summary = clock.now(), who.person, found
        row.save(only=[Campaign.closed_at, Campaign.closed_by, Campaign.summary])
        told = {"title": row.title, "counts": found}
        Event.write("close_campaign", row, who.person, who.address, told, {"note": note} if note else None)


def counts(row, person=None):
    """{standing: how many}, each of STANDINGS, of all items or of one person's."""
    return _summed(CampaignItem.tally(row, person))


def stages(row):
    """{stage: how many} of the renewals that are under way."""
    return {stage: count for standing, stage, count in CampaignItem.tally(row) if standing == "under_way"}


def dues(today):
    """Who has not replaced theirs, 30, 14, 7, 3 and 1 days before the day and once a week after it; then the officers
    too, with the names."""
    for row in Campaign.select().where(Campaign.closed_at.is_null()).order_by(Campaign.due_on, Campaign.id):
        warned = reminders.warning(row, today)
        missing = list(CampaignItem.missing(row)) if warned else []
        known = reminders.people(number for number, _ in missing if number)
        day = f"{row.due_on:%Y年%-m月%-d日}"
        for number, count in missing:
            if number:
                sentence = f"{day}までに証明書{count}枚を置き換えてください({row.title})"
                key = f"campaign-{row.id}-{number}-{warned}"
                yield Due(key, row.due_on, sentence, f"/campaigns/{row.id}", (known[number],))
        if missing and warned.startswith("overdue"):
            sentence = f"一斉置き換え「{row.title}」の期限を過ぎました。残り: {reminders.listed(missing, known)}"
            path = f"/campaigns/{row.id}"
            yield Due(f"campaign-{row.id}-{warned}", row.due_on, sentence, path, tuple(letters.officers()))


def dates(first, last):
    """The days on which open ones are due, for those who are responsible and for the officers."""
    within = Campaign.closed_at.is_null() & (Campaign.due_on >= first) & (Campaign.due_on <= last)
    for row in Campaign.select().where(within).order_by(Campaign.due_on, Campaign.id):
        known = reminders.people(number for number, _ in CampaignItem.missing(row) if number)
        everybody = {person.id: person for person in (*known.values(), *letters.officers())}
        sentence = f"一斉置き換え「{row.title}」の期限"
        yield Due(f"campaign-{row.id}", row.due_on, sentence, f"/campaigns/{row.id}", tuple(everybody.values()))


def _summed(tally):
    summed = dict.fromkeys(STANDINGS, 0)
    for standing, _, count in tally:
        summed[standing] += count
    return summed


def _hold(row):
    """Keep a campaign open until the caller's transaction ends; raises Overtaken when it is closed."""
    still = Campaign.update(title=Campaign.title).where((Campaign.id == row.id) & Campaign.closed_at.is_null())
    if not still.execute():
        raise Overtaken("この一斉置き換えは閉じられています。", "画面を開き直して、いまの状態を確認してください。")


def _reason(text):
    text = text.strip()
    if not text:
        entries.refuse({"reason": "理由(認証局からの通知の要点など)を入力してください。"})
    if len(text) > LONGEST_REASON:
        entries.refuse({"reason": f"理由は{LONGEST_REASON}文字以内で入力してください。"})
    return text
