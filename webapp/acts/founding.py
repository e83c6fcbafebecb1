"""Founding a real installation: the institution and its first administrator, in one transaction."""

from webapp import clock, profiles
from webapp.acts import Who, accounts, entries, house, institution, people
from webapp.errors import Incomplete, Refused
from webapp.procedure import Role
from webapp.register import Institution, database

OPERATOR = Who(None, "command line")
_NAMES = {
    "administrator_name": "name",
    "administrator_mail": "mail",
    "administrator_phone": "phone",
    "administrator_department": "department",
}


def checked(given):
    """(institution's columns, administrator's values, login) from the operator's answers. The administrator's are
    called administrator_name, _mail, _phone, _department and login. Raises Incomplete with all faults at once."""
    found, faults = [], {}
    for part in (_house, _administrator, _login):
        try:
            found.append(part(given))
        except Incomplete as refusal:
            faults |= refusal.fields
    if faults:
        entries.refuse(faults)
    return found


def found(given):
    """Write the institution (environment real), its administrator and their account; returns the initial password.
    Raises Incomplete, or Refused when the register holds an institution already."""
    columns, administrator, login = checked(given)
    with database.atomic():
        if Institution.is_set_up():
            raise Refused(
                "この場所には、すでに機関のデータがあります。",
                "別の場所を指定するか、画面の「設定」で変更してください。",
            )
        here = Institution.create(id=1, environment="real", **columns)
        house.note("found", here, OPERATOR, {"environment": "real"})
        person = people.enlist(OPERATOR, administrator)
        return accounts.admit(OPERATOR, person, login)


def _house(given):
    own = [name for name in profiles.names() if not profiles.load(name).practice]
    return institution.checked(given, "real", own)


def _administrator(given):
    fixed = {"role": Role.ADMINISTRATOR, "since_on": clock.today().isoformat()}
    typed = {short: given.get(name, "") for name, short in _NAMES.items()}
    try:
        return people.checked_person(typed | fixed)
    except Incomplete as refusal:
        back = {short: name for name, short in _NAMES.items()}
        return entries.refuse({back.get(field, field): sentence for field, sentence in refusal.fields.items()})


def _login(given):
    return entries.checked(accounts.LOGIN, given)["login"]
