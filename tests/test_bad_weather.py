"""What goes wrong around us: the mail server, the token, the disk, a worker that is killed. Nothing is lost, nothing is
done twice, and each is told in a sentence."""

import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from test_tokens_tokend import running, write_pin

from tests.bad import attached, stands
from tests.mail_server import MailServer
from tests.softhsm import PIN, logins, make_token
from webapp import clock, worker
from webapp.register import ApplicationForm, Csr, Event, Job, KeyPair, Letter, database, verify_chain
from webapp.register.jobs import LEASE

pytestmark = pytest.mark.slow  # many, and each walks far

ROOT = Path(__file__).parent.parent

# The mail server (1-1-5)


@pytest.fixture
def leaving(case, browser, suzuki):
    """An officer has pressed 送付: the packet waits, and nothing else."""
    application = case.sealed()
    Job.update(state="done").execute()
    browser.sign_in_as(suzuki)
    page = browser.press(f"/applications/{application.id}/dispatch", {"confirmed": "1"})
    assert page.status == 200 and "送信待ち" in page.text
    return application


def packet(application):
    return Letter.select().where((Letter.application == application) & (Letter.purpose == "packet")).get()


def test_while_the_mail_server_is_down_the_packet_waits_and_the_page_says_so(leaving, browser, settings):
    worker.turn(settings)
    page = browser.see(f"/applications/{leaving.id}")
    assert "送信待ち" in page.text and stands(leaving, "sealed")
    again_pressed = browser.press(f"/applications/{leaving.id}/dispatch", {"confirmed": "1"})
    assert again_pressed.status == 422 and "すでに送信を始めています" in again_pressed.text
    with MailServer(settings.data / "practice") as server:
        clock.move(timedelta(seconds=10))
        worker.turn(settings)
    assert stands(leaving, "sent") and len(server.letters) == 1 and packet(leaving).state == "posted"


@pytest.fixture
def doubtful(leaving, settings):
    """The server took the letter and hung up without a word."""
    with MailServer(settings.data / "practice") as server:
        server.answers["BODY"] = None
        worker.turn(settings)
        server.answers["BODY"] = "250 ok"
        yield server


def test_a_server_gone_after_data_leaves_doubt_that_an_officer_must_resolve(leaving, doubtful, browser, settings, case):
    page = browser.see(f"/applications/{leaving.id}/dispatch")
    assert (
        "送信結果不明" in page.text
        and "応答がありませんでした" in page.text
        and "自動で送り直すことはありません" in page.text
    )
    assert stands(leaving, "sealed")
    clock.move(timedelta(days=3))
    while worker.turn(settings):
        pass
    assert [raw for raw in doubtful.letters if raw == packet(leaving).content.bytes()] == [doubtful.letters[0]]
    browser.sign_in_as(case("鈴木"))
    for path in ("dispatch", "hand_dispatch", "return", "withdrawal"):
        page = browser.press(f"/applications/{leaving.id}/{path}", {"confirmed": "1", "reason": "やめます。"})
        assert page.status == 422 and "送付メール" in page.text and stands(leaving, "sealed"), path


def test_an_officer_who_found_the_doubtful_letter_there_says_so(leaving, doubtful, browser):
    page = browser.press(f"/applications/{leaving.id}/posting_confirmation", {"note": "窓口に電話で確かめた。"})
    assert page.status == 200 and stands(leaving, "sent") and packet(leaving).state == "posted"
    event = Event.about(leaving)[0]
    assert event.act == "confirm_posting" and event.particulars["note"] == "窓口に電話で確かめた。"
    assert browser.press(f"/applications/{leaving.id}/reposting").status == 409 and len(doubtful.letters) == 1


def test_an_officer_who_did_not_find_it_sends_the_same_bytes_under_the_same_message_id(
    leaving, doubtful, browser, settings
):
    page = browser.press(f"/applications/{leaving.id}/reposting")
    assert page.status == 200 and stands(leaving, "sealed") and packet(leaving).state == "waiting"
    assert browser.press(f"/applications/{leaving.id}/reposting").status == 422  # once is enough
    while worker.turn(settings):
        pass
    sent = [raw for raw in doubtful.letters if packet(leaving).message_id.encode() in raw]
    assert len(sent) == 2 and sent[0] == sent[1] == packet(leaving).content.bytes()
    assert stands(leaving, "sent") and Event.about(leaving)[0].act == "post"


