"""The authority's list of revoked certificates (CRL, RFC 5280 §5 and §6.3.3), read as a whole or for one certificate."""

import re
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from webapp.papers.status_answer import (
    ASK_CA,
    GOOD,
    MALFORMED,
    REMOVE_FROM_CRL,
    REVOKED,
    Found,
    NotAuthorised,
    NotUnderstood,
    OtherCertificate,
    OtherIssuer,
    Stale,
    check_begun,
    check_hash,
    check_lasts,
    check_size,
    dn,
    issuer_of,
    moment,
    reason_of,
    revoked_sentence,
    unreadable,
    wrong_signature,
)

MAX_BYTES = 10 * 1024 * 1024
WHAT = "失効リスト(CRL)"
_UNDERSTOOD = (x509.AuthorityKeyIdentifier, x509.CRLNumber, x509.IssuingDistributionPoint)
_UNDERSTOOD_IN_ENTRIES = (x509.CRLReason, x509.InvalidityDate)


@dataclass(frozen=True)
class RevocationList:
    """A list that may be kept: whose it is (a DN in words), since when and until when it holds (aware)."""

    issuer: str
    this_update: datetime
    next_update: datetime


def read_list(data, authorities, at):
    """The RevocationList in `data` (DER or PEM): complete, signed by one of the `authorities` (DER), in force at the aware
    instant `at`. Raises what read_crl raises."""
    check_size(data, MAX_BYTES, WHAT)
    try:
        crl = _loaded(data)
        issuers = [each for each in map(issuer_of, authorities) if each.subject == crl.issuer]
        if not issuers:
            sentence = f"この失効リスト(CRL)は、「{dn(crl.issuer)}」のものです。信頼する認証局に登録されていません。"
            raise OtherIssuer(sentence, "発行した認証局の証明書を、「信頼する認証局」に登録してください。")
        _check_issuer(crl, _signer_among(issuers, crl))
        _extensions(crl)
        _check_time(crl, at)
        _entry(crl, None)
        return RevocationList(dn(crl.issuer), crl.last_update_utc, crl.next_update_utc)
    except MALFORMED:
        raise unreadable(WHAT) from None


def _signer_among(issuers, crl):
    """The one whose key signed it (an authority may have several under its name); the first if it is none of them."""
    return next((each for each in issuers if crl.is_signature_valid(each.public_key())), issuers[0])


def last_instant(data):
    """Until when the list in `data` holds (aware), or None. Raises Unreadable."""
    try:
        return _loaded(data).next_update_utc
    except MALFORMED:
        raise unreadable(WHAT) from None


def read_crl(data, issuer_der, serial_hex, at, addresses=()):
    """What the complete CRL in `data` (DER or PEM) of the authority `issuer_der` says about the end-entity certificate
    with that serial at the aware instant `at`: a Found, "revoked" or "good".

    `addresses` are the certificate's own CRL distribution points: a list that covers one distribution point only
    (RFC 5280 §5.2.5) says "good" for the certificates that name this point alone. Raises TooLarge, Unreadable,
    OtherIssuer, WrongSignature, NotAuthorised, NotUnderstood, Stale, OtherCertificate.
    """
    check_size(data, MAX_BYTES, WHAT)
    issuer, serial = issuer_of(issuer_der), int(serial_hex, 16)
    try:
        crl = _loaded(data)
        _check_issuer(crl, issuer)
        number, scope = _extensions(crl)
        _check_time(crl, at)
        count, entry = _entry(crl, serial)
        return _found(crl, issuer, serial_hex, number, count, entry, scope, addresses)
    except MALFORMED:
        raise unreadable(WHAT) from None


def _loaded(data):
    is_pem = re.match(rb"\s*-----BEGIN X509 CRL-----", data)
    return x509.load_pem_x509_crl(data) if is_pem else x509.load_der_x509_crl(data)


def _check_issuer(crl, issuer):
    if crl.issuer != issuer.subject:
        sentence = (
            f"この失効リスト(CRL)は、「{dn(crl.issuer)}」のものです。「{dn(issuer.subject)}」のものではありません。"
        )
        raise OtherIssuer(sentence, ASK_CA)
    usage = next((each.value for each in issuer.extensions if isinstance(each.value, x509.KeyUsage)), None)
    if usage is not None and not usage.crl_sign:
        sentence = f"「{dn(issuer.subject)}」の証明書は、失効リスト(CRL)に署名することを許されていません。"
        raise NotAuthorised(sentence, ASK_CA)
    check_hash(crl, WHAT)
    if not crl.is_signature_valid(issuer.public_key()):
        raise wrong_signature(WHAT, issuer)


