"""公印・電子署名使用簿: each use of the institution's seal, as a stamp or as a signature."""

from peewee import JOIN, CharField, ForeignKeyField, TextField

from webapp.procedure import STAGE_LABELS, Stage
from webapp.register.applications import Application
from webapp.register.database import InstantField, Row
from webapp.register.events import Event
from webapp.register.papers import Paper
from webapp.register.people import Person

UNDONE = {"send_back": "差し戻し", "reopen": "不備対応"}
_AT_ONCE = 200  # rows that are fetched in one go


class SealUse(Row):
    """One sealed paper. The database enters it with the paper; only `approval` (決裁番号) and `stamp_keeper` (公印の管守者) may
    be written later. `keeper` is the person of a key, and of a stamp whoever registered it while nobody was asked."""

    paper = ForeignKeyField(Paper, backref="+")
    application = ForeignKeyField(Application, backref="seal_uses")
    at = InstantField()
    kind = CharField()  # sealed_pdf: an electronic signature, scan: a stamp
    sealer = ForeignKeyField(Person, null=True, backref="+")
    keeper = ForeignKeyField(Person, null=True, backref="+")
    approval = TextField(default="")
    stamp_keeper = TextField(default="")

    class Meta:
        table_name = "seal_use"

    @classmethod
    def of(cls, paper):
        return cls.get_or_none(cls.paper == paper) if paper else None

    @classmethod
    def last_stamp_keeper(cls):
        """The 公印の管守者 that was entered for the newest stamp that has one, or ""."""
        newest = cls.select().where(cls.kind == "scan", cls.stamp_keeper != "").order_by(-cls.at, -cls.id).first()
        return newest.stamp_keeper if newest else ""

    @classmethod
    def ids(cls, tests, most, after=None):
        """The ids of the newest `most` uses for which all `tests` hold, behind the use `after`."""
        query = cls.select(cls.id)
        if after is not None:
            same = (cls.at == after.at) & (cls.id < after.id)
            tests = [*tests, cls.at <= after.at, (cls.at < after.at) | same]
        if tests:
            query = query.where(*tests)
        return [row.id for row in query.order_by(-cls.at, -cls.id).limit(most)]

    @classmethod
    def in_order(cls, ids):
        """The uses with these ids in their order, each with paper, application, people, `came_to` (「差し戻し」 or "") and
        `certificate` ({issuer, serial, mail} or None), asked by the hundred."""
        for start in range(0, len(ids), _AT_ONCE):
            rows = {row.id: row for row in cls._with_all(ids[start : start + _AT_ONCE])}
            told = _told({row.application_id for row in rows.values()})
            for row in rows.values():
                row.came_to = _came_to(row, told)
                row.certificate = _certificate(row, told) if row.kind == "sealed_pdf" else None
            yield from (rows[id] for id in ids[start : start + _AT_ONCE])

    @classmethod
    def _with_all(cls, ids):
        sealer, keeper = Person.alias(), Person.alias()
        return (
            cls.select(cls, Paper, Application, sealer, keeper)
            .join(Paper)
            .switch(cls)
            .join(Application)
            .switch(cls)
            .join(sealer, JOIN.LEFT_OUTER, on=(cls.sealer == sealer.id), attr="sealer")
            .switch(cls)
            .join(keeper, JOIN.LEFT_OUTER, on=(cls.keeper == keeper.id), attr="keeper")
            .where(cls.id.in_(ids))
        )


def _told(applications):
    """{application id: events of sealing and of coming back}."""
    told = {}
    about = (Event.object == "application") & Event.object_id.in_(list(applications)) & Event.act.in_(["seal", *UNDONE])
    for event in Event.select(Event.object_id, Event.act, Event.facts).where(about):
        told.setdefault(event.object_id, []).append(event)
    return told


def _came_to(use, told):
    for event in told.get(use.application_id, ()):
        if event.act in UNDONE and event.facts.get("version") == use.paper.version:
            return UNDONE[event.act]
    stage = use.application.stage
    return STAGE_LABELS[Stage(stage)] if stage in (Stage.WITHDRAWN, Stage.REFUSED) else ""


def _certificate(use, told):
    sealed = [event.facts for event in told.get(use.application_id, ()) if event.act == "seal"]
    facts = next((each for each in sealed if each.get("sha256") == use.paper.sha256), {})
    said = next((row[2] for row in use.paper.report or () if row[0].startswith("証明書のメールアドレスは、台帳")), "")
    return {
        "issuer": facts.get("issuer", ""),
        "serial": facts.get("signer_certificate_serial", ""),
        "mail": said.partition("(")[0],
    }
