"""A CA quite different from the others, by its profile alone: the values are typed into a portal, nobody seals, and the
certificate comes from a link. The stages are the same."""

import io

import openpyxl
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests import ca
from tests.cases import again, letters_to, unguarded
from webapp import demo, procedure, profiles
from webapp.acts import case as case_acts
from webapp.acts import confirmation, delivery, desk, dispatch, examination, portal, revocations, scans, sealing
from webapp.errors import Incomplete, Overtaken, Refused, Unreadable
from webapp.papers.armour import PrivateKeyPasted
from webapp.procedure import Kind, Role, Stage
from webapp.register import Application, Certificate, Csr, Event, Institution, Letter, Paper

NOTED = {"receipt": "P-2026-0042", "entered_on": "2020-01-31"}


@pytest.fixture
def by_portal(house):
    """The institution applies to the CA with the portal."""
    Institution.update(profile="portal").execute()


def file_for(case, application, form=Encoding.PEM):
    """What the CA's link gives: the certificate and the one above it."""
    request = x509.load_der_x509_csr(Csr.in_force(application).content.bytes())
    leaf = case.authorities.code.code_signing(request.public_key(), Institution.here().subject)
    if form == Encoding.DER:
        return leaf.public_bytes(Encoding.DER)
    return leaf.public_bytes(Encoding.PEM) + ca.pem(case.authorities.code.issuing)


def entered(case, **entries):
    application = case.examined(**entries)
    portal.enter(application, case.who("鈴木"), True, NOTED)
    return application


def in_use(case, **entries):
    application = entered(case, **entries)
    with unguarded():
        delivery.take_delivery(application, case.who("鈴木"), "cert.pem", file_for(case, application))
    delivery.hand_out(application, case.who("鈴木"))
    delivery.accept(application, case.who("佐藤"), True)
    return application


# 発行


def test_an_application_goes_its_whole_way_without_seal_and_password(by_portal, case):
    application = in_use(case)
    assert application.stage == Stage.IN_USE and application.zip_password is None and application.sealer_id is None
    acts = [event.act for event in Event.about(application)][::-1]
    order = ["open", "submit", "examine", "dispatch_by_hand", "take_delivery", "hand_out", "accept"]
    assert [act for act in acts if act in order] == order and not {"seal", "stamp", "post"} & set(acts)
    assert not Paper.sealed(application) and Letter.packet(application) is None
    assert Certificate.of(application).is_valid


def test_what_was_entered_is_noted_with_its_receipt_and_day(by_portal, case):
    application = entered(case)
    facts = Event.newest(application, "dispatch_by_hand").facts
    assert (facts["receipt"], facts["entered_on"]) == ("P-2026-0042", "2020-01-31") and facts["mark"]
    (letter,) = [each for each in letters_to(demo.mail_of("sato")) if "ポータル" in each.subject]
    assert b"P-2026-0042" in letter.content.bytes() or "ポータル" in letter.subject


def test_the_values_are_those_that_were_examined_in_the_order_of_the_portal(by_portal, case):
    application = case.examined()
    values = dict(portal.typed_in(application))
    assert list(values) == [
        "Organization",
        "Address",
        "Telephone",
        "Requester name",
        "Requester e-mail",
        "Subject DN",
        "CSR",
    ]
    here = Institution.here()
    assert values["Organization"] == here.formal_name and values["Telephone"] == here.switchboard
    assert here.organization in values["Subject DN"]
    assert x509.load_pem_x509_csr(values["CSR"].encode()).is_signature_valid
    (file,) = portal.uploads(application)
    assert file.name.endswith(f"{application.number}.csr") and file.data.decode().strip() == values["CSR"]
    Institution.update(formal_name="改めた名前").execute()
    assert dict(portal.typed_in(application))["Organization"] == here.formal_name


def test_nobody_seals_and_nobody_mails_what_is_typed_into_a_portal(by_portal, case):
    application, officer = case.examined(), case.who("鈴木")
    for act in (
        lambda: sealing.seal(application, officer, "a.pdf", b"%PDF-"),
        lambda: scans.receive_scan(application, officer, "a.png", b"x"),
        lambda: sealing.stamp(application, officer, None, set(sealing.ATTESTED)),
    ):
        with pytest.raises(Refused, match="不要です"):
            act()
    for act in (
        lambda: dispatch.dispatch(application, officer, True),
        lambda: dispatch.prepare_signed(application, officer, True),
        lambda: dispatch.dispatch_by_hand(application, officer, True),
    ):
        with pytest.raises(Refused, match="ポータルで申請します"):
            act()
    assert again(application).stage == Stage.EXAMINED and not letters_to(demo.mail_of("tanaka"))


