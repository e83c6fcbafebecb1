"""One C_Login for each PIN that a person enters, and none where it could do harm. C_Login is counted by the fake module's own log."""

from dataclasses import replace

import pytest
from fake_module import fake_card
from softhsm import PIN, run

from tokens import errors, misses, pins, prompts
from tokens.pin_entry import LAST_TRY, Question, sign_in

pytestmark = pytest.mark.slow  # many, and each walks far

NONCE = bytes(range(32))


@pytest.fixture(scope="module")
def made_card(tmp_path_factory):
    return fake_card(tmp_path_factory.mktemp("pins"))


@pytest.fixture
def card(made_card, tmp_path, monkeypatch):
    """The card with a fresh memory of misses, and a log begun anew."""
    made_card.script()
    made_card.forget()
    (made_card.directory / "script.misses").unlink(missing_ok=True)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return replace(made_card, env={**made_card.env, "XDG_STATE_HOME": str(tmp_path)})


@pytest.fixture(scope="module")
def running(made_card):
    with made_card.worker() as worker:
        yield worker


@pytest.fixture
def worker(card, running):
    return running


class Person:
    """Enters these PINs one after the other, and says yes to the last try or not."""

    def __init__(self, *entered, agrees=False):
        self.entered, self.agrees = list(entered), agrees
        self.questions, self.last_tries, self.pointed = [], [], []

    def pin(self, question):
        self.questions.append(question)
        return self.entered.pop(0)

    new_pin = pin

    def agrees_to_last_try(self, question, told):
        self.last_tries.append(told)
        return self.agrees

    def point_to_reader(self, question):
        self.pointed.append(question)


def token(worker):
    return worker.call("tokens")["tokens"][0]


def enters(worker, person, **more):
    return sign_in(worker, token(worker), person, "self_check", nonce=NONCE, **more)


def refused(code, *arguments, **more):
    with pytest.raises(errors.TokenError) as refusal:
        enters(*arguments, **more)
    assert refusal.value.code == code
    return refusal.value


def test_a_right_pin_is_one_login(card, worker):
    assert enters(worker, Person(PIN))["signature"]
    assert card.logins() == 1 and card.calls().count("C_Logout") == 1


def test_a_wrong_pin_is_one_login_and_is_remembered_without_the_pin(card, worker, tmp_path):
    refused("pin_incorrect", worker, Person("161803"))
    assert card.logins() == 1 and misses.count(token(worker)) == 1
    (memory,) = tmp_path.rglob("pin-misses.json")
    assert "161803" not in memory.read_text() and memory.stat().st_mode & 0o777 == 0o600
    person = Person(PIN)
    enters(worker, person)
    assert any("続けて1回" in warning for warning in person.questions[0].warnings)
    assert misses.count(token(worker)) == 0


def test_a_token_that_tells_nothing_gets_its_last_try_only_after_the_words(card, worker):
    card.script("tries 3", "flagless")
    for _ in range(2):
        refused("pin_incorrect", worker, Person("161803"))
    doubtful = Person(PIN)
    refused("pin_final_try", worker, doubtful)
    assert card.logins() == 2 and doubtful.last_tries == [False] and not doubtful.questions
    assert enters(worker, Person(PIN, agrees=True))
    assert card.logins() == 3 and misses.count(token(worker)) == 0


def test_a_token_before_its_last_try_says_so_and_a_locked_one_gets_no_login(card, worker):
    card.script("tries 3")
    refused("pin_incorrect", worker, Person("161803"))
    refused("pin_incorrect", worker, Person("161803"))
    sure = Person("161803", agrees=True)
    refused("pin_incorrect", worker, sure)
    assert sure.last_tries == [True] and card.logins() == 3
    error = refused("pin_locked", worker, Person(PIN, agrees=True))
    assert card.logins() == 3 and "解除" in error.advice


def test_a_lock_without_a_flag_is_called_a_lock(card, worker):
    card.script("tries 1", "flagless")
    refused("pin_incorrect", worker, Person("161803"))
    refused("pin_locked", worker, Person(PIN))


