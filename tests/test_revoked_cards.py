"""Who is known to be revoked neither signs in nor seals nor sends; where nothing is known, page, report and record say so."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests import ca, papers_seals
from tests.bad import attached, stands
from tests.cases import again, frozen_of, unguarded
from tests.revocation import crl
from tests.stations import TOKEN, asked, code_on, newest
from tests.test_card_sign_in import sign_in, signed_in
from tests.test_station_mail import with_chain
from tokens.station import payloads
from webapp import clock, profiles
from webapp.register import Account, Content, Event, KeptList, Letter, Paper, TrustAnchor, Visit

pytestmark = pytest.mark.both_databases

HEAD = "tanaka@shinsei.example"
DAY = timedelta(days=1)


@pytest.fixture
def wanting(monkeypatch):
    """A profile under which nobody comes in by a card of which nothing is known."""
    strict = replace(profiles.load("practice"), sign_in_needs_status=True)
    monkeypatch.setattr(profiles, "load", lambda name: strict)


# At the door


@pytest.fixture
def waiting(paired, tanaka, browser):
    """田中's station, and a browser that nobody is signed in at."""
    station = paired(tanaka)
    browser.delete_cookie("shirushi")
    return station


def given(browser, station, card):
    """The station's answer to a sign-in that was signed by a card."""
    envelope = station.opened(code_on(sign_in(browser)))
    return station.give(envelope, signed_in(envelope, card, station.number))


def test_a_good_card_lets_in_and_the_record_says_as_of_when(world, browser, waiting, card, tanaka, authorities):
    world.publish(card(HEAD, "client_auth")[1])
    world.round()
    assert given(browser, waiting, card(HEAD, "client_auth")).status_code == 200
    label = f"有効(CRL {authorities.seal.at.astimezone(clock.JST):%Y-%m-%d %H:%M}現在)"
    assert label in browser.see("/session/card").text
    page = browser.press("/session/card/visit")
    assert "田中 一郎" in page.text and "未確認" not in page.text
    assert Event.newest(Account.get(Account.person == tanaka), "sign_in_with_card").facts["revocation"] == label


def test_a_revoked_card_lets_nobody_in_and_the_record_says_so(world, browser, waiting, card, tanaka, ito):
    mine = card(HEAD, "client_auth")
    world.publish(mine[1])
    world.round()
    visits = Visit.select().count()
    answer = given(browser, waiting, mine)
    assert answer.status_code == 422 and "このカードの証明書は失効しています" in answer.json["message"]
    assert newest().state == "failed" and "失効しています" in browser.see("/session/card").text
    assert browser.press("/session/card/visit").status == 422 and browser.get("/").status_code == 303
    event = Event.newest(Account.get(Account.person == tanaka), "refuse_card")
    assert (event.facts["revocation"], event.person, event.facts["station"]) == ("失効", tanaka, int(waiting.number))
    assert Visit.select().count() == visits
    browser.sign_in_as(ito)
    assert "カードでのサインインを断りました" in browser.see("/records").text


def test_with_a_stale_list_the_card_lets_in_and_the_page_says_that_nothing_is_known(
    world, browser, waiting, card, tanaka, kobayashi
):
    world.publish()
    world.round()
    KeptList.update(this_update=clock.now() - 9 * DAY, next_update=clock.now() - DAY).execute()
    KeptList.update(content=Content.keep(crl(world.authority, begins=world.authority.at - 9 * DAY))).execute()
    assert given(browser, waiting, card(HEAD, "client_auth")).status_code == 200
    page = browser.press("/session/card/visit")
    assert page.status == 200 and "カードの証明書の失効は未確認です" in page.text
    assert Event.newest(Account.get(Account.person == tanaka), "sign_in_with_card").facts["revocation"] == "未確認"


