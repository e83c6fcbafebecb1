"""The shared mailbox is read without faith in the server: every lie ends the visit, and no password leaves in the clear."""

import imaplib
import json
import os
import time

import pytest

from tests.imap_script import Scripted, honest
from webapp import fetching

PASSWORD = "Mailbox-Secret-9"
MAIL = b"From: a@b.example\r\nSubject: x\r\n\r\nhello\r\n"


def at(port, **changes):
    place = {"host": "127.0.0.1", "port": port, "security": "none", "user": "desk", "password": PASSWORD}
    return place | {"folder": "INBOX", "ca": "", "token_file": "", "place": "x"} | changes


def all_of(port, **changes):
    with fetching.opened(at(port, **changes)) as folder:
        return [folder.mail(uid) for uid in folder.after(0)]


def test_an_honest_server_is_read_and_only_one_flag_is_set():
    with Scripted(honest([MAIL, MAIL])) as server:
        with fetching.opened(at(server.port)) as folder:
            assert folder.validity == "7" and folder.after(0) == [1, 2] and folder.after(1) == [2]
            assert folder.mail(1) == (MAIL, True)
            folder.mark_seen(1)
    heard = b"".join(server.heard)
    assert b"BODY.PEEK[]" in heard and rb"+FLAGS.SILENT (\Seen)" in heard
    assert not [verb for verb in (b"EXPUNGE", b"DELETE", b"MOVE", b"COPY", b"\\Deleted") if verb in heard.upper()]


def fails(talk, greeting=b"* OK ready\r\n", **changes):
    """The sentence that is said, after the visit has failed in good time; and the server."""
    began = time.monotonic()
    with Scripted(talk, greeting) as server, pytest.raises(fetching.FAILURES) as failure:
        all_of(server.port, **changes)
    assert time.monotonic() - began < 10
    sentence, advice = fetching.trouble(failure.value)
    assert advice and PASSWORD not in sentence + advice
    return sentence, server


def literal(size, data):
    return lambda tag, _: b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%s" % (size, data) + b")\r\n" + tag + b" OK done\r\n"


def test_a_literal_that_claims_to_be_endless_is_not_read():
    sentence, _ = fails(honest([MAIL], fetch=literal(10**11, b"x" * 1000)))
    assert "応答が正しくありません" in sentence


@pytest.mark.slow
def test_a_literal_that_is_longer_than_what_follows_ends_with_the_connection(monkeypatch):
    monkeypatch.setattr(fetching, "SECONDS", 1)
    fails(honest([MAIL], fetch=literal(5000, b"x" * 100)))


