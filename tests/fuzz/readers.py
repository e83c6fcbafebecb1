"""Every reader of something from outside: how to call it, what valid files look like, how to spoil them, what it may refuse with."""

from dataclasses import dataclass

from tests import ca
from tests.fuzz import asn1, formats, mutations, papers, specimens
from tests.fuzz.worlds import JOB_KEY, PASSWORD, frozen, template, world
from tests.revocation import serial, signed_answer, signed_crl
from tokens import wire
from tokens.station import payloads, protocol
from tokens.station.refusals import Refusal
from webapp.errors import Refused
from webapp.papers import (
    arrival,
    attestation,
    card,
    certificate,
    completion,
    crl,
    csr,
    delivery,
    form_filled,
    form_filling,
    form_mapping,
    form_print,
    form_template,
    identification,
    issue_form,
    issued_before,
    ocsp,
    plain,
    received_mail,
    revocation_form,
    revocation_state,
    scan,
    scan_view,
    seal,
    signature_stamp,
    signed_mail,
    signing_record,
    timestamp,
)  # fmt: skip
from webapp.profiles import checking


@dataclass(frozen=True)
class Reader:
    """`call` reads bytes; `specimens` is a function to [(bytes, what else call wants, …)] or [bytes]; `spoil` changes one
    with respect for its structure; `refusals` are its declared ones; `finish` is done to a spoilt one before it is read (a good
    signature round it). `is_heavy` counts a tenth; `travels`: it is called in a guarded child, its value must get out of it."""

    call: object
    specimens: object
    spoil: object
    refusals: tuple = (Refused,)
    finish: object = staticmethod(lambda data: data)
    is_heavy: bool = False
    travels: object = None
    seconds: float = 5


def _csr(data):
    found = csr.read(data)
    csr.check_signature(found)
    return found


def _certificates(data):
    found = certificate.read_all(data)
    for each in found:
        certificate.path(each, found)
    return found


def _card(data):
    return card.check(data, world().seal_roots, world().seal_others, world().now)


def _delivery(data):
    return delivery.open_zip(data, PASSWORD)


def _attestation(data):
    key = certificate.read(ca.der(world().leaf)).spki_sha256
    return attestation.read(data, key, [ca.der(world().yubico.root)], [], world().now)


def _crl(data):
    made = world()
    crl.last_instant(data)
    crl.read_list(data, made.others, made.now)
    return crl.read_crl(data, made.others[0], serial(made.leaf), made.now, ())


def _ocsp(data):
    made = world()
    return ocsp.read_ocsp(data, made.others[0], serial(made.leaf), made.today, None)


def _judged(data):
    """A certificate of a person that came with a signature, against a list at hand."""
    made = world()
    return revocation_state.judge(data, made.seal_others, [specimens.person_list()], made.now)


def _stamp(data):
    return timestamp.read(data, ca.der(world().leaf), *world().stamp_roots)


def _record(data):
    made = certificate.read(ca.der(world().leaf))
    return signing_record.read(data, "a.exe", made.sha256, "", "", *world().stamp_roots)


def _mail(data):
    return received_mail.read(data, world().seal_roots, world().seal_others, world().now)


def _signed_mail(data):
    return signed_mail.check(data, specimens.letter(), world().seal_roots, world().seal_others, world().now)


def _completion(data):
    return completion.read(data, "0a1b2c", "CS-2026-0012")


def _mapping(data):
    places, mark = form_mapping.imported(data, "issue")
    form_template.bind(template()[0], "issue", places)
    return places, mark


def _profile(data):
    checking.check(data, "名")


def _envelope(data):
    text = data.decode("utf-8", "replace")
    signature = protocol.armoured(JOB_KEY.sign(protocol.ENVELOPE + text.encode()))
    known = {"origin": specimens.ORIGIN, "station": specimens.STATION, "now": specimens.NOW + 5}
    protocol.opened(text, signature, protocol.raw(JOB_KEY), **known)


def _result(data):
    refusals = []
    for kind in payloads.RESULTS:
        try:
            protocol.result_read(kind, data)
        except Refusal as refusal:
            refusals.append(refusal)
    if len(refusals) == len(payloads.RESULTS):
        raise refusals[0]


def _seal(data):
    return seal.check(data, frozen(), world().seal_roots, world().seal_others, world().now)


def _arrival(data):
    made = world()
    return arrival.read(
        [("a.eml", data)], [(template()[1], "古い様式です。")], made.seal_roots, made.seal_others, made.now
    )


def _stamp_answer(data):
    return signature_stamp.stamped(*papers.stamp_question(), data, *world().stamp_roots)


def _filled(data):
    return form_filled.read_filled(data, template()[1])


def _blank(data):
    """A blank is read, bound as proposed and filled in."""
    found = form_template.read(data, "issue")
    places = form_template.bind(data, "issue", {key: each.place for key, each in found.proposals.items()})
    form_filling.filled(data, {"kind": "issue", "places": places, "seal": None}, papers.person())
    return found


def _scan_picture(data):
    suffix = {b"\x89": ".png", b"\xff": ".jpg"}.get(data[:1], ".tif")
    return scan.read(data, f"a{suffix}")


def _in_seal(data, random):
    return formats.pdf(data, random, keep=len(frozen()) if random.random() < 0.8 else 0)


