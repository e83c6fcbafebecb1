"""Warnings: examination and sending wait for them; an officer lets one stand with a reason; nobody an error, nobody their
own, and never the same again when the finding has changed."""

import ca
import pytest
from cryptography.x509.oid import AttributeOID
from peewee import IntegrityError

from tests.cases import again
from webapp import clock
from webapp.acts import case as case_acts
from webapp.acts import dispatch, examination, facts, judgement, keys, warnings
from webapp.errors import Incomplete, NotYourAct, Overtaken, Refused
from webapp.register import Document, Event, Institution, WarningAcceptance, database

BOTH = pytest.mark.both_databases
REASON = "申請した人に確認し、このままでよいことを確かめました。"


@pytest.fixture
def doubtful(case):
    """An application whose CSR carries a challenge password (CSR-08), identified and waiting to be examined."""

    def made(applicant="佐藤"):
        application = case.opened(applicant)
        request = ca.csr(ca.new_key(), Institution.here().subject, attributes=[(AttributeOID.CHALLENGE_PASSWORD, b"x")])
        keys.attach_csr(application, case.who(applicant), ca.pem(request))
        case_acts.consent(application, case.who(applicant), [str(row.id) for row in Document.to_agree()])
        case_acts.submit(application, case.who(applicant))
        case.make(application)
        case.identify(application)
        return application

    return made


def marks(application, verb="examine"):
    return [each.fingerprint for each in judgement.Case(application).waiting(verb)]


@BOTH
def test_the_examination_waits_until_the_warning_is_accepted(case, doubtful):
    application, officer = doubtful(), case.who("鈴木")
    with pytest.raises(Incomplete, match="確認が必要") as refusal:
        examination.examine(application, officer)
    assert "CSR-08" in refusal.value.fields["finding"]
    warnings.accept_warning(application, officer, marks(application), REASON)
    examination.examine(application, officer)
    assert again(application).stage == "examined"
    event = Event.newest(application, "accept_warning")
    assert event.facts["rules"] == ["CSR-08"] and event.particulars["reason"] == REASON


@BOTH
def test_what_was_accepted_is_bound_to_the_version_and_to_what_was_found(case, doubtful):
    application, officer = doubtful(), case.who("鈴木")
    warnings.accept_warning(application, officer, marks(application), REASON)
    with pytest.raises(Overtaken):
        warnings.accept_warning(application, officer, list(WarningAcceptance.of(application)), REASON)
    examination.send_back(application, officer, "用途を詳しく書いてください。")
    case_acts.submit(application, case.who("佐藤"))
    assert marks(again(application)) != []


def test_an_error_is_never_accepted(case, doubtful):
    application = doubtful()
    Institution.update(organization="Another University").execute()
    error = next(each for each in judgement.Case(application).errors("examine") if each.id == "DN-02")
    with pytest.raises(Refused, match="要修正"):
        warnings.accept_warning(application, case.who("鈴木"), [error.fingerprint], REASON)
    assert WarningAcceptance.select().count() == 0


def test_a_reason_and_a_choice_are_needed(case, doubtful):
    application = doubtful()
    with pytest.raises(Incomplete) as refusal:
        warnings.accept_warning(application, case.who("鈴木"), marks(application), " ")
    assert "reason" in refusal.value.fields
    with pytest.raises(Incomplete) as refusal:
        warnings.accept_warning(application, case.who("鈴木"), [], REASON)
    assert "finding" in refusal.value.fields


@BOTH
def test_nobody_accepts_a_warning_of_their_own_nor_the_database_for_them(case, doubtful):
    application = doubtful("山本")
    with pytest.raises(NotYourAct):
        warnings.accept_warning(application, case.who("山本"), marks(application), REASON)
    row = {
        "application": application,
        "version": 1,
        "rule": "CSR-08",
        "severity": "warning",
        "fingerprint": "0" * 64,
        "sentence": "CSRにチャレンジパスワードが入っています。",
        "reason": REASON,
        "accepted_at": clock.now(),
        "accepted_by": case("鈴木"),
    }
    for wrong in ({"accepted_by": case("山本")}, {"accepted_by": case("田中")}, {"severity": "error"}, {"reason": ""}):
        with pytest.raises(IntegrityError), database.atomic():
            WarningAcceptance.create(**row | wrong)
    kept = WarningAcceptance.create(**row)
    for statement in (WarningAcceptance.update(reason="x"), WarningAcceptance.delete()):
        with pytest.raises(IntegrityError), database.atomic():
            statement.where(WarningAcceptance.id == kept.id).execute()


