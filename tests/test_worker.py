"""The worker: letters handed to a real mail server over TLS, leases, pauses, several workers, letters called off."""

import socket
import threading
from datetime import timedelta
from email.parser import BytesParser
from email.policy import default

import pytest

from tests.cases import again, letters_to
from tests.mail_server import PASSWORD, USER, MailServer
from webapp import clock, worker
from webapp.acts import case as case_acts
from webapp.acts import dispatch
from webapp.errors import Refused
from webapp.register import Event, Job, Letter, database, verify_chain
from webapp.register.jobs import ATTEMPTS, BACKOFF, LEASE

pytestmark = [pytest.mark.slow, pytest.mark.both_databases]


@pytest.fixture
def server(settings):
    with MailServer(settings.data / "practice") as server:
        yield server


@pytest.fixture
def down(settings):
    """A mail server that is named, but that nobody can reach."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    (settings.data / "practice").mkdir()
    (settings.data / "practice" / "smtp.json").write_text(f'{{"host": "127.0.0.1", "port": {port}}}')


@pytest.fixture
def packet(case):
    """An application whose packet waits to be posted, and nothing else."""
    application = case.sealed()
    Job.update(state="done").execute()
    dispatch.dispatch(application, case.who("鈴木"), True)
    return again(application)


def letter_of(application):
    return Letter.select().where((Letter.application == application) & (Letter.purpose == "packet")).get()


def body_of(letter):
    return BytesParser(policy=default).parsebytes(letter.content.bytes()).get_content()


def later(seconds):
    clock.move(timedelta(seconds=seconds))


def the_job():
    return Job.select().order_by(-Job.id).get()


def work(settings):
    """Everything that is due."""
    while worker.turn(settings):
        pass


def test_a_packet_leaves_over_tls_with_login_and_the_application_is_sent(packet, server, settings):
    worker.turn(settings, "first")
    letter = letter_of(packet)
    assert server.letters == [letter.content.bytes()]
    assert (letter.state, letter.answer) == ("posted", "250 2.0.0 Ok: queued as 4711") and letter.posted_at
    assert again(packet).stage == "sent" and Event.about(packet)[0].act == "post"
    assert (
        server.talk[1] == "STARTTLS" and "AUTH" in server.talk and server.tried == [[USER.encode(), PASSWORD.encode()]]
    )
    assert server.talk.index("STARTTLS") < server.talk.index("AUTH") < server.talk.index("DATA")
    assert the_job().kind == "post" and the_job().state == "due"  # the notice that it was sent
    work(settings)
    assert len(server.letters) == 2 and not Job.select().where(Job.state != "done").exists()


def test_a_line_that_begins_with_a_dot_arrives_as_it_was(house, server, settings):
    from webapp.acts import letters
    from webapp.mails.frame import letter as _letter

    message = _letter(("し", "shirushi@shinsei.example"), [("", "suzuki@shinsei.example")], "件名", "本文")
    message.set_content("..two\r\n.\r\n.one\r\nend\r\n", cte="7bit")
    letter = letters.send(message)
    work(settings)
    assert server.letters == [letter.content.bytes()] and b"\r\n.\r\n.one" in server.letters[0]


def test_a_server_that_is_down_is_tried_again_with_growing_pauses_and_the_letter_still_waits(packet, down, settings):
    for tries, pause in enumerate(BACKOFF, 1):
        worker.turn(settings)
        job = the_job()
        assert (job.state, job.attempts, letter_of(packet).state) == ("due", tries, "waiting")
        assert pause - 5 < (job.next_at - clock.now()).total_seconds() <= pause
        assert "メールサーバーにつながりませんでした(ConnectionRefusedError)" in job.outcome
        assert worker.turn(settings) is None  # not before it is due
        clock.move(job.next_at - clock.now() + clock._shift)
    with MailServer(settings.data / "practice") as server:
        work(settings)
    assert again(packet).stage == "sent" and letter_of(packet).state == "posted" and len(server.letters) == 2


def test_a_server_nobody_can_reach_for_good_is_told_to_the_officers(packet, down, settings):
    Job.update(attempts=ATTEMPTS - 1).where(Job.state == "due").execute()
    worker.turn(settings)
    assert letter_of(packet).state == "refused" and "つながりません" in letter_of(packet).answer
    assert "送信できませんでした" in letters_to("suzuki@shinsei.example")[-1].subject
    assert again(packet).stage == "sealed"


def test_a_letter_that_kills_every_worker_is_given_up_and_the_officer_may_send_it_again(
    packet, server, settings, browser, suzuki
):
    Job.update(outcome="メールサーバーにつながりませんでした。").execute()
    for tries in range(1, ATTEMPTS + 1):
        assert Job.claim("dead", clock.now()).attempts == tries and letter_of(packet).state == "waiting"
        clock.move(tries * (LEASE + timedelta(seconds=1)))
    assert worker.turn(settings).attempts == ATTEMPTS + 1
    letter = letter_of(packet)
    assert (letter.state, letter.answer) == ("refused", "メールサーバーにつながりませんでした。")
    told = letters_to("suzuki@shinsei.example")[-1]
    assert "送信できませんでした" in told.subject and letter.answer in body_of(told)
    work(settings)
    assert letter.content.bytes() not in server.letters and again(packet).stage == "sealed"
    browser.sign_in_as(suzuki)
    page = browser.see(f"/applications/{packet.id}/dispatch")
    assert letter.answer in page.text and "同じメールをもう一度送る" in page.buttons()
    browser.press(f"/applications/{packet.id}/reposting")
    work(settings)
    assert letter.content.bytes() in server.letters and again(packet).stage == "sent"


def test_what_may_have_left_before_the_tries_were_used_up_is_doubt(packet, server, settings):
    Letter.update(state="posting").where(Letter.purpose == "packet").execute()
    Job.update(attempts=ATTEMPTS).where(Job.state == "due").execute()
    worker.turn(settings)
    assert letter_of(packet).state == "unknown" and server.letters == []
    assert "送信結果を確認してください" in letters_to("suzuki@shinsei.example")[-1].subject


@pytest.mark.parametrize("text", ["{", "[]", '{"host": "a..b", "port": 25}', '{"host": "127.0.0.1", "port": "smtp"}'])
def test_a_damaged_file_of_the_mail_server_does_not_stop_the_worker(packet, server, settings, text):
    file = settings.data / "practice" / "smtp.json"
    before = file.read_text()
    file.write_text(text)
    worker.turn(settings)
    assert letter_of(packet).state == "waiting" and the_job().state == "due" and "メールサーバー" in the_job().outcome
    file.write_text(before)
    later(10)
    worker.turn(settings)
    assert letter_of(packet).state == "posted"


@pytest.mark.parametrize(
    "changes",
    [{"MAIL": "451 later"}, {"RCPT": "450 busy"}, {"DATA": "452 no room"}, {"BODY": "451 later"}, {"MAIL": None}],
    ids=lambda changes: "-".join(f"{verb} {answer}" for verb, answer in changes.items()),
)
def test_a_passing_trouble_is_tried_again_with_the_same_bytes(packet, server, settings, changes):
    server.answers |= changes
    worker.turn(settings)
    assert letter_of(packet).state == "waiting" and the_job().state == "due" and again(packet).stage == "sealed"
    server.answers.update(MAIL="250 ok", RCPT="250 ok", DATA="354 go on", BODY="250 ok")
    later(10)
    worker.turn(settings)
    assert letter_of(packet).state == "posted" and server.letters[-1] == letter_of(packet).content.bytes()


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "BODY"])
def test_a_letter_refused_for_good_is_not_sent_again_and_the_officers_are_told(packet, server, settings, verb):
    server.answers[verb] = "550 5.7.1 we do not take this"
    worker.turn(settings)
    letter = letter_of(packet)
    assert letter.state == "refused" and "550 5.7.1" in letter.answer and again(packet).stage == "sealed"
    assert letters_to("suzuki@shinsei.example")[-1].subject.count("送信できませんでした") == 1
    later(7200)
    server.answers[verb] = {"DATA": "354 go on"}.get(verb, "250 ok")
    before = len(server.letters)
    work(settings)
    assert len(server.letters) == before + 1  # what tells the officers
    assert letter.content.bytes() not in server.letters[before:]


def test_a_wrong_login_and_an_unknown_certificate_send_nothing(packet, server, settings):
    server.answers["AUTH"] = "535 who are you?"
    worker.turn(settings)
    assert letter_of(packet).state == "waiting" and server.letters == []
    server.answers["AUTH"] = "235 welcome"
    server.tell(server.listening.getsockname()[1], ca="")
    later(60)
    worker.turn(settings)
    assert letter_of(packet).state == "waiting" and server.letters == [] and len(server.tried) == 1
    assert "証明書を確認できませんでした" in the_job().outcome


def test_a_server_without_starttls_gets_neither_password_nor_letter(packet, server, settings):
    server.answers["EHLO"] = "250-mail.example\r\n250 AUTH PLAIN"
    worker.turn(settings)
    assert server.tried == [] and server.letters == [] and letter_of(packet).state == "waiting"


def test_silence_after_data_is_doubt_and_nobody_sends_again(packet, server, settings):
    server.answers["BODY"] = None
    worker.turn(settings)
    assert letter_of(packet).state == "unknown" and len(server.letters) == 1 and again(packet).stage == "sealed"
    server.answers["BODY"] = "250 ok"
    for hours in (1, 24, 24 * 30):
        later(hours * 3600)
        work(settings)
    packets = [data for data in server.letters if data == letter_of(packet).content.bytes()]
    assert len(packets) == 1 and letter_of(packet).state == "unknown"


def test_a_worker_that_dies_while_it_posts_leaves_doubt_not_a_second_letter(packet, server, settings):
    job = Job.claim("dead", clock.now())
    Letter.update(state="posting").where(Letter.id == job.subject_id).execute()
    assert worker.turn(settings, "second") is None  # the lease holds
    later(LEASE.total_seconds() + 1)
    worker.turn(settings, "second")
    assert letter_of(packet).state == "unknown" and server.letters == []
    assert "止まりました" in letter_of(packet).answer


def test_a_worker_that_dies_before_it_posts_loses_nothing(packet, server, settings):
    Job.claim("dead", clock.now())
    later(LEASE.total_seconds() + 1)
    worker.turn(settings, "second")
    assert letter_of(packet).state == "posted" and len(server.letters) == 1 and again(packet).stage == "sent"


def test_a_late_worker_does_not_set_down_what_another_has_claimed(packet, settings):
    late = Job.claim("late", clock.now())
    later(LEASE.total_seconds() + 1)
    second = Job.claim("second", clock.now())
    late.finish("I was slow")
    late.try_later("I was slow", clock.now())
    kept = Job.get_by_id(second.id)
    assert (kept.state, kept.claimed_by, kept.outcome) == ("claimed", "second", "")


def test_a_letter_called_off_is_not_sent(packet, server, settings, case):
    case_acts.withdraw(packet, case.who("佐藤"), "不要になりました。")
    work(settings)
    assert letter_of(packet).state == "cancelled"
    assert letter_of(packet).content.bytes() not in server.letters and again(packet).stage == "withdrawn"


def test_a_letter_that_is_leaving_cannot_be_called_off(packet, case):
    for state in ("posting", "unknown"):
        Letter.update(state=state).where(Letter.purpose == "packet").execute()
        with pytest.raises(Refused, match="送付メールの結果がまだ分からない"):
            case_acts.withdraw(again(packet), case.who("佐藤"), "不要になりました。")
        assert again(packet).stage == "sealed"


def test_workers_at_once_claim_each_job_once(house, settings):
    asked = {
        Job.create(kind="none", subject_id=n, state="due", attempts=0, next_at=clock.now(), outcome="").id
        for n in range(40)
    }
    claimed, failures = [], []

    def work_alone(name):
        with database.connection_context():
            misses = 0
            while misses < 5:
                job = Job.claim(name, clock.now())
                misses = misses + 1 if job is None else 0
                if job:
                    claimed.append((job.id, name))
                    job.finish()

    threads = [threading.Thread(target=work_alone, args=(f"worker {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    left = {job.id for job in Job.select().where(Job.state == "due")}
    assert sorted(number for number, _ in claimed) == sorted(asked - left) and failures == []
    assert len(claimed) == len({number for number, _ in claimed}) and left == set()
    assert all(job.attempts == 1 for job in Job.select())


def test_several_workers_post_one_packet_once(packet, server, settings):
    def work_alone(name):
        with database.connection_context():
            worker.turn(settings, name)

    threads = [threading.Thread(target=work_alone, args=(f"worker {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work(settings)
    assert server.letters.count(letter_of(packet).content.bytes()) == 1
    assert [event.act for event in Event.about(packet)].count("post") == 1
    verify_chain()


def test_the_demo_posts_to_the_practice_desk_alone(packet, server, settings):
    other = settings.mail_file
    other.parent.mkdir(exist_ok=True)
    other.write_text('{"host": "mail.example", "port": 25}')
    worker.turn(settings)
    assert len(server.letters) == 1


def test_nothing_is_sent_inside_a_transaction(packet, server, settings, monkeypatch):
    seen = []
    real = worker.posting.hand_over

    def watched(smtp, letter):
        seen.append(database.in_transaction())
        return real(smtp, letter)

    monkeypatch.setattr(worker.posting, "hand_over", watched)
    worker.turn(settings)
    assert seen == [False]


def test_without_a_file_of_the_mail_server_the_letter_waits(packet, settings):
    worker.turn(settings)
    assert letter_of(packet).state == "waiting" and "設定ファイルを読み取れません" in the_job().outcome
