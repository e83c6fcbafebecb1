"""A question to the authority about one certificate, and its answer (OCSP, RFC 6960; nonce: RFC 8954)."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from tokens import token_key
from webapp.papers.status_answer import (
    ASK_CA,
    GOOD,
    HOLD,
    MALFORMED,
    REVOKED,
    UNKNOWN,
    Found,
    NoStatus,
    NotAuthorised,
    NotUnderstood,
    OtherCertificate,
    OtherIssuer,
    Stale,
    WrongNonce,
    check_begun,
    check_hash,
    check_lasts,
    check_size,
    dn,
    is_issued_by,
    issuer_of,
    moment,
    reason_of,
    revoked_sentence,
    unreadable,
    wrong_signature,
)

MAX_BYTES = 64 * 1024
NONCE_BYTES = 32  # RFC 8954 §2.1
FRESH = timedelta(days=1)  # how old an answer without nextUpdate may be
WHAT = "失効状態の回答(OCSP)"
_NOT_ISSUED_SINCE = datetime(1970, 1, 1, tzinfo=UTC)  # RFC 6960 §2.2: revoked, because it was never issued
_UNDERSTOOD_IN_RESPONDERS = (
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.BasicConstraints,
    x509.OCSPNoCheck,
    x509.AuthorityKeyIdentifier,
    x509.SubjectKeyIdentifier,
)
_ERRORS = {  # RFC 6960 §4.2.1: what the responder said -> its name there, in words
    "MALFORMED_REQUEST": ("malformedRequest", "問い合わせの形式が正しくない"),
    "INTERNAL_ERROR": ("internalError", "認証局の側で障害が起きている"),
    "TRY_LATER": ("tryLater", "いまは答えられない"),
    "SIG_REQUIRED": ("sigRequired", "問い合わせに署名が必要である"),
    "UNAUTHORIZED": ("unauthorized", "この証明書について答える立場にない"),
}


def ocsp_request(certificate_serial, issuer_der):
    """(DER of the OCSPRequest, its nonce) for the certificate of the authority `issuer_der` with that serial (int).
    The authority is named by SHA-1, the one hash that every responder knows (RFC 5019 §2.1.1); nothing rests on it."""
    name_hash, key_hash = _authority_hashes(issuer_der, "sha1")
    nonce = secrets.token_bytes(NONCE_BYTES)
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        name_hash,
        key_hash,
        certificate_serial,
        hashes.SHA1(),
    )
    return builder.add_extension(x509.OCSPNonce(nonce), critical=False).build().public_bytes(Encoding.DER), nonce


def read_ocsp(data, issuer_der, serial_hex, at, nonce=None):
    """What the OCSPResponse in `data` (DER) says about the certificate of the authority `issuer_der` with that serial
    at the aware instant `at`: a Found. `nonce` is that of the question, None if the answer was not asked for by us.

    An answer without a nonce is remarked upon in the points; many responders leave it out (RFC 8954 §2.1). Raises
    TooLarge, Unreadable, NoStatus, NotAuthorised, WrongSignature, NotUnderstood, WrongNonce, OtherCertificate,
    OtherIssuer, Stale.
    """
    check_size(data, MAX_BYTES, WHAT)
    issuer = issuer_of(issuer_der)
    try:
        response = ocsp.load_der_ocsp_response(data)
        _check_status(response)
        signer = _signer(response, issuer, at)
        _check_critical(response)
        about_nonce = _check_nonce(response, nonce)
        single = _single(response, issuer_der, int(serial_hex, 16))
        _check_time(response, single, at)
        return _found(single, issuer, signer, serial_hex, about_nonce)
    except MALFORMED:
        raise unreadable(WHAT) from None


def _authority_hashes(issuer_der, algorithm):
    """The hashes of the issuer's name and of its key's bits, as in a CertID (RFC 6960 §4.1.1)."""
    certificate = asn1_x509.Certificate.load(issuer_der)
    bits = certificate.public_key["public_key"].contents[1:]  # without the count of unused bits
    return tuple(hashlib.new(algorithm, part).digest() for part in (certificate.subject.dump(), bits))


def _check_status(response):
    said = response.response_status
    if said == ocsp.OCSPResponseStatus.SUCCESSFUL:
        return
    code, words = _ERRORS[said.name]
    refusal = NoStatus(
        f"認証局は、失効状態を答えませんでした({code}: {words})。",
        "しばらく待って、もう一度確認してください。続く場合は、失効リスト(CRL)で確認するか、サービス窓口に問い合わせてください。",
    )
    refusal.code = code
    raise refusal


# Who answers


def _signer(response, issuer, at):
    """The certificate by whose key the answer is signed: the authority's, or one of the answer's that may speak for it."""
    check_hash(response, WHAT)
    meant = [each for each in (issuer, *response.certificates) if _is_meant(response, each)]
    if not meant:
        raise NotAuthorised("失効状態の回答(OCSP)に、署名した者の証明書が付いていません。", ASK_CA)
    signer = next((each for each in meant if _has_signed(each, response)), None)
    if signer is None:
        raise wrong_signature(WHAT, meant[0])
    objection = "" if signer is issuer else _objection(signer, issuer, at)
    if objection:
        raise NotAuthorised(f"失効状態を答えた「{dn(signer.subject)}」は、{objection}", ASK_CA)
    return signer


def _is_meant(response, certificate):
    """Whether the answer's ResponderID, a name or the SHA-1 of a key's bits, is this certificate's."""
    if response.responder_name is not None:
        return response.responder_name == certificate.subject
    _, key_hash = _authority_hashes(certificate.public_bytes(Encoding.DER), "sha1")
    return response.responder_key_hash == key_hash


