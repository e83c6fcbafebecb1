"""検証報告書: each signed PDF leaves a report, taken or refused, in the words of the norm and in plain Japanese."""

import inspect
import re
from dataclasses import replace

import pytest
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate

from tests import papers_seals
from tests.cases import again, frozen_of, unguarded
from tests.test_bad_input import attached, signer
from webapp import profiles
from webapp.acts import ca_profiles, kept_lists, sealing
from webapp.errors import Overtaken
from webapp.papers import envelope, seal, seal_validation, signature_stamp
from webapp.papers.revocation_state import RevocationState
from webapp.papers.seal_report import ADVICE
from webapp.register import Event, Paper, SealValidation
from webapp.sentences import told_all

pytestmark = pytest.mark.both_databases
GOOD = RevocationState("good", papers_seals.AT, "証明書は失効していません。")


@pytest.fixture
def examined(case, browser, suzuki):
    application = case.examined()
    browser.sign_in_as(suzuki)
    return application


def uploaded(browser, application, pdf):
    with unguarded():
        return browser.press(f"/applications/{application.id}/seal", attached(pdf, "署名済み.pdf"))


def test_a_seal_whose_revocation_is_known_leaves_a_report_that_passes(browser, examined, case, monkeypatch):
    monkeypatch.setattr(kept_lists, "state_of", lambda *asked: GOOD)
    page = uploaded(browser, examined, case.signed(examined))
    row = SealValidation.of(Paper.sealed(again(examined)))
    assert (row.indication, row.sub_indication) == ("TOTAL-PASSED", "")
    assert f"/applications/{examined.id}/seal-validations/{row.id}" in page.links().values()
    shown = browser.see(f"/applications/{examined.id}/seal-validations/{row.id}").text
    assert "TOTAL-PASSED" in shown and "署名した人のパソコンの時計によります" in shown and "B-B" in shown
    assert "時刻の証明がない電子署名です" in shown and "すべての条件に合っています" in shown
    assert "Cryptographic Verification" in shown and row.report["sha256"]["signed"] == row.intake.sha256


def test_a_seal_whose_revocation_is_unknown_is_taken_and_told_apart(browser, examined, case):
    uploaded(browser, examined, case.signed(examined))
    row = SealValidation.of(Paper.sealed(again(examined)))
    assert (row.indication, row.sub_indication) == ("INDETERMINATE", "TRY_LATER")
    shown = browser.see(f"/applications/{examined.id}/seal-validations/{row.id}").text
    assert "失効だけが未確認" in shown and "SIG-04" in shown


def test_a_refused_pdf_leaves_a_report_that_says_why(browser, examined, case):
    damaged = papers_seals.changed(case.signed(examined), papers_seals.add_annotation)
    uploaded(browser, examined, damaged)
    [row] = SealValidation.refused(examined)
    assert (row.indication, row.sub_indication) == ("INDETERMINATE", "SIG_CONSTRAINTS_FAILURE")
    assert row.report["code"] == "changed_after" and row.paper is None
    listed = browser.see(f"/applications/{examined.id}/seal-validations").text
    assert "受け付けていません" in listed
    shown = browser.see(f"/applications/{examined.id}/seal-validations/{row.id}").text
    assert "電子署名のあとに、PDFが変更されています。" in shown and "不適合" in shown and "未実施" in shown
    assert "しるしが受領した時刻" in shown and "パソコンの時計" not in shown


def test_a_seal_by_an_authority_that_the_profile_does_not_name_is_refused(browser, examined, case, monkeypatch):
    named = replace(profiles.load("practice"), seal_issuers=("UPKI S/MIME CA",))
    monkeypatch.setattr(ca_profiles, "here", lambda: named)
    monkeypatch.setattr(ca_profiles, "of", lambda application: named)
    told = uploaded(browser, examined, case.signed(examined)).text
    assert "この手続きで認められていません" in told and "「UPKI S/MIME CA」が発行したS/MIME証明書" in told
    [row] = SealValidation.refused(examined)
    assert (row.sub_indication, row.report["code"]) == ("CHAIN_CONSTRAINTS_FAILURE", "untrusted")
    assert Paper.sealed(again(examined)) is None


def test_a_refused_pdf_leaves_an_event_that_an_auditor_finds(browser, examined, case, suzuki, ito):
    damaged = papers_seals.changed(case.signed(examined), papers_seals.add_annotation)
    uploaded(browser, examined, damaged)
    event = Event.newest(examined, "refuse_seal")
    [row] = SealValidation.refused(examined)
    assert event.facts == {
        "code": "changed_after",
        "indication": "INDETERMINATE",
        "sub_indication": "SIG_CONSTRAINTS_FAILURE",
        "sha256": row.report["sha256"]["signed"],
    }
    assert event.person_id == suzuki.id and event.address
    browser.sign_in_as(ito)
    assert "電子署名されたPDFを確認し、受け付けませんでした。" in browser.see("/records").text
    [told] = told_all([event])
    assert told["note"] == "電子署名のあとに、PDFが変更されています。"


