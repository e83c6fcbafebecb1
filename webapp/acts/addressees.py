"""Who is written to when somebody is to be reminded: the people themselves, the stand-in of who is absent, the officers
for those who are gone or cannot be reached."""

from dataclasses import dataclass
from datetime import timedelta

from webapp.procedure import Role
from webapp.register import Digest, Person

REFUSED_FOR = timedelta(days=7)  # after the mail server refused a digest to somebody, others are written to so long


@dataclass(frozen=True)
class Addressee:
    """`person` is written to; `responsible` (None: nobody) is who should act; `note` says why it is somebody else."""

    person: Person
    responsible: Person | None
    note: str = ""


class Addressees:
    """For one day; what is known about somebody is asked once."""

    def __init__(self, day):
        self.day = day
        self._ways = {}
        self._officers = None

    def of(self, people):
        """The Addressees for these people; none when nobody at all can be written to."""
        if not people:
            return self._instead(None, "担当者が登録されていません。")
        found = {}
        for person in people:
            for each in self._way(person):
                found.setdefault(each.person.id, each)
        return list(found.values())

    def _way(self, person):
        if person.id not in self._ways:
            self._ways[person.id] = self._asked(person)
        return self._ways[person.id]

    def _asked(self, person):
        stand_in = person.stand_in(self.day)
        if stand_in is not None and self._is_reached(stand_in):
            return [Addressee(stand_in, person, f"不在の{person.name}さんの代理としてお知らせします。")]
        if self._is_reached(person):
            return [Addressee(person, person)]
        why = "役割の登録がないか、終わっています" if not person.roles(self.day) else "メールが届きません"
        others = self._instead(person, f"担当の{person.name}さんは、{why}。")
        return others or ([Addressee(person, person)] if person.mail else [])

    def _instead(self, responsible, why):
        note = f"{why}登録担当者にお知らせします。"
        return [Addressee(officer, responsible, note) for officer in self.officers() if officer != responsible]

    def officers(self):
        """The officers who can be written to; where there is none, the administrators, and else whoever of the officers
        has an address at all."""
        if self._officers is None:
            officers, others = (Person.holding(role, self.day) for role in (Role.OFFICER, Role.ADMINISTRATOR))
            reached = [person for person in officers if self._is_reached(person)]
            reached = reached or [person for person in others if self._is_reached(person)]
            self._officers = reached or [person for person in officers if person.mail]
        return self._officers

    def _is_reached(self, person):
        return bool(person.roles(self.day) and person.mail and not Digest.was_refused(person, self.day - REFUSED_FOR))
