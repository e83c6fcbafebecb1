"""Subject names as lists of (short name, value) in encoded order, and the X.501 Name they stand for."""

from cryptography import x509
from cryptography.x509.oid import NameOID
from cryptography.x509.oid import ObjectIdentifier as Oid

OIDS = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": NameOID.COMMON_NAME,
    "DC": NameOID.DOMAIN_COMPONENT,
    "emailAddress": NameOID.EMAIL_ADDRESS,
}


def name_of(pairs):
    """[(short name or dotted OID, value), …] -> x509.Name, one attribute in each RDN, in this order.
    C becomes a PrintableString, DC and emailAddress IA5Strings, the rest UTF8Strings (RFC 5280 §4.1.2.4).
    Raises ValueError for an unknown name, an empty value or a value too long for its attribute."""
    return x509.Name([x509.NameAttribute(OIDS.get(short) or Oid(short), value) for short, value in pairs])
