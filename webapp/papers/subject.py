"""主体者DN as a list of attributes. Never a string: `,` `=` and `/` are legal inside a value (domain.md §4.1)."""

import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

_SHORT = {
    NameOID.COUNTRY_NAME: "C",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.LOCALITY_NAME: "L",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.COMMON_NAME: "CN",
    NameOID.DOMAIN_COMPONENT: "DC",
    NameOID.EMAIL_ADDRESS: "emailAddress",
}
_OID = {short: oid for oid, short in _SHORT.items()}
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Subject:
    """A distinguished name: `values` are (short name, value) in encoded order, C first as a rule.

    Short names are C, ST, L, O, OU, CN, DC, emailAddress; anything else is a dotted OID. Two subjects are equal if
    the lists are equal: exact, case-sensitive, in order; the string type (PrintableString, UTF8String) does not count.
    """

    values: tuple[tuple[str, str], ...]

    @classmethod
    def from_name(cls, name):
        """From an x509.Name; a value that is no text (a bit string) appears as hex."""
        return cls(tuple((_SHORT.get(a.oid, a.oid.dotted_string), _as_text(a.value)) for a in name))

    def name(self):
        """The x509.Name: C as PrintableString, DC and emailAddress as IA5String, the rest as UTF8String.
        ValueError for a C that has not two letters, and for a CN that is empty or longer than 64 octets."""
        attributes = [
            x509.NameAttribute(_OID.get(short) or x509.ObjectIdentifier(short), value) for short, value in self.values
        ]
        return x509.Name(attributes)

    @property
    def der(self):
        """The DER bytes of `name()`."""
        return self.name().public_bytes()

    def get(self, short):
        """The first value under this short name, or "" if there is none."""
        return next(iter(self.all(short)), "")

    def all(self, short):
        """All values under this short name, in encoded order."""
        return tuple(value for name, value in self.values if name == short)

    def __str__(self):
        """For people, most specific first: "CN=…, O=…, L=…, ST=…, C=JP"; a control character, which no page or database
        would take, as �."""
        return shown(", ".join(f"{short}={value}" for short, value in reversed(self.values)))


def shown(text):
    """A text of a certificate as pages and databases take it: control characters as �."""
    return _CONTROL.sub("�", text)


def common_name_of(line):
    """The CN of a name written by `str(Subject)`, CN first; "" if it begins with something else."""
    found = re.match(r"CN=(.*?)(?:, (?:[A-Za-z]+|[0-9.]+)=|$)", line, re.DOTALL)
    return found[1] if found else ""


def _as_text(value):
    return value if isinstance(value, str) else value.hex()
