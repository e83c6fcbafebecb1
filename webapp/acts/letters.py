"""Letters written by acts: kept with their bytes and a job in the act's own transaction, posted by the worker."""

from email.policy import SMTP
from email.utils import format_datetime

from webapp import clock
from webapp.errors import Refused
from webapp.procedure import Role
from webapp.register import Content, Job, Letter, Person

_house = {"sender": ("しるし", "shirushi@localhost.invalid"), "url": ""}


def settle_house(sender, url):
    """Say once, at start-up, under which (name, address) notices leave and how our pages are reached."""
    _house.update(sender=sender, url=url)


def sender():
    """(name, address) under which notices leave."""
    return _house["sender"]


def url(path):
    """The address of one of our pages."""
    return _house["url"] + path


def address_of(application):
    return url(f"/applications/{application.id}")


def keep(message, purpose, application=None, state="waiting", version=None):
    """Write a letter's row with its bytes; packets carry the password and are encrypted."""
    return keep_bytes(finished(message), message, purpose, application, state, version)


def finished(message):
    """The letter's bytes with the date of now, CRLF, as they will leave."""
    message["Date"] = format_datetime(clock.now().astimezone(clock.JST))
    return message.as_bytes(policy=SMTP)


def keep_bytes(data, message, purpose, application=None, state="waiting", version=None):
    """The same for bytes that are made already; `message` says to whom and under which Message-ID they leave."""
    recipients = [address.addr_spec for name in ("To", "Cc") if message[name] for address in message[name].addresses]
    return Letter.create(
        application=application,
        purpose=purpose,
        message_id=str(message["Message-ID"]),
        recipients=recipients,
        subject=str(message["Subject"]),
        content=Content.keep(data, is_encrypted=purpose == "packet"),
        written_at=clock.now(),
        state=state,
        answer="",
        version=version,
    )


def send(message, purpose="notice", application=None, version=None):
    letter = keep(message, purpose, application, version=version)
    Job.ask("post", letter)
    return letter


def notify(write, application, people, *details):
    """Write one of mails.py's notices to people of the house; who has no address in force gets none."""
    recipients = [(person.name, person.mail) for person in _once(people) if person.mail]
    if recipients:
        message = write(_house["sender"], recipients, application, address_of(application), *details)
        send(message, application=application)


def notify_others(write, application, recipients, *details):
    """The same to (name, address) pairs outside the register of people: the CSIRT, the CISO."""
    if recipients:
        send(
            write(_house["sender"], recipients, application, address_of(application), *details), application=application
        )


def tell(write, people, path, *details):
    """Write one of the notices that concern no application; `path` ("/successions/3") is where it leads."""
    recipients = [(person.name, person.mail) for person in _once(people) if person.mail]
    if recipients:
        send(write(_house["sender"], recipients, f"{_house['url']}{path}", *details))


def officers():
    return Person.holding(Role.OFFICER)


def people_of(application):
    """The applicant and, where the form names another, the 利用管理者."""
    return [person for person in (application.applicant, application.subscriber) if person]


def call_off(application):
    """Cancel a packet letter that has not left yet. Raises Refused when it may be leaving at this moment."""
    letter = Letter.packet(application)
    if letter is not None and letter.state in ("posting", "unknown"):
        raise Refused(
            "送付メールの結果がまだ分からないため、いまは行えません。",
            "送付の画面で結果を確定してから、もう一度お試しください。",
        )
    (
        Letter.update(state="cancelled")
        .where((Letter.application == application) & (Letter.purpose == "packet") & (Letter.state == "waiting"))
        .execute()
    )


def _once(people):
    return list({person.id: person for person in people if person}.values())
