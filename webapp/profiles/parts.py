"""The small tables in a profile: documents, links, methods, periods, entries of a portal."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta


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
class PortalField:
    """An entry of the CA's portal for a procedure (`of`: "issue" or "revoke"): `label` as the portal has it, `value` of ours."""

    of: str
    label: str
    value: str


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


def _months_later(instant, months):
    years, month = divmod(instant.month - 1 + months, 12)
    first = datetime(instant.year + years, month + 1, 1, tzinfo=instant.tzinfo)
    return first.replace(hour=instant.hour, minute=instant.minute, second=instant.second) + timedelta(
        days=instant.day - 1
    )
