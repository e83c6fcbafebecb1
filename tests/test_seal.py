"""The seal: who may sign where, and every forgery we could think of is refused with its reason."""

import io
import random
import subprocess
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.reader import PdfFileReader

from tests import ca
from tests import papers_seals as hand
from tests.papers_pdf import SPOT, frozen_pdf, plain_pdf
from tests.papers_people import issue_form
from tests.papers_seals import AT, MAIL, Head, changed, like_acrobat, sign
from webapp.papers import freeze as freezing
from webapp.papers import guard, seal
from webapp.papers.pdf import reader
from webapp.papers.revision import check_chain

BOTH = ("digital_signature", "content_commitment")
FROZEN = frozen_pdf()


@pytest.fixture(scope="module")
def authority():
    return ca.Authority("Practice (練習) S/MIME CA", at=AT)


@pytest.fixture(scope="module")
def head(authority):
    return Head(authority)


@pytest.fixture(scope="module")
def sealed(head):
    return sign(FROZEN, head)


@pytest.fixture
def check(authority):
    def examine(signed, at=AT, frozen=FROZEN, anchors=None):
        roots = [ca.der(authority.root)] if anchors is None else anchors
        return seal.check(signed, frozen, roots, [ca.der(authority.issuing)], at)

    return examine


@pytest.fixture
def refused(check):
    """The code with which a PDF is refused, after looking at how the refusal speaks."""

    def code(signed, **how):
        with pytest.raises(seal.SealRefused) as refusal:
            check(signed, **how)
        assert refusal.value.message.endswith("。") and refusal.value.advice.endswith("。")
        return refusal.value.code

    return code


# --- what is accepted -----------------------------------------------------------------------------------------------


def test_a_seal_in_our_field_is_accepted_and_names_its_signer(check, sealed, head):
    found = check(sealed)
    assert found.signer_mails == (MAIL,)
    assert found.field == "Seal"
    assert found.certificate_der == ca.der(head.certificate)
    assert found.subject_text == f"CN={MAIL}"
    assert "練習" in found.issuer_text
    assert int(found.serial_hex, 16) == head.certificate.serial_number
    assert found.claimed_at.utcoffset() is not None
    assert all(point.sentence.endswith("。") for point in found.points)
    assert {point.result for point in found.points} == {"適合", "参考"}


def test_a_new_field_dragged_over_the_seal_spot_is_accepted_as_acrobat_does_it(check, head):
    found = check(like_acrobat(FROZEN, head))
    assert found.field == "Signature1"
    assert any("付近" in point.sentence for point in found.points)


def test_a_pades_seal_with_its_chain_is_accepted(check, authority):
    assert check(sign(FROZEN, Head(authority, embed=authority.chain), pades=True)).field == "Seal"


def test_a_seal_by_an_rsa_key_is_accepted(check, authority):
    assert check(sign(FROZEN, Head(authority, key=rsa.generate_private_key(65537, 2048)))).signer_mails == (MAIL,)


@pytest.mark.parametrize("usages", [("digital_signature",), ("content_commitment",), BOTH])
def test_each_key_usage_that_smime_allows_is_accepted(check, authority, usages):
    key = ca.new_key()
    assert check(sign(FROZEN, Head(authority, key, authority.smime(key.public_key(), MAIL, usages=usages))))


def test_the_subscribers_seal_is_reported_not_judged(check, authority):
    key = ca.new_key()
    signed = sign(FROZEN, Head(authority, key, authority.smime(key.public_key(), "Sato@Shinsei.example")))
    assert check(signed).signer_mails == ("sato@shinsei.example",)


def test_a_certificate_that_expired_after_receipt_does_no_harm(check, sealed, head):
    last = head.certificate.not_valid_after_utc
    assert check(sealed, at=last - timedelta(seconds=1))


def test_a_changed_modification_date_does_no_harm(check, head):
    def stamp(writer):
        writer.trailer["/Info"][hand.Name("/ModDate")] = hand.Text("D:20261122140000+09'00'")
        writer.update_container(writer.trailer["/Info"])

    assert check(sign(FROZEN, head, before=stamp))


# --- forgeries of the document --------------------------------------------------------------------------------------


CHANGES = (
    hand.add_annotation,
    hand.replace_content,
    hand.swap_content,
    hand.replace_font,
    hand.add_page,
    hand.open_action,
    hand.named_script,
    hand.attach_file,
    hand.hide_layer,
    hand.move_seal,
    hand.text_field,
    hand.change_title,
)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_before_signing_is_refused(refused, head, change):
    assert refused(sign(changed(FROZEN, change), head)) == "changed_before"


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_in_the_signing_revision_is_refused(refused, head, change):
    code = "not_on_seal_spot" if change is hand.move_seal else "changed_before"
    assert refused(sign(FROZEN, head, before=change)) == code


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_after_signing_is_refused(refused, sealed, change):
    assert refused(changed(sealed, change)) == "changed_after"


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_in_the_signing_revision_of_a_new_field_is_refused(refused, head, change):
    assert refused(sign(FROZEN, head, field="Signature1", box=SPOT, before=change)) == "changed_before"


