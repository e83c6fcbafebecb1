"""The signing station at work: what it does for its owner, and everything it refuses."""

import subprocess
import time
from hashlib import sha256

import pytest
from ca import Authority, der
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from played_intranet import payload
from softhsm import PIN, logins
from stationed import MAIL, NUMBER, Person, card_with, done, form, reader, seal, station, taken

from tokens import proof, public_keys
from tokens.errors import TokenError
from tokens.station import http, payloads, protocol
from tokens.station.journal import Journal
from tokens.station.states import offers_in

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_folders")]  # many, and each walks far

SUBJECT = [["C", "JP"], ["O", "Shinsei University"], ["CN", "Shinsei University"]]


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def card(tmp_path_factory, authority):
    return card_with(tmp_path_factory.mktemp("station"), authority=authority)


@pytest.fixture
def person():
    return Person()


@pytest.fixture(scope="module")
def cards(card):
    with reader(card[0]) as found:
        yield found


@pytest.fixture
def agent(intranet, cards, person):
    return station(intranet, cards, person)


def last(agent):
    return agent.told[0]


def reasons():
    return [entry["reason"] for entry in Journal().entries() if entry["event"] == "refused"]


# What it does


def test_a_form_is_sealed_after_one_code_one_press_and_one_pin(agent, intranet, card, person, tmp_path):
    document = form()
    job = intranet.offer(seal(document), document)
    agent.look(agent.pairings[0])
    assert agent.state.name == "offered"
    agent.claim(job, "042 317")
    (ready,) = agent.ready
    rows = dict(ready.shown.rows)
    assert agent.state.name == "confirming" and person.asked == 0
    assert rows["申請番号"] == NUMBER and MAIL in rows["署名に使う証明書"] and "署名カード" in rows["カード"]
    assert ready.shown.requester == "鈴木 花子" and ready.shown.origin == intranet.origin
    assert ready.shown.pages[0].startswith(b"\x89PNG") and ready.shown.document[1] == document
    done(agent, job)
    outcome, value, _ = intranet.result(job)
    assert (outcome, person.asked, agent.ready) == ("done", 1, [])
    assert value.pdf.startswith(document) and value.token.label == "署名カード"
    (tmp_path / "sealed.pdf").write_bytes(value.pdf)
    shown = subprocess.run(["pdfsig", "-nocert", tmp_path / "sealed.pdf"], capture_output=True, text=True).stdout
    assert "Signature is Valid" in shown and "Total document signed" in shown
    assert last(agent).good and agent.state.name == "waiting"


def test_several_forms_are_shown_together_and_signed_by_one_press_with_a_pin_for_each(agent, intranet, person):
    document = form()
    jobs = [intranet.offer(seal(document), document) for _ in range(2)]
    for job in jobs:
        taken(agent, job)
    assert [ready.envelope.job for ready in agent.ready] == jobs
    done(agent, *jobs)
    assert [intranet.result(job)[0] for job in jobs] == ["done", "done"]
    assert person.asked == 2


def test_a_key_is_made_and_its_request_names_the_subject(agent, intranet):
    job = intranet.offer(key_asked())
    taken(agent, job)
    assert dict(agent.ready[0].shown.rows)["主体者 CN"] == "Shinsei University"
    done(agent, job)
    outcome, value, _ = intranet.result(job)
    request = x509.load_der_x509_csr(value.csr)
    assert outcome == "done" and request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=Shinsei University,O=Shinsei University,C=JP"
    assert value.attributes["NEVER_EXTRACTABLE"] is True


def test_a_certificate_is_put_beside_its_key_and_the_key_is_proved(agent, intranet, authority, person):
    made = intranet.offer(key_asked(journal_id="for-install"))
    done(taken(agent, made), made)
    key = x509.load_der_x509_csr(intranet.result(made)[1].csr).public_key()
    certificate, challenge = der(authority.code_signing(key)), "5a" * 32
    person.asked = 0
    job = intranet.offer(install_asked(certificate, authority, challenge))
    done(taken(agent, job), job)
    outcome, value, _ = intranet.result(job)
    assert (outcome, person.asked) == ("done", 1)
    proof.check(proof.from_text(value.proof), bytes.fromhex(challenge), certificate)


def test_a_person_signs_in_with_a_card(intranet, authority, tmp_path):
    token, certificate = card_with(tmp_path / "card", authority=authority, purposes=(Purpose.CLIENT_AUTH,))
    with reader(token) as cards:
        agent = station(intranet, cards)
        job = intranet.offer(payload("sign_in", session_bind="cd" * 32))
        taken(agent, job)
        envelope = agent.ready[0].envelope
        assert dict(agent.ready[0].shown.rows)["サインインする先"] == intranet.origin
        done(agent, job)
    outcome, value, _ = intranet.result(job)
    assert (outcome, value.certificate) == ("done", certificate)
    protocol.check_sign_in(certificate, value.signature, intranet.origin, envelope.nonce, "cd" * 32, "st-7")