SLOW = [pytest.param(each, marks=pytest.mark.slow) for each in ("CKR_GENERAL_ERROR 0x5", "CKR_DEVICE_ERROR 0x30")]


@pytest.mark.parametrize("name", ["CKR_FUNCTION_FAILED 0x6", *SLOW])
def test_a_failure_is_no_miss(card, worker, name):
    said, value = name.split()
    card.script(f"return C_Login {value}")
    error = refused("function_failed", worker, Person(PIN))
    assert error.detail == said and "PINの誤りではありません" in error.message
    assert misses.count(token(worker)) == 0 and card.logins() == 1


def test_already_logged_in_is_no_right_pin(card, worker):
    card.script("return C_Login 0x100")
    assert "PINは確かめられていません" in refused("login_state", worker, Person("161803")).message
    assert "C_SignInit" not in card.calls()


@pytest.mark.parametrize("pin", ["123456", "12345678", "1234567890", "0000", "888888", "PASSWORD", "648219", "4321"])
def test_a_default_pin_is_not_sent(card, worker, pin):
    refused("pin_weak", worker, Person(pin))
    assert card.logins() == 0


@pytest.mark.parametrize("pin", ["", "123", "1" * 65, "漢" * 22, "12\x0034", "27\n18", "\ud800abcd"])
def test_what_can_be_no_pin_is_not_sent(card, worker, pin):
    refused("pin_unsuitable", worker, Person(pin))
    assert card.logins() == 0


def test_a_pin_is_counted_in_bytes():
    assert pins.checked("漢字") == "漢字" and pins.checked("é" * 32)


def test_a_pin_from_the_factory_must_be_changed_first(card, worker):
    card.script("flags 0x80000")  # CKF_USER_PIN_TO_BE_CHANGED
    refused("pin_expired", worker, Person(PIN))
    assert card.logins() == 0
    sign_in(worker, token(worker), Person(PIN, "602214"), "change_pin")
    assert card.calls().count("C_SetPIN") == 1 and card.logins() == 0  # C_SetPIN checks the old PIN itself
    card.script()
    sign_in(worker, token(worker), Person("602214", PIN), "change_pin")
    assert enters(worker, Person(PIN))


def test_a_change_of_pin_to_a_default_is_not_sent(card, worker):
    with pytest.raises(errors.TokenError) as refusal:
        sign_in(worker, token(worker), Person(PIN, "12345678"), "change_pin")
    assert refusal.value.code == "pin_weak" and "C_SetPIN" not in card.calls()


def test_a_wrong_old_pin_is_one_try(card, worker):
    with pytest.raises(errors.PinIncorrect):
        sign_in(worker, token(worker), Person("161803", "602214"), "change_pin")
    assert card.calls().count("C_SetPIN") == 1 and misses.count(token(worker)) == 1


def test_a_token_that_wants_a_login_before_a_new_pin_gets_it(card, worker):
    card.script("login-first")
    sign_in(worker, token(worker), Person(PIN, "602214"), "change_pin")
    card.script()
    sign_in(worker, token(worker), Person("602214", PIN), "change_pin")


# PIN pads


def test_at_a_pin_pad_no_pin_is_asked_for_and_null_is_sent(card, worker):
    card.script(f"pad {PIN}")
    person = Person()
    assert enters(worker, person)
    assert person.pointed[0].entry == "pad" and not person.questions
    assert [line for line in card.calls() if "as the user" in line] == ["  as the user, NULL"]


def test_a_typed_pin_is_never_sent_past_a_pin_pad(card, worker):
    card.script(f"pad {PIN}")
    with pytest.raises(errors.TokenError) as refusal:
        worker.call("self_check", token=card.label, pin=PIN, nonce=NONCE)
    assert refusal.value.code == "bad_request" and card.logins() == 0


