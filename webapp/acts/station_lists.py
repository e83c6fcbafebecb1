"""まとめて署名 (1-1-4, 1-3-2): several applications that wait for the same head, sealed at the station with one press. Each is
taken by itself, by the act that takes a single one."""

from tokens.station import payloads
from webapp.acts import ca_profiles, seal_stamps, sealing, station_work
from webapp.errors import Incomplete, NotYourAct, Overtaken, Refused
from webapp.procedure import Stage
from webapp.register import Application, ApplicationForm, StationJobItem

MOST = payloads.MOST_SEALED


def waiting(person):
    """The applications that wait for this person's signature, the longest waiting first, at most MOST."""
    return list(Application.at(person, Stage.EXAMINED).where(Application.head == person).limit(MOST))


def has_several(person):
    """Are there enough of them for a list?"""
    rows = Application.at(person, Stage.EXAMINED).where(Application.head == person)
    return rows.limit(2).count() == 2


def one_pin(applications=()):
    """Does the institution's profile allow one PIN entry for a list, and that of each application by which it is judged?"""
    kept = [ca_profiles.here(), *map(ca_profiles.of, applications)]
    return all(profile.one_pin_for_list for profile in kept)


def prepare(applications, who):
    """(payloads.SealList, [columns of a StationJobItem, …]) for two or more applications, each of which this person may seal
    now and whose form names this person. Raises Incomplete, NotYourAct, and what the act of a single one does."""
    if not 2 <= len({row.id for row in applications}) == len(applications) <= MOST:
        raise Incomplete(f"まとめて署名できるのは、2件から{MOST}件までです。", "署名する申請を選び直してください。")
    made = [_prepared(application, who) for application in applications]
    payload = payloads.SealList(documents=tuple(document for document, _ in made), one_pin=one_pin(applications))
    return payload, [item for _, item in made]


def _prepared(application, who):
    if application.head_id != who.person.id:
        raise NotYourAct(
            f"{application.number}の{application.form_name}に記載されているのは、{application.head.name}さんです。",
            "まとめて署名できるのは、ご自身が署名する申請だけです。",
        )
    alone, content = station_work.prepare_seal(application, who, {})
    subject = ApplicationForm.current(application).entries["subject"]
    if not isinstance(subject, str):
        subject = ", ".join(f"{short}={value}" for short, value in reversed(subject))
    words = {"title": application.title, "applicant": application.applicant.name, "subject": subject}
    item = {"application": application, "version": application.version, "document": content}
    return payloads.ListedPdf(**vars(alone), **words), item | {"state": "open", "sentence": ""}


def take_one(item, value, who):
    """Seal one application of a list with what a station has made (payloads.SealedPdf). Raises what that act does."""
    application = Application.get_by_id(item.application_id)
    if item.version != application.version:
        raise Overtaken(
            f"{application.number}の内容が、署名を待つ間に変わりました。", "内容を確認し、署名し直してください。"
        )
    pdf, note = seal_stamps.stamped(value.pdf)
    sealing.seal(application, who, f"{application.number}-station.pdf", pdf, note)


def take(job, value, who):
    """Keep why the station did not sign some of a list. Raises Refused if none of it was sealed."""
    items = StationJobItem.of(job)
    for each in value.left:
        if each.place < len(items):
            items[each.place].move("open", "left", each.reason[:500])
    if not any(item.state == "done" for item in items):
        raise Refused("署名は1件も登録されていません。", "申請ごとの結果を確認してください。")