def test_a_packet_that_was_refused_may_be_sent_anew(leaving, browser, settings):
    with MailServer(settings.data / "practice") as server:
        server.answers["RCPT"] = "550 5.1.1 no such user"
        worker.turn(settings)
        page = browser.see(f"/applications/{leaving.id}/dispatch")
        assert (
            "送信できませんでした" in page.text
            and "550 5.1.1" in page.text
            and "同じメールをもう一度送る" in page.buttons()
        )
        server.answers["RCPT"] = "250 ok"
        assert browser.press(f"/applications/{leaving.id}/dispatch", {"confirmed": "1"}).status == 200
        while worker.turn(settings):
            pass
    assert stands(leaving, "sent")


# The token (1-1-1)


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    return make_token(tmp_path_factory.mktemp("token"))


@pytest.fixture
def draft(case, browser, sato):
    browser.sign_in_as(sato)
    return case.opened()


def make_key(browser, draft):
    return browser.press(f"/applications/{draft.id}/key", {"algorithm": "P-384"})


def nothing_made(page, draft, *words):
    assert page.status == 422 and [word for word in words if word not in page.text] == []
    assert page.form("/key")["algorithm"] == "P-384"
    assert Csr.in_force(draft) is None and stands(draft, "draft")
    assert [key.made_at for key in draft.key_pairs] in ([], [None])


def test_a_token_that_is_not_there_is_told(browser, draft, settings, token):
    nothing_made(make_key(browser, draft), draft, "。")  # nobody answers at the socket
    with running(settings.data, replace(token, label="抜かれたカード")):
        nothing_made(make_key(browser, draft), draft, "トークンが見つかりません。")
    with running(settings.data, token):
        assert make_key(browser, draft).status == 200
    assert KeyPair.select().count() == 1 and Csr.in_force(draft).key_pair.made_at  # the planned key, made at last


def test_a_wrong_pin_costs_exactly_one_attempt_however_often_the_button_is_pressed(browser, draft, settings, token):
    log = settings.data / "spy.log"
    with running(settings.data, token.spied(log), "935172"):
        nothing_made(make_key(browser, draft), draft, "PIN")
        for _ in range(3):
            nothing_made(make_key(browser, draft), draft, "PIN")
        assert logins(log) == 1
        write_pin(settings.data, PIN)
        assert make_key(browser, draft).status == 200 and logins(log) == 2
    assert Csr.in_force(draft) and KeyPair.select().count() == 1


def test_a_page_never_shows_a_pin_or_asks_for_one(browser, draft, settings, token):
    with running(settings.data, token, "935172"):
        page = make_key(browser, draft)
    assert "935172" not in page.html and PIN not in page.html
    assert not [i for i in page.tree.iter("input") if i.get("type") == "password"]


# The disk


def fill_the_disk():
    """From now on the database cannot grow by a page."""
    pages = database.execute_sql("PRAGMA page_count").fetchone()[0]
    database.execute_sql(f"PRAGMA max_page_count = {pages}")


def empty_the_disk():
    database.execute_sql("PRAGMA max_page_count = 1000000")


def test_a_full_disk_is_told_and_nothing_is_half_written(case, browser, suzuki):
    application = case.sent()
    browser.sign_in_as(suzuki)
    data, before = case.zip_for(application), verify_chain()
    fill_the_disk()
    page = browser.press(f"/applications/{application.id}/delivery", attached(data + bytes(200_000), "証明書.zip"))
    assert page.status == 507 and "ディスクに空きがない" in page.text and "システム管理者に知らせ" in page.text
    assert verify_chain() == before and stands(application, "sent")
    assert application.intakes.where(application.intakes.model.purpose == "delivery").count() == 0
    assert browser.see(f"/applications/{application.id}").status == 200  # reading goes on
    empty_the_disk()
    assert browser.press(f"/applications/{application.id}/delivery", attached(data, "証明書.zip")).status == 200
    assert stands(application, "delivered")


def test_what_was_written_when_the_disk_was_full_is_on_the_page_to_be_copied(case, browser, suzuki):
    application = case.identified()
    browser.sign_in_as(suzuki)
    before = verify_chain()
    fill_the_disk()
    question = "配布先はどこですか。" * 190
    page = browser.press(f"/applications/{application.id}/inquiry", {"question": question})
    assert page.status == 507 and question in page.text and "コピー" in page.text
    assert verify_chain() == before and stands(application, "submitted")
    empty_the_disk()
    assert browser.press(f"/applications/{application.id}/inquiry", {"question": question}).status == 200