def test_a_server_that_hangs_up_in_the_middle_of_a_mail_hands_none_over():
    class Cut(Scripted):
        def _answer(self, client):
            client.sendall(b"* OK\r\n")
            with client.makefile("rb") as lines:
                for line in lines:
                    said = honest([MAIL])(line)
                    if b"BODY.PEEK" in line:
                        client.sendall(said[: len(said) // 2])
                        return
                    client.sendall(said)

    with Cut(None) as server, pytest.raises(fetching.FAILURES):
        all_of(server.port)


def test_a_size_that_is_a_lie_does_not_help():
    said = b"* 1 FETCH (UID 1 RFC822.SIZE 10)\r\n"
    sentence, _ = fails(
        honest([MAIL], size=lambda tag, _: said + tag + b" OK done\r\n", fetch=literal(40 * 1024**2, b""))
    )
    assert "応答が正しくありません" in sentence


def test_a_mail_that_says_it_is_too_large_is_only_asked_for_its_head():
    said = b"* 1 FETCH (UID 1 RFC822.SIZE 99999999)\r\n"
    head = b"From: a@b.example\r\nSubject: x\r\n\r\n"

    def fetch(tag, rest):
        assert b"BODY.PEEK[HEADER]<0." in rest
        return b"* 1 FETCH (UID 1 BODY[HEADER]<0> {%d}\r\n%s)\r\n" % (len(head), head) + tag + b" OK done\r\n"

    with Scripted(honest([MAIL], size=lambda tag, _: said + tag + b" OK done\r\n", fetch=fetch)) as server:
        assert all_of(server.port) == [(head, False)]


def test_a_flood_of_answers_is_cut_off(monkeypatch):
    monkeypatch.setattr(fetching, "BUDGET", 100_000)
    fails(honest([MAIL], search=lambda tag, _: b"* SEARCH 1\r\n" * 50_000 + tag + b" OK done\r\n"))


def test_a_line_without_an_end_is_cut_off():
    fails(honest([MAIL], search=lambda tag, _: b"* SEARCH " + b"1 " * 2_000_000))


@pytest.mark.slow
def test_a_server_that_dribbles_is_left_at_the_deadline(monkeypatch):
    monkeypatch.setattr(fetching, "DEADLINE", 1)
    monkeypatch.setattr(fetching, "SECONDS", 5)

    def dribble(tag, _):
        time.sleep(3)
        return tag + b" OK done\r\n"

    fails(honest([MAIL], search=dribble))


def test_a_mail_that_is_not_the_one_asked_for_is_not_taken():
    other = b"* 2 FETCH (UID 2 BODY[] {5}\r\nhello)\r\n"
    fails(honest([MAIL], fetch=lambda tag, _: other + tag + b" OK done\r\n"))


def test_a_referral_is_not_followed():
    """RFC 2221: the server names another, which would get the password."""
    with Scripted(honest([MAIL])) as elsewhere:
        refer = b" NO [REFERRAL imap://desk@127.0.0.1:%d/] elsewhere\r\n" % elsewhere.port
        sentence, _ = fails(honest([MAIL], login=lambda tag, _: tag + refer))
        assert elsewhere.heard == [] and "ログインできない" in sentence


def test_a_server_that_strips_starttls_gets_no_password():
    sentence, server = fails(honest([MAIL]), security="starttls")
    assert "STARTTLS" in sentence and PASSWORD.encode() not in b"".join(server.heard)


def test_a_server_that_refuses_starttls_after_offering_it_gets_no_password():
    offered = {"capability": lambda tag, _: b"* CAPABILITY IMAP4rev1 STARTTLS\r\n" + tag + b" OK done\r\n"}
    _, server = fails(honest([MAIL], starttls=lambda tag, _: tag + b" NO\r\n", **offered), security="starttls")
    assert b"LOGIN" not in b"".join(server.heard).upper()


def test_a_server_that_is_somebody_else_before_the_login_is_left():
    for security in ("starttls", "none"):
        sentence, server = fails(honest([MAIL]), greeting=b"* PREAUTH hello\r\n", security=security)
        assert PASSWORD.encode() not in b"".join(server.heard) and sentence


def test_a_server_without_tls_is_no_server_with_tls():
    _, server = fails(honest([MAIL]), security="tls")
    assert PASSWORD.encode() not in b"".join(server.heard)


def test_without_encryption_only_this_machine_is_asked():
    with pytest.raises(fetching.NotPrivate, match="127"):
        all_of(143, host="mail.example")


@pytest.mark.parametrize(
    "answer", [b"", b"* OK [UIDVALIDITY x] y\r\n", b"* OK [UIDVALIDITY] y\r\n"], ids=["none", "letters", "empty"]
)
def test_a_folder_without_a_number_of_its_own_is_not_read(answer):
    fails(honest([MAIL], select=lambda tag, _: answer + tag + b" OK done\r\n"))


def test_hostile_numbers_of_mails_are_ignored():
    said = b"* SEARCH 3 99999999999999999999 -1 a 2 2\r\n"
    with Scripted(honest([MAIL], search=lambda tag, _: said + tag + b" OK done\r\n")) as server:
        with fetching.opened(at(server.port)) as folder:
            assert folder.after(0) == [2, 3] and folder.after(2) == [3]


def test_a_folder_in_japanese_is_named_as_the_protocol_wants_it():
    assert fetching._utf7("窓口") == "&epNT4w-" and fetching._utf7('a&"b\r\n') == 'a&-\\"b'
    assert imaplib.IMAP4.select  # the name goes between quotes


# The file


def written(folder, mode=0o600, **values):
    path = folder / "imap.json"
    path.write_text(json.dumps({"host": "mail.example", "user": "desk", "password": PASSWORD} | values))
    path.chmod(mode)
    return path


def test_the_file_says_how_and_defaults_to_tls(tmp_path):
    found = fetching.read(written(tmp_path, ca="imap-ca.pem"))
    assert (found["port"], found["security"], found["folder"]) == (993, "tls", "INBOX")
    assert found["place"] == "desk@mail.example:993/INBOX" and found["ca"] == str(tmp_path / "imap-ca.pem")


@pytest.mark.parametrize("mode", [0o640, 0o604], ids=oct)
def test_a_file_that_others_can_read_is_refused(tmp_path, mode):
    with pytest.raises(fetching.NoMailbox, match="chmod 600"):
        fetching.read(written(tmp_path, mode))


def test_a_file_that_says_nothing_sensible_is_refused(tmp_path):
    for text in ("", "[]", "{}", '{"host": 1, "user": "x", "port": "y"}', "\0"):
        path = tmp_path / "imap.json"
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(fetching.NoMailbox):
            fetching.read(path)
    with pytest.raises(fetching.NoMailbox, match="tls"):
        fetching.read(written(tmp_path, security="ssl3"))


def test_a_token_that_others_can_read_is_not_used(tmp_path):
    token = tmp_path / "token"
    token.write_text("secret")
    os.chmod(token, 0o644)
    sentence, server = fails(honest([MAIL]), token_file=str(token))
    assert "chmod 600" in sentence and b"secret" not in b"".join(server.heard)