def test_sending_waits_for_a_telephone_number_that_nobody_has_looked_up(case):
    application, officer = case.sealed(), case.who("鈴木")
    Institution.update(switchboard_checked_on=None).execute()
    with pytest.raises(Incomplete, match="送付に必要") as refusal:
        dispatch.dispatch_by_hand(application, officer, True)
    assert "TEL-01" in refusal.value.fields["finding"]
    warnings.accept_warning(application, officer, marks(application, "dispatch"), REASON)
    dispatch.dispatch_by_hand(application, officer, True)
    assert again(application).stage == "sent"


def test_a_compromised_key_waits_for_no_warning(case):
    application = case.emergency()
    assert any(each.severity == "warning" for each in judgement.Case(application).findings("examine"))
    assert marks(application) == [] and facts.for_examination(application)
    examination.examine(application, case.who("鈴木"))
    assert again(application).stage == "examined"


def test_a_student_is_no_subscriber(case):
    application = case.submitted()
    today = clock.today().isoformat()
    for aspect, result in (("identity", "confirmed"), ("existence", "neither")):
        method = {"identity": "対面・職員証", "existence": "人事在籍照合"}[aspect]
        examination.check_identity(application, case.who("鈴木"), aspect, result, method, today, "大学院生")
    with pytest.raises(Incomplete) as refusal:
        examination.examine(application, case.who("鈴木"))
    assert "常勤の教職員でも" in refusal.value.fields["subscriber"]


def test_the_pages_show_the_warning_beside_its_field_and_take_the_reason(case, doubtful, browser, suzuki, sato):
    application = doubtful()
    browser.sign_in_as(suzuki)
    path = f"/applications/{application.id}"
    page = browser.see(f"{path}/examination")
    assert "確認が必要な点" in page.text and "チャレンジパスワード" in page.text and "CSR-08" in page.text
    refused = browser.press(f"{path}/warning_acceptance", {"finding": marks(application), "reason": ""})
    assert refused.status == 422 and "了承する理由を選ぶか" in refused.text
    taken = browser.press(f"{path}/warning_acceptance", {"finding": marks(application), "ready": warnings.REASONS[0]})
    assert taken.status == 200 and "了承したことを記録しました" in taken.text
    shown = browser.see(path).text
    assert "了承済" in shown and warnings.REASONS[0] in shown and "注意のある点を、理由を付けて了承しました" in shown
    browser.sign_in_as(sato)
    assert browser.see(f"{path}/warning_acceptance").status == 403


def test_each_page_of_the_officer_tells_a_warning_once_and_marks_its_field(case, doubtful, browser, suzuki, sato):
    application, sentence, advice = (
        doubtful(),
        "CSRにチャレンジパスワードが入っています。",
        "「A challenge password」を空の",
    )
    path = f"/applications/{application.id}"
    browser.sign_in_as(suzuki)
    for address, told in ((path, "確認が必要 " + sentence), (f"{path}/examination", sentence)):
        page = browser.see(address).text
        assert (page.count(sentence), page.count(advice)) == (1, 1) and told in page
        assert "確認が必要 CSR-08" in page
    assert browser.see(f"{path}/warning_acceptance").text.count(sentence) == 1
    taken = browser.press(f"{path}/warning_acceptance", {"finding": marks(application), "ready": warnings.REASONS[0]})
    assert taken.text.count(sentence) == 1 and "了承済 CSR-08" in taken.text
    browser.sign_in_as(sato)
    page = browser.see(path).text
    assert page.count(sentence) == 1


def test_the_contents_of_a_csr_are_not_called_done_while_a_warning_waits(case, doubtful, browser, suzuki):
    application, officer = doubtful(), case.who("鈴木")

    def contents():
        return next(each for each in facts.for_examination(again(application)) if each.label == "CSRの内容")

    browser.sign_in_as(suzuki)
    assert "確認が必要な点が残っています" in contents().wanting and not contents().is_so
    assert "確認が必要な点が残っています" in browser.see(f"/applications/{application.id}/examination").text
    warnings.accept_warning(application, officer, marks(application), REASON)
    assert contents().is_so


def test_what_is_only_still_to_be_done_is_nothing_to_correct_until_it_has_failed(case, browser, sato):
    browser.sign_in_as(sato)
    draft = case.opened("佐藤")
    page = browser.see(f"/applications/{draft.id}")
    assert "3つの文書の承認" in page.text and "AGR-01" not in page.text
    application = case.submitted()
    page = browser.see(f"/applications/{application.id}")
    assert "実在性" in page.text and "要修正" not in page.text
    today = clock.today().isoformat()
    examination.check_identity(
        application, case.who("鈴木"), "existence", "unconfirmed", "人事在籍照合", today, "在籍なし"
    )
    page = browser.see(f"/applications/{application.id}")
    assert "要修正" in page.text and "実在性が「確認できない」と記録されています" in page.text
