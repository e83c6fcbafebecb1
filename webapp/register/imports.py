"""Batches of certificates issued before, as they came in a file, and what each row does."""

from peewee import BooleanField, CharField, ForeignKeyField, IntegerField, TextField, fn

from webapp.register.certificates import Certificate
from webapp.register.content import Content
from webapp.register.database import InstantField, JSONField, Row
from webapp.register.people import Person

STATES = {
    "read": "登録の確認待ち",
    "importing": "登録中",
    "imported": "登録済",
    "dropped": "登録せずに終了",
    "taken_back": "取り消し済",
}
VERDICTS = {"new": "新しく登録", "same": "登録済(同じ内容)", "kept": "登録済(更新しない)", "wrong": "誤り"}


class ImportBatch(Row):
    """One file. States: read (nothing is registered yet), importing, imported, dropped, taken_back."""

    name = TextField()
    kind = CharField()  # files, list
    size = IntegerField()
    content = ForeignKeyField(Content, column_name="sha256")
    received_at = InstantField()
    person = ForeignKeyField(Person, backref="+")
    state = CharField()
    notes = JSONField()  # sentences about the file as a whole
    imported_at = InstantField(null=True)
    ended_at = InstantField(null=True)  # dropped or taken back

    class Meta:
        table_name = "import_batch"

    @property
    def status(self):
        return STATES[self.state]

    def counts(self):
        """{verdict: how many rows}, every verdict."""
        rows = ImportRow.select(ImportRow.verdict, fn.COUNT(ImportRow.id)).where(ImportRow.batch == self)
        return dict.fromkeys(VERDICTS, 0) | dict(rows.group_by(ImportRow.verdict).tuples())

    def waiting(self):
        """The rows that are to be registered and are not yet, in the order of the file."""
        return self.rows.where((ImportRow.verdict == "new") & ~ImportRow.is_done).order_by(ImportRow.id)

    @classmethod
    def of(cls, certificate):
        """The batch that brought a certificate, or None."""
        return cls.select().join(ImportRow).where(ImportRow.certificate == certificate).first()

    @classmethod
    def newest(cls, count):
        return list(cls.select(cls, Person).join(Person).order_by(-cls.id).limit(count))


class ImportRow(Row):
    """`line` as people count it: of the list, or the certificate's place among the files. `values` as
    rules.issued_before makes them, by which the certificate is written."""

    batch = ForeignKeyField(ImportBatch, backref="rows")
    line = IntegerField()
    verdict = CharField()  # a key of VERDICTS
    sentence = TextField()
    values = JSONField()
    is_done = BooleanField(default=False)
    certificate = ForeignKeyField(Certificate, null=True, backref="+")

    class Meta:
        table_name = "import_row"
