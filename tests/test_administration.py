"""What an administrator sets up and changes: the institution, its methods and documents, and who may."""

import io
import re
from datetime import timedelta

import peewee
import pytest

from tests.administering import BOTH, PDF, kept, newcomer, newest_event, refused_fields, today
from webapp import clock
from webapp.acts import accounts, anchors, documents, institution, people, trials
from webapp.errors import NotYourAct, Unreadable
from webapp.register import (
    Document,
    IdentityMethod,
    Institution,
    Person,
    PersonRole,
    TrustAnchor,
    database,
    verify_chain,
)


@pytest.fixture
def desk(browser, kobayashi):
    """The administrator's browser."""
    return browser.sign_in_as(kobayashi)


# Who may


PAGES = ("", "/institution", "/methods", "/people", "/people/1", "/documents", "/anchors", "/mail", "/token")


@pytest.mark.parametrize("name", ["sato", "suzuki", "tanaka", "ito"])
def test_nobody_but_an_administrator_opens_the_settings(browser, name, request):
    browser.sign_in_as(request.getfixturevalue(name))
    for url in PAGES:
        assert browser.see(f"/administration{url}").status == 403
    assert browser.press("/administration/people", newcomer()).status == 403
    assert not Person.select().where(Person.name == "渡辺 実").exists()


def test_nobody_but_an_administrator_does_the_acts(house, suzuki, by):
    row = TrustAnchor.get()
    for act in (
        lambda who: institution.change(who, kept()),
        lambda who: people.add_person(who, newcomer()),
        lambda who: people.end_role(who, PersonRole.get(), today()),
        lambda who: accounts.renew_password(who, suzuki),
        lambda who: accounts.close_account(who, suzuki),
        lambda who: documents.add_method(who, {}),
        lambda who: documents.add_document(who, {}),
        lambda who: anchors.trust(who, bytes(row.der), "seal", True),
        lambda who: anchors.end(who, row, today()),
        lambda who: trials.try_mail(who, "a@shinsei.example", None),
        lambda who: trials.try_token(who, None),
    ):
        with pytest.raises(NotYourAct):
            act(by(suzuki))


def test_every_page_of_the_settings_reads_well_and_leads_back(desk):
    paths = [*PAGES, "/people/new", "/people/2/name", "/people/2/mail", "/people/2/department", "/people/2/role"]
    paths += ["/people/2/account", "/documents/new", "/anchors/new", "/role/2/end", "/mail/2/end", "/department/2/end"]
    for path in [*paths, "/method/1/end", "/document/1/end", "/anchor/1/end"]:
        page = desk.see(f"/administration{path}")
        assert page.status == 200 and page.heading, path
    for path in ("/people/999", "/people/2/shoes", "/shoes/1/end", "/role/999/end"):
        assert desk.see(f"/administration{path}").status == 404


def test_the_first_page_says_what_is_missing(desk):
    page = desk.see("/administration")
    assert "試験メール" in page.text or "メールサーバーがまだ" in page.text
    IdentityMethod.update(until_on=clock.today() - timedelta(days=1)).execute()
    assert "本人性と実在性を確認する方法がありません" in desk.see("/administration").text


# The institution


@BOTH
def test_a_changed_value_is_an_event_with_before_and_after(house, admin):
    changed = institution.change(admin, kept() | {"head_office": "東京都千代田区一ツ橋二丁目1番2号"})
    assert changed == ["head_office"] and Institution.here().head_office == "東京都千代田区一ツ橋二丁目1番2号"
    told = newest_event()
    assert told.act == "change_institution" and told.person == admin.person
    assert told.facts["changed"]["head_office"][0].startswith("東京都千代田区千代田")
    assert institution.change(admin, kept()) == [] and newest_event() == told
    verify_chain()


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("formal_name", "", "入力してください"),
        ("org_code", "申請大学", "半角"),
        ("postal_code", "1000001", "郵便番号"),
        ("switchboard", "五五〇〇", "電話番号"),
        ("switchboard_checked_on", "2099-01-01", "今日まで"),
        ("country", "US", "C"),
        ("state", "東京", "使えない文字"),
        ("locality", "Default City", "Default City"),
        ("locality", "City", "City"),
        ("locality", "x Academe", "Academe"),
        ("organization", "A" * 65, "64文字"),
        ("organization", "-", "記号"),
        ("common_name", "", "入力してください"),
        ("profile", "upki-v2.4", "プロファイル"),
    ],
)
def test_it_refuses_values_that_the_ca_would_refuse(house, admin, field, value, word):
    assert word in refused_fields(institution.change, admin, kept() | {field: value})[field]


