"""Accounts: how a person signs in. Passwords are made here and shown once; only their argon2id stays."""

from webapp import clock
from webapp.acts import entries, house, station_upkeep, visits
from webapp.errors import Incomplete, Refused
from webapp.papers.password import new_password
from webapp.register import Account, Visit

_LOGIN = "ログイン名は、半角の英小文字、数字と . _ - @ で3〜64文字にしてください。"
LOGIN = {"login": entries.pattern(r"[a-z0-9][a-z0-9._@-]{2,63}", _LOGIN)}


def open_account(who, person, given):
    """Open an account, or a closed one again; returns the initial password, which is kept nowhere.
    Raises NotYourAct, Incomplete."""
    house.require_administrator(who)
    login = entries.checked(LOGIN, given)["login"]
    with house.administering(who):
        return admit(who, person, login)


def admit(who, person, login):
    """Write the account in the caller's transaction; returns its password."""
    account = Account.get_or_none(Account.person == person)
    if account and account.closed_at is None:
        raise Refused("この人のアカウントは、すでにあります。", "パスワードを忘れた場合は、再設定してください。")
    if Account.select().where((Account.login == login) & (Account.person != person)).exists():
        entries.refuse({"login": "このログイン名は、ほかの人が使っています。"})
    password = new_password()
    account = account or Account(person=person)
    account.login, account.password_hash, account.closed_at = login, visits.hashed(password), None
    account.save()
    house.note("open_account", account, who, {"person": person.id}, {"login": login})
    return password


def renew_password(who, person):
    """Give an open account a new password; returns it. The person's visits end."""
    with house.administering(who):
        _open(person)
        password = new_password()
        visits.set_password(person, password, who.person, who.address)
    return password


def close_account(who, person):
    """Close an account, end its visits and the person's signing stations. Raises Refused when no administrator could come in any more."""
    with house.administering(who):
        account = _open(person)
        Account.update(closed_at=clock.now()).where(Account.id == account.id).execute()
        still_here = (Visit.account == account) & Visit.ended_at.is_null()
        Visit.update(ended_at=clock.now()).where(still_here).execute()
        station_upkeep.end_all(who, person)
        house.note("close_account", account, who, {"person": person.id})
        house.keep_an_administrator(clock.today())


def _open(person):
    account = Account.get_or_none((Account.person == person) & Account.closed_at.is_null())
    if account is None:
        raise Refused("この人には、使えるアカウントがありません。", "先にアカウントを作ってください。")
    return account


def change_own_password(who, given):
    """Let a person replace their own password (current, password, again as typed); every visit ends. Returns the
    secret of a new visit for the cookie. Raises Incomplete, or Refused after too many wrong tries."""
    account = _open(who.person)
    new = given.get("password", "")
    if new != given.get("again", ""):
        entries.refuse({"again": "新しいパスワードと同じものを、もう一度入力してください。"})
    try:
        visits.sign_in(account.login, given.get("current", ""), who.address)
    except Incomplete:
        entries.refuse({"current": "いまのパスワードが違います。"})
    visits.set_password(who.person, new, who.person, who.address)
    return visits.sign_in(account.login, new, who.address)