def test_bytes_appended_after_the_signature_are_refused(refused, sealed):
    assert refused(sealed + b"\n% something\n") == "changed_after"
    assert refused(sealed + sealed) in ("changed_after", "unreadable")


def test_the_frozen_pdf_without_signature_is_refused(refused):
    assert refused(FROZEN) == "no_signature"
    assert refused(changed(FROZEN, hand.add_annotation)) == "no_signature"


def test_a_second_signature_is_refused(refused, sealed, head):
    assert refused(sign(sealed, head, field="Signature2", box=(440, 450, 560, 540))) == "two_signatures"


def test_two_fields_that_share_one_signature_are_refused(refused, sealed):
    assert refused(changed(sealed, hand.share_signature)) == "two_signatures"


def test_the_pdf_of_another_application_is_refused(refused, head):
    assert refused(sign(frozen_pdf("CS-2026-0099"), head)) == "another_document"


def test_a_pdf_signed_before_it_was_frozen_is_refused(refused, head):
    assert refused(sign(plain_pdf(), head, field="Signature1", box=SPOT)) == "changed_before"


@pytest.mark.parametrize("box", [(10, 10, 100, 100), (0, 0, 0, 0), (0, 0, 595, 842)])
def test_a_new_field_away_from_the_seal_spot_or_over_the_page_is_refused(refused, head, box):
    assert refused(sign(FROZEN, head, field="Signature1", box=box)) == "not_on_seal_spot"


def test_a_hidden_signature_is_refused(refused, head):
    def hide(writer):
        field = writer.root["/AcroForm"]["/Fields"][0]
        field[hand.Name("/F")] = hand.Number(4 | 2)
        writer.mark_update(writer.root["/AcroForm"]["/Fields"].raw_get(0))

    assert refused(sign(FROZEN, head, before=hide)) == "not_on_seal_spot"


def test_a_certification_in_place_of_an_approval_is_refused(check, head):
    with pytest.raises(seal.SealRefused, match="証明") as refusal:
        check(sign(FROZEN, head, certify=True))
    assert refusal.value.code == "changed_before"


def test_a_revision_that_readers_may_resolve_differently_is_refused():
    hidden = len(FROZEN)
    stream = b"40 0 obj\n<</Type/XRef/Size 41/W[1 4 1]/Index[40 1]/Length 6>>stream\n"
    stream += b"\x01" + hidden.to_bytes(4, "big") + b"\0\nendstream\nendobj\n"
    table = (
        b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 41/Root 1 0 R/XRefStm %d/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
    )
    previous = int(FROZEN[FROZEN.rindex(b"startxref") + 9 :].split()[0])
    hybrid = FROZEN + stream + table % (hidden, previous, hidden + len(stream))
    with pytest.raises(seal.SealRefused, match="ハイブリッド") as refusal:
        check_chain(reader(hybrid), reader(FROZEN), len(FROZEN))
    assert refusal.value.code == "unusual"


# --- damage ---------------------------------------------------------------------------------------------------------


def test_every_flipped_byte_is_refused(refused, sealed):
    dice = random.Random(20261122)
    places = [dice.randrange(len(sealed)) for _ in range(40)]
    places += [dice.randrange(len(FROZEN), len(sealed)) for _ in range(60)]
    for place in places:
        damaged = bytearray(sealed)
        damaged[place] ^= 1 << dice.randrange(8)
        assert refused(bytes(damaged)), place