def test_a_flag_that_is_wrong_can_be_overridden_for_a_token(card, worker):
    card.script("pad-flag")
    refused("pin_incorrect", worker, Person())
    person = Person(PIN)
    assert enters(worker, person, entry="typed")
    assert card.logins() == 2 and "  as the user, a PIN" in card.calls()


@pytest.mark.slow
def test_a_module_that_asks_by_itself_gets_no_login(card, worker):
    refused("login_state", worker, Person(), entry="module")  # this one does not ask, and says that nobody is logged in
    assert card.logins() == 0


def test_a_pin_pad_changes_its_pin_itself(card, worker):
    card.script(f"pad {PIN}", "pad-new 602214")
    sign_in(worker, token(worker), Person(), "change_pin")
    assert "  NULL" in card.calls()
    card.script()
    sign_in(worker, token(worker), Person("602214", PIN), "change_pin")


def test_misses_of_the_two_pins_are_counted_apart(card, worker):
    names = token(worker)
    misses.missed(names)

    class Signing:
        """A worker whose key asks for a second PIN, and refuses it."""

        def call(self, op, ask=None, **arguments):
            if op == "state":
                return worker.call(op, **arguments)
            assert ask({"token": names, "entry": "typed"}) == "161803"
            raise errors.PinIncorrect()

    person = Person(PIN, "161803")
    with pytest.raises(errors.PinIncorrect):
        sign_in(Signing(), names, person, "prove")
    assert [question.kind for question in person.questions] == ["user", "signature"]
    assert "署名用のPIN" in person.questions[1].title
    assert (misses.count(names), misses.count(names, misses.SIGNATURE)) == (0, 1)


def test_the_officers_pin_is_asked_for_as_such(card, worker):
    key = {"cka_id": b"officer", "label": "鍵", "algorithm": "P-256", "as_security_officer": True}
    person = Person("314159265")
    with pytest.raises(errors.PinIncorrect):
        sign_in(worker, token(worker), person, "generate", **key)
    assert "管理者PIN" in person.questions[0].title and "  as the officer, a PIN" in card.calls()
    assert (misses.count(token(worker)), misses.count(token(worker), misses.OFFICER)) == (0, 1)
    card.script("flags 0x400000")  # CKF_SO_PIN_LOCKED
    with pytest.raises(errors.PinLocked):
        sign_in(worker, token(worker), Person("314159265"), "generate", **key)
    assert card.logins() == 1


# Prompts


def test_where_there_is_no_display_the_terminal_is_asked(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert type(prompts.prompt()) is prompts.Terminal
    monkeypatch.setenv("DISPLAY", ":4711")
    monkeypatch.setattr(prompts, "_has_tk", lambda: True)
    assert type(prompts.prompt()) is prompts.Window and type(prompts.prompt(0)) is prompts.Pipe


def test_the_words_for_the_last_try_are_typed_whole(monkeypatch, capsys):
    question, terminal = Question({"label": "カード", "serial": "1"}), prompts.Terminal()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for typed, agrees in (("はい", False), ("", False), (LAST_TRY, True)):
        monkeypatch.setattr("builtins.input", lambda words, typed=typed: typed)
        assert terminal.agrees_to_last_try(question, told=True) is agrees
    assert "ロックされます" in capsys.readouterr().err


def test_a_pipe_never_agrees_to_a_last_try(card):
    card.script("flags 0x20000")  # CKF_USER_PIN_FINAL_TRY
    done = run("change-pin", token=card, pin=f"{PIN}\n602214")
    assert done.returncode == 4 and "最後の1回" in done.stderr
    assert card.logins() == 0 and "C_SetPIN" not in card.calls()


@pytest.mark.slow
def test_a_program_gives_both_pins_through_the_pipe(card):
    assert run("change-pin", token=card, pin=f"{PIN}\n602214").returncode == 0
    done = run("change-pin", token=card, pin=f"602214\n{PIN}")
    assert done.returncode == 0 and "PINを変更しました" in done.stdout
    assert run("change-pin", token=card, pin=PIN).returncode == 3  # no second line: nothing was sent
    assert card.calls().count("C_SetPIN") == 2
