"""Examining a sealed PDF against the frozen one (seed 1-1-4; reference: signing.md §0.5, §2, domain.md §16.2-16.3).

The rule: the file begins with the frozen bytes; one revision with one signature follows, in our field or in a new one
that touches 印; it changes nothing else; the signature covers the whole file; the certificate is an S/MIME
certificate that chains to an anchor at the time of receipt. Nothing is ever fetched. Any doubt is a refusal. Whether the
certificate was revoked is judged apart, by the lists at hand (revocation_state.py, seal_report.revocation_point).
"""

import hashlib
import re
from datetime import datetime

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import KeyUsageConstraints, SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus

from webapp.papers import envelope, signature_stamp, signer
from webapp.papers.pdf import PARSER_ERRORS, field_place, reader
from webapp.papers.revision import Spot, check_chain, check_objects
from webapp.papers.seal_look import check_legible
from webapp.papers.seal_report import GOOD, NOTE, Point, Seal, SealRefused, looking_at
from webapp.papers.seal_validation import Validation
from webapp.papers.subject import Subject
from webapp.papers.timestamp import Timestamp

__all__ = ["Point", "Seal", "SealRefused", "Timestamp", "check", "validate"]

LARGEST = 20_000_000
SUBFILTERS = ("/adbe.pkcs7.detached", "/ETSI.CAdES.detached")
_USAGE = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)
_HEX = re.compile(rb"<(?:[0-9a-f]{2})+>|<(?:[0-9A-F]{2})+>")


def check(
    signed: bytes, frozen: bytes, anchors, others, received_at: datetime, stamp_anchors=((), ()), issuers=()
) -> Seal:
    """The seal on `signed`, the PDF that should be `frozen` with one signature.

    `anchors` are the trusted root (or issuing) certificates and `others` helpful intermediates, all DER; `stamp_anchors`
    are such two lists for time-stamp authorities; `received_at` is aware; `issuers` are the names (CN) of the CAs whose
    certificates may seal (none: all that chain to an anchor). Raises SealRefused with `.code`:
    another_document, changed_before, changed_after, no_signature, two_signatures, not_on_seal_spot, covers_text, untrusted,
    expired, not_yet_valid, client_certificate, broken, bad_stamp, weak, unusual, unreadable."""
    with looking_at("format"):
        _check_beginning(signed, frozen)
    try:
        return _checked(signed, frozen, anchors, others, received_at, stamp_anchors, issuers)
    except (*PARSER_ERRORS, UnsupportedAlgorithm, x509.InvalidVersion) as broken:
        raise SealRefused(
            "unreadable",
            "署名されたPDFのうち、署名で加わった部分を読み取れませんでした。"
            "途中で切れているか、あとから書き足されているか、署名したソフトウェアの書き方が正しくありません。",
        ) from broken


def validate(
    signed: bytes, frozen: bytes, anchors, others, received_at: datetime, stamp_anchors, issuers=()
) -> Validation:
    """As seal.check, but a refusal comes back as a value, with the step that found it."""
    known = {
        "frozen_sha256": hashlib.sha256(frozen).hexdigest(),
        "signed_sha256": hashlib.sha256(signed).hexdigest(),
        "received_at": received_at,
    }
    try:
        return Validation(check(signed, frozen, anchors, others, received_at, stamp_anchors, issuers), **known)
    except SealRefused as no:
        return Validation(
            None, **known, code=no.code, step=no.step or "format", sub=no.sub, message=no.message, advice=no.advice
        )


def _checked(signed: bytes, frozen: bytes, anchors, others, received_at, stamp_anchors, issuers) -> Seal:
    with looking_at("format"):
        pdf, before = reader(signed), reader(frozen)
        signature = _only_signature(pdf)
        contents = _contents(signature, signed, len(frozen))
    with looking_at("document"):
        check_chain(pdf, before, len(frozen))
        spot = check_objects(pdf, before)
        check_legible(signed, frozen, field_place(before))
    certificate = x509.load_der_x509_certificate(signature.signer_cert.dump())
    with looking_at("crypto"):
        envelope.check_modern(signature.signer_info)
        status = _validated(signature, anchors, others, received_at)
    points = _document_points(frozen, spot, status)
    with looking_at("certificate"):
        points += [signer.check_kind(certificate), signer.check_dates(certificate, received_at)]
        if not status.trusted:
            raise signer.untrusted(certificate)
        signer.check_issuer(certificate, issuers)
    with looking_at("envelope"):
        envelope.check_plain(contents, signature.signer_cert.dump(), anchors, others)
    with looking_at("stamp"):
        stamp = signature_stamp.check(signature.signer_info, certificate, received_at, *stamp_anchors)
    found = (*points, *_signer_points(certificate, status), signature_stamp.point(stamp))
    return _seal(certificate, status, spot, found, stamp)


def _check_beginning(signed: bytes, frozen: bytes) -> None:
    if len(signed) > LARGEST:
        raise SealRefused("unreadable", "ファイルが大きすぎます(20 MBまで)。")
    if not signed.startswith(b"%PDF-"):
        raise SealRefused("unreadable", "このファイルはPDFではありません。")
    if signed == frozen:
        raise SealRefused("no_signature", "PDFに電子署名がありません。審査した申請書のPDFのままです。")
    if frozen.startswith(signed):
        raise SealRefused("unreadable", "PDFが途中で切れています。")
    if not signed.startswith(frozen):
        raise _other(signed, frozen)


