"""What an administrator sets up and changes: pages, acts, and what the register lets nobody do."""

import io
import re
from dataclasses import replace
from datetime import timedelta

import peewee
import pytest
from cryptography.hazmat.primitives import hashes

from tests import ca
from tests.softhsm import make_token
from tests.test_tokens_tokend import running
from webapp import clock, smtp_file
from webapp.acts import accounts, anchors, documents, institution, people, trials, visits
from webapp.errors import Incomplete, NotYourAct, Overtaken, Refused, Unreadable
from webapp.practice.post import _Post, _tls, open_post
from webapp.procedure import Role
from webapp.register import (
    Account,
    Document,
    Event,
    IdentityMethod,
    Institution,
    Letter,
    Person,
    PersonDepartment,
    PersonMail,
    PersonRole,
    TrustAnchor,
    database,
    verify_chain,
)
from webapp.routes.administration.institution import COLUMNS

BOTH = pytest.mark.both_databases
PDF = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture
def admin(house, kobayashi, by):
    return by(kobayashi)


@pytest.fixture
def desk(browser, kobayashi):
    """The administrator's browser."""
    return browser.sign_in_as(kobayashi)


def today():
    return clock.today().isoformat()


def kept():
    """The institution's values as the page would send them."""
    here = Institution.here()
    return {name: str(getattr(here, name) or "") for name in COLUMNS}


def newcomer(**changes):
    values = {"name": "渡辺 実", "mail": "watanabe@shinsei.example", "phone": "03-5500-1500"}
    values |= {"department": "工学部 計測工学研究室", "role": "subscriber", "title": "助教"}
    return values | {"since_on": today(), "until_on": ""} | changes


def refused_fields(act, *arguments):
    with pytest.raises(Incomplete) as refusal:
        act(*arguments)
    return refusal.value.fields


def newest_event():
    return Event.select().order_by(-Event.seq).first()


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


# People


@BOTH
def test_a_person_comes_with_mail_department_and_role(house, admin):
    person = people.add_person(admin, newcomer(mail="Watanabe@Shinsei.example", until_on="2027-03-31"))
    assert person.roles() == {Role.SUBSCRIBER} and person.mail == "watanabe@shinsei.example"
    assert person.department.name == "工学部 計測工学研究室"
    told = newest_event()
    assert told.particulars["name"] == "渡辺 実" and "渡辺" not in str(told.facts)
    assert person.roles(PersonRole.get(PersonRole.person == person).until_on + timedelta(days=1)) == set()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"mail": "watanabe"}, "mail"),
        ({"mail": "suzuki@shinsei.example"}, "mail"),
        ({"role": "king"}, "role"),
        ({"since_on": "きのう"}, "since_on"),
        ({"until_on": "2020-01-01"}, "until_on"),
        ({"department": ""}, "department"),
        ({"role": "officer", "phone": ""}, "phone"),
        ({"phone": "内線12"}, "phone"),
    ],
)
def test_it_says_what_is_wrong_with_a_new_person(desk, changes, field):
    page = desk.press("/administration/people", newcomer(**changes))
    assert page.status == 422 and f'id="f-{field}-error"' in page.html
    assert not Person.select().where(Person.name == "渡辺 実").exists()


def test_what_ends_stays_and_cannot_be_ended_later(house, admin, suzuki):
    row = suzuki.role_row(Role.OFFICER)
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    people.end_role(admin, row, yesterday)
    assert Role.OFFICER not in suzuki.roles() and PersonRole.get_by_id(row.id).until_on.isoformat() == yesterday
    assert suzuki.roles(row.since_on) == {Role.OFFICER}
    assert "前の日付" in refused_fields(people.end_role, admin, PersonRole.get_by_id(row.id), today())["until_on"]
    assert "以降" in refused_fields(people.end_role, admin, row, "2000-01-01")["until_on"]


def test_somebody_faster_has_ended_it_already(house, admin, suzuki):
    row, seen_before = suzuki.role_row(Role.OFFICER), suzuki.role_row(Role.OFFICER)
    people.end_role(admin, row, (clock.today() - timedelta(days=1)).isoformat())
    with pytest.raises(Overtaken):
        people.end_role(admin, seen_before, today())