def _objection(responder, issuer, at):
    """Why a certificate may not answer for `issuer` (RFC 6960 §4.2.2.2), or ""."""
    found = {type(each.value): each.value for each in responder.extensions}
    usage = found.get(x509.KeyUsage)
    if not is_issued_by(responder, issuer):
        return f"「{dn(issuer.subject)}」から回答を任された者ではありません。"
    if ExtendedKeyUsageOID.OCSP_SIGNING not in found.get(x509.ExtendedKeyUsage, ()):
        return "回答を任された者(拡張鍵用途 OCSPSigning)ではありません。"
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return "証明書の鍵用途(keyUsage)が、署名を許していません。"
    if not responder.not_valid_before_utc <= at <= responder.not_valid_after_utc:
        return f"証明書の有効期間({moment(responder.not_valid_before_utc)}〜{moment(responder.not_valid_after_utc)})の外です。"
    for each in responder.extensions:
        if each.critical and not isinstance(each.value, _UNDERSTOOD_IN_RESPONDERS):
            return f"証明書に、対応していない重要な拡張({each.oid.dotted_string})があります。"
    return ""


def _has_signed(certificate, response):
    key = certificate.public_key()
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        return False
    try:
        token_key.verify(key, response.signature, response.tbs_response_bytes, response.signature_hash_algorithm)
    except InvalidSignature:
        return False
    return True


# What is answered


def _check_critical(response):
    """RFC 6960 §4.4: only the nonce may be critical."""
    oids = [each.oid.dotted_string for each in response.extensions if each.critical]
    for single in asn1_ocsp.ResponseData.load(response.tbs_response_bytes)["responses"]:
        oids += [each["extn_id"].dotted for each in single["single_extensions"] if each["critical"].native]
    for oid in oids:
        if oid != x509.OCSPNonce.oid.dotted_string:
            sentence = f"失効状態の回答(OCSP)に、対応していない重要な拡張({oid})があります。"
            raise NotUnderstood(sentence, ASK_CA)


