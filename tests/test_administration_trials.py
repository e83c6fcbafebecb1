"""The CAs that are trusted, and trying out the mail server and the token."""

import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes

from tests import ca
from tests.administering import kept, newest_event, refused_fields
from tests.softhsm import make_token
from tests.test_tokens_tokend import running
from webapp import clock, smtp_file
from webapp.acts import anchors, trials
from webapp.errors import Refused
from webapp.practice.post import _Post, _tls, open_post
from webapp.register import (
    Letter,
    TrustAnchor,
)


@pytest.fixture
def admin(house, kobayashi, by):
    return by(kobayashi)


@pytest.fixture
def desk(browser, kobayashi):
    """The administrator's browser."""
    return browser.sign_in_as(kobayashi)


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
