"""Scans of stamped papers, from their upload until somebody has compared them (印影確認)."""

from peewee import CharField, ForeignKeyField, IntegerField

from webapp.register.applications import Application
from webapp.register.content import Content
from webapp.register.database import Row
from webapp.register.papers import Intake


class Scan(Row):
    """A scan as it was read: as a PDF (`content`), of which version it is to be a print, and on which page its code was
    read (None: on none). The state of `intake` says what became of it."""

    application = ForeignKeyField(Application, backref="scans")
    intake = ForeignKeyField(Intake, backref="+")
    version = IntegerField()
    content = ForeignKeyField(Content, column_name="sha256", backref="+")
    pages = IntegerField()
    mark_on_page = IntegerField(null=True)

    @property
    def is_waiting(self):
        return self.intake.state == "received"

    @classmethod
    def waiting(cls, application):
        """The scan of the present version that somebody has to compare, or None."""
        newest = cls.select().where(cls.application == application).order_by(-cls.id).first()
        is_it = newest is not None and newest.is_waiting and newest.version == application.version
        return newest if is_it else None

    def pictures(self, kind):
        """What is shown of it: page, spot (印 on the scan) or examined_spot (印 on the frozen page)."""
        return list(self.shown.where(ScanPicture.kind == kind).order_by(ScanPicture.page))


class ScanPicture(Row):
    """A picture (JPEG) of a scan."""

    scan = ForeignKeyField(Scan, backref="shown")
    kind = CharField()
    page = IntegerField()
    content = ForeignKeyField(Content, column_name="sha256", backref="+")

    class Meta:
        table_name = "scan_picture"