def test_where_the_profile_wants_to_know_an_unknown_card_lets_nobody_in(world, browser, waiting, card, tanaka, wanting):
    mine = card(HEAD, "client_auth")
    answer = given(browser, waiting, mine)
    assert answer.status_code == 422 and "失効していないことを確認できない" in answer.json["message"]
    assert "パスワード" in answer.json["advice"] and browser.press("/session/card/visit").status == 422
    event = Event.newest(Account.get(Account.person == tanaka), "refuse_card")
    assert event.facts["revocation"] == "未確認"
    world.publish()
    world.round()
    assert given(browser, waiting, mine).status_code == 200


def test_a_card_of_a_ca_for_seals_alone_lets_nobody_in(browser, waiting, card):
    TrustAnchor.update(until_on=clock.today() - DAY).where(TrustAnchor.use == "sign_in").execute()
    answer = given(browser, waiting, card(HEAD, "client_auth"))
    assert answer.status_code == 422 and "登録された認証局のものではありません" in answer.json["message"]


# On papers and mails


@pytest.fixture
def examined(case, browser, suzuki):
    application = case.examined()
    browser.sign_in_as(suzuki)
    with unguarded():
        yield application


@pytest.fixture
def heads(authorities):
    """The head's card for papers: signs a PDF, and has a certificate (DER)."""
    signer = papers_seals.Head(authorities.seal, embed=authorities.seal.chain)
    return signer, ca.der(signer.certificate)


def give_seal(browser, application, signer):
    signed = papers_seals.sign(frozen_of(application), signer)
    return browser.press(f"/applications/{application.id}/seal", attached(signed, "署名済み.pdf"))


def revocation_line(application):
    report = Paper.newest(application, "sealed_pdf").report
    return next(line for line in report if "失効" in line[0])


def test_a_seal_of_a_revoked_head_is_refused(world, browser, examined, heads):
    signer, der = heads
    world.publish(der)
    world.round()
    page = give_seal(browser, examined, signer)
    assert page.status == 422 and "署名に使われた証明書は失効しています" in page.text and "秘密鍵の危殆化" in page.text
    assert stands(examined, "examined") and Paper.newest(examined, "sealed_pdf") is None


def test_a_seal_that_a_list_says_nothing_against_is_taken_with_the_day_of_the_list(world, browser, examined, heads):
    world.publish()
    world.round()
    assert give_seal(browser, examined, heads[0]).status == 200 and again(examined).stage == "sealed"
    sentence, result, detail = revocation_line(examined)
    assert result == "適合" and detail.startswith("有効(CRL ") and "失効していません" in sentence
    assert detail == Event.newest(examined, "seal").facts["revocation"]
    assert detail in browser.see(f"/applications/{examined.id}/seal-report").text


def test_a_seal_of_which_nothing_is_known_is_taken_and_the_report_says_so(world, browser, examined, heads):
    assert give_seal(browser, examined, heads[0]).status == 200 and again(examined).stage == "sealed"
    sentence, result, detail = revocation_line(examined)
    assert (sentence, result) == ("失効状態は未確認です。", "未確認") and detail.startswith("SIG-04")
    text = browser.see(f"/applications/{examined.id}/seal-report").text
    assert "ご注意 失効状態は未確認です。" in text and "手元にありません" in text


def test_a_mail_signed_with_a_revoked_certificate_does_not_leave(
    world, case, paired, browser, suzuki, card, authorities
):
    application = case.sealed()
    officer, mine = paired(suzuki), card("suzuki@shinsei.example")
    world.publish(mine[1])
    world.round()
    for each, status in ((mine, 422), (card("suzuki@shinsei.example"), 200)):
        envelope = officer.opened(code_on(asked(browser, application, "sign_mail", confirmed="yes")))
        mail = with_chain(officer.document(envelope).data, each, authorities)
        answer = officer.give(envelope, payloads.SignedMail(mail, TOKEN))
        assert answer.status_code == status, answer.json
        assert (Letter.packet(application) is None) == (status == 422)
        assert status == 200 or "メールの署名に使った証明書は失効しています" in answer.json["message"]
    assert Event.newest(application, "dispatch").facts["revocation"].startswith("有効(CRL ")