def test_where_the_ca_takes_mail_there_is_no_portal_and_no_way_around_the_seal(case):
    application = case.examined()
    with pytest.raises(Overtaken):
        portal.enter(application, case.who("鈴木"), True, NOTED)
    sealed = case.sealed(title="別のもの")
    with pytest.raises(Refused, match="メールで送付します"):
        portal.enter(sealed, case.who("鈴木"), True, NOTED)
    assert not Application.select().where(~Application.wants_seal).exists()


@pytest.mark.parametrize(
    ("confirmed", "given", "field"),
    [
        (False, NOTED, "confirmed"),
        (True, NOTED | {"receipt": " "}, "receipt"),
        (True, NOTED | {"receipt": "x" * 81}, "receipt"),
        (True, NOTED | {"entered_on": "2999-01-01"}, "entered_on"),
        (True, NOTED | {"entered_on": "きのう"}, "entered_on"),
        (True, {}, "receipt"),
    ],
    ids=range(6),
)
def test_the_note_says_what_is_missing(by_portal, case, confirmed, given, field):
    application = case.examined()
    with pytest.raises(Incomplete) as refused:
        portal.enter(application, case.who("鈴木"), confirmed, given)
    assert field in refused.value.fields and again(application).stage == Stage.EXAMINED


def test_the_officer_examines_before_anything_is_entered(by_portal, case):
    with pytest.raises(Overtaken):
        portal.enter(case.identified(), case.who("鈴木"), True, NOTED)


def test_what_the_portal_finds_wrong_is_entered_again(by_portal, case):
    application, officer = entered(case), case.who("鈴木")
    desk.redo_dispatch(application, officer, "住所の書き方")
    assert (again(application).stage, application.status) == (Stage.EXAMINED, "不備対応")
    portal.enter(application, officer, True, NOTED | {"receipt": "P-2"})
    desk.reopen(application, officer, "別のCSR")
    assert again(application).stage == Stage.DRAFT
    assert again(application).waiting == procedure.WAITING_LABELS[Stage.DRAFT]


def test_an_examined_application_may_be_sent_back_or_withdrawn(by_portal, case):
    application = case.examined()
    examination.send_back(application, case.who("鈴木"), "用途が違います。")
    assert again(application).stage == Stage.DRAFT
    other = case.examined(title="別のもの")
    case_acts.withdraw(other, case.who("佐藤"), "不要になりました。")
    assert again(other).stage == Stage.WITHDRAWN


def test_only_the_stages_of_the_table_are_ever_reached():
    for kind in Kind:
        for act in procedure.PROCEDURES[kind]:
            assert set(procedure.stages_of(act, True)) == set(act.since)
            assert Stage.SEALED not in (*procedure.stages_of(act, False), procedure.leads_to(act, False))
            assert procedure.leads_to(act, True) == act.to
        open_now = {
            act.verb for act in procedure.acts_open_to(kind, procedure.stands_at(Stage.EXAMINED, False), [Role.OFFICER])
        }
        assert {"dispatch", "dispatch_by_hand", "send_back", "withdraw"} <= open_now and not {
            "seal",
            "stamp",
        } & open_now


def test_there_is_no_password_to_be_shown(by_portal, case):
    with pytest.raises(Refused, match="パスワードはありません"):
        case_acts.show_password(case.draft(), case.who("佐藤"))


def test_the_form_has_no_row_for_a_password(by_portal, case):
    def rows(application):
        book = openpyxl.load_workbook(io.BytesIO(Paper.newest(application, "form_xlsx").content.bytes()))
        return [str(cell.value) for row in book.active.iter_rows() for cell in row if cell.value]

    without = rows(case.submitted())
    assert not [each for each in without if "パスワード" in each] and "一般名(CN)" in "".join(without)
    Institution.update(profile="practice").execute()
    assert [each for each in rows(case.submitted(title="別のもの")) if "パスワード" in each]


@pytest.mark.parametrize("form", [Encoding.PEM, Encoding.DER], ids=["pem", "der"])
def test_a_certificate_is_taken_as_the_link_gives_it(by_portal, case, form):
    application = entered(case)
    with unguarded():
        delivery.take_delivery(application, case.who("佐藤"), "cert.cer", file_for(case, application, form))
    assert again(application).stage == Stage.DELIVERED
    paper = Paper.newest(application, "delivery")
    assert (paper.name, paper.media_type) == ("cert.cer", "application/octet-stream")


