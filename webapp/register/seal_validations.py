"""The validation reports of signed PDFs."""

from peewee import CharField, ForeignKeyField

from webapp.register.applications import Application
from webapp.register.database import InstantField, JSONField, Row
from webapp.register.papers import Intake, Paper


class SealValidation(Row):
    """What the examination of one signed PDF came to, in the words of ETSI EN 319 102-1: `report` as
    papers.seal_validation.report makes it. `paper` is the sealed PDF where it was taken; `intake` the file as it came."""

    application = ForeignKeyField(Application, backref="seal_validations")
    intake = ForeignKeyField(Intake, backref="+")
    paper = ForeignKeyField(Paper, null=True, backref="+")
    at = InstantField()
    indication = CharField()
    sub_indication = CharField()
    report = JSONField()

    class Meta:
        table_name = "seal_validation"

    @classmethod
    def of(cls, paper):
        """The report of a sealed PDF, or None (a stamped paper; one taken before there were reports)."""
        return cls.get_or_none(cls.paper == paper) if paper else None

    @classmethod
    def refused(cls, application):
        """Those of the PDFs that were not taken, the newest first."""
        return cls.select().where((cls.application == application) & cls.paper.is_null()).order_by(cls.id.desc())