LIMITED = """
import io, resource, sys
from pathlib import Path
from webapp.app import create_app
from webapp.register import database
from webapp.settings import Settings
app = create_app(Settings(data=Path(sys.argv[1]), public_url="http://localhost"))
browser = app.test_client()
ours = {"Origin": "http://localhost"}
browser.post("/session/practice", data={"person": sys.argv[3]}, headers=ours)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
form = {"file": (io.BytesIO(bytes(450_000)), "a.pdf")}
answer = browser.post(f"/applications/{sys.argv[2]}/seal", data=form, headers=ours)
print(answer.status_code, "空き" in answer.text or "書き込めません" in answer.text, "Traceback" in answer.text)
"""


def test_a_system_that_writes_no_byte_more_is_told_too(case, settings, suzuki):
    application = case.examined()
    before = verify_chain()
    database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    command = [sys.executable, "-c", LIMITED, settings.data, str(application.id), str(suzuki.id)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() in (["507", "True", "False"], ["503", "True", "False"]), done.stderr[-2000:]
    assert verify_chain() == before + 1 and stands(application, "examined")  # the sign-in alone
    assert application.intakes.count() == 0
    assert database.execute_sql("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_register_that_is_locked_is_told_and_the_act_may_be_done_again(case, browser, sato, settings):
    import sqlite3

    application = case.draft()
    browser.sign_in_as(sato)
    database.execute_sql("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(settings.data / "register.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    page = browser.press(f"/applications/{application.id}/submission")
    other.execute("ROLLBACK")
    other.close()
    assert page.status == 503 and "もう一度お試しください" in page.text and stands(application, "draft")
    assert browser.press(f"/applications/{application.id}/submission").status == 200 and stands(
        application, "submitted"
    )


# The worker killed while it makes a PDF (design.md §4)

DOOMED = """
import sys
from pathlib import Path
from webapp import worker
from webapp.register import bind, content, database
from webapp.settings import Settings

settings = Settings(data=Path(sys.argv[1]))
content.unlock(settings.content_key_file)
bind(settings.database)
with database.connection_context():
    worker.turn(settings, "doomed")
"""


def offices_of(process):
    return [each for each in process.children(recursive=True) if "soffice" in each.name() or "oosplash" in each.name()]


@pytest.mark.slow
def test_a_worker_killed_while_it_makes_the_papers_is_followed_by_one_that_makes_them_once(
    case, browser, settings, sato
):
    application = case.submitted(is_made=False)
    with subprocess.Popen([sys.executable, "-c", DOOMED, settings.data], cwd=ROOT) as doomed:
        process, started = psutil.Process(doomed.pid), time.monotonic()
        while not (offices := offices_of(process)):
            assert doomed.poll() is None and time.monotonic() - started < 60
            time.sleep(0.05)
        doomed.kill()
    job = Job.get(Job.kind == "freeze")
    assert (job.state, job.claimed_by) == ("claimed", "doomed") and ApplicationForm.current(application).made_at is None
    browser.sign_in_as(sato)
    assert "作成しています" in browser.see(f"/applications/{application.id}").text
    assert worker.turn(settings, "second") is None  # the lease holds
    psutil.wait_procs(offices, timeout=60)
    clock.move(LEASE + timedelta(seconds=1))
    assert worker.turn(settings, "second").id == job.id
    assert Job.get_by_id(job.id).state == "done" and ApplicationForm.current(application).made_at
    papers = [(paper.kind, paper.page) for paper in application.papers]
    assert len(papers) == len(set(papers)) and {"form_xlsx", "form_pdf", "picture", "masked_picture"} == {
        k for k, _ in papers
    }
    assert [event.act for event in Event.about(application)].count("freeze") == 1
    assert "作成しています" not in browser.see(f"/applications/{application.id}").text
    verify_chain()


def test_a_worker_that_wakes_late_makes_nothing_twice(case, settings):
    application = case.submitted(is_made=False)
    Job.claim("slow", clock.now())
    clock.move(LEASE + timedelta(seconds=1))
    case.make(application)  # by another worker, meanwhile
    case.make(application)  # and the late one comes home
    assert application.papers.where(application.papers.model.kind == "form_pdf").count() == 1
    assert [event.act for event in Event.about(application)].count("freeze") == 1
