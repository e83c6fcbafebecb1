"""引継書: what a successor is told, as plain JSON values that are kept with the hand-over and printed from there."""

from webapp import clock
from webapp.acts import ca_profiles, letters, responsibilities
from webapp.register import Challenge, Institution, Token


def values(who, person, share, note):
    """The values of the 引継書 for one Share (acts/successions.py): who, what with dates and places, whom to turn to."""
    here = Institution.here()
    return {
        "institution": here.formal_name,
        "on": clock.today().isoformat(),
        "person": _described(person),
        "successor": _described(share.successor),
        "by": who.person.name,
        "note": note,
        "certificates": _certificates(share.certificates),
        "tasks": [_task(task, columns) for task, columns in share.tasks],
        "absences": [f"{row.person.name}さんの不在({row.since_on}〜{row.until_on})の代理" for row in share.absences],
        "officers": [_described(each) for each in letters.officers()],
        "officer_hours": here.officer_hours,
        "switchboard": here.switchboard,
        "desk": list(ca_profiles.here().recipients),
    }


def _described(person):
    office = person.department
    return {
        "name": person.name,
        "department": office.name if office else "",
        "phone": person.phone,
        "mail": person.mail,
    }


def _certificates(rows):
    shown = Challenge.newest_met(rows)
    return [_certificate(row, row.key_pair if row.key_pair_id else shown.get(row.id)) for row in rows]


_NAMES = ("token_label", "token_serial", "token_model")


def _place(key):
    """Where a key lies, of its KeyPair or of the Challenge that it met: the token as the ledger and as itself calls it."""
    entered = Token.of_key(key)
    named = [entered.label if entered else "", *(getattr(key, each, None) for each in _NAMES)]
    return " / ".join(text for text in named if text)


def _certificate(row, key):
    return {
        "title": row.title,
        "purpose": row.purpose,
        "number": row.number,
        "serial": row.serial,
        "subject": row.subject,
        "not_before": clock.day_of(row.not_before).isoformat(),
        "not_after": clock.day_of(row.not_after).isoformat(),
        "state": row.state,
        "department": row.department.name if row.department_id else "",
        "key": _place(key),
    }


def _task(task, columns):
    application = task.application
    return {
        "number": application.number,
        "title": application.title,
        "kind": "失効" if application.is_revocation else "発行",
        "as": "・".join(responsibilities.COLUMNS[column] for column in columns),
        "status": application.status,
        "waiting": application.waiting,
        "says": task.says,
    }
