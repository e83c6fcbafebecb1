"""The time stamp on a signature of a PDF (PAdES B-T, ETSI EN 319 142-1 §5.3; RFC 3161): judging it, asking for it, adding it.

It is an unsigned attribute of the CMS and may be taken off unnoticed: a signature without one is B-B. What is there must be
one stamp, right, over this very signature, and each of its bytes vouched for: by its signature, by the ESSCertID in it, or by
the issuer of a certificate that came along. That holds too where nobody here trusts the authority and the stamp proves
nothing. The stamp is set into the gap of /ByteRange, so that the signature stays as it is.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from asn1crypto import algos, cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from webapp.errors import Refused
from webapp.papers import timestamp
from webapp.papers.envelope import HASHES, der_length, is_canonical, is_der, is_plain, is_whole, unvouched
from webapp.papers.pdf import PARSER_ERRORS, reader
from webapp.papers.seal_report import CLOCK_OF_SIGNER, NOTE, UNKNOWN, Point, SealRefused
from webapp.papers.signer import JST
from webapp.papers.timestamp import Timestamp

STAMP = "signature_time_stamp_token"
ODD = "タイムスタンプに余分なものが含まれているか、書き方が決まりと異なります。"
SKEW = timedelta(minutes=10)


class NoStamp(Refused):
    """There is no time stamp that could be added."""


def check(signer: cms.SignerInfo, certificate: x509.Certificate, received_at: datetime, roots=(), others=()):
    """The Timestamp in the unsigned attributes of a SignerInfo, or None; judged by `roots` and `others` (DER). Raises
    SealRefused bad_stamp for one that is wrong, broken in any of its bytes, late, or is not alone."""
    if not signer["unsigned_attrs"].dump():
        return None
    unsigned = list(signer["unsigned_attrs"])
    if len(unsigned) != 1 or unsigned[0]["type"].native != STAMP or len(unsigned[0]["values"]) != 1:
        raise _bad("電子署名に、時刻の証明(タイムスタンプ)のほかの追加情報があります。")
    token = unsigned[0]["values"][0]
    found = timestamp.judged_token(token.dump(), signer["signature"].native, roots, others)
    if found.fault:
        raise _bad(found.fault)
    _check_token(token, found.chain[0], [*roots, *others])
    if not (is_canonical(unsigned[0]["type"]) and is_whole(unsigned[0])):
        raise _bad(ODD)
    if found.at > received_at + SKEW:
        raise _bad("タイムスタンプの時刻が、受領より後です。")
    if found.at < certificate.not_valid_before_utc:
        said = "タイムスタンプの時刻が、署名に使われた証明書の有効期間より前です。"
        raise _bad(said, "NOT_YET_VALID" if found.is_trusted else "SIG_CONSTRAINTS_FAILURE")
    return found


def _check_token(token: cms.ContentInfo, authority: bytes, known: list[bytes]) -> None:
    """That a right TimeStampToken by the certificate `authority` (DER) is modern, names it, and holds nothing that neither its
    signature nor a certificate's issuer accounts for (RFC 3161 §2.4.2, RFC 5816)."""
    data = token["content"]
    signer, told = data["signer_infos"][0], data["encap_content_info"]["content"].parsed
    hashes = (signer["digest_algorithm"], told["message_imprint"]["hash_algorithm"])
    key = asn1_x509.Certificate.load(authority).public_key.algorithm
    if any(each["algorithm"].native not in HASHES for each in hashes):
        raise _bad("タイムスタンプの方式が古いため、受け付けられません。", "CRYPTO_CONSTRAINTS_FAILURE")
    if not _names_its_certificate(signer, authority):
        raise _bad("タイムスタンプ局の証明書が、タイムスタンプに記されたものと異なります。")
    fits = signer["signature_algorithm"].signature_algo == {"rsa": "rsassa_pkcs1v15", "ec": "ecdsa"}[key]
    kinds = [each["values"].native for each in signer["signed_attrs"] if each["type"].native == "content_type"]
    is_right = fits and kinds == [["tst_info"]] and not signer["unsigned_attrs"].dump()
    if not (is_right and is_der(token.dump()) and is_plain(token, authority)):
        raise _bad(ODD)
    if odd := unvouched(data, authority, known):
        raise _bad(f"タイムスタンプに、余分な証明書か、発行者を確かめられない証明書が含まれています({odd})。")


def _names_its_certificate(signer, certificate):
    """Whether each ESSCertID that names the signer of a token, which is the first one (RFC 5035 §5.4), is that of `certificate`
    (DER). Those after it are not looked at: real authorities name there an issuer that they do not hand out."""
    named = []
    for attribute in signer["signed_attrs"]:
        if attribute["type"].native in ("signing_certificate", "signing_certificate_v2"):
            first = attribute["values"][0]["certs"][0]
            is_new = attribute["type"].native.endswith("_v2")
            kind = first["hash_algorithm"]["algorithm"].native if is_new else "sha1"
            digest = hashlib.new(kind, certificate, usedforsecurity=False).digest()
            named.append(first["cert_hash"].native == digest)
    return bool(named) and all(named)


