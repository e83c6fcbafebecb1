"""The CAs that are trusted, and trying out the mail server and the token."""

import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests import ca
from tests.administering import BOTH, kept, newest_event, refused_fields
from tests.mail_server import MailServer
from tests.softhsm import make_token
from tests.test_tokens_tokend import running
from webapp import clock, smtp_file, worker
from webapp.acts import anchors, trials
from webapp.errors import Refused
from webapp.practice.post import _Post, _tls, open_post
from webapp.register import Event, Institution, Job, Letter, TrustAnchor
from webapp.register.jobs import ATTEMPTS


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
    key = ca.new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    page = desk.press("/administration/anchors/reading", {"use": "seal", "pem": key})
    assert page.status == 422 and key.splitlines()[1] not in page.html and "秘密鍵" in page.text


# The mail server


@pytest.fixture
def post(settings):
    """A mail server with STARTTLS and login where the demo looks for it; holds what it took."""
    (settings.data / "practice").mkdir()
    taken = []
    controller = open_post(settings.data / "practice", 0, lambda data, to: taken.append((data, to)))
    yield taken
    controller.stop()


def ask(desk, recipient="kobayashi@shinsei.example", **how):
    return desk.press("/administration/mail/trial", {"recipient": recipient}, **how)


def work(settings):
    """Everything that is due."""
    while worker.turn(settings):
        pass


def test_a_test_letter_goes_through_the_real_server(desk, post, settings):
    page = ask(desk)
    assert page.status == 200 and "試験メールを送信しています" in page.text and post == []
    asked = newest_event()
    assert asked.act == "try_mail" and "kobayashi@" not in str(asked.facts)
    work(settings)
    page = desk.see("/administration/mail")
    assert page.status == 200 and "試験メールを、メールサーバーが受け付けました" in page.text and "250" in page.text
    assert "kobayashi@shinsei.example" in page.text
    ((data, to),) = post
    assert to == ["kobayashi@shinsei.example"] and b"Message-ID" in data
    letter = Letter.select().order_by(-Letter.id).first()
    assert (letter.purpose, letter.state) == ("trial", "posted") and newest_event().facts["outcome"] == "posted"
    assert newest_event().act == "tried_mail" and newest_event().person is None
    assert "kobayashi@" not in str(newest_event().facts) and "250" in newest_event().particulars["note"]
    assert "試験メールがまだ届いていません" not in desk.see("/administration").text


def test_the_page_of_mail_waits_for_its_test_letter_with_and_without_scripts(desk, post, settings):
    assert ask(desk, htmx=True).headers["HX-Redirect"] == "/administration/mail"
    polled = {"headers": {"HX-Request": "true"}}
    for state in ("waiting", "posting"):
        Letter.update(state=state).execute()
        page = desk.see("/administration/mail")
        assert 'hx-get="/administration/mail"' in page.html and "試験メールを送る" not in page.buttons()
        assert page.links()["表示を更新する"] == "/administration/mail"
        assert 'hx-get="/administration/mail"' in desk.get("/administration/mail", **polled).text
    assert "試験メールがまだ届いていません" in desk.see("/administration").text
    Letter.update(state="waiting").execute()
    work(settings)
    part = desk.get("/administration/mail", **polled).text
    assert part.lstrip().startswith('<section id="case">') and "hx-get" not in part and "受け付けました" in part
    assert "試験メールを送る" in desk.see("/administration/mail").buttons()


def test_asking_for_a_test_letter_writes_letter_job_and_event_or_nothing(admin, post, settings, monkeypatch):
    before = Letter.select().count(), Job.select().count(), Event.select().count()

    def fails(*_):
        raise OSError("no event can be written")

    with monkeypatch.context() as patch:
        patch.setattr(trials.house, "note", fails)
        with pytest.raises(OSError, match="no event"):
            trials.try_mail(admin, "a@shinsei.example", settings)
    assert (Letter.select().count(), Job.select().count(), Event.select().count()) == before
    letter = trials.try_mail(admin, "a@shinsei.example", settings)
    assert (letter.state, Job.newest("post", letter).state, newest_event().facts) == (
        "waiting",
        "due",
        {"letter": letter.id},
    )


