"""CMS SignedData (PKCS#7, RFC 5652): whose certificates sign, which ones only come along. No signature is verified."""

from contextlib import contextmanager

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509

from webapp.errors import Unreadable
from webapp.papers import certificate
from webapp.papers.identified import Identification, once, ordered, refuse_too_many
from webapp.papers.subject import Subject

MOST_SIGNERS = 20
DEEPEST = 3  # a signature within a signature
CATALOG = "1.3.6.1.4.1.311.10.1"
# What asn1crypto raises on damaged or forged bytes.
_DAMAGE = (ValueError, TypeError, LookupError, AttributeError, RecursionError, NotImplementedError, OverflowError)


def identify(der):
    """The Identification of a SignedData (DER or BER; what follows it is not looked at): a bundle of certificates
    (.p7b), a catalog (.cat) or another signature (.p7s). Raises Unreadable."""
    with _reading():
        data = _content(cms.ContentInfo.load(der))
        if not len(data["signer_infos"]):
            found, notes = ordered(_certificates(data), where="証明書の束")
            return Identification("証明書をまとめたファイル(PKCS#7、.p7b)", found, notes)
        kind, where = "CMS署名(PKCS#7、.p7s)", "CMS署名"
        if data["encap_content_info"]["content_type"].dotted == CATALOG:
            kind, where = "署名されたカタログファイル(.cat)", "カタログファイル"
        found, notes = _signed(data, where, 1)
        return Identification(kind, found, notes, is_signed=True)


def signed(der, where):
    """(tuple of Found, notes) of a signature whose SignedData is `der`, called `where` in the sentences: the signers
    by issuer and serial or by key identifier, nested signatures (Microsoft's 1.3.6.1.4.1.311.2.4.1) after the outer
    ones; a time stamp's signer is none. Raises Unreadable."""
    with _reading():
        return _signed(_content(cms.ContentInfo.load(der)), where, 1)


@contextmanager
def _reading():
    """asn1crypto parses each part when it is first looked at; damage may show anywhere."""
    try:
        yield
    except _DAMAGE:
        raise _broken() from None


def _signed(data, where, depth):
    ders = _certificates(data)
    signers = list(data["signer_infos"])[:MOST_SIGNERS]
    matched = [_matching(each["sid"], ders) for each in signers]
    notes = [_missing(each["sid"]) for each, der in zip(signers, matched, strict=True) if der is None]
    known = [der for der in matched if der]
    found, more = ordered(ders, known, where) if known or not signers else ((), ())
    inner = [content for each in signers for content in _nested(each)]
    for content in inner[:MOST_SIGNERS] if depth < DEEPEST else ():
        below, further = _signed(_content(content), f"{where}(2つ目以降の署名)", depth + 1)
        found, more = once((*found, *below)), (*more, *further)
    return found, (*notes, *more)


def _content(info):
    """The SignedData in a ContentInfo."""
    if info["content_type"].native != "signed_data":
        raise _broken()
    refuse_too_many(info["content"]["certificates"])
    return info["content"]


def _certificates(data):
    """DER of the plain X.509 certificates; other choices (attribute certificates) name nobody here."""
    if not data["certificates"]:
        return []
    return [each.chosen.dump() for each in data["certificates"] if each.name == "certificate"]


def _matching(sid, ders):
    """The certificate that a SignerIdentifier names, or None if it is not among them (RFC 5652 §5.3)."""
    for der in ders:
        held = asn1_x509.Certificate.load(der)
        if sid.name == "issuer_and_serial_number":
            named = sid.chosen["serial_number"].native, sid.chosen["issuer"].dump()
            if named == (held.serial_number, held.issuer.dump()):
                return der
        elif sid.chosen.native == held.key_identifier:
            return der
    return None


def _missing(sid):
    """A signer whose certificate was left out: what the signature itself says of it."""
    if sid.name != "issuer_and_serial_number":
        return f"署名者の証明書が入っていません。署名者の鍵の識別子は {sid.chosen.native.hex()} です。"
    name = Subject(
        tuple((_short(pair), str(pair["value"].native)) for rdn in sid.chosen["issuer"].chosen for pair in rdn)
    )
    serial = certificate.serial_hex(sid.chosen["serial_number"].native)
    return f"署名者の証明書が入っていません。署名によると、シリアル番号は16進で {serial}、発行者は {name} です。"


_SHORT = {
    "country_name": "C",
    "state_or_province_name": "ST",
    "locality_name": "L",
    "organization_name": "O",
    "organizational_unit_name": "OU",
    "common_name": "CN",
}


def _short(pair):
    return _SHORT.get(pair["type"].native, pair["type"].dotted)


def _nested(signer):
    """The ContentInfos of Microsoft's nested signatures."""
    if not signer["unsigned_attrs"]:
        return []
    return [
        content
        for attribute in signer["unsigned_attrs"]
        if attribute["type"].native == "microsoft_nested_signature"
        for content in attribute["values"]
    ]


def _broken():
    return Unreadable(
        "署名や証明書の束(PKCS#7)として読み取れません。途中で壊れています。",
        "ファイルを入手し直して、もう一度選択してください。",
    )
