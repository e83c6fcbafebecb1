"""The institution's gates (ORG-03): dated records of what it must keep up so that certificates are issued."""

from peewee import CharField, DateField, ForeignKeyField, IntegerField, TextField

from webapp.register.database import InstantField, JSONField, Row
from webapp.register.people import Person


class GateRecord(Row):
    """One dated record. continuation 継続意思確認: for the 年度 `fiscal_year`; employment 在籍確認審査: `asked_on` the day on which
    the CA posted the 利用確認書; right_to_issue 証明書発行有効期限: `due_on` its last day. A voided one counts no more."""

    kind = CharField()
    fiscal_year = IntegerField(null=True)
    asked_on = DateField()
    due_on = DateField()
    done_on = DateField(null=True)
    answer = JSONField(null=True)  # employment: {"signature", "dated_on"}
    note = TextField()
    entered_at = InstantField()
    entered_by = ForeignKeyField(Person, backref="+")
    done_by = ForeignKeyField(Person, null=True, backref="+")
    voided_at = InstantField(null=True)

    class Meta:
        table_name = "gate_record"

    @classmethod
    def in_force(cls):
        """Those that were not voided, the newest first, as a query."""
        return cls.select().where(cls.voided_at.is_null()).order_by(cls.due_on.desc(), cls.id.desc())
