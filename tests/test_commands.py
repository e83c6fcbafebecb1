"""The operator's commands, as a program starts them or with a person's answers at the terminal."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ca
from webapp import commands, register
from webapp.acts import visits
from webapp.register import Account, Event, Institution, Person, database, verify_chain
from webapp.settings import Settings

pytestmark = pytest.mark.slow  # many, and each walks far

ANSWERS = {
    "formal_name": "国立大学法人試験大学",
    "org_code": "shiken",
    "postal_code": "100-0001",
    "head_office": "東京都千代田区千代田1丁目1番1号",
    "switchboard": "03-5500-1000",
    "state": "Tokyo",
    "locality": "Chiyoda-ku",
    "organization": "Shiken University",
    "administrator_name": "管理 花子",
    "administrator_mail": "kanri@shiken.example",
    "administrator_department": "情報センター",
    "login": "kanri",
}


@pytest.fixture
def answers(tmp_path):
    """Writes an answers file: answers(org_code="…")."""

    def write(**changes):
        path = tmp_path / "answers.json"
        path.write_text(json.dumps(ANSWERS | changes, ensure_ascii=False), "utf-8")
        return str(path)

    return write


@pytest.fixture
def real(tmp_path, answers, capsys):
    """A real installation: its folder, and the password that was printed."""
    folder = tmp_path / "real"
    assert commands.main(["real-init", "--data", str(folder), "--answers", answers()]) == 0
    password = capsys.readouterr().out.partition("初期パスワード(表示は1度だけです): ")[2].split()[0]
    return folder, password


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("SHIRUSHI_DATA", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def run(*arguments):
    return commands.main([str(each) for each in arguments])


def at_the_terminal(monkeypatch, *lines, password=""):
    given = iter(lines)
    asked = []

    def answer(prompt):
        asked.append(prompt)
        return next(given)

    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr(commands, "getpass", lambda prompt: password)
    return asked


def test_a_real_installation_begins_closed_to_others_and_with_one_administrator(real):
    folder, password = real
    assert mode(folder) == 0o700 and mode(folder / "keys" / "content.key") == 0o600
    with database.connection_context():
        here = Institution.here()
        assert here.environment == "real" and here.profile == "upki-v2.4" and here.common_name == "Shiken University"
        (person,) = Person.select()
        assert person.role_labels == "管理者" and person.mail == "kanri@shiken.example"
        assert visits.sign_in("kanri", password, "192.0.2.1")
        assert [event.act for event in Event.select().order_by(Event.seq)][:3] == [
            "found",
            "add_person",
            "open_account",
        ]
        verify_chain()


def test_it_does_not_touch_what_is_there(real, answers, capsys):
    folder, password = real
    assert run("real-init", "--data", folder, "--answers", answers(formal_name="別の大学")) == 1
    assert "すでに機関のデータがあります" in capsys.readouterr().err
    with database.connection_context():
        assert Institution.here().formal_name == ANSWERS["formal_name"]


def test_a_demo_cannot_be_begun_again_as_a_real_one(settings, answers, capsys):
    assert run("real-init", "--data", settings.data, "--answers", answers()) == 1
    with database.connection_context():
        assert Institution.here().is_practice


def test_wrong_answers_are_all_named_and_nothing_is_made(tmp_path, answers, capsys):
    file = answers(locality="Default City", administrator_mail="kanri", login="K", org_code="")
    assert run("real-init", "--data", tmp_path / "real", "--answers", file) == 1
    said = capsys.readouterr().err
    for word in ("Default City", "メールアドレス", "ログイン名", "機関コード"):
        assert word in said
    assert not (tmp_path / "real").exists()


@pytest.mark.parametrize("text", ["{", '{"colour": "red"}', "[]", '{"org_code": 3}'])
def test_an_answers_file_that_cannot_be_used_is_refused(tmp_path, text, capsys):
    (tmp_path / "answers.json").write_text(text)
    assert run("real-init", "--data", tmp_path / "real", "--answers", tmp_path / "answers.json") == 1
    assert capsys.readouterr().err and not (tmp_path / "real").exists()


def test_it_asks_again_only_what_was_wrong(tmp_path, monkeypatch, capsys):
    from webapp.questions import QUESTIONS

    first = [(ANSWERS | {"switchboard": "代表"}).get(question.name, "") for question in QUESTIONS]
    asked = at_the_terminal(monkeypatch, *first, "03-5500-1000")
    assert run("real-init", "--data", tmp_path / "real") == 0
    assert len(asked) == len(QUESTIONS) + 1 and asked[-1].startswith("代表電話番号")
    assert "[Shiken University]" in next(prompt for prompt in asked if "(CN)" in prompt)
    with database.connection_context():
        assert Institution.here().switchboard == "03-5500-1000"


def test_breaking_off_changes_nothing(tmp_path, monkeypatch, capsys):
    def interrupted(_prompt):
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupted)
    assert run("real-init", "--data", tmp_path / "real") == 1
    assert "中止しました" in capsys.readouterr().err and not (tmp_path / "real").exists()


def test_the_mail_servers_password_lies_in_a_file_of_our_own_and_nowhere_else(real, tmp_path, monkeypatch, capsys):
    folder, _ = real
    trusted = tmp_path / "ca.pem"
    trusted.write_bytes(ca.pem(ca.Authority().root))
    at_the_terminal(monkeypatch, "mail.shiken.example", "", "shirushi", str(trusted), password="geheim-geheim")
    assert run("smtp", "--data", folder) == 0
    file = folder / "keys" / "smtp.json"
    at = json.loads(file.read_text())
    assert mode(file) == 0o600 and (at["host"], at["port"], at["password"]) == (
        "mail.shiken.example",
        587,
        "geheim-geheim",
    )
    assert (folder / "keys" / at["ca"]).read_bytes() == trusted.read_bytes()
    said = capsys.readouterr()
    assert "geheim" not in said.out + said.err
    run("settings", "--data", folder)
    assert "geheim" not in capsys.readouterr().out
    assert b"geheim" not in (folder / "register.db").read_bytes()
    assert sorted(path.name for path in file.parent.iterdir()) == ["content.key", "smtp-ca.pem", "smtp.json"]


@pytest.mark.parametrize(
    "lines", [("", "587", "", ""), ("a b", "587", "", ""), ("mail", "0", "", ""), ("mail", "x", "", "")]
)
def test_a_mail_server_that_cannot_be_is_refused(real, monkeypatch, lines, capsys):
    at_the_terminal(monkeypatch, *lines)
    assert run("smtp", "--data", real[0]) == 1
    assert capsys.readouterr().err and not (real[0] / "keys" / "smtp.json").exists()


def test_a_private_key_is_no_certificate_to_trust(real, tmp_path, monkeypatch, capsys):
    wrong = tmp_path / "key.pem"
    wrong.write_text("-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n")
    at_the_terminal(monkeypatch, "mail.shiken.example", "587", "", str(wrong))
    assert run("smtp", "--data", real[0]) == 1
    assert "認証局の証明書" in capsys.readouterr().err


def test_the_demo_takes_no_mail_server(settings, monkeypatch, capsys):
    assert run("smtp", "--data", settings.data) == 1
    assert "練習用の窓口" in capsys.readouterr().err


def test_a_password_is_renewed_by_the_operator(real, capsys):
    folder, old = real
    assert run("password", "KANRI", "--data", folder) == 0
    new = capsys.readouterr().out.split()[-1]
    with database.connection_context():
        assert new != old and visits.sign_in("kanri", new, "192.0.2.1")
        assert Event.select().where(Event.act == "set_password").get().address == "command line"
        Account.update(closed_at=1).execute()
    for login in ("kanri", "nobody"):
        assert run("password", login, "--data", folder) == 1


def test_the_chain_is_checked_and_a_break_is_told(real, capsys):
    folder, _ = real
    assert run("check-chain", "--data", folder) == 0
    assert "3件" in capsys.readouterr().out
    with database.connection_context():
        database.execute_sql("DROP TRIGGER event_no_update")
        database.execute_sql("UPDATE event SET act = 'nothing' WHERE seq = 2")
    assert run("check-chain", "--data", folder) == 1
    assert "異常があります" in capsys.readouterr().err


def test_the_register_is_brought_up_to_date_once(real, capsys):
    assert run("migrate", "--data", real[0]) == 0
    assert "最新" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["migrate", "check-chain", "worker", "smtp"])
def test_without_data_it_says_how_to_make_some_and_makes_none(tmp_path, command, capsys):
    assert run(command, "--data", tmp_path / "none") == 1
    assert "real-init" in capsys.readouterr().err and not (tmp_path / "none").exists()
    assert run(command) == 1
    assert "--data" in capsys.readouterr().err


def test_settings_are_shown_without_the_databases_password(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", "postgresql://shirushi:geheim@db.shiken.example/register?password=geheim")
    assert run("settings", "--data", tmp_path) == 0
    said = capsys.readouterr().out
    assert "db.shiken.example" in said and "geheim" not in said


def test_it_works_as_a_program_with_help_in_japanese(real, repository):
    folder, _ = real
    command = [sys.executable, "-m", "webapp.commands"]
    environment = {**os.environ, "SHIRUSHI_DATA": str(folder)}
    done = subprocess.run(
        [*command, "check-chain"], cwd=repository, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and "異常はありません" in done.stdout, done.stderr
    told = subprocess.run([*command, "--help"], cwd=repository, capture_output=True, text=True, timeout=60).stdout
    assert "本番のデータを新しく作ります" in told and "smtp" in told


def test_the_first_page_of_a_real_installation_lists_what_is_missing(real):
    from tests.reading_client import ReadingClient
    from webapp.app import create_app

    folder, password = real
    app = create_app(Settings(data=Path(folder), public_url="http://localhost"))
    app.testing, app.test_client_class = True, ReadingClient
    with database.connection_context():
        browser = app.test_client()
        page = browser.press("/session", {"login": "kanri", "password": password})
        assert page.status == 200
        page = browser.see("/administration")
        for words in (
            "本人性と実在性",
            "機関責任者、登録担当者、利用管理者",
            "ルート認証局がありません",
            "メールサーバーがまだ",
        ):
            assert words in page.text
        assert "練習環境" not in page.text
        assert browser.press("/session/practice", {"person": 1}).status == 422
        assert "practice" not in browser.see("/administration/institution").html.partition("<select")[2]
    assert register.database.obj.database == str(folder / "register.db")