def _in_zip(data, random):
    """Members of the CA's ZIP, under its password; or the ZIP round them."""
    files = specimens.opened(data)
    if not files or random.random() < 0.25:
        return formats.zip_header(data, random)
    return specimens.encrypted(formats.files_changed(files, random, asn1.armoured))


def _in_anything(data, random):
    if data.startswith(b"PK"):
        return formats.archive(data, random)
    if data.startswith(b"%PDF"):
        return formats.pdf(data, random)
    if data.startswith(b"MZ"):
        return specimens.within(data, random)
    return asn1.armoured(data, random) if random.random() < 0.8 else mutations.text(data, random)


def _in_record(data, random):
    return formats.as_json(data, random) if data.startswith(b"{") else _in_anything(data, random)


def _signed_list(tbs):
    return signed_crl(tbs, world().code.issuing_key)


def _signed_answer(tbs):
    return signed_answer(tbs, world().code.issuing_key)


READERS = {
    "csr": Reader(_csr, specimens.requests, asn1.armoured),
    "certificate": Reader(_certificates, specimens.certificates, asn1.armoured),
    "card": Reader(_card, specimens.cards, asn1.armoured, travels=card),
    "delivery": Reader(_delivery, specimens.deliveries, _in_zip, travels=delivery),
    "delivered-file": Reader(delivery.open_file, specimens.certificates, asn1.armoured, travels=delivery),
    "identify": Reader(
        lambda data: identification.identify(data, "a.bin"),
        specimens.signed_things,
        _in_anything,
        travels=identification,
    ),
    "attestation": Reader(_attestation, specimens.attestations, asn1.armoured, travels=attestation),
    "crl": Reader(_crl, specimens.lists, asn1.armoured),
    "crl-signed": Reader(_crl, specimens.lists_to_sign, asn1.der, finish=_signed_list),
    "ocsp": Reader(_ocsp, specimens.answers, asn1.der),
    "ocsp-signed": Reader(_ocsp, specimens.answers_to_sign, asn1.der, finish=_signed_answer),
    "revocation-state": Reader(_judged, specimens.cards, asn1.armoured, travels=revocation_state),
    "timestamp": Reader(_stamp, specimens.stamps, asn1.der),
    "signing-record": Reader(_record, specimens.records, _in_record, travels=signing_record),
    "mail": Reader(_mail, specimens.mails, formats.mail, travels=received_mail),
    "outlook": Reader(_mail, specimens.outlook, formats.compound, travels=received_mail),
    "signed-mail": Reader(_signed_mail, specimens.signed_letters, formats.mail, travels=signed_mail),
    "completion": Reader(_completion, specimens.mails, formats.mail, travels=completion),
    "list-csv": Reader(
        lambda data: issued_before.read(data, "a.csv"), specimens.tables, mutations.text, travels=issued_before
    ),
    "profile": Reader(_profile, specimens.profiles, mutations.text, (checking.ProfileRefused,)),
    "mapping": Reader(_mapping, specimens.mappings, formats.as_json),
    "station-envelope": Reader(_envelope, specimens.envelopes, formats.as_json, (Refusal,)),
    "station-result": Reader(_result, specimens.results, formats.as_json, (Refusal,)),
    "wire": Reader(wire.unpack, specimens.messages, formats.as_json, (ValueError,)),
    "guard-answer": Reader(
        lambda data: plain.decode(data, plain.records_of(delivery)),
        specimens.plain_values,
        formats.as_json,
        (plain.NotPlain,),
    ),
    "xlsx-issue": Reader(issue_form.read, papers.issue_books, formats.book, is_heavy=True, travels=issue_form),
    "xlsx-revoke": Reader(
        revocation_form.read, papers.revoke_books, formats.book, is_heavy=True, travels=revocation_form
    ),
    "xlsx-blank": Reader(_blank, papers.blank_books, formats.book, is_heavy=True, travels=form_template),
    "xlsx-filled": Reader(_filled, papers.filled_books, formats.book, is_heavy=True, travels=form_filled),
    "xlsx-list": Reader(
        lambda data: issued_before.read(data, "a.xlsx"),
        papers.list_books,
        formats.book,
        is_heavy=True,
        travels=issued_before,
    ),
    "pdf-seal": Reader(_seal, papers.sealed, _in_seal, is_heavy=True, travels=seal),
    "pdf-scan": Reader(
        lambda data: scan.read(data, "a.pdf"), papers.pdf_scans, formats.pdf, is_heavy=True, travels=scan
    ),
    "picture": Reader(_scan_picture, papers.pictures, formats.picture, is_heavy=True, travels=scan),
    "scan-view": Reader(
        lambda data: scan_view.look(data, papers.printed()),
        papers.coded_scans,
        formats.pdf,
        is_heavy=True,
        travels=scan_view,
    ),
    "print": Reader(
        lambda data: form_print.look(data, papers.EXPECTED),
        papers.prints,
        formats.pdf,
        is_heavy=True,
        travels=form_print,
    ),
    "arrival": Reader(_arrival, papers.arriving_mails, formats.mail, is_heavy=True, travels=arrival),
    "stamp-answer": Reader(_stamp_answer, papers.stamp_answers, asn1.der, is_heavy=True),
}