def test_it_says_what_is_wrong_with_the_mail_server(desk, house, admin, settings, post):
    file = settings.data / "practice" / "smtp.json"
    at = file.read_text()
    password = re.search(r'"password": "([^"]+)"', at)[1]
    for text, word, advice in (
        (at.replace(password, "wrong-password"), "ユーザー名またはパスワードが違います", "smtpコマンド"),
        (re.sub(r'"port": \d+', '"port": 1', at), "つながりませんでした", "ポート番号"),
        (re.sub(r'"host": "[^"]+"', '"host": "a..b"', at), "つながりませんでした", "ホスト名"),
        (re.sub(r'"ca": "[^"]+"', '"ca": ""', at), "証明書を確認できませんでした", "認証局の証明書"),
    ):
        file.write_text(text)
        assert ask(desk, "a@shinsei.example").status == 200
        work(settings)
        page = desk.see("/administration/mail")
        assert word in page.text and advice in page.text, word
        assert password not in page.html and 'value="a@shinsei.example"' in page.html
        letter = Letter.newest_trial()
        assert letter.state == "cancelled" and newest_event().facts == {"letter": letter.id, "outcome": "cancelled"}
        clock.move(timedelta(days=2))
        work(settings)  # nobody tries again
        assert Job.newest("post", letter).attempts == 1 and Letter.newest_trial().state == "cancelled"
        clock.move(timedelta(0))
    file.write_text(at)
    assert ask(desk).status == 200
    file.write_text("{")  # since then
    work(settings)
    assert "設定ファイルを読み取れません" in desk.see("/administration/mail").text
    page = ask(desk)
    assert page.status == 422 and "設定ファイルを読み取れません" in page.text
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
        trials.try_mail(admin, "a@shinsei.example", settings)
        work(settings)
    finally:
        controller.stop()
    assert seen == [["a@shinsei.example"]]
    assert (Letter.newest_trial().state, Letter.newest_trial().answer) == ("posted", "250 taken")


@BOTH
@pytest.mark.parametrize(
    ("answers", "state", "words", "advice"),
    [
        ({"RCPT": "550 no such person"}, "refused", "550 no such person", "差出人と宛先"),
        ({"BODY": None}, "unknown", "応答がありませんでした", "宛先の受信箱で確認"),
        ({"MAIL": "451 later"}, "cancelled", "451 later", "しばらく待って"),
        ({"MAIL": None}, "cancelled", "つながりませんでした", "ネットワーク"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isascii() else "",
)
def test_a_test_letter_is_posted_once_whatever_comes_of_it(desk, settings, answers, state, words, advice):
    with MailServer(settings.data / "practice") as server:
        (settings.data / "practice" / "smtp.json").chmod(0o600)
        server.answers |= answers
        ask(desk)
        work(settings)
        letter = Letter.newest_trial()
        assert letter.state == state and words in letter.answer and letter.posted_at is None
        page = desk.see("/administration/mail")
        assert words in page.text and advice in page.text and "試験メールを送る" in page.buttons()
        assert "試験メールがまだ届いていません" in desk.see("/administration").text
        talked = len(server.talk)
        clock.move(timedelta(days=30))
        work(settings)
        assert len(server.talk) == talked and Letter.newest_trial().state == state
    assert Event.newest(Institution.here(), "tried_mail").facts["outcome"] == state


def test_a_worker_that_dies_at_a_test_letter_leaves_an_answer(desk, post, settings):
    ask(desk)
    Letter.update(state="posting").execute()
    work(settings)
    assert Letter.newest_trial().state == "unknown" and "止まりました" in desk.see("/administration/mail").text
    ask(desk)
    Job.update(attempts=ATTEMPTS).where(Job.state == "due").execute()
    work(settings)
    assert Letter.newest_trial().state == "cancelled" and "止まりました" in desk.see("/administration/mail").text
    assert post == []


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