def test_a_refused_page_keeps_what_was_typed(desk):
    page = desk.press("/administration/institution", kept() | {"locality": "Default City", "state": "Osaka"})
    assert page.status == 422 and 'value="Default City"' in page.html and 'value="Osaka"' in page.html
    assert Institution.here().locality == "Chiyoda-ku"
    saved = desk.press("/administration/institution", kept() | {"postal_code": "100-0002"})
    assert "設定を保存しました" in saved.text and "郵便番号: 100-0001 → 100-0002" in saved.text


def test_htmx_gets_the_case_alone(desk):
    page = desk.press("/administration/institution", kept() | {"state": ""}, htmx=True, follow=False)
    assert page.status == 422 and page.html.lstrip().startswith("<section") and "<html" not in page.html
    page = desk.press("/administration/people/2/mail", {"mail": "x"}, htmx=True, follow=False)
    assert page.status == 422 and "name@example.ac.jp" in page.html


def test_full_width_numbers_are_taken_as_half_width(house, admin):
    institution.change(admin, kept() | {"postal_code": "100−0003", "switchboard": "03−5500−1000"})
    assert Institution.here().postal_code == "100-0003" and Institution.here().switchboard == "03-5500-1000"


@BOTH
def test_a_demo_never_becomes_real(house):
    for statement in ("UPDATE institution SET environment = 'real'", "DELETE FROM institution"):
        with pytest.raises(peewee.IntegrityError), database.atomic():
            database.execute_sql(statement)
    assert Institution.here().is_practice


# Methods and documents


def test_methods_come_from_proposals_or_own_words_and_end(desk):
    page = desk.see("/administration/methods")
    proposal = re.search(r'name="proposal" value="([^"]+)"', page.html)[1]
    assert desk.press("/administration/methods/proposals", {}).status == 422
    page = desk.press("/administration/methods/proposals", {"proposal": proposal})
    assert proposal.partition(":")[2] in [row.name for row in IdentityMethod.offered(proposal.partition(":")[0])]
    assert desk.press("/administration/methods", {"aspect": "identity", "name": ""}).status == 422
    desk.press("/administration/methods", {"aspect": "identity", "name": "生体認証"})
    assert desk.press("/administration/methods", {"aspect": "identity", "name": "生体認証"}).status == 422
    row = IdentityMethod.get(IdentityMethod.name == "生体認証")
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    desk.press(f"/administration/method/{row.id}/end", {"until_on": yesterday})
    assert "生体認証" not in [row.name for row in IdentityMethod.offered("identity")]


def new_version(name, **changes):
    return {"name": name, "version": "Version 9", "address": "https://repo.example/cp", "since_on": today()} | changes


@BOTH
def test_a_new_version_of_a_document_ends_the_old_one(house, admin):
    old = Document.to_agree()[0]
    row = documents.add_document(admin, new_version(old.name), PDF)
    in_force = [each.id for each in Document.to_agree() if each.name == old.name]
    assert in_force == [row.id] and row.content.bytes() == PDF and row.media_type == "application/pdf"
    assert Document.get_by_id(old.id).until_on == clock.today() - timedelta(days=1)
    assert "すでに" in refused_fields(documents.add_document, admin, new_version(old.name))["version"]
    early = new_version(old.name, version="Version 8", since_on="2026-01-01")
    assert "それ以降" in refused_fields(documents.add_document, admin, early)["since_on"]


def test_a_document_is_an_address_or_a_readable_copy(desk, admin):
    nothing = new_version("新しい文書", address="")
    assert desk.press("/administration/documents", nothing).status == 422
    assert desk.press("/administration/documents", new_version("新しい文書", address="javascript:x")).status == 422
    with pytest.raises(Unreadable):
        documents.add_document(admin, nothing, b"PK\x03\x04\x00")
    file = {"file": (io.BytesIO(PDF), "cp.pdf")}
    page = desk.press("/administration/documents", nothing | file, content_type="multipart/form-data")
    assert "追加しました" in page.text and "写しを開く: 新しい文書" in page.links()
    assert desk.see(page.links()["写しを開く: 新しい文書"]).data == PDF
