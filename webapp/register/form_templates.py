"""The CA's own blank forms: versions, where the values go, and trial prints."""

from peewee import DateField, ForeignKeyField, IntegerField, TextField

from webapp.register.content import Content
from webapp.register.database import InstantField, JSONField, Row
from webapp.register.people import Person

STATES = {"draft": "準備中", "in_force": "使用中", "retired": "使用終了"}


class FormTemplate(Row):
    """One version of a blank form. `reading` is what was found in it (papers.form_template.Reading), `places` where the
    values go, `seal` the rectangle for the seal in mm or None: found by its 印."""

    kind = TextField()  # issue, revoke
    version = IntegerField()
    name = TextField()
    source = TextField()
    handed_out_on = DateField(null=True)
    content = ForeignKeyField(Content, column_name="sha256")
    size = IntegerField()
    file_name = TextField()
    reading = JSONField()
    places = JSONField()
    seal = JSONField(null=True)
    state = TextField()
    added_by = ForeignKeyField(Person, backref="+")
    added_at = InstantField()
    changed_at = InstantField()
    in_force_by = ForeignKeyField(Person, null=True, backref="+")
    in_force_at = InstantField(null=True)
    retired_at = InstantField(null=True)

    class Meta:
        table_name = "form_template"

    @property
    def status(self):
        return STATES[self.state]

    @property
    def mapping(self):
        """Where the values go, as papers.form_mapping knows it."""
        return {"kind": self.kind, "places": self.places, "seal": self.seal}

    @classmethod
    def in_force(cls, kind):
        """The form that applications of a kind are written on now, or None: then it is our specimen."""
        return cls.get_or_none((cls.kind == kind) & (cls.state == "in_force"))

    @classmethod
    def newest(cls, kind):
        return list(cls.select().where(cls.kind == kind).order_by(-cls.version))


class FormTrial(Row):
    """A trial print: `shown` key -> [page from 0, left, top, right, bottom] in points, `missing` keys that are not shown in
    full, `seal` likewise or None, `trouble` why nothing could be printed."""

    template = ForeignKeyField(FormTemplate, backref="trials")
    asked_at = InstantField()
    made_at = InstantField(null=True)
    trouble = TextField(default="")
    shown = JSONField(null=True)
    missing = JSONField(null=True)
    seal = JSONField(null=True)
    xlsx = ForeignKeyField(Content, column_name="xlsx_sha256", null=True, backref="+")
    pdf = ForeignKeyField(Content, column_name="pdf_sha256", null=True, backref="+")

    class Meta:
        table_name = "form_trial"

    @classmethod
    def newest(cls, template):
        return cls.select().where(cls.template == template).order_by(-cls.id).first()


class FormTrialPage(Row):
    """One page of a trial print as a picture with the places numbered."""

    trial = ForeignKeyField(FormTrial, backref="pages")
    page = IntegerField()
    content = ForeignKeyField(Content, column_name="sha256", backref="+")

    class Meta:
        table_name = "form_trial_page"
