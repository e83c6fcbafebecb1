"""Evidence of key protection: what is recorded for an application, what an attestation proves, what stops a dispatch."""

import io
import shutil
from datetime import date, timedelta

import pytest
from peewee import IntegrityError, SqliteDatabase
from playhouse.migrations import Runner

from tests import ca
from tests.attesting import EXTENSIONS, Maker
from tests.bad import secrets_of
from tests.cases import unguarded
from webapp import clock, profiles
from webapp.acts import dispatch, key_protection, token_ledger
from webapp.errors import Incomplete, NotYourAct
from webapp.papers import attestation
from webapp.papers import key as key_papers
from webapp.papers.armour import PrivateKeyPasted
from webapp.register import (
    Application,
    Certificate,
    Csr,
    Event,
    Evidence,
    Institution,
    KeyProtection,
    Token,
    TrustAnchor,
    database,
)
from webapp.register.database import MIGRATIONS
from webapp.rules import key_protection as rules

KEY = ca.new_key()
MAKER = Maker()
PDF = b"%PDF-1.7 report"
OLDEST = date(2025, 10, 23)

BEFORE = (
    "INSERT INTO person (id, name, phone) VALUES (1, 'x', '')",
    "INSERT INTO trust_anchor (id, use, name, der, is_root, since_on) VALUES (7, 'seal', 'x', x'00', 1, '2026-01-01')",
    "INSERT INTO content (sha256, bytes, size, is_encrypted) VALUES ('aa', x'00', 1, 0)",
    "INSERT INTO gate_record (id, kind, asked_on, due_on, note, entered_at, entered_by_id) "
    "VALUES (3, 'employment', '2026-01-01', '2026-02-01', '', 1, 1)",
    "INSERT INTO evidence (id, gate_record_id, name, media_type, size, sha256, at, person_id) "
    "VALUES (5, 3, 'x', 'application/pdf', 1, 'aa', 1, 1)",
)


def spki(key):
    return key_papers.spki_sha256(key.public_key())


def read(data, key=KEY, roots=(MAKER.root,), at=None):
    return attestation.read(data, spki(key), [ca.der(root) for root in roots], [], at or clock.now())


def given(**changes):
    return {
        "method": "2",
        "token": "",
        "words": "YubiKey 5 FIPS 12345678",
        "witness": "",
        "shown_on": clock.today().isoformat(),
    } | changes


def sent(data, **changes):
    return given(**changes) | {"file": (io.BytesIO(data), "attestation.pem")}


@pytest.fixture
def trusted(house):
    TrustAnchor.create(use="attestation", name="Yubico", der=ca.der(MAKER.root), is_root=True, since_on=clock.today())


@pytest.fixture
def public(house, monkeypatch):
    """The institution applies to UPKI, whose S/MIME certificates come from the CA of these tests."""
    text = profiles.text_of("upki-v2.4").replace("SECOM Passport for PublicID SMIME RSA CA 2023", "Practice S/MIME CA")
    monkeypatch.setattr(profiles, "text_of", lambda name: text)
    Institution.update(profile="upki-v2.4").execute()


def test_an_attestation_of_the_key_is_verified_up_to_the_makers_root():
    found = read(MAKER.bundle(KEY))
    assert found.is_verified and found.spki_sha256 == spki(KEY) and found.serial == "19088743"
    told = dict(found.details)
    assert told["ファームウェア"] == "5.7.4" and told["PINとタッチ"] == "PINは接続ごとに1回、タッチ不要"
    assert told["FIPS認証モデル"] == "はい" and told["形状"] == "USB-A"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ca.pem(MAKER.attestation(KEY)), "F9"),
        (lambda: Maker().bundle(KEY), "ルート認証局が、しるしに登録されていません"),
        (lambda: ca.pem(MAKER.f9), "この形式は、しるしでは検証できません"),
        (lambda: MAKER.bundle(KEY, extensions={}), "この形式は、しるしでは検証できません"),
        (lambda: MAKER.bundle(KEY, is_ca=True), "この形式は、しるしでは検証できません"),
        (lambda: b"-----BEGIN NOTHING", "証明書として読み取れません"),
        (lambda: b"\x30\x82\x01\x00Chrysalis-ITS", "証明書として読み取れません"),
    ],
)
def test_what_cannot_be_verified_is_kept_with_the_reason(make, words):
    found = read(make())
    assert not found.is_verified and not found.is_other_key and words in found.sentence


def test_an_attestation_of_another_key_is_told_apart():
    found = read(MAKER.bundle(ca.new_key()))
    assert found.is_other_key and not found.is_verified


def test_a_holder_of_an_attested_key_cannot_attest_others():
    """A certificate below one that is no CA's proves nothing, though every signature on the way is right."""
    forger = Maker()
    forger.f9 = MAKER.attestation(forger.f9_key.public_key())
    false = forger._certificate(
        "YubiKey PIV Attestation 9c", KEY, "YubiKey PIV Attestation 9c", forger.f9_key, False, EXTENSIONS
    )
    assert not read(ca.pem(false) + ca.pem(forger.f9) + ca.pem(MAKER.f9)).is_verified