def test_who_does_not_want_a_job_says_so_and_no_pin_is_asked(agent, intranet, person):
    document = form()
    job = intranet.offer(seal(document), document)
    taken(agent, job).stop(job)
    assert intranet.result(job)[0] == "rejected" and person.asked == 0
    assert [entry["event"] for entry in Journal().entries()] == ["claimed", "stopped"]


def key_asked(**changes):
    told = {"number": NUMBER, "subject": SUBJECT, "algorithm": "P-256", "label": "コード署名", "journal_id": "app-12"}
    return payload("make_key", **{**told, **changes})


def install_asked(certificate, authority, challenge="5a" * 32, spki=None):
    spki = spki or sha256(public_keys.spki(public_keys.of_certificate(certificate))).hexdigest()
    told = {"number": NUMBER, "challenge": challenge, "spki_sha256": spki}
    return payloads.Install(certificate=certificate, chain=(authority.chain[0],), **told)


# Codes, envelopes, origins


def test_a_wrong_code_opens_nothing_and_the_third_kills_the_job(agent, intranet):
    document = form()
    job = intranet.offer(seal(document), document)
    for _ in range(3):
        taken(agent, job, "111111")
        assert agent.ready == [] and not last(agent).good
    taken(agent, job)
    assert agent.ready == [] and intranet.jobs[job].state == "dead"


def test_what_is_no_code_is_not_even_sent(agent, intranet):
    job = intranet.offer(key_asked())
    taken(agent, job, "12345")
    assert last(agent).message == "番号の形が正しくありません。"
    assert not [path for _, path, _, _ in intranet.asked if path.endswith("/claim")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"station": "st-8"}, "other_station"),
        ({"origin": "https://evil.example"}, "other_origin"),
        ({"owner": "山本 三郎"}, "other_owner"),
        ({"job": "j-99"}, "other_job"),
        ({"expires_at": int(time.time()) - 1, "created_at": int(time.time()) - 600}, "expired"),
        ({"expires_at": int(time.time()) + 4000}, "too_long"),
    ],
)
def test_a_job_for_somebody_or_somewhere_or_some_time_else_is_refused(agent, intranet, person, changes, reason):
    document = form()
    job = intranet.offer(seal(document), document, changes=changes)
    taken(agent, job)
    assert agent.ready == [] and person.asked == 0 and reasons() == [reason]
    assert not last(agent).good and last(agent).advice


def test_a_job_that_another_key_signed_is_refused(agent, intranet):
    document = form()
    job = intranet.offer(seal(document), document, key=Ed25519PrivateKey.generate())
    taken(agent, job)
    assert agent.ready == [] and reasons() == ["foreign_key"]


def test_an_envelope_that_was_taken_once_is_not_taken_again_by_a_station_that_was_started_anew(agent, intranet, cards):
    document = form()
    job = intranet.offer(seal(document), document)
    intranet.jobs[job].raw = protocol.signed(intranet.envelope(intranet.jobs[job]), intranet.job_key)
    taken(agent, job)
    assert len(agent.ready) == 1
    intranet.jobs[job].state = "offered"
    assert taken(agent, job).offers == [] and len(agent.ready) == 1
    again = taken(station(intranet, cards), job)
    assert again.ready == [] and reasons() == ["replayed"]


def test_what_nobody_confirms_is_put_away_when_it_expires(intranet, cards, person):
    now = [time.time()]
    agent = station(intranet, cards, person, clock=lambda: now[0])
    job = intranet.offer(key_asked())
    taken(agent, job).sweep()
    assert agent.state.name == "confirming"
    now[0] += 601
    agent.sweep()
    assert agent.state.name == "waiting" and reasons() == ["expired"] and person.asked == 0


def test_a_job_that_expires_while_it_is_read_is_not_done(intranet, cards, person):
    now = [time.time()]
    agent = station(intranet, cards, person, clock=lambda: now[0])
    job = intranet.offer(key_asked())
    taken(agent, job)
    now[0] += 601
    done(agent, job)
    assert person.asked == 0 and reasons() == ["expired"] and intranet.result(job) is None


# PINs


def test_a_wrong_pin_is_one_login_and_the_person_may_press_again(intranet, card, tmp_path):
    log, person = tmp_path / "spy.log", Person(pins=["999991"])
    spied = card[0].spied(log)
    with reader(spied) as cards:
        agent = station(intranet, cards, person)
        document = form()
        job = intranet.offer(seal(document), document)
        done(taken(agent, job), job)
        assert logins(log) == 1 and person.asked == 1
        assert last(agent).message == "PINが正しくありません。" and len(agent.ready) == 1
        assert intranet.result(job) is None
        done(agent, job)
    assert logins(log) == 2 and intranet.result(job)[0] == "done"


def test_after_a_wrong_pin_the_other_forms_wait(intranet, cards):
    person = Person(pins=["999991"])
    agent = station(intranet, cards, person)
    document = form()
    jobs = [intranet.offer(seal(document), document) for _ in range(2)]
    for job in jobs:
        taken(agent, job)
    done(agent, *jobs)
    assert person.asked == 1 and len(agent.ready) == 2


