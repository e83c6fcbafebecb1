"""What the officers' home says of the house itself: people who leave, what NII must be told, the gates. Each list is
shown only while there is something in it."""

from flask import url_for

from webapp import clock
from webapp.acts import gates, notifications, responsibilities

SHOWN = 10


def queues():
    today = clock.today()
    lists = (
        ("引き継ぎが必要な人", "leaving", _leaving(today), url_for("successions.index")),
        ("NIIへの届出", "notifications", _notifications(today), url_for("notifications.index")),
        ("機関の要件", "gates", _gates(today), url_for("gates.index")),
    )
    return [
        {"heading": heading, "count": len(rows), "rows": rows[:SHOWN], "empty": "", "id": id, "more_url": url}
        for heading, id, rows, url in lists
        if rows
    ]


def _leaving(today):
    rows = [
        _row(each.person.name, url_for("successions.show", number=each.person.id), each.why, each.what, each.on, today)
        for each in responsibilities.leaving(today)
    ]
    lone = [
        _row(responsibilities.vacancy(*each), url_for("successions.index"), "", "", each[1], today)
        for each in responsibilities.vacant(today)
    ]
    return rows + lone


def _notifications(today):
    found = [
        _row(
            notifications.KINDS[row.kind], url_for("notifications.show", number=row.id), "未提出", "", row.due_on, today
        )
        for row in notifications.pending()
    ]
    return found + [
        _row(notifications.KINDS[kind], url_for("notifications.index"), "登録が必要です", "", due_on, today)
        for _, kind, _, due_on in notifications.proposals(today)
    ]


def _gates(today):
    rows = [
        _row(gates.KINDS[each.kind], each.path, each.sentence, "", each.due_on, today)
        for each in gates.waiting(today)
        if (each.due_on - today).days <= gates.AHEAD[0]
    ]
    if rows or gates.is_recorded():
        return rows
    return [
        {
            "number": "",
            "name": "機関の証明書発行有効期限などを記録する",
            "url": url_for("gates.index"),
            "whose": "まだ記録がありません。申請は止まりません。",
        }
    ]


def _row(name, url, whose, since, on, today):
    left = (on - today).days
    due = f"{-left}日超過" if left < 0 else f"あと{left}日"
    return {"number": "", "name": name, "url": url, "whose": whose, "since": since, "due": due, "late": left <= 7}