def test_what_is_no_certificate_is_refused_and_a_private_key_is_not_kept(by_portal, case):
    application, officer = entered(case), case.who("鈴木")
    key = ca.new_key()
    with unguarded():
        for data, error in (
            (b"PK\x03\x04" + bytes(50), Unreadable),
            (b"hello", Unreadable),
            (_pem_of(key), PrivateKeyPasted),
        ):
            with pytest.raises(error):
                delivery.take_delivery(application, officer, "cert.pem", data)
    assert again(application).stage == Stage.SENT and application.intakes.count() == 2


def _pem_of(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


# 失効


def test_a_revocation_goes_the_same_way_without_a_seal(by_portal, case):
    certificate = Certificate.of(in_use(case))
    application = revocations.open_revocation(certificate, case.who("佐藤"), 5, "配布をやめるため", None, None)
    case_acts.submit(application, case.who("佐藤"))
    case.make(application)
    case.identify(application)
    examination.examine(application, case.who("鈴木"))
    values = dict(portal.typed_in(application))
    assert values["Certificate serial number (hex)"].replace(" ", "").replace(":", "").lower() == certificate.serial
    assert values["Comment"] == "配布をやめるため" and "5" in values["Reason"] and values["Issuer"]
    assert portal.uploads(application) == []
    portal.enter(application, case.who("鈴木"), True, NOTED)
    revocations.note_completion(application, case.who("鈴木"), note="ポータルに表示されました。")
    confirmation.confirm_by_word(application, case.who("鈴木"), "CRLを目で確かめました。")
    assert again(application).stage == Stage.CONFIRMED and again(application).sealer_id is None


# On the pages


def test_the_pages_lead_through_it(by_portal, case, browser, sato, suzuki):
    draft = case.draft()
    browser.sign_in_as(sato)
    assert "パスワード" not in browser.see(f"/applications/{draft.id}/submission").text
    browser.press(f"/applications/{draft.id}/submission")
    case.make(again(draft))
    case.identify(again(draft))
    browser.sign_in_as(suzuki)
    shown = browser.press(f"/applications/{draft.id}/examination")
    assert "捺印・署名は不要" in shown.text and "受付番号を記録してください" in shown.text
    assert "捺印・署名待ち" not in shown.text
    waiting = browser.see("/").text
    assert "登録担当者の送付待ち" in waiting and draft.number in waiting
    shown = browser.see(f"/applications/{draft.id}/dispatch")
    assert (
        shown.heading == "認証局のポータルでの申請" and "Subject DN" in shown.text and "メールソフト" not in shown.text
    )
    assert browser.get(f"/applications/{draft.id}/packet/0").data.startswith(b"-----BEGIN CERTIFICATE REQUEST")
    again_shown = browser.press(f"/applications/{draft.id}/hand_dispatch", {"receipt": "", "entered_on": "2020-01-31"})
    assert again_shown.status == 422 and 'value="2020-01-31"' in again_shown.html
    shown = browser.press(f"/applications/{draft.id}/hand_dispatch", NOTED | {"confirmed": "yes"})
    assert shown.status == 200 and "P-2026-0042" in shown.text and "リンクが届いたら" in shown.text
    shown = browser.see(f"/applications/{draft.id}/delivery")
    assert "ZIPのパスワードはありません" in shown.text and "password" not in shown.form("/delivery")
    upload = {"file": (io.BytesIO(file_for(case, draft)), "cert.pem")}
    with unguarded():
        shown = browser.press(f"/applications/{draft.id}/delivery", upload, content_type="multipart/form-data")
    assert shown.status == 200 and "認証局から取得したファイルを読み取った" in shown.text
    browser.press(f"/applications/{draft.id}/handover")
    browser.sign_in_as(sato)
    shown = browser.press(f"/applications/{draft.id}/acceptance", {"reviewed": "yes"})
    assert again(draft).stage == Stage.IN_USE and "認証局から取得したファイル" in shown.text


def test_the_pages_of_the_seal_say_plainly_that_there_is_none(by_portal, case, browser, suzuki, tanaka):
    application = case.examined()
    browser.sign_in_as(tanaka)
    assert application.number not in browser.see("/").text
    assert "不要です" in browser.see(f"/applications/{application.id}/seal").text
    assert "登録担当者が認証局のポータルで申請します" in browser.see(f"/applications/{application.id}").text
    browser.sign_in_as(suzuki)
    assert "不要です" in browser.see(f"/applications/{application.id}/seal").text
    assert profiles.load("portal").title in browser.see(f"/applications/{application.id}/dispatch").text
