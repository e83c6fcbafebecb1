"""`doctor`, `modules` and `show`: what is wrong between a person and a card, in sentences."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ca import Authority, der
from cryptography import x509
from fake_module import fake_card
from softhsm import MODULE, PIN, run

from tokens import doctor, misses, modules, readers
from tokens.doctor import TAKE_CARE, UNUSED, WELL, WRONG
from tokens.modules import Found
from tokens.readers import NoService, Reader

pytestmark = pytest.mark.slow  # many, and each walks far

MAIL = "tanaka@shinsei.example"


@pytest.fixture(scope="module")
def made_card(tmp_path_factory):
    """A card with a certificate for 459 days and its key."""
    card = fake_card(tmp_path_factory.mktemp("doctor"))
    with card.worker() as worker:
        wanted = {"token": card.label, "pin": PIN}
        key = {"cka_id": b"key", "label": "鍵", "algorithm": "P-256", "subject": [["CN", MAIL]]}
        request = x509.load_der_x509_csr(worker.call("make_key", **wanted, **key)["csr_der"])
        authority = Authority()
        certificate = der(authority.smime(request.public_key(), MAIL))
        worker.call("install", **wanted, certificate_der=certificate, chain_ders=authority.chain)
    return card


@pytest.fixture
def card(made_card, tmp_path, monkeypatch):
    made_card.script()
    for name, value in {**made_card.env, "XDG_STATE_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(readers, "readers", lambda: [Reader("読み取り機", "present")])
    return made_card


def findings(card, **more):
    return doctor.examine([Found("試験用", "", card.module)], **more)


def about(found, words):
    (finding,) = [each for each in found if words in each.sentence]
    assert finding.sentence.endswith("。") and (finding.result == WELL or finding.advice.endswith("。"))
    return finding.result


def test_where_all_is_well_it_says_so(card):
    found = findings(card)
    assert WRONG not in {each.result for each in found}
    assert about(found, "カードが入っています") == about(found, "読み込めました") == WELL
    assert about(found, "まで有効です") == about(found, "対になる公開鍵") == about(found, "PINを入力できる") == WELL


@pytest.mark.parametrize(
    "script, words, result",
    [
        ("flags 0x40000", "ロックされています", WRONG),
        ("flags 0x20000", "ロックされるおそれ", TAKE_CARE),
        ("flags 0x10000", "前にPINの誤り", TAKE_CARE),
        ("flags 0x80000", "初期値のまま", WRONG),
        ("flags 0x2", "書き込み禁止", TAKE_CARE),
        ("without 0", "RSA 3072ビット以上の鍵を作れません", TAKE_CARE),
        ("gone", "使えるトークンが見つかりません", WRONG),
        ("return C_GetTokenInfo 0xE1", "では読めません", TAKE_CARE),
        ("die C_GetTokenInfo", "使えません", WRONG),
        pytest.param("return C_OpenSession 0x30", "を読めません", WRONG, marks=pytest.mark.slow),
    ],
)
def test_each_trouble_has_its_sentence_and_advice(card, script, words, result):
    card.script(script)
    found = [each for each in findings(card) if words in each.sentence]
    assert found and {each.result for each in found} == {result} and all(each.advice for each in found)


def test_a_reader_with_a_pin_pad_is_named(card):
    assert not [each for each in findings(card) if "PINパッド" in each.sentence]
    card.script("pad 271828")
    assert about(findings(card), "PINパッドで入力します") == WELL


def test_drivers_of_cards_that_are_not_here_keep_nobody_from_working(card):
    unused = Found("よその会社", "", "/nowhere/libother.so")
    found = doctor.examine([unused, Found("試験用", "", card.module)])
    assert about(found, "よその会社 が使えません") == UNUSED and WRONG not in {each.result for each in found}
    card.script("flags 0x40000")  # the only card is locked
    found = doctor.examine([unused, Found("試験用", "", card.module)])
    assert about(found, "よその会社 が使えません") == about(found, "ロックされています") == WRONG


def test_a_card_that_does_not_answer_is_named_where_another_works(card, monkeypatch):
    monkeypatch.setattr(readers, "readers", lambda: [Reader("読み取り機", "present"), Reader("隣", "mute")])
    assert about(findings(card), "応答しません") == TAKE_CARE
    card.script("gone")
    assert about(findings(card), "応答しません") == WRONG


def test_an_expired_certificate_beside_its_successor_keeps_nobody_from_working(card):
    def told(certificate_der, **more):
        names = {"label": "カード", "public_keys": [], "certificates": [{"der": each} for each in certificate_der]}
        return list(doctor._certificates(names, datetime.now(UTC), **more))

    with card.worker() as worker:
        token = worker.call("tokens")["tokens"][0]
    (held,) = [each["der"] for each in token["certificates"] if MAIL.encode() in each["der"]][:1]
    authority, key = Authority(), x509.load_der_x509_certificate(held).public_key()
    old = der(authority.smime(key, MAIL, not_before=datetime.now(UTC) - timedelta(days=500), days=400))
    assert about(told([old]), "切れています") == WRONG
    assert about(told([old, held]), "切れています") == TAKE_CARE


def test_our_own_count_of_misses_is_told(card):
    with card.worker() as worker:
        token = worker.call("tokens")["tokens"][0]
    misses.missed(token)
    assert about(findings(card), "前にPINの誤り") == TAKE_CARE
    misses.missed(token)
    assert about(findings(card), "ロックされるおそれ") == TAKE_CARE


def test_terms_of_certificates(card):
    now = datetime.now(UTC)
    assert about(findings(card, now=now + timedelta(days=420)), "近づいています") == TAKE_CARE
    assert about(findings(card, now=now + timedelta(days=500)), "切れています") == WRONG
    assert about(findings(card, now=now - timedelta(days=1)), "まだ有効ではありません") == WRONG


def test_readers_and_their_service(card, monkeypatch):
    def answers(what):
        def asked():
            if isinstance(what, Exception):
                raise what
            return what

        monkeypatch.setattr(readers, "readers", asked)
        return list(doctor._readers())[0]

    assert "入っていません" in answers(NoService(missing=True)).sentence
    assert "動いていません" in answers(NoService()).sentence
    assert "見つかりません" in answers([]).sentence
    assert answers([Reader("R", "mute")]).result == WRONG and "応答しません" in answers([Reader("R", "mute")]).sentence
    assert "カードが入っていません" in answers([Reader("R", "absent")]).sentence


def test_it_looks_for_readers_without_harm_where_there_are_none():
    try:
        assert isinstance(readers.readers(), list)
    except NoService as error:
        assert error.missing in (True, False)


def test_the_command_tells_by_its_status(card):
    done = run("doctor", token=card)
    assert done.returncode == 0 and "[良好]" in done.stdout, done.stdout + done.stderr
    card.script("flags 0x40000")
    done = run("doctor", token=card)
    assert done.returncode == 1 and "[異常]" in done.stdout and "→" in done.stdout and "1か所" in done.stderr


def test_without_any_module_it_says_what_to_install(monkeypatch):
    (finding,) = [each for each in doctor.examine([]) if each.result == WRONG]
    assert "PKCS#11モジュール" in finding.sentence and "OpenSC" in finding.advice


@pytest.mark.slow
def test_the_modules_of_this_computer_are_found_and_told(card):
    found = {module.name: module for module in modules.found()}
    assert Path(found["softhsm"].path).samefile(MODULE) and "練習" in found["softhsm"].what
    assert Path(modules.path_of("softhsm")).samefile(MODULE) and modules.path_of("/a/b.so") == "/a/b.so"
    assert not [module for module in found.values() if "spy" in module.path]
    done = run("modules", token=replace(card, module="softhsm"))
    assert done.returncode == 0 and "SoftHSM" in done.stdout and "トークン「署名カード」" in done.stdout


@pytest.mark.slow
def test_a_short_name_will_do_for_a_module_and_one_token_needs_none(card):
    done = run("show", token=replace(card, module="softhsm"))
    assert done.returncode == 0, done.stderr
    assert "作れる鍵: RSA-3072、RSA-4096、P-256、P-384" in done.stdout and "公開鍵: P-256" in done.stdout
