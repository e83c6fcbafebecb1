"""署名簿: the files that were signed with a certificate."""

from peewee import BooleanField, CharField, ForeignKeyField, TextField

from webapp.register.certificates import Certificate
from webapp.register.content import Content
from webapp.register.database import InstantField, Row
from webapp.register.people import Person


class SignatureRecord(Row):
    """One signed file. `signed_at` is what was claimed; `stamp` verified (right in itself), broken (`fault` says why), none or
    unknown; only one whose authority is trusted proves `timestamped_at`: `authority_chain` are its certificates (PEM).
    `warning`: what USE-01 held against it when it was made, or ""."""

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
    is_trusted = BooleanField(default=False)
    authority_chain = ForeignKeyField(Content, null=True, column_name="authority_sha256", backref="+")
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

    @property
    def standing(self):
        """How its time stamp stands: trusted, verified (nobody vouches for the authority), broken, none or unknown."""
        return "trusted" if self.is_trusted else self.stamp

    @classmethod
    def surviving(cls, certificate, compromised_at):
        """Those that a trusted time stamp shows to be older than the compromise."""
        return cls.of(certificate).where(cls.is_trusted & (cls.timestamped_at < compromised_at))

    @classmethod
    def unsure(cls, certificate, compromised_at):
        """Those with an older time stamp that is right in itself, of an authority that nobody here trusts."""
        is_right = (cls.stamp == "verified") & ~cls.is_trusted
        return cls.of(certificate).where(is_right & (cls.timestamped_at < compromised_at))

    @classmethod
    def suspect(cls, certificate, compromised_at):
        """All others: stamped afterwards, or with nothing that tells when."""
        is_older = (cls.stamp == "verified") & (cls.timestamped_at < compromised_at)
        return cls.of(certificate).where(~is_older)

    @classmethod
    def unsure_chains(cls):
        """[Content, …]: the certificates of the authorities whose right stamps are not trusted, each once."""
        is_open = (cls.stamp == "verified") & ~cls.is_trusted
        return list(Content.select().where(Content.sha256.in_(cls.select(cls.authority_chain).where(is_open))))

    @classmethod
    def trust(cls, chain, since, until):
        """The stamps of this authority between two instants are trusted from now on; how many were not before."""
        is_open = (cls.authority_chain == chain) & (cls.stamp == "verified") & ~cls.is_trusted
        return cls.update(is_trusted=True).where(is_open & cls.timestamped_at.between(since, until)).execute()

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