@BOTH
def test_the_last_administrator_cannot_leave(house, admin, kobayashi, suzuki, by):
    row = kobayashi.role_row(Role.ADMINISTRATOR)
    count = Event.select().count()
    for act in (
        lambda: people.end_role(admin, row, today()),
        lambda: accounts.close_account(admin, kobayashi),
    ):
        with pytest.raises(Refused) as refusal:
            act()
        assert "管理者がいなくなる" in refusal.value.message
    assert Event.select().count() == count and PersonRole.get_by_id(row.id).until_on is None
    term = {"title": "", "since_on": today(), "until_on": ""}
    people.add_role(admin, suzuki, {"role": "administrator", **term})
    people.end_role(admin, PersonRole.get_by_id(row.id), (clock.today() - timedelta(days=1)).isoformat())
    with pytest.raises(NotYourAct):
        people.add_role(admin, suzuki, {"role": "auditor", **term})


def test_terms_of_one_role_do_not_overlap(house, admin, suzuki):
    again = {"role": "officer", "title": "", "since_on": today(), "until_on": ""}
    assert "重なって" in refused_fields(people.add_role, admin, suzuki, again)["since_on"]
    people.end_role(admin, suzuki.role_row(Role.OFFICER), (clock.today() - timedelta(days=1)).isoformat())
    people.add_role(admin, suzuki, again)
    assert suzuki.roles() == {Role.OFFICER}


def test_an_officer_needs_a_telephone(house, admin, sato):
    people.change_person(admin, sato, {"name": sato.name, "phone": ""})
    role = {"role": "officer", "title": "", "since_on": today(), "until_on": ""}
    assert "電話番号" in refused_fields(people.add_role, admin, Person.get_by_id(sato.id), role)["role"]


def test_letters_go_to_the_new_address_and_the_old_one_names_nobody_after_its_end(house, admin, tanaka):
    people.add_mail(admin, tanaka, {"mail": "ichiro@shinsei.example", "since_on": today()})
    assert tanaka.mail == "ichiro@shinsei.example"
    old = PersonMail.get(PersonMail.mail == "tanaka@shinsei.example")
    people.end_mail(admin, old, (clock.today() - timedelta(days=1)).isoformat())
    assert Person.with_mail("tanaka@shinsei.example") is None and Person.with_mail("ichiro@shinsei.example") == tanaka


def test_the_page_of_a_person_adds_corrects_and_ends(desk, sato):
    at = f"/administration/people/{sato.id}"
    page = desk.press(f"{at}/department", {"department": "図書館", "since_on": today()})
    assert "追加しました" in page.text and "図書館" in page.text
    assert desk.press(f"{at}/department", {"department": "図書館", "since_on": today()}).status == 422
    assert "佐藤 次朗" in desk.press(f"{at}/name", {"name": "佐藤 次朗", "phone": "03-5500-1201"}).heading
    page = desk.press(f"{at}/role", {"role": "auditor", "title": "", "since_on": today(), "until_on": ""})
    assert "監査担当者" in page.text
    row = PersonRole.select().where((PersonRole.person == sato) & (PersonRole.role == "auditor")).get()
    page = desk.press(f"/administration/role/{row.id}/end", {"until_on": ""})
    assert page.status == 422 and "終了日を日付で" in page.text
    page = desk.press(f"/administration/role/{row.id}/end", {"until_on": today()})
    assert "終了日を記録しました" in page.text and "役割に終了日を入れました。" in page.text


# Accounts


def test_an_initial_password_is_shown_once_and_opens_the_door(desk, house, admin):
    person = people.add_person(admin, newcomer())
    at = f"/administration/people/{person.id}"
    assert desk.press(f"{at}/account", {"login": "w"}).status == 422
    assert desk.press(f"{at}/account", {"login": "suzuki"}).status == 422
    page = desk.press(f"{at}/account", {"login": "Watanabe"}, follow=False)
    assert page.status == 422
    page = desk.press(f"{at}/account", {"login": "watanabe"}, follow=False)
    password = shown_password(page)
    assert page.status == 200 and len(password) >= visits.SHORTEST and "no-store" in page.headers["Cache-Control"]
    assert visits.sign_in("watanabe", password, "192.0.2.1")
    assert password not in desk.see(at).html and password not in str(list(Event.select().dicts()))
    assert Account.get(Account.login == "watanabe").password_hash.startswith("$argon2id$")
    assert desk.press(f"{at}/account", {"login": "watanabe"}).status == 422


def shown_password(page):
    texts = ["".join(code.itertext()) for code in page.tree.iter("code")]
    return texts[-1].strip()


