"""署名簿: the files that were signed with a certificate."""

from peewee import CharField, ForeignKeyField, TextField

from webapp.register.certificates import Certificate
from webapp.register.database import InstantField, Row
from webapp.register.people import Person


class SignatureRecord(Row):
    """One signed file. `signed_at` is what was claimed; `stamp` verified, broken (`fault` says why), none or unknown; only a
    verified one proves `timestamped_at`. `warning`: what USE-01 held against it when it was made, or ""."""

    certificate = ForeignKeyField(Certificate, backref="signatures")
    name = TextField()
    release = TextField()
    sha256 = CharField()
    sha256_before = CharField()
    signed_at = InstantField()
    tool = TextField()
    source = CharField()  # record, program, typed
    stamp = CharField()
    timestamped_at = InstantField(null=True)
    authority = TextField()
    fault = TextField()
    warning = CharField()
    person = ForeignKeyField(Person)
    registered_at = InstantField()

    class Meta:
        table_name = "signature_record"

    @classmethod
    def of(cls, certificate):
        """All of a certificate, as a query, each with who registered it."""
        return cls.select(cls, Person).join(Person).where(cls.certificate == certificate)

    @classmethod
    def surviving(cls, certificate, compromised_at):
        """Those that a verified time stamp shows to be older than the compromise."""
        return cls.of(certificate).where((cls.stamp == "verified") & (cls.timestamped_at < compromised_at))

    @classmethod
    def suspect(cls, certificate, compromised_at):
        """All others: stamped afterwards, or with nothing that proves when."""
        is_proven = (cls.stamp == "verified") & (cls.timestamped_at < compromised_at)
        return cls.of(certificate).where(~is_proven)

    @classmethod
    def page(cls, query, size, before=None):
        """(rows, is there more?) of a query, the newest signature first, each with its person; `before` is the row after
        which the page begins, or None."""
        if before is not None:
            at = (cls.signed_at == before.signed_at) & (cls.id < before.id)
            query = query.where((cls.signed_at < before.signed_at) | at)
        found = list(query.order_by(-cls.signed_at, -cls.id).limit(size + 1))
        return found[:size], len(found) > size

    @classmethod
    def ids_of(cls, certificate, most):
        """The ids of the newest `most` of a certificate, the newest signature first."""
        query = cls.select(cls.id).where(cls.certificate == certificate).order_by(-cls.signed_at, -cls.id)
        return [row.id for row in query.limit(most)]

    @classmethod
    def in_order(cls, ids):
        """The rows of these ids in their order, asked by the hundred."""
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            found = {row.id: row for row in cls.select(cls, Person).join(Person).where(cls.id.in_(some))}
            yield from (found[each] for each in some)
