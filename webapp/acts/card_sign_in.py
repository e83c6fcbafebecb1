"""カードでサインイン: a challenge offered to the stations of whoever's name is typed, signed by the card's key. It is bound to our
origin, the station and the browser session, lasts five minutes and lets in once.

The card's certificate is one for client authentication and must chain to the CAs that are trusted for signing in. Whether it was
revoked is judged by the lists that the worker keeps, since the web asks nobody outside; the event says what they say.
"""

from datetime import timedelta

from tokens.station import payloads, protocol
from webapp import clock
from webapp.acts import ca_profiles, job_rows, kept_lists, stations, visits
from webapp.errors import Refused
from webapp.papers import guard
from webapp.register import Account, Event, Person, Station, StationJob, TrustAnchor, database

LIFE = timedelta(minutes=5)
MOST = 10  # sign-ins asked for from one address within LIFE
WAITING_EACH = 3  # that wait for one person; further ones are offered to nobody
_AGAIN = "サインインの画面から、もう一度はじめからやり直してください。"


def ask(login, secret, address):
    """Ask for a sign-in under this name; `secret` is the browser session's own, new for this. What the session sees is the same
    whether there is such a name or not. Raises Refused when one address asks too often."""
    if StationJob.sign_ins_from(address, LIFE) >= MOST:
        raise Refused(
            "カードでのサインインが続いたため、しばらく受け付けません。", "5分ほど待ってから、お試しください。"
        )
    payload = payloads.SignIn(session_bind=visits.digest(secret))
    row = job_rows.new("sign_in", payload, secret, address, LIFE, title="しるしへのサインイン", version=0)
    StationJob.end_overdue(clock.now())
    with database.atomic():
        return StationJob.create(**row, person=_person(login.strip().lower()))


def _person(login):
    account = Account.get_or_none((Account.login == login) & Account.closed_at.is_null())
    if account is None or not Station.of(account.person):
        return None
    waiting = [job for job in StationJob.waiting_for(account.person, 50) if job.kind == "sign_in"]
    return account.person if len(waiting) < WAITING_EACH else None


def find(secret):
    """The sign-in that this browser session has asked for, or None."""
    StationJob.end_overdue(clock.now())
    return StationJob.signing_in(visits.digest(secret)) if secret else None


def take(job, value, who):
    """Take the card's signature for the sign-in (a tokens.station SignedIn). Raises Refusal signature, or Refused for a
    certificate that is not trusted, revoked, or another person's; also for one of whose revocation nothing is known, where
    the profile wants to know."""
    bind = job_rows.payload_of(job).session_bind
    station = str(job.station_id)
    protocol.check_sign_in(value.certificate, value.signature, stations.origin(), job.nonce, bind, station)
    roots, others = TrustAnchor.trusted_for("sign_in")
    found = guard.run("webapp.papers.card:check", value.certificate, roots, others, clock.now())
    holder = next((person for mail in found.mails if (person := Person.with_mail(mail))), None)
    if holder is None or holder.id != job.person_id or _account(holder) is None:
        raise Refused(
            "このカードの証明書では、サインインできません。",
            "入力したログイン名の人の登録メールアドレスが記載された証明書を使ってください。",
        )
    state = kept_lists.state_of(found.certificate_der, "sign_in")
    _check_state(state, found, job, who)
    told = {"serial": found.serial_hex, "issuer": found.issuer_text, "mechanism": value.mechanism}
    job.told = told | {"revocation": state.label, "is_known": state.state != "unknown"}
    job.save(only=[StationJob.told])


def _check_state(state, found, job, who):
    """Raises Refused, after writing the event of a card that was turned away."""
    is_wanted = ca_profiles.here().sign_in_needs_status
    if state.state == "good" or (state.state == "unknown" and not is_wanted):
        return
    told = {
        "serial": found.serial_hex,
        "issuer": found.issuer_text,
        "revocation": state.label,
        "station": job.station_id,
    }
    with database.atomic():
        Event.write("refuse_card", _account(job.person), job.person, who.address, told)
    kept_lists.refuse_revoked(state, "このカードの証明書", "管理者に連絡し、パスワードでサインインしてください。")
    raise Refused(
        f"このカードの証明書が失効していないことを確認できないため、サインインできません。{state.sentence}",
        "時間をおいてお試しください。急ぐ場合は、パスワードでサインインしてください。",
    )


def _account(person):
    return Account.get_or_none((Account.person == person) & Account.closed_at.is_null())


def come_in(secret, address):
    """The secret for the cookie of a new visit, once, for the browser session whose sign-in was signed; `secret` is the
    session's. Raises Refused when there is nothing to come in by."""
    job = find(secret)
    with database.atomic():
        unspent = (
            (StationJob.id == (job.id if job else 0)) & (StationJob.state == "done") & StationJob.spent_at.is_null()
        )
        in_time = StationJob.expires_at > clock.now()
        if not StationJob.update(spent_at=clock.now()).where(unspent & in_time).execute():
            raise Refused("サインインの確認が終わっていないか、期限が過ぎています。", _AGAIN)
        account = _account(job.person)
        if account is None or job.station.revoked_at is not None:
            raise Refused("このアカウントではサインインできません。", "管理者に確認してください。")
        told = {
            "station": job.station_id,
            **{name: job.told[name] for name in ("serial", "issuer", "revocation")},
        }
        return visits.begin(account, address, "sign_in_with_card", told)