def test_only_what_was_confirmed_is_done(agent, intranet):
    document = form()
    jobs = [intranet.offer(seal(document), document) for _ in range(2)]
    for job in jobs:
        taken(agent, job)
    done(agent, jobs[0])
    assert intranet.result(jobs[0])[0] == "done" and intranet.result(jobs[1]) is None


def test_the_pin_is_nowhere_but_at_the_card(agent, intranet, tmp_path):
    document = form()
    job = intranet.offer(seal(document), document)
    done(taken(agent, job), job)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    sent = b"".join(body + repr(headers).encode() for _, _, headers, body in intranet.asked)
    assert PIN.encode() not in written.replace(b"\n", b"") and PIN.encode() not in sent
    assert PIN not in repr(vars(agent)) and PIN not in repr(list(agent.told))


# The network


def test_the_network_goes_after_the_key_was_made_and_the_same_key_is_used_again(intranet, card, cards, person):
    now = [time.time()]

    def sleep(seconds):
        now[0] += 300

    agent = station(intranet, cards, person, clock=lambda: now[0], sleep=sleep)
    first = intranet.offer(key_asked(journal_id="lost"))
    taken(agent, first)
    intranet.lose_results = 99
    done(agent, first)
    assert last(agent).message == "サーバーに結果を伝えられませんでした。" and intranet.result(first) is None
    before = keys_on(card)
    intranet.lose_results, now[0] = 0, time.time()
    second = intranet.offer(key_asked(journal_id="lost"))
    taken(agent, second)
    assert "新しい鍵は作りません" in agent.ready[0].shown.notes[0]
    done(agent, second)
    assert intranet.result(second)[0] == "done" and keys_on(card) == before
    spki = public_keys.spki(x509.load_der_x509_csr(intranet.result(second)[1].csr).public_key())
    assert spki in before


def test_a_planned_key_is_not_made_for_another_subject(agent, intranet, person):
    first = intranet.offer(key_asked(journal_id="planned"))
    done(taken(agent, first), first)
    person.asked = 0
    other = intranet.offer(key_asked(journal_id="planned", subject=[["CN", "Somebody Else"]]))
    taken(agent, other)
    assert agent.ready == [] and person.asked == 0 and reasons() == ["other_subject"]
    assert intranet.result(other)[0] == "failed"


def test_a_result_is_sent_again_until_it_arrives(intranet, cards):
    agent = station(intranet, cards, sleep=lambda seconds: None)
    document = form()
    job = intranet.offer(seal(document), document)
    taken(agent, job)
    intranet.lose_results = 2
    done(agent, job)
    assert intranet.result(job)[0] == "done" and last(agent).good


def test_a_result_of_which_only_the_answer_was_lost_counts_as_sent(intranet, cards):
    agent = station(intranet, cards, sleep=lambda seconds: None)
    document = form()
    job = intranet.offer(seal(document), document)
    taken(agent, job)
    intranet.lose_answers = 1
    done(agent, job)
    assert intranet.result(job)[0] == "done" and last(agent).good and "終わっています" in last(agent).message


def test_without_a_server_the_station_says_so_and_goes_on(intranet, agent):
    intranet.answers["/station/jobs"] = (503, {}, b"")
    for _ in range(2):
        assert agent.look(agent.pairings[0]) > 0
    assert agent.state.name == "unreachable"
    intranet.answers.clear()
    assert len(agent.told) == 1 and agent.look(agent.pairings[0]) and agent.state.name == "waiting"
    assert last(agent).good and last(agent).message == "サーバーにつながりました。"


def test_a_revoked_station_stops_asking(intranet, agent):
    intranet.revoked = True
    assert agent.look(agent.pairings[0]) is None
    assert agent.state.name == "revoked" and "ペアリングし直し" in agent.state.sentence


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((302, {"Location": "https://evil.example/"}, b""), "redirected"),
        ((200, {}, b"<html>"), "malformed"),
        ((200, {}, b"[]"), "malformed"),
        ((200, {}, b'{"jobs": {}}'), "malformed"),
        ((200, {}, b'{"jobs": [{"id": "../../x"}]}'), "malformed"),
        ((200, {}, b"{" + b" " * 3_000_000), "too_large"),
        ((200, {"Content-Length": "100"}, b"{}"), "unreachable"),
        ((404, {}, b"not found"), "not_ours"),
        ((500, {}, b""), "server_failed"),
    ],
)
def test_an_answer_of_another_kind_is_a_sentence(intranet, agent, answer, code):
    intranet.answers["/station/jobs"] = answer
    server = http.Server(intranet.origin, "st-7", agent.key)
    with pytest.raises(TokenError) as caught:
        offers_in(server.post("/station/jobs", {}), agent.pairings[0])
    assert caught.value.code == code and caught.value.message.endswith("。")


def test_plain_http_to_another_computer_is_refused():
    with pytest.raises(TokenError, match="暗号化"):
        http.Server("http://shirushi.example.ac.jp")


def keys_on(card):
    with card[0].worker() as worker:
        return worker.call("show", token=card[0].label)["public_keys"]
