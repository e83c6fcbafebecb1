"""Asking many people for the same thing: the act says whom, the worker writes one letter for each of them."""

from datetime import timedelta

from webapp import clock
from webapp.acts import letters
from webapp.mails import campaigns as campaign_mails
from webapp.mails import stocktaking as stocktaking_mails
from webapp.register import Campaign, Job, Person, Reminder, Stocktaking, database

PAUSE = timedelta(days=3)  # nobody is asked twice within
DAYS = (30, 14, 7, 3, 1)  # before the day that is due
_BATCH = 200  # letters written in one transaction
_LISTED = 20  # names in the sentence for officers and heads


def ask(row):
    """Let everybody who has something left to do in a Stocktaking or Campaign be written to, in the caller's
    transaction; returns how many people. Who was asked within the last three days is left in peace."""
    count = Reminder.ask(row, clock.now() - PAUSE)
    if count:
        Job.ask(f"remind_{row._meta.table_name}", row)
    return count


def write(kind, number):
    """The worker's part: the letters of one Stocktaking (`kind` remind_stocktaking) or Campaign (remind_campaign) that
    are still to be written. Who has done everything meanwhile gets none. Returns how many were written."""
    table, mail, folder = {
        "remind_stocktaking": (Stocktaking, stocktaking_mails.asks, "stocktakings"),
        "remind_campaign": (Campaign, campaign_mails.asks, "campaigns"),
    }[kind]
    row, written = table.get_by_id(number), 0
    while batch := Reminder.unwritten(row, _BATCH):
        left = {} if row.closed_at else Reminder.left_for(row, [reminder.person for reminder in batch])
        with database.atomic():
            path = f"/{folder}/{row.id}"
            written += sum(_write(each, row, mail, path, left.get(each.person_id)) for each in batch)
    return written


def _write(reminder, row, mail, path, left):
    taken = Reminder.update(written_at=clock.now()).where((Reminder.id == reminder.id) & Reminder.written_at.is_null())
    if not taken.execute() or not left:
        return 0
    letters.tell(mail, [reminder.person], path, row, left)
    return 1


def warning(row, today):
    """Which of DAYS is to be told of by now: "7" for a row that is due in seven days or less, "overdue-0" in the first
    week after it, "overdue-1" in the second; "" for none, also where the row was opened later than that day."""
    left = (row.due_on - today).days
    if left < 0:
        return f"overdue-{(-left - 1) // 7}"
    days = min((each for each in DAYS if each >= left), default=None)
    opened_on = clock.day_of(row.opened_at)
    return str(days) if days is not None and (row.due_on - opened_on).days > days else ""


def people(numbers):
    """{id: Person} for row numbers of people, however many."""
    numbers = list(numbers)
    pieces = [numbers[at : at + 500] for at in range(0, len(numbers), 500)]
    return {person.id: person for piece in pieces for person in Person.select().where(Person.id.in_(piece))}


def listed(missing, known):
    """「佐藤 次郎(3件)、…、ほか4人」 for [(person id, count)] of those who have not done it; nobody is 「担当者なし」."""
    names = [
        f"{known[number].name if number else '利用管理者の登録がない証明書'}({count}件)"
        for number, count in missing[:_LISTED]
    ]
    return "、".join(names) + (f"、ほか{len(missing) - _LISTED}人" if len(missing) > _LISTED else "")