def test_a_new_password_ends_the_visits_and_a_closed_account_opens_no_door(desk, house, suzuki):
    theirs = house.test_client().sign_in_as(suzuki)
    assert theirs.see("/").status == 200
    password = shown_password(desk.press(f"/administration/people/{suzuki.id}/password", follow=False))
    assert "サインイン" in theirs.see("/").heading
    assert visits.sign_in("suzuki", password, "192.0.2.1")
    page = desk.press(f"/administration/people/{suzuki.id}/account/closure")
    assert "アカウントを閉じました" in page.text
    with pytest.raises(Incomplete):
        visits.sign_in("suzuki", password, "192.0.2.1")
    again = desk.press(f"/administration/people/{suzuki.id}/account", {"login": "suzuki"}, follow=False)
    assert visits.sign_in("suzuki", shown_password(again), "192.0.2.1")


def test_a_person_replaces_the_password_that_the_administrator_has_seen(house, admin):
    person = people.add_person(admin, newcomer())
    first = accounts.open_account(admin, person, {"login": "watanabe"})
    browser, other = house.test_client(), house.test_client()
    for each in (browser, other):
        assert each.press("/session", {"login": "watanabe", "password": first}).status == 200
    mine = "correct horse battery"
    for wrong in (
        {"current": "wrong", "password": mine, "again": mine},
        {"current": first, "password": "short", "again": "short"},
        {"current": first, "password": mine, "again": "other"},
    ):
        page = browser.press("/password", wrong)
        assert page.status == 422 and first not in page.html and mine not in page.html
    page = browser.press("/password", {"current": first, "password": mine, "again": mine})
    assert page.status == 200 and "パスワードを変更しました" in page.text
    assert "サインイン" in other.see("/").heading
    with pytest.raises(Incomplete):
        visits.sign_in("watanabe", first, "192.0.2.1")
    assert visits.sign_in("watanabe", mine, "192.0.2.1")


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


# Trust anchors


@pytest.fixture(scope="module")
def stranger():
    return ca.Authority("Another CA")


def test_a_ca_is_shown_before_it_is_trusted(desk, stranger):
    file = {"file": (io.BytesIO(ca.der(stranger.root)), "root.cer"), "use": "seal"}
    before = TrustAnchor.select().count()
    page = desk.press("/administration/anchors/reading", file, content_type="multipart/form-data")
    shown = page.text.replace(" ", "")
    assert (
        page.status == 200
        and "ルート認証局(自己署名)" in shown
        and stranger.root.fingerprint(hashes.SHA256()).hex() in shown
    )
    assert TrustAnchor.select().count() == before
    form = page.form("/administration/anchors")
    refused = desk.press("/administration/anchors", form)
    assert refused.status == 422 and "照合" in refused.text and refused.form("/administration/anchors") == form
    page = desk.press("/administration/anchors", form | {"is_compared": "yes"})
    assert "Another CA Root" in page.text
    roots, _ = TrustAnchor.trusted_for("seal")
    assert ca.der(stranger.root) in roots
    assert desk.press("/administration/anchors", form | {"is_compared": "yes"}).status == 422


def test_an_intermediate_without_its_root_is_doubted(house, admin, stranger):
    found = anchors.read(ca.pem(stranger.issuing), "certificate")
    assert not found.is_root and "まだ登録されていません" in found.doubts[0]
    anchors.trust(admin, ca.der(stranger.root), "certificate", True)
    assert anchors.read(ca.pem(stranger.issuing), "certificate").doubts == ()


def test_only_the_living_certificate_of_a_ca_is_trusted(house, admin, stranger):
    leaf = stranger.smime(ca.new_key().public_key(), "a@shinsei.example")
    with pytest.raises(Refused, match="認証局の証明書ではありません"):
        anchors.read(ca.der(leaf), "seal")
    old = ca.Authority("Old CA", at=clock.now() - timedelta(days=5000))
    with pytest.raises(Refused, match="切れています"):
        anchors.read(ca.der(old.root), "seal")
    for data in (b"not a certificate", b""):
        with pytest.raises(Refused):
            anchors.read(data, "seal")
    assert "選んで" in refused_fields(anchors.read, ca.der(stranger.root), "cooking")["use"]


def test_a_pasted_private_key_is_not_given_back(desk):
    pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQ==\n-----END PRIVATE KEY-----\n"
    page = desk.press("/administration/anchors/reading", {"use": "seal", "pem": pem})
    assert page.status == 422 and "MC4CAQ" not in page.html and "秘密鍵" in page.text


# The mail server


