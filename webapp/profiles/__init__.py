"""CA profiles as data: what one certification authority wants, in a TOML file beside this one.

A profile holds values, and choices among variants that the code knows; it never changes the stages of the procedure.
What nobody could read in a source is said so in the file and stays changeable (`dataclasses.replace`).
"""

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

_HERE = Path(__file__).parent


class UnknownProfile(LookupError):
    """There is no profile of this name."""


@dataclass(frozen=True)
class Document:
    """A document to agree to before applying (AGR-01): `key` for code, `title` and `address` (URL or "") for people."""

    key: str
    title: str
    address: str


@dataclass(frozen=True)
class Link:
    """A page of the CA for people: `title`, `address` (URL)."""

    title: str
    address: str


@dataclass(frozen=True)
class IdentityMethod:
    """A way to examine somebody, proposed to a new installation: `of` is "identity" (本人性) or "existence" (実在性)."""

    of: str
    title: str


@dataclass(frozen=True)
class Validity:
    """Certificates issued on `issued_from` (UTC date) or later may be valid for `days` days or `months` months."""

    issued_from: date
    days: int = 0
    months: int = 0

    def longest_until(self, not_before):
        """The last instant at which a certificate that begins at `not_before` (aware) may end."""
        try:
            return not_before + timedelta(days=self.days) if self.days else _months_later(not_before, self.months)
        except (OverflowError, ValueError):  # beyond the year 9999
            return datetime.max.replace(tzinfo=not_before.tzinfo)

    def __str__(self):
        """ "460日" or "39か月"."""
        return f"{self.days}日" if self.days else f"{self.months}か月"


@dataclass(frozen=True)
class Profile:
    """One CA profile. `public`: its certificates are trusted outside, so a software token never holds their keys.
    `second_person`: each use of a key on the institution's token waits for another person's approval.

    `seal_roles` and `attachments` are keyed by procedure kind ("issue", "revoke"), roles as in procedure.Role.
    `offered_keys` are made on tokens ("RSA-3072" …); `rsa_min_bits` and `curves` are accepted from elsewhere.
    `common_name` is what CN must be, with {O} for a registered value. `issuers` are CNs of the CAs that issue the
    certificates, `seal_issuers` of those whose S/MIME certificates may seal (empty: the trust anchors alone decide).
    `status_hosts` ("host" or "host:port") alone are asked about revocation; `crl_addresses` and `ocsp_addresses` (URLs
    there) serve certificates that name no place among them. `{practice}` is the practice desk (rules/status_addresses).
    `seal_status_hosts` alone are asked for `seal_crl_addresses`, the CRLs of the CAs of persons' certificates (S/MIME, cards
    to sign in with), every `seal_crl_minutes`; never a place that such a certificate names. `sign_in_needs_status`: a card
    whose revocation nothing is known of does not let in.
    """

    name: str
    title: str
    note: str
    public: bool
    second_person: bool
    recipients: tuple[str, ...]
    copies: tuple[str, ...]
    business_days: int
    serial_format: str
    offered_keys: tuple[str, ...]
    rsa_min_bits: int
    curves: tuple[str, ...]
    hashes: tuple[str, ...]
    required_attributes: tuple[str, ...]
    fixed_attributes: tuple[str, ...]
    forbidden_attributes: tuple[str, ...]
    common_name: str
    issuers: tuple[str, ...]
    seal_issuers: tuple[str, ...]
    status_hosts: tuple[str, ...]
    crl_addresses: tuple[str, ...]
    ocsp_addresses: tuple[str, ...]
    seal_status_hosts: tuple[str, ...]
    seal_crl_addresses: tuple[str, ...]
    seal_crl_minutes: int
    sign_in_needs_status: bool
    seal_roles: dict
    attachments: dict
    validity: tuple[Validity, ...]
    documents: tuple[Document, ...]
    links: tuple[Link, ...]
    identity_methods: tuple[IdentityMethod, ...]
    reminder_days: tuple[int, ...] = (90, 60, 45, 30, 14, 7, 0)  # before the end; a file may say others

    def validity_at(self, issued_at):
        """The Validity for a certificate whose period begins at `issued_at` (aware datetime): the newest that applies,
        the oldest for a date before all of them."""
        oldest_first = sorted(self.validity, key=lambda each: each.issued_from)
        return [oldest_first[0], *(each for each in oldest_first if each.issued_from <= issued_at.date())][-1]

    def common_name_for(self, registered):
        """The CN that this profile expects for a registered Subject (anything with `get(short)`)."""
        expected = self.common_name
        for short in ("O", "L", "ST", "C"):
            expected = expected.replace("{" + short + "}", registered.get(short))
        return expected


_LISTS = {"validity": Validity, "documents": Document, "links": Link, "identity_methods": IdentityMethod}


def names():
    """The names of all profiles, sorted."""
    return sorted(path.stem for path in _HERE.glob("*.toml"))


def load(name):
    """The Profile of this name ("upki-v2.4", "practice"); UnknownProfile if there is none. A file with a missing or
    unknown key is a mistake of ours: TypeError."""
    if name not in names():
        raise UnknownProfile(name)
    values = tomllib.loads((_HERE / f"{name}.toml").read_text("utf-8"))
    for key, kind in _LISTS.items():
        values[key] = tuple(kind(**each) for each in values[key])
    return Profile(name=name, **{key: _frozen(value) for key, value in values.items()})


def _frozen(value):
    if isinstance(value, dict):
        return {key: _frozen(each) for key, each in value.items()}
    return tuple(value) if isinstance(value, list) else value


def _months_later(instant, months):
    years, month = divmod(instant.month - 1 + months, 12)
    first = datetime(instant.year + years, month + 1, 1, tzinfo=instant.tzinfo)
    return first.replace(hour=instant.hour, minute=instant.minute, second=instant.second) + timedelta(
        days=instant.day - 1
    )