def _extensions(crl):
    """(CRL number or None, IssuingDistributionPoint or None) of a list that covers what is asked for."""
    found = {type(each.value): each.value for each in crl.extensions}
    scope = found.get(x509.IssuingDistributionPoint)
    if x509.DeltaCRLIndicator in found:
        raise _not_understood("差分だけのリスト(delta CRL)です")
    if scope is not None:
        _check_scope(scope)
    for each in crl.extensions:
        if each.critical and not isinstance(each.value, _UNDERSTOOD):
            raise _not_understood(f"対応していない重要な拡張({each.oid.dotted_string})があります")
    return getattr(found.get(x509.CRLNumber), "crl_number", None), scope


def _check_scope(scope):
    if scope.indirect_crl:
        raise _not_understood("ほかの認証局の分も載せるリスト(indirect CRL)です")
    if scope.only_some_reasons:
        raise _not_understood("一部の失効理由だけのリスト(onlySomeReasons)です")
    if scope.only_contains_ca_certs or scope.only_contains_attribute_certs:
        raise OtherCertificate("この失効リスト(CRL)は、認証局または属性の証明書だけのリストです。", ASK_CA)


def _not_understood(why):
    return NotUnderstood(f"この失効リスト(CRL)は、{why}。失効の確認に使えません。", ASK_CA)


def _check_time(crl, at):
    check_begun(crl.last_update_utc, at, WHAT)
    if crl.next_update_utc is None:
        raise Stale("失効リスト(CRL)に次回の更新日時がなく、いつまで有効か分かりません。", ASK_CA)
    check_lasts(crl.next_update_utc, at, WHAT)


def _entry(crl, serial):
    """(how many entries, the last entry with that serial or None). Every entry is looked at: a critical extension
    that is not understood makes the whole list useless (RFC 5280 §5.3)."""
    count, found = 0, None
    for entry in crl:
        count += 1
        for each in entry.extensions:
            if each.critical and not isinstance(each.value, _UNDERSTOOD_IN_ENTRIES):
                raise _not_understood(f"対応していない重要な拡張({each.oid.dotted_string})が項目にあります")
        if entry.serial_number == serial:
            found = entry
    return count, found


def _found(crl, issuer, serial_hex, number, count, entry, scope, addresses):
    reason = None if entry is None else _reason(entry)
    is_revoked = entry is not None and reason != REMOVE_FROM_CRL  # RFC 5280 §6.3.3 l: removed counts as not revoked
    if not is_revoked:
        _check_covered(scope, addresses)
    points = [
        f"発行者は「{dn(issuer.subject)}」です。署名を、この認証局の鍵で確かめました。",
        f"更新 {moment(crl.last_update_utc)}、次回の更新 {moment(crl.next_update_utc)}。有効期間の中です。",
        f"{count}件のうち、シリアル番号 {serial_hex} は{'載っていません' if entry is None else '載っています'}。",
    ]
    if number is not None:
        points.append(f"リストの番号は {number} です。")
    if entry is not None and not is_revoked:
        points.append("項目は、一時停止の解除(removeFromCRL)です。")
    return Found(
        outcome=REVOKED if is_revoked else GOOD,
        revoked_at=entry.revocation_date_utc if is_revoked else None,
        reason=reason if is_revoked else None,
        this_update=crl.last_update_utc,
        next_update=crl.next_update_utc,
        signer=dn(issuer.subject),
        sentence=revoked_sentence(reason)
        if is_revoked
        else "この証明書は、失効リスト(CRL)に失効として載っていません。",
        points=tuple(points),
    )


def _reason(entry):
    flags = [each.value.reason for each in entry.extensions if isinstance(each.value, x509.CRLReason)]
    return reason_of(flags[0]) if flags else None


def _check_covered(scope, addresses):
    if scope is None or (scope.full_name is None and scope.relative_name is None):
        return
    if not {getattr(name, "value", None) for name in scope.full_name or ()} & set(addresses):
        sentence = (
            "この失効リスト(CRL)は、別の配布点(distribution point)の分です。この証明書が失効していないとは言えません。"
        )
        raise OtherCertificate(sentence, "証明書に書かれている失効リスト(CRL)のアドレスで確認してください。")