@pytest.fixture
def post(settings):
    """A mail server with STARTTLS and login where the demo looks for it; holds what it took."""
    (settings.data / "practice").mkdir()
    taken = []
    controller = open_post(settings.data / "practice", 0, lambda data, to: taken.append((data, to)))
    yield taken
    controller.stop()


def test_a_test_letter_goes_through_the_real_server(desk, post):
    page = desk.press("/administration/mail/trial", {"recipient": "kobayashi@shinsei.example"})
    assert page.status == 200 and "試験メールを、メールサーバーが受け付けました" in page.text and "250" in page.text
    ((data, to),) = post
    assert to == ["kobayashi@shinsei.example"] and b"Message-ID" in data
    letter = Letter.select().order_by(-Letter.id).first()
    assert letter.state == "posted" and newest_event().facts["outcome"] == "posted"
    assert "kobayashi@" not in str(newest_event().facts)


def test_it_says_what_is_wrong_with_the_mail_server(desk, house, admin, settings, post):
    file = settings.data / "practice" / "smtp.json"
    at = file.read_text()
    password = re.search(r'"password": "([^"]+)"', at)[1]
    for text, word in (
        (at.replace(password, "wrong-password"), "ユーザー名またはパスワードが違います"),
        (re.sub(r'"port": \d+', '"port": 1', at), "つながりませんでした"),
        (re.sub(r'"ca": "[^"]+"', '"ca": ""', at), "証明書を確認できませんでした"),
        ("{", "設定ファイルを読み取れません"),
    ):
        file.write_text(text)
        page = desk.press("/administration/mail/trial", {"recipient": "kobayashi@shinsei.example"})
        assert page.status == 422 and word in page.text, word
        assert password not in page.html and 'value="kobayashi@shinsei.example"' in page.html
    file.write_text(at)
    file.chmod(0o644)
    assert "ほかの利用者も読める" in desk.see("/administration/mail").text
    file.unlink()
    assert "まだ設定されていません" in desk.see("/administration/mail").text
    assert desk.press("/administration/mail/trial", {"recipient": ""}).status == 422
    assert post == []


def test_a_server_without_login_is_greeted_again_after_starttls(tmp_path, house, admin, settings):
    """RFC 3207 §4.2; without it a strict server takes no MAIL."""
    folder = settings.data / "practice"
    folder.mkdir()
    seen = []

    class Handler:
        async def handle_DATA(self, server, session, envelope):
            seen.append(envelope.rcpt_tos)
            return "250 taken"

    controller = _Post(Handler(), hostname="127.0.0.1", port=0, tls_context=_tls(folder), require_starttls=True)
    controller.start()
    try:
        at = {"host": "127.0.0.1", "port": controller.port, "user": "", "password": "", "ca": ""}
        smtp_file.write(folder / "smtp.json", at | {"ca": (folder / "smtp-ca.pem").read_text()})
        assert trials.try_mail(admin, "a@shinsei.example", settings) == "250 taken"
    finally:
        controller.stop()
    assert seen == [["a@shinsei.example"]]


# The token


def test_a_token_shows_itself_and_signs(house, settings, kobayashi, tmp_path):
    token = make_token(tmp_path / "token", "shirushi-practice")
    with running(tmp_path, token) as tokend:
        house.config["SHIRUSHI"] = replace(settings, tokend_socket=str(tokend.path))
        desk = house.test_client().sign_in_as(kobayashi)
        page = desk.see("/administration/token")
        assert "shirushi-practice" in page.text and "使えます" in page.text
        page = desk.press("/administration/token/trial")
        assert page.status == 200 and "署名を検証しました" in page.text
    assert newest_event().act == "try_token" and newest_event().facts["token"]["label"] == "shirushi-practice"


def test_without_a_token_the_page_says_so_and_what_to_do(desk):
    page = desk.see("/administration/token")
    assert page.status == 200 and "ご注意" in page.text
    assert desk.press("/administration/token/trial").status == 422
    institution_without = kept() | {"token_label": ""}
    desk.press("/administration/institution", institution_without)
    assert "サーバーからトークンを使わない設定です" in desk.see("/administration/token").text


def test_the_chain_holds_after_all_of_it(house, admin, suzuki):
    person = people.add_person(admin, newcomer())
    accounts.open_account(admin, person, {"login": "watanabe"})
    people.end_department(admin, PersonDepartment.get(PersonDepartment.person == person), today())
    assert verify_chain() == Event.select().count()
    with pytest.raises(NotYourAct):
        people.add_person(replace(admin, person=None), newcomer())
