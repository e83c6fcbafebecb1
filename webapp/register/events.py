"""The chain: one event for every act, each bound to the one before.

The hash of an event is SHA-256 over the canonical JSON (UTF-8, sorted keys, no spaces) of
{act, address, at, facts, object, object_id, particulars_sha256, person_id, previous_hash, seq}, `at` in microseconds
since 1970 UTC. Personal particulars lie beside the event and enter only as SHA-256(salt + body), so that they can
lawfully be disposed of without breaking the chain.
"""

import hashlib
import json
import secrets

from peewee import JOIN, BigIntegerField, CharField, ForeignKeyField, IntegerField, TextField

from webapp import clock
from webapp.register.database import InstantField, JSONField, Row
from webapp.register.people import Person


class ChainBroken(Exception):
    """An event does not fit the one before it; the message (Japanese) names its number."""


class ChainHead(Row):
    id = IntegerField(primary_key=True)
    seq = BigIntegerField()
    hash = CharField()

    class Meta:
        table_name = "chain_head"


class Event(Row):
    seq = BigIntegerField(primary_key=True)
    at = InstantField()
    person = ForeignKeyField(Person, null=True)
    act = CharField()
    object = CharField()  # the table that the act concerns
    object_id = BigIntegerField()
    facts = JSONField()
    particulars_sha256 = CharField(null=True)
    address = CharField()
    previous_hash = CharField()
    hash = CharField(unique=True)

    @property
    def particulars(self):
        return EventParticulars.beside([self]).get(self.seq, {})

    @classmethod
    def write(cls, act, row, person=None, address="", facts=None, particulars=None):
        """Add one event about a row of the register, in the caller's transaction. `facts` are plain values for ever;
        `particulars` are words about people (reasons, notes), kept beside the chain. Returns the event."""
        head = cls._next()
        salt, body = secrets.token_hex(16), json.dumps(particulars or {}, ensure_ascii=False, sort_keys=True)
        event = cls(
            seq=head.seq,
            at=clock.now(),
            person=person,
            act=act,
            object=row._meta.table_name,
            object_id=row.id,
            facts=facts or {},
            particulars_sha256=_digest(salt + body) if particulars else None,
            address=address,
            previous_hash=head.hash,
        )
        event.hash = event.expected_hash()
        event.save(force_insert=True)
        if particulars:
            EventParticulars.create(seq=event.seq, salt=salt, body=body)
        ChainHead.update(hash=event.hash).where(ChainHead.id == 1).execute()
        return event

    @classmethod
    def _next(cls):
        """Take the next number; the row stays locked until the transaction ends, so that the chain cannot fork."""
        ChainHead.update(seq=ChainHead.seq + 1).where(ChainHead.id == 1).execute()
        return ChainHead.get_by_id(1)

    def expected_hash(self):
        at = InstantField().db_value(self.at)
        return _digest(
            json.dumps(
                {
                    "act": self.act,
                    "address": self.address,
                    "at": at,
                    "facts": self.facts,
                    "object": self.object,
                    "object_id": self.object_id,
                    "particulars_sha256": self.particulars_sha256,
                    "person_id": self.person_id,
                    "previous_hash": self.previous_hash,
                    "seq": self.seq,
                },
                ensure_ascii=False,
                sort_keys=True,
                separators=(",", ":"),
            )
        )

    @classmethod
    def with_people(cls):
        """All events as a query, each with the person who did it."""
        return cls.select(cls, Person).join(Person, JOIN.LEFT_OUTER)

    @classmethod
    def about(cls, row):
        """The events about a row, newest first."""
        about = (cls.object == row._meta.table_name) & (cls.object_id == row.id)
        return list(cls.with_people().where(about).order_by(-cls.seq))

    @classmethod
    def newest(cls, row, act):
        """The newest event of one act about a row, or None."""
        about = (cls.object == row._meta.table_name) & (cls.object_id == row.id)
        return cls.select().where(about & (cls.act == act)).order_by(-cls.seq).first()


class EventParticulars(Row):
    seq = BigIntegerField(primary_key=True)
    salt = CharField()
    body = TextField()

    class Meta:
        table_name = "event_particulars"

    @classmethod
    def beside(cls, events):
        """{seq: particulars} of those events that have any."""
        return {row.seq: json.loads(row.body) for row in cls.select().where(cls.seq.in_([e.seq for e in events]))}


def verify_chain():
    """Walk the whole chain; returns the number of events, raises ChainBroken at the first that does not fit."""
    previous, count = "", 0
    beside = {row.seq: row for row in EventParticulars.select()}
    for event in Event.select().order_by(Event.seq):
        count += 1
        if event.seq != count or event.previous_hash != previous or event.hash != event.expected_hash():
            raise ChainBroken(f"記録{event.seq}番が、前の記録とつながりません。")
        kept = beside.get(event.seq)
        if kept and _digest(kept.salt + kept.body) != event.particulars_sha256:
            raise ChainBroken(f"記録{event.seq}番に添えた内容が、変えられています。")
        previous = event.hash
    head = ChainHead.get_by_id(1)
    if (head.seq, head.hash) != (count, previous):
        raise ChainBroken(f"最後の記録{count}番が、控え{head.seq}番と合いません。")
    return count


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()