def test_an_attestation_counts_only_while_its_certificates_are_valid():
    assert "有効期間の外" in read(MAKER.bundle(KEY), at=clock.now() + timedelta(days=4000)).sentence


@pytest.mark.parametrize(
    ("form", "fips", "said"), [(b"\x83", None, "はい"), (b"\x03", None, "記載なし"), (b"\x03", b"", "はい")]
)
def test_a_fips_model_says_so_in_either_way(form, fips, said):
    extensions = {name: value for name, value in EXTENSIONS.items() if name != "10"} | {"9": form}
    found = read(MAKER.bundle(KEY, extensions=extensions | ({"10": fips} if fips is not None else {})))
    assert dict(found.details)["FIPS認証モデル"] == said


def test_malformed_extensions_are_left_out():
    found = read(MAKER.bundle(KEY, extensions=EXTENSIONS | {"3": b"", "7": b"\x02", "8": b"x", "9": b""}))
    assert found.is_verified and found.serial == "" and "ファームウェア" not in dict(found.details)


def test_a_private_key_is_never_taken():
    with pytest.raises(PrivateKeyPasted):
        read(secrets_of(ca.new_key())[0])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"token_kind": "soft"}, [("KEY-01", "error")]),
        ({"is_at_hand": False}, [("KEY-01", "error")]),
        ({"is_certified": False}, [("KEY-01", "warning")]),
        ({"has_document": False, "attestation": ""}, [("KEY-02", "error")]),
        ({"attestation": "unverified"}, [("KEY-02", "warning")]),
        ({"attestation": "other_key"}, [("KEY-02", "error")]),
        ({"method": 4, "shown_on": OLDEST}, []),
        ({"method": 4, "shown_on": OLDEST - timedelta(days=1)}, [("KEY-02", "error")]),
        ({"method": 6}, [("KEY-02", "error")]),
        ({"method": 3, "has_document": False, "shown_on": date(2020, 1, 1)}, []),
    ],
)
def test_key_01_and_key_02_for_a_public_ca(changes, expected):
    fine = {"method": 2, "token_kind": "usb", "is_certified": True, "is_at_hand": True, "has_document": True}
    fine |= {"witness": "", "shown_on": date(2026, 11, 23), "attestation": "verified"}
    shown = rules.Shown(**fine | changes)
    assert [(each.id, each.severity) for each in rules.judge(shown, False, True, OLDEST)] == expected
    assert {each.severity for each in rules.judge(shown, False, False, OLDEST)} <= {"warning"}


def test_nothing_recorded_or_a_key_in_software_is_an_error_for_a_public_ca_alone():
    assert [each.severity for each in rules.judge(None, True, True, OLDEST)] == ["error", "error"]
    assert [each.severity for each in rules.judge(None, True, False, OLDEST)] == ["warning", "warning"]


def test_the_applicant_records_an_attestation_and_reads_what_it_says(trusted, case, browser, sato):
    application = case.with_csr(key=KEY)
    browser.sign_in_as(sato)
    url = f"/applications/{application.id}/key_protection"
    assert "鍵の保護の方法が記録されていません" in browser.see(url).text
    with unguarded():
        page = browser.press(url, sent(MAKER.bundle(KEY)))
    assert page.status == 200 and "検証済み" in page.text and "19088743" in page.text
    row = KeyProtection.get()
    assert row.attestation["is_verified"] and row.evidence.application == application
    assert "鍵の保護の方法と証拠を記録しました" in browser.see(f"/applications/{application.id}").text
    told = Event.select().where(Event.act == "note_key_protection").get()
    assert told.facts["is_verified"] and "YubiKey" not in str(told.facts)
    saved = browser.get(f"/evidence/{row.evidence_id}")
    assert saved.data.startswith(b"-----BEGIN CERTIFICATE") and row.evidence.size == len(saved.data)
    assert "attachment" in saved.headers["Content-Disposition"]


def test_an_attestation_is_judged_in_the_guarded_child_too(trusted, case):
    application = case.with_csr(key=KEY)
    assert key_protection.attested(application, MAKER.bundle(KEY))["is_verified"]


def test_evidence_of_an_application_is_seen_by_those_who_see_it(case, browser, takahashi, kobayashi, suzuki):
    application = case.draft()
    row = key_protection.note_key_protection(application, case.who("佐藤"), given(method="4"), "report.pdf", PDF)
    for person, status in ((suzuki, 200), (takahashi, 404), (kobayashi, 404)):
        browser.sign_in_as(person)
        assert browser.get(f"/evidence/{row.evidence_id}").status_code == status
    with pytest.raises(NotYourAct):
        key_protection.note_key_protection(application, case.who("田中"), given())


