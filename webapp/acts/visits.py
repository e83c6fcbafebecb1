"""Coming in and going out: accounts with argon2id passwords, visits as rows."""

import hashlib
import secrets
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from webapp import clock
from webapp.errors import Incomplete, Refused
from webapp.register import Account, Event, Institution, Person, SignInAttempt, Visit, database

LONGEST = timedelta(hours=12)  # a visit ends at the latest
IDLE = timedelta(hours=2)
TRIES, WITHIN = 10, timedelta(minutes=15)  # failed attempts for one login name before a pause
SHORTEST = 12  # characters of a password

_hasher = PasswordHasher()
_nobody = _hasher.hash(secrets.token_hex(16))  # so that an unknown name takes as long as a wrong password


def hashed(password):
    """argon2id of a password. Raises Incomplete for one that is too short."""
    if len(password) < SHORTEST:
        sentence = f"パスワードは{SHORTEST}文字以上にしてください。"
        raise Incomplete("このパスワードは使えません。", sentence, {"password": sentence})
    return _hasher.hash(password)


def sign_in(login, password, address):
    """The secret for the cookie of a new visit. Raises Incomplete when name and password do not fit, Refused after too
    many failures."""
    login = login.strip().lower()
    since = clock.now() - WITHIN
    failures = SignInAttempt.select().where((SignInAttempt.login == login) & (SignInAttempt.at > since)).count()
    if failures >= TRIES:
        raise Refused(
            "このログイン名でのサインインの失敗が続いたため、しばらく受け付けません。",
            "15分ほど待ってから、もう一度お試しください。",
        )
    account = Account.get_or_none((Account.login == login) & Account.closed_at.is_null())
    try:
        _hasher.verify(account.password_hash if account else _nobody, password)
    except VerificationError:
        account = None
    if account is None:
        SignInAttempt.create(login=login, address=address, at=clock.now())
        raise Incomplete(
            "ログイン名またはパスワードが違います。",
            "入力し直してください。パスワードを忘れた場合は、管理者に再設定を依頼してください。",
            {"password": "ログイン名またはパスワードが違います。"},
        )
    return begin(account, address, "sign_in")


def sign_in_as(person_id, address):
    """The demo's one click. Raises Refused in a real installation, whatever was asked."""
    if not Institution.here().is_practice:
        raise Refused("この操作は練習環境だけで使えます。", "ログイン名とパスワードでサインインしてください。")
    account = Account.get_or_none(Account.person == person_id)
    if account is None:
        raise Refused("この人のアカウントはありません。", "一覧から選び直してください。")
    return begin(account, address, "sign_in_as")


def begin(account, address, act, facts=None):
    """Begin a visit under a secret of its own and return that; `act` is the event's, with its facts."""
    secret = secrets.token_urlsafe(32)
    with database.atomic():
        Visit.create(
            secret_sha256=digest(secret), account=account, began_at=clock.now(), seen_at=clock.now(), address=address
        )
        Event.write(act, account, account.person, address, facts)
    return secret


def sign_out(visit, address):
    with database.atomic():
        Visit.update(ended_at=clock.now()).where(Visit.secret_sha256 == visit.secret_sha256).execute()
        Event.write("sign_out", visit.account, visit.account.person, address)


def visit_of(secret):
    """The visit that a cookie's secret belongs to while it lasts, or None; notes once a minute that it was seen."""
    visit = Visit.of(digest(secret)) if secret else None
    now = clock.now()
    if visit is None or now - visit.began_at > LONGEST or now - visit.seen_at > IDLE:
        return None
    if now - visit.seen_at > timedelta(minutes=1):
        Visit.update(seen_at=now).where(Visit.secret_sha256 == visit.secret_sha256).execute()
    return visit


def set_password(person: Person, password, by, address):
    """Give a person's account a new password and end their visits."""
    with database.atomic():
        account = Account.get(Account.person == person)
        account.password_hash = hashed(password)
        account.save()
        open_visits = (Visit.account == account) & Visit.ended_at.is_null()
        Visit.update(ended_at=clock.now()).where(open_visits).execute()
        Event.write("set_password", account, by, address)


def digest(secret):
    return hashlib.sha256(secret.encode()).hexdigest()