def _other(signed: bytes, frozen: bytes) -> SealRefused:
    """Not our bytes: ours but changed or saved anew, if the permanent half of /ID (ISO 32000 14.4) is ours."""
    try:
        opened = reader(signed)
        ours = "/ID" in opened.trailer_view and opened.document_id[0] == reader(frozen).document_id[0]
    except PARSER_ERRORS:
        return SealRefused("unreadable", "PDFを読み取れませんでした。ファイルが壊れています。")
    if not ours:
        said = "署名されたPDFは、この申請の申請書のPDFではないか、別のソフトウェアで保存し直されたものです。"
        return SealRefused("another_document", said)
    return SealRefused(
        "changed_before",
        "署名されたPDFは、審査した申請書と同じではありません。署名の前に変更または保存し直されています。",
    )


def _only_signature(pdf: PdfFileReader) -> EmbeddedPdfSignature:
    found = list(pdf.embedded_signatures)
    if not found:
        raise SealRefused("no_signature", "PDFに電子署名がありません。")
    if len(found) > 1:
        raise SealRefused("two_signatures", f"PDFに電子署名が{len(found)}つあります。")
    if found[0].sig_object_type != "/Sig" or found[0].sig_object.get("/SubFilter") not in SUBFILTERS:
        raise SealRefused("weak", "この電子署名の方式には対応していません。")
    return found[0]


def _contents(signature: EmbeddedPdfSignature, signed: bytes, frozen_length: int) -> bytes:
    """What stands in the gap of /ByteRange, which spans the whole file but for one hex string."""
    start, first, second, rest = (int(number) for number in signature.byte_range)
    gap = signed[first:second]
    if start != 0 or not frozen_length < first < second or not _HEX.fullmatch(gap):
        raise SealRefused("broken", "電子署名の対象範囲が正しくありません。")
    if second + rest < len(signed):
        raise SealRefused("changed_after", "電子署名のあとに、PDFが変更されています。")
    contents = bytes.fromhex(gap[1:-1].decode())
    envelope.check_encoding(contents)
    if second + rest != len(signed) or contents != signature.pkcs7_content:
        raise SealRefused("broken", "電子署名の対象範囲が正しくありません。")
    return contents


def _validated(signature: EmbeddedPdfSignature, anchors, others, received_at: datetime) -> PdfSignatureStatus:
    context = signer.validation_context(anchors, others, received_at)
    status = validate_pdf_signature(signature, context, key_usage_settings=_USAGE)
    if not (status.intact and status.valid):
        said = "電子署名が内容と一致しません。署名のあとで変更されたか、ファイルが壊れています。"
        raise SealRefused("broken", said, sub="SIG_CRYPTO_FAILURE" if status.intact else "HASH_FAILURE")
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE or status.modification_level.name != "NONE":
        raise SealRefused("changed_after", "電子署名のあとに、PDFが変更されています。")
    return status


def _document_points(frozen: bytes, spot: Spot, status: PdfSignatureStatus) -> list[Point]:
    place = "「印」の欄にあります。" if spot.own else "「印」の付近に置かれています。"
    return [
        Point(
            "審査した申請書と同じPDFに署名されています。",
            detail=f"SHA-256 {hashlib.sha256(frozen).hexdigest()[:8]}…",
        ),
        Point("電子署名は1つだけで、ファイル全体を対象にしています。"),
        Point("署名のほかに、書き足しや変更はありません。"),
        Point(f"電子署名は{place}", detail=f"署名欄の名前: {spot.field}"),
        Point("電子署名の表示は、申請書の文字に重なっていません。"),
        Point("電子署名は壊れていません。", GOOD, f"{status.md_algorithm}, {status.pkcs7_signature_mechanism}"),
    ]


def _signer_points(certificate: x509.Certificate, status: PdfSignatureStatus) -> list[Point]:
    mails, claimed = signer.mails(certificate), status.signer_reported_dt
    points = [
        Point("証明書は、登録された認証局から発行されています。", detail=str(Subject.from_name(certificate.issuer))),
        Point(
            f"証明書のメールアドレスは{'、'.join(mails)}です。" if mails else "証明書にメールアドレスがありません。",
            NOTE,
        ),
    ]
    if claimed:
        local = claimed.astimezone(signer.JST)
        when = f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
        points.append(
            Point(f"署名したパソコンの時計は{when}を示していました。", NOTE, "時刻の正しさは保証されません。")
        )
    return points


def _seal(certificate: x509.Certificate, status: PdfSignatureStatus, spot: Spot, points, stamp) -> Seal:
    return Seal(
        signer_mails=signer.mails(certificate),
        certificate_der=status.signing_cert.dump(),
        subject_text=str(Subject.from_name(certificate.subject)),
        issuer_text=str(Subject.from_name(certificate.issuer)),
        serial_hex=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        claimed_at=status.signer_reported_dt,
        field=spot.field,
        points=points,
        chain=tuple(_name(each) for each in status.validation_path or () if each.dump() != status.signing_cert.dump())[
            ::-1
        ],
        stamp=stamp,
    )


def _name(certificate: asn1_x509.Certificate) -> str:
    return str(Subject.from_name(x509.load_der_x509_certificate(certificate.dump()).subject))