def test_who_comes_too_late_leaves_no_report_of_a_pdf_that_is_right(examined, case, monkeypatch):
    monkeypatch.setattr(sealing, "_keep", lambda *told: (_ for _ in ()).throw(Overtaken("先に進んでいます。")))
    with unguarded(), pytest.raises(Overtaken):
        sealing.seal(examined, case.who("鈴木"), "署名済み.pdf", case.signed(examined))
    assert not SealValidation.select().exists() and Event.newest(examined, "refuse_seal") is None


def test_a_right_signature_by_the_wrong_person_is_a_refusal_with_the_signer_in_its_report(
    browser, examined, authorities
):
    by_sato = papers_seals.sign(frozen_of(examined), signer(authorities, "sato@shinsei.example"))
    uploaded(browser, examined, by_sato)
    [row] = SealValidation.refused(examined)
    assert row.report["code"] == "signer" and row.report["signer"]["mails"] == ["sato@shinsei.example"]
    assert row.sub_indication == "SIG_CONSTRAINTS_FAILURE" and again(examined).stage == "examined"
    assert [check[1] for check in row.report["checks"]][-3:] == ["対象外", "未実施", "不適合"]


def test_a_revoked_certificate_is_a_refusal_in_the_report_too(browser, examined, case, monkeypatch):
    revoked = RevocationState("revoked", papers_seals.AT, "失効しています。")
    monkeypatch.setattr(kept_lists, "state_of", lambda *asked: revoked)
    uploaded(browser, examined, case.signed(examined))
    [row] = SealValidation.refused(examined)
    assert row.sub_indication == "REVOKED_NO_POE" and [c[1] for c in row.report["checks"]][-2:] == ["不適合", "未実施"]


def test_a_report_is_for_those_who_see_the_application(browser, examined, case, takahashi):
    uploaded(browser, examined, case.signed(examined))
    row = SealValidation.of(Paper.sealed(again(examined)))
    browser.sign_in_as(takahashi)
    assert browser.see(f"/applications/{examined.id}/seal-validations/{row.id}").status == 404


def test_a_report_is_never_rewritten(browser, examined, case):
    uploaded(browser, examined, case.signed(examined))
    row = SealValidation.of(Paper.sealed(again(examined)))
    row.report = {}
    with pytest.raises(Exception, match="written once"):
        row.save()


def test_each_word_is_said_in_plain_japanese_too():
    words = {seal_validation.indication(code, sub)[1] for code, sub in SAID} | {seal_validation.UNKNOWN_REVOCATION}
    assert seal_validation.MEANINGS.keys() == words


# The indications under which a paper is taken (SIG-04: with a warning while nothing is known of its revocation).
TAKEN = {(seal_validation.PASSED, ""), (seal_validation.INDETERMINATE, seal_validation.UNKNOWN_REVOCATION)}


@pytest.mark.parametrize("code", sorted(ADVICE))
def test_every_refusal_has_a_word_of_the_norm_and_none_is_accepted(code):
    main, word = seal_validation.indication(code)
    assert word and (main, word) not in TAKEN


WORDS = {
    seal_validation.PASSED: {""},
    seal_validation.INDETERMINATE: AdESIndeterminate.__members__.keys(),
    seal_validation.FAILED: AdESFailure.__members__.keys(),
}
# A code, and the word where the code alone does not tell.
SAID = [*((code, "") for code in seal_validation.SUBS), ("broken", "HASH_FAILURE"), ("broken", "SIG_CRYPTO_FAILURE")]
SAID += [("bad_stamp", "CRYPTO_CONSTRAINTS_FAILURE"), ("bad_stamp", "NOT_YET_VALID"), ("", "")]


@pytest.mark.parametrize(("code", "sub"), SAID, ids="-".join)
@pytest.mark.parametrize("revocation", ["good", "unknown"])
def test_no_word_of_the_norm_is_invented_or_stands_under_another_indication(code, sub, revocation):
    main, word = seal_validation.indication(code, sub, revocation)
    assert word in WORDS[main]


def test_every_word_that_papers_give_is_among_those():
    given = set(
        re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', "".join(map(inspect.getsource, (seal, signature_stamp, envelope))))
    )
    given -= {"ENTIRE_FILE"}
    assert given <= {word for _, word in SAID} | set(seal_validation.SUBS.values()), given


def test_only_a_whole_pass_or_an_unknown_revocation_is_accepted():
    assert {seal_validation.indication("", revocation=state) for state in ("good", "unknown")} == TAKEN
    assert seal_validation.indication("broken", "HASH_FAILURE") == ("TOTAL-FAILED", "HASH_FAILURE")