def _bad(sentence, sub="SIG_CONSTRAINTS_FAILURE"):
    return SealRefused("bad_stamp", sentence, sub=sub)


def point(stamp: Timestamp | None) -> Point:
    """What a report says of the time: B-T by a trusted authority, else B-B and what that means."""
    if stamp is None:
        return Point("タイムスタンプはありません(B-B)。", NOTE, CLOCK_OF_SIGNER)
    local = stamp.at.astimezone(JST)
    at = f"{local.year}年{local.month}月{local.day}日 {local:%H:%M:%S}"
    if stamp.is_trusted:
        return Point(
            "登録されたタイムスタンプ局が、署名の時刻を証明しています(B-T)。", detail=f"{at}, {stamp.authority}"
        )
    said = f"タイムスタンプ局({stamp.authority})が「信頼する認証局」に登録されていません。{CLOCK_OF_SIGNER}"
    return Point("タイムスタンプはありますが、確かめられないため、ないものとして扱います(B-B)。", UNKNOWN, said)


def question(pdf: bytes) -> bytes:
    """The TimeStampReq (DER) for the one signature of a PDF. Raises NoStamp for a PDF without exactly one, or with a stamp."""
    signer = _cms(_gap(pdf)[2])["content"]["signer_infos"][0]
    if len(signer["unsigned_attrs"] or ()):
        raise NoStamp("電子署名には、すでに追加情報があります。", "そのまま提出してください。")
    digest = hashlib.sha256(signer["signature"].native).digest()
    imprint = {"hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}), "hashed_message": digest}
    asked = {"version": 1, "message_imprint": imprint, "nonce": secrets.randbits(63), "cert_req": True}
    return tsp.TimeStampReq(asked).dump()


def stamped(pdf: bytes, asked: bytes, answer: bytes, roots=(), others=()) -> bytes:
    """`pdf` with the stamp of a TimeStampResp (DER) to `asked` set into its signature. Raises NoStamp for an answer that is
    none, is wrong, has no room, or with which the seal would be refused (`check`, by `roots` and `others`)."""
    try:
        response, wanted = tsp.TimeStampResp.load(answer, strict=True), tsp.TimeStampReq.load(asked)
        token = response["time_stamp_token"]
        told = token["content"]["encap_content_info"]["content"].parsed
        is_ours = all(told[name].native == wanted[name].native for name in ("nonce", "message_imprint"))
        if response["status"]["status"].native not in ("granted", "granted_with_mods") or not is_ours:
            raise NoStamp(
                "タイムスタンプ局の回答が、問い合わせと一致しません。", "タイムスタンプ局に確認してください。"
            )
        start, end, contents = _gap(pdf)
        fault = _fault(token, _cms(contents)["content"]["signer_infos"][0], [*roots, *others])
        made = b"" if fault else _with_stamp(contents, token.dump()).hex().encode()
    except (*PARSER_ERRORS, UnsupportedAlgorithm) as error:
        raise NoStamp(
            "タイムスタンプ局の回答を読み取れませんでした。", "タイムスタンプ局に確認してください。"
        ) from error
    if fault or len(made) > end - start - 2:
        raise NoStamp(fault or "タイムスタンプを入れる場所が、署名の中に足りません。", "そのまま提出してください。")
    return pdf[: start + 1] + made.ljust(end - start - 2, b"0") + pdf[end - 1 :]


def _with_stamp(contents, token):
    """The CMS in `contents` with a token (DER) beside its signature. Both are read afresh: asn1crypto encodes anew, and slowly,
    whatever somebody has looked into."""
    signed, stamp = _cms(contents), {"type": STAMP, "values": [cms.ContentInfo.load(token)]}
    signer = signed["content"]["signer_infos"][0]
    signer["unsigned_attrs"] = cms.CMSAttributes([cms.CMSAttribute(stamp)])
    signed["content"]["signer_infos"] = cms.SignerInfos([signer])
    return cms.ContentInfo({"content_type": "signed_data", "content": signed["content"]}).dump()


def _fault(token, signer, known):
    """Why a token over a signature would be refused, or ""."""
    found = timestamp.judged_token(token.dump(), signer["signature"].native)
    if found.fault:
        return found.fault
    try:
        _check_token(token, found.chain[0], known)
    except SealRefused as refusal:
        return refusal.message
    return ""


def _gap(pdf):
    """Where the gap of /ByteRange starts and ends, and what stands in it (bytes, padded)."""
    try:
        [signature] = reader(pdf).embedded_signatures
        _, start, end, _ = (int(number) for number in signature.byte_range)
        contents = bytes.fromhex(pdf[start + 1 : end - 1].decode("ascii"))
        if pdf[start : start + 1] != b"<" or pdf[end - 1 : end] != b">" or contents != signature.pkcs7_content:
            raise ValueError("gap")
    except PARSER_ERRORS as error:
        raise NoStamp("PDFの電子署名を読み取れませんでした。", "署名されたPDFを確認してください。") from error
    return start, end, contents


def _cms(contents):
    return cms.ContentInfo.load(contents[: der_length(contents)], strict=True)