@pytest.mark.parametrize(
    ("changes", "data", "words"),
    [
        ({"method": "8"}, b"", "方法を選んでください"),
        ({"words": ""}, b"", "トークンを一覧から選ぶか"),
        ({"token": "999999"}, b"", "トークンを一覧から選んでください"),
        ({"shown_on": "2099-01-01"}, b"", "今日までの日付"),
        ({}, b"MZ program", "証明書(PEM・DER・P7B)"),
        ({"method": "4"}, b"-----BEGIN CERTIFICATE", "PDF、JPEG、PNG、Excelのいずれか"),
        pytest.param({}, secrets_of(ca.new_key())[0], "秘密鍵", id="a private key"),
    ],
)
def test_what_cannot_be_recorded_is_said_beside_its_field(changes, data, words, case, browser, sato):
    application = case.draft()
    browser.sign_in_as(sato)
    with unguarded():
        page = browser.press(f"/applications/{application.id}/key_protection", sent(data, **changes))
    assert page.status == 422 and words in page.text
    assert not KeyProtection.select().exists() and not Evidence.select().exists()


def test_an_attestation_follows_the_key_and_not_the_application(trusted, case):
    application = case.with_csr(key=KEY)
    with unguarded():
        key_protection.note_key_protection(application, case.who("佐藤"), given(), "a.pem", MAKER.bundle(KEY))
    assert not [each for each in key_protection.judge(application) if each.id == "KEY-02"]
    Csr.update(spki_sha256="0" * 64).execute()
    assert "CSRの鍵ではありません" in key_protection.judge(application)[0].sentence


def test_nothing_is_sent_to_a_public_ca_before_the_key_protection_is_recorded(public, trusted, case):
    application = case.sealed()
    with pytest.raises(Incomplete) as refusal:
        dispatch.dispatch_by_hand(application, case.who("鈴木"), True)
    assert "鍵の保護の方法が記録されていません" in refusal.value.advice
    words = given(method="3")
    key_protection.note_key_protection(application, case.who("鈴木"), words)
    dispatch.dispatch_by_hand(application, case.who("鈴木"), True)
    assert Application.get_by_id(application.id).stage == "sent"


def test_the_practice_desk_asks_for_none(case):
    assert case.sent().stage == "sent"


def test_a_token_of_the_ledger_shows_what_the_applications_say_of_it(case):
    token = token_ledger.enter_token(
        case.who("鈴木"),
        {"label": "1号", "kind": "usb", "scheme": "none", "serial": "X", "holder": str(case("佐藤").id)},
    )
    application = case.in_use()
    certificate = Certificate.of(application)
    columns = {"application": application, "words": "", "witness": "", "shown_on": clock.today(), "method": 3}
    columns |= {"noted_at": clock.now(), "noted_by": case("佐藤")}
    KeyProtection.create(**columns, token=token)
    assert list(token.certificates()) == [certificate] and Token.of(certificate) == token
    KeyProtection.create(**columns | {"words": "別の場所"})
    assert list(token.certificates()) == [] and Token.of(certificate) is None


@pytest.mark.both_databases
def test_the_database_keeps_what_was_recorded(case, sato):
    application = case.draft()
    row = key_protection.note_key_protection(application, case.who("佐藤"), given(method="4"), "report.pdf", PDF)
    columns = {name: value for name, value in row.__data__.items() if name != "id"}
    for change in ({"method": 8}, {"words": ""}, {"attestation": {"is_verified": True}}):
        with pytest.raises(IntegrityError), database.atomic():
            KeyProtection.create(**columns | change)
    for query in (KeyProtection.update(method=1), KeyProtection.delete(), Evidence.update(name="x"), Evidence.delete()):
        with pytest.raises(IntegrityError), database.atomic():
            query.execute()
    columns = {name: value for name, value in row.evidence.__data__.items() if name != "id"}
    with pytest.raises(IntegrityError), database.atomic():
        Evidence.create(**columns | {"application": None})
    for use, is_kept in (("attestation", True), ("nothing", False)):
        anchor = {"use": use, "name": "x", "der": b"x", "is_root": True, "since_on": clock.today()}
        if is_kept:
            TrustAnchor.create(**anchor)
        else:
            with pytest.raises(IntegrityError), database.atomic():
                TrustAnchor.create(**anchor)


def test_what_was_kept_before_stays_when_the_register_learns_of_tokens(tmp_path):
    """Two tables are made anew on SQLite: their rows, numbers and guards are the same afterwards."""
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    for file in MIGRATIONS.glob("*.py"):
        if file.name < "0012":
            shutil.copy(file, earlier)
    db = SqliteDatabase(str(tmp_path / "before.db"), pragmas={"foreign_keys": 1})
    with db.connection_context():
        Runner(db, str(earlier)).up()
        for statement in BEFORE:
            db.execute_sql(statement)
        Runner(db, str(MIGRATIONS)).up()
        kept = db.execute_sql("SELECT id, use, is_root FROM trust_anchor").fetchall()
        assert kept == [(7, "seal", 1)]
        assert db.execute_sql("SELECT id, gate_record_id, application_id FROM evidence").fetchall() == [(5, 3, None)]
        assert db.execute_sql("PRAGMA foreign_key_check").fetchall() == []
        for statement in ("DELETE FROM evidence", "UPDATE evidence SET name = 'y'", "DELETE FROM gate_record"):
            with pytest.raises(IntegrityError):
                db.execute_sql(statement)
    db.close()