def _check_nonce(response, nonce):
    """The answer carries our nonce, or none; a sentence about it. Raises WrongNonce."""
    said = [each.value.nonce for each in response.extensions if isinstance(each.value, x509.OCSPNonce)]
    if said and nonce is not None and not hmac.compare_digest(said[0], nonce):
        sentence = "失効状態の回答(OCSP)が、別の問い合わせへのものです(nonceが一致しません)。"
        raise WrongNonce(sentence, "もう一度確認してください。続く場合は、サービス窓口に問い合わせてください。")
    if not said:
        return "回答に番号(nonce)がありません。新しさは、日時だけで判断しました。"
    return "回答の番号(nonce)は、" + ("確かめていません。" if nonce is None else "問い合わせのものと一致します。")


def _single(response, issuer_der, serial):
    """The one SingleResponse about that certificate."""
    named = [single for single in response.responses if single.serial_number == serial]
    if not named:
        raise OtherCertificate("失効状態の回答(OCSP)が、別のシリアル番号の証明書についてのものです。", ASK_CA)
    meant = [single for single in named if _is_about(single, issuer_der)]
    if not meant:
        raise OtherIssuer("失効状態の回答(OCSP)が、別の認証局の証明書についてのものです。", ASK_CA)
    if len(meant) > 1:
        raise OtherCertificate("失効状態の回答(OCSP)に、同じ証明書についての回答が2つ以上あります。", ASK_CA)
    return meant[0]


def _is_about(single, issuer_der):
    expected = _authority_hashes(issuer_der, single.hash_algorithm.name)
    return (single.issuer_name_hash, single.issuer_key_hash) == expected


def _check_time(response, single, at):
    check_begun(response.produced_at_utc, at, WHAT)
    check_begun(single.this_update_utc, at, WHAT)
    if single.next_update_utc is not None:
        check_lasts(single.next_update_utc, at, WHAT)
    elif single.this_update_utc < at - FRESH:
        sentence = f"失効状態の回答(OCSP)が古すぎます({moment(single.this_update_utc)}のもの)。"
        raise Stale(sentence, "もう一度確認してください。続く場合は、サービス窓口に問い合わせてください。")


def _found(single, issuer, signer, serial_hex, about_nonce):
    outcome, revoked_at, reason = _outcome(single)
    sentences = {
        REVOKED: revoked_sentence(reason),
        GOOD: "この証明書は、失効していません。",
        UNKNOWN: "認証局は、この証明書を知らないと答えました。",
    }
    return Found(
        outcome=outcome,
        revoked_at=revoked_at,
        reason=reason,
        this_update=single.this_update_utc,
        next_update=single.next_update_utc,
        signer=dn(signer.subject),
        sentence=sentences[outcome],
        points=_points(single, issuer, signer, serial_hex, about_nonce),
    )


def _outcome(single):
    if single.certificate_status == ocsp.OCSPCertStatus.GOOD:
        return GOOD, None, None
    reason = reason_of(single.revocation_reason)
    was_never_issued = single.revocation_time_utc == _NOT_ISSUED_SINCE and reason == HOLD
    if single.certificate_status == ocsp.OCSPCertStatus.UNKNOWN or was_never_issued:
        return UNKNOWN, None, None
    return REVOKED, single.revocation_time_utc, reason


def _points(single, issuer, signer, serial_hex, about_nonce):
    until = f"次回の更新 {moment(single.next_update_utc)}" if single.next_update_utc else "次回の更新の指定なし"
    points = [
        f"シリアル番号 {serial_hex}、発行者「{dn(issuer.subject)}」の証明書についての回答です。",
        f"更新 {moment(single.this_update_utc)}、{until}。有効期間の中です。",
    ]
    if signer is issuer:
        points.append("署名を、この認証局の鍵で確かめました。")
    else:
        points.append(f"署名を、この認証局が回答を任せた「{dn(signer.subject)}」の鍵で確かめました。")
        if not any(each.oid == ExtensionOID.OCSP_NO_CHECK for each in signer.extensions):
            points.append("回答を任された者の証明書自体の失効は、確かめていません。")
    return (*points, about_nonce)