def test_every_truncation_is_refused(refused, sealed):
    for end in (0, 4, 100, len(FROZEN) // 2, len(FROZEN) - 1, len(FROZEN) + 1, len(sealed) - 100, len(sealed) - 3):
        assert refused(sealed[:end]) in ("unreadable", "no_signature", "broken", "changed_before"), end


def test_another_kind_of_file_is_refused(refused):
    assert refused(b"\xff\xd8\xff\xe0 JFIF") == "unreadable"
    assert refused(b"%PDF-1.7 and nothing more") == "unreadable"


def test_the_signature_of_another_sealed_file_is_refused(refused, sealed, head):
    other = sign(frozen_pdf("CS-2026-0099"), head)
    theirs, ours = (pdf[pdf.rindex(b"/Contents <") :].split(b">", 1)[0] for pdf in (other, sealed))
    assert refused(sealed.replace(ours, theirs[: len(ours)].ljust(len(ours), b"0"))) == "broken"


# --- wrong certificates ---------------------------------------------------------------------------------------------


def sealed_with(authority, **changes):
    key = ca.new_key()
    return sign(FROZEN, Head(authority, key, authority.smime(key.public_key(), MAIL, **changes)))


def test_where_the_profile_names_the_issuers_no_other_certificate_may_seal(authority, sealed):
    known = [ca.der(authority.root)], [ca.der(authority.issuing)]
    issuer = authority.issuing.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert seal.check(sealed, FROZEN, *known, AT, issuers=("Another CA", issuer))
    found = seal.validate(sealed, FROZEN, *known, AT, ((), ()), issuers=("Another CA",))
    assert (found.code, found.step, found.sub) == ("untrusted", "certificate", "CHAIN_CONSTRAINTS_FAILURE")
    assert issuer in found.message and "「Another CA」" in found.advice


def test_a_client_certificate_may_not_seal(refused, authority):
    key = ca.new_key()
    signed = sign(FROZEN, Head(authority, key, authority.client_auth(key.public_key(), MAIL)))
    assert refused(signed) == "client_certificate"


def test_a_code_signing_certificate_may_not_seal(refused, authority):
    key = ca.new_key()
    assert refused(sign(FROZEN, Head(authority, key, authority.code_signing(key.public_key())))) == "client_certificate"


@pytest.mark.parametrize("changes", [{"purposes": ()}, {"usages": ("key_encipherment",)}, {"usages": None}])
def test_a_certificate_that_does_not_say_it_may_sign_mail_may_not_seal(refused, authority, changes):
    assert refused(sealed_with(authority, **changes)) == "client_certificate"


def test_a_certificate_expired_at_receipt_is_refused(refused, authority):
    assert refused(sealed_with(authority, not_before=AT - timedelta(days=30), days=29)) == "expired"


def test_a_certificate_not_yet_valid_at_receipt_is_refused(refused, authority):
    assert refused(sealed_with(authority, not_before=AT + timedelta(days=1))) == "not_yet_valid"


def test_a_certificate_of_an_unknown_authority_is_refused(refused, sealed):
    stranger = ca.Authority("Somebody", at=AT)
    assert refused(sign(FROZEN, Head(stranger, embed=stranger.chain))) == "untrusted"
    assert refused(sealed, anchors=[]) == "untrusted"


def test_an_authority_that_only_bears_the_name_is_refused(refused, authority):
    impostor = ca.Authority("Practice (練習) S/MIME CA", at=AT)
    assert refused(sign(FROZEN, Head(impostor, embed=impostor.chain))) in ("untrusted", "broken")


def test_a_self_signed_certificate_is_refused_and_called_so(check, authority):
    impostor = ca.Authority(at=AT)
    impostor.issuing = impostor.certificate(
        impostor.issuing_key.public_key(),
        (("CN", MAIL),),
        usages=BOTH,
        purposes=(ca.Purpose.EMAIL_PROTECTION,),
        mails=(),
    )
    own = impostor.smime(impostor.issuing_key.public_key(), MAIL)
    with pytest.raises(seal.SealRefused, match="自己署名") as refusal:
        check(sign(FROZEN, Head(authority, impostor.issuing_key, own)))
    assert refusal.value.code == "untrusted"


def test_a_sha1_signature_is_refused(refused, head):
    assert refused(sign(FROZEN, head, hash="sha1")) == "weak"


def test_a_short_rsa_key_is_refused(refused, authority):
    assert refused(sign(FROZEN, Head(authority, key=rsa.generate_private_key(65537, 1024)))) == "weak"


# --- in the guarded child -------------------------------------------------------------------------------------------


def test_a_seal_and_a_refusal_travel_out_of_the_guarded_child(check, sealed, authority):
    arguments = (FROZEN, [ca.der(authority.root)], [ca.der(authority.issuing)], AT)
    assert guard.run("webapp.papers.seal:check", sealed, *arguments) == check(sealed)
    with pytest.raises(seal.SealRefused) as refusal:
        guard.run("webapp.papers.seal:check", sealed + b"x", *arguments)
    assert refusal.value.code == "changed_after"


# --- the real form --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_real_form_is_sealed_and_checked_from_end_to_end(head, check, tmp_path):
    frozen = freezing.freeze(issue_form(), work=tmp_path).pdf
    box = tuple(side + dx for side, dx in zip(freezing.seal_box(frozen)[1], (-20, -20, 10, 10), strict=True))
    for signed in (sign(frozen, head), sign(frozen, head, pades=True), like_acrobat(frozen, head, box)):
        assert check(signed, frozen=frozen).signer_mails == (MAIL,)
        path = tmp_path / "signed.pdf"
        path.write_bytes(signed)
        oracle = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=True).stdout
        assert "Signature is Valid" in oracle and "Total document signed" in oracle
    assert PdfFileReader(io.BytesIO(signed)).total_revisions == 3
