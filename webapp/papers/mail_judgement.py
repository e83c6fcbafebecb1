"""Judging the S/MIME signature of a mail that came (RFC 8551): over a part beside it, or with the content inside.

It brings all of pyHanko, so `received_mail` imports it for signed mails only."""

import asyncio
import hashlib

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.sign.validation import KeyUsageConstraints, async_validate_cms_signature

from webapp.papers import envelope, signer
from webapp.papers.mail_signature import BROKEN, GOOD, UNKNOWN, MailSignature
from webapp.papers.pdf import PARSER_ERRORS
from webapp.papers.seal_report import SealRefused
from webapp.papers.subject import Subject

_USAGE = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)
_DAMAGE = (*PARSER_ERRORS, UnsupportedAlgorithm, x509.InvalidVersion)


def judge(signed, der, anchors, others, at):
    """The MailSignature over the bytes `signed` (None: over the content inside) by the CMS `der`. `anchors` and `others` are DER, `at` is aware."""
    try:
        data = _signed_data(der)
        status = _status(signed, data, anchors, others, at)
        certificate = x509.load_der_x509_certificate(status.signing_cert.dump())
        facts = {
            "mails": signer.mails(certificate),
            "issuer": str(Subject.from_name(certificate.issuer)),
            "serial_hex": f"{certificate.serial_number:x}",
        }
        if not (status.intact and status.valid):
            return MailSignature(
                BROKEN, "電子署名が内容と一致しません。途中で書き換えられたおそれがあります。", **facts
            )
        return MailSignature(*_trust(status, data["signer_infos"][0], certificate, at), **facts)
    except _DAMAGE:
        return MailSignature(BROKEN, "電子署名を読み取れません。壊れているか、対応していない方式です。")


def _trust(status, signer_info, certificate, at):
    try:
        envelope.check_modern(signer_info)
        signer.check_kind(certificate)
        signer.check_dates(certificate, at)
        if not status.trusted:
            raise signer.untrusted(certificate)
    except SealRefused as doubt:
        return UNKNOWN, f"電子署名は内容と一致しますが、署名した人は未確認です。{doubt.message}"
    return GOOD, "電子署名は有効で、登録された認証局の証明書によるものです。"


def enclosed(der):
    """The content inside an opaque signature, None for what is no SignedData with content (encrypted mail)."""
    try:
        return _signed_data(der)["encap_content_info"]["content"].native or None
    except _DAMAGE:
        return None


def _signed_data(der):
    info = cms.ContentInfo.load(der)
    if info["content_type"].native != "signed_data" or not len(info["content"]["signer_infos"]):
        raise ValueError("no signature")
    return info["content"]


def _status(signed, data, anchors, others, at):
    context = signer.validation_context(anchors, others, at)
    digest = None if signed is None else hashlib.new(_algorithm(data), signed).digest()
    checking = async_validate_cms_signature(
        data, raw_digest=digest, validation_context=context, key_usage_settings=_USAGE
    )
    return asyncio.run(checking)


def _algorithm(data):
    return data["signer_infos"][0]["digest_algorithm"]["algorithm"].native
