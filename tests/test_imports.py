"""Certificates issued before Shirushi: read, looked at row by row, registered in one press, taken back as a whole."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from tests import ca
from tests.cases import unguarded
from tests.importing import GOOD, HEADS, brought, listed, many, newest, press, sentences, verdicts
from tests.listed import certificate
from webapp import worker
from webapp.acts import imports as acts
from webapp.papers import spreadsheet
from webapp.register import (
    Certificate,
    Event,
    ImportBatch,
    ImportRow,
    Institution,
    Person,
    Revocation,
    database,
    verify_chain,
)


@pytest.fixture
def officer(browser, suzuki):
    with unguarded():
        yield browser.sign_in_as(suzuki)


# A list


def test_a_list_is_shown_first_and_registered_in_one_press(officer, sato):
    page = listed(officer, GOOD, "20000000000000ff,,,2020-01-01,2022-01-01,古い証明書,,,,2021-05-05,keyCompromise,")
    assert page.status == 200 and "この内容で登録する" in page.buttons() and "まだ何も登録していません" in page.text
    assert verdicts() == [(2, "new"), (3, "new")] and Certificate.select().count() == 0
    page = press(officer)
    assert "登録済" in page.text and newest().state == "imported"
    first, second = Certificate.select().order_by(Certificate.id)
    assert (first.title, first.purpose, first.subscriber, first.department) == ("計測", "配布", sato, sato.department)
    assert (first.serial, first.origin, first.subject) == ("0a1b2c3d4e5f6071", "imported", "CN=U")
    assert first.not_before == datetime(2025, 3, 31, 15, tzinfo=UTC)
    assert first.not_after == datetime(2026, 6, 30, 14, 59, 59, tzinfo=UTC)
    assert first.accepted_at == first.received_at and first.content is None and first.application is None
    assert (second.state, second.revocation_reason, second.revoked_at) == (
        "失効",
        1,
        datetime(2021, 5, 4, 15, tzinfo=UTC),
    )
    assert officer.see(f"/certificates/{first.id}").status == 200 == officer.see(f"/certificates/{second.id}").status
    assert officer.see("/certificates?q=計測").text.count("0a1b2c3d") and verify_chain()
    for path in ("file", "chain"):
        assert officer.get(f"/certificates/{first.id}/{path}").status_code == 404


def test_the_issuer_is_that_of_the_registered_authority(officer, authorities):
    with_file = authorities.code.code_signing(ca.new_key().public_key(), Institution.here().subject)
    listed(officer, GOOD)
    press(officer)
    brought(officer, ca.der(with_file), "a.cer")
    press(officer)
    assert len({row.issuer_sha256 for row in Certificate.select()}) == 1


@pytest.mark.parametrize("place", ["x", "-1", "9" * 20])
def test_a_place_that_no_row_has_is_the_beginning(officer, place):
    listed(officer, GOOD)
    for name in ("after", "before"):
        assert "計測" in officer.see(f"/imports/{newest().id}?{name}={place}").text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_every_way_of_saving_a_csv_is_read(officer, encoding, separator):
    text = f"{HEADS}\r\n\r\n{GOOD}\r\n".replace(",", separator)
    brought(officer, text.encode(encoding), "一覧.tsv")
    assert verdicts() == [(3, "new")] and newest().rows[0].values["title"] == "計測"


def test_columns_are_known_by_their_headings_in_any_order(officer):
    heads = "備考,有効期限,ＳＵＢＪＥＣＴ,シリアル番号(10進),Title"
    listed(officer, "x,2027/3/31 23:59:59,CN=A,123456789012345678901234,名称", heads=heads)
    values = newest().rows[0].values
    assert values["serial"] == f"{123456789012345678901234:x}".zfill(20) and values["title"] == "名称"
    assert any("備考" in note for note in newest().notes)


def test_a_book_is_read_and_its_formulas_are_text(officer):
    heads = HEADS.split(",")
    row = GOOD.split(",")
    row[5], row[6] = "=1+1", "@SUM(A1)"
    with spreadsheet.xlsx_file(heads, [row], "一覧") as file:
        brought(officer, file.read(), "一覧.xlsx")
    assert newest().rows[0].values["title"] == "=1+1" and newest().rows[0].values["purpose"] == "@SUM(A1)"
    press(officer)
    saved = officer.get("/certificates/export?format=csv").get_data().decode("utf-8-sig")
    assert [row[:2] for row in csv.reader(io.StringIO(saved))][1] == ["'=1+1", "'@SUM(A1)"]


def test_what_was_saved_is_read_again_as_the_same(officer):
    listed(officer, GOOD.replace("計測", "-計測"), GOOD.replace("0a1b", "1a1b").replace("旧-12", ""))
    press(officer)
    for kind in ("csv", "xlsx"):
        brought(officer, officer.get(f"/certificates/export?format={kind}").get_data(), f"一覧.{kind}")
        assert {verdict for _, verdict in verdicts()} == {"same"}, sentences()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (GOOD.replace("0a1b2c3d4e5f6071", ""), "シリアル番号が入力されていません"),
        (GOOD.replace("0a1b2c3d4e5f6071", "xyz"), "使えない文字"),
        (GOOD.replace("0a1b2c3d4e5f6071", "1.23E+38"), "丸められて"),
        (GOOD.replace("0a1b2c3d4e5f6071", "f" * 42), "長すぎます"),
        (GOOD.replace("2026-06-30", ""), "終了日が空欄"),
        (GOOD.replace("2026-06-30", "昨日"), "日付として読み取れません"),
        (GOOD.replace("2026-06-30", "2026-02-30"), "日付として読み取れません"),
        (GOOD.replace("2026-06-30", "2025-01-01"), "終了日が開始日より前"),
        (GOOD.replace("2026-06-30", "9999-12-31"), "年が正しくありません"),
        (GOOD.replace("6071,,", "6071,知らない認証局,"), "信頼する認証局に登録されていません"),
        (GOOD.replace(",,,旧", ",2024-01-01,1,旧"), "失効日が開始日より前"),
        (GOOD.replace(",,,旧", ",,1,旧"), "失効日が空欄"),
        (GOOD.replace(",,,旧", ",2026-01-01,なんとなく,旧"), "失効理由"),
        (GOOD.replace("計測", "長" * 201, 1), "管理名称が長すぎます"),
    ],
    ids=range(14),
)
def test_a_broken_row_is_refused_with_its_reason_and_the_others_are_not(officer, line, words):
    other = GOOD.replace("0a1b2c3d4e5f6071", "0c1b2c3d4e5f6071")
    page = listed(officer, line, other)
    assert verdicts() == [(2, "wrong"), (3, "new")] and words in sentences()[0], sentences()
    assert words in page.text
    press(officer)
    assert [row.serial for row in Certificate.select()] == ["0c1b2c3d4e5f6071"]
    wrong = officer.get(f"/imports/{newest().id}/rows.csv").get_data().decode("utf-8-sig")
    assert words in wrong and wrong.count("\r\n") == 2


def test_digits_alone_are_read_as_the_file_shows_or_refused(officer):
    listed(officer, GOOD.replace("0a1b2c3d4e5f6071", "1234"))
    assert verdicts() == [(2, "wrong")] and "16進数か10進数か分かりません" in sentences()[0]
    listed(officer, GOOD.replace("0a1b2c3d4e5f6071", "1234"), GOOD)
    assert newest().rows[0].values["serial"] == "1234"
    listed(officer, GOOD.replace("0a1b2c3d4e5f6071", "1234"), heads=HEADS.replace("番号,", "番号(10進),", 1))
    assert newest().rows[0].values["serial"] == "04d2"
    listed(officer, GOOD.replace("0a1b2c3d4e5f6071", "987654321098765432"))
    assert newest().rows[0].values["serial"] == f"{987654321098765432:016x}"


def test_twins_in_the_file_and_in_the_register_are_told_apart(officer):
    listed(officer, GOOD)
    press(officer)
    listed(officer, GOOD, GOOD.replace("2026-06-30", "2026-07-30"), GOOD.replace("0a", "0b"), GOOD.replace("0a", "0B"))
    assert verdicts() == [(2, "same"), (3, "wrong"), (4, "new"), (5, "wrong")]
    assert "2行目と同じ証明書" in sentences()[1] and "4行目と同じ" in sentences()[3]
    listed(officer, GOOD.replace("2026-06-30", "2026-07-30"))
    assert verdicts() == [(2, "kept")] and "終了日が違います" in sentences()[0]
    assert press(officer).status == 422


def test_people_are_known_by_name_or_mail_and_never_invented(officer, takahashi):
    Person.create(name="高橋美咲", phone="")
    listed(
        officer,
        GOOD.replace("佐藤 次郎", "sato@shinsei.example").replace("0a", "01"),
        GOOD.replace("佐藤 次郎", "高橋 美咲").replace("0a", "02"),
        GOOD.replace("佐藤 次郎", "いない人").replace("工学部 計測工学研究室", "ない学部").replace("0a", "03"),
    )
    first, second, third = newest().rows.order_by(ImportRow.line)
    assert first.values["subscriber_id"] and not first.sentence
    assert second.values["subscriber_id"] is None and "同じ氏名" in second.sentence
    assert "いない人" in third.sentence and "ない学部" in third.sentence and third.verdict == "new"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "空のファイル"),
        ("管理名称,用途\r\n計測,配布\r\n".encode(), "見出しの行が見つかりません"),
        (HEADS.encode(), "証明書の行がありません"),
        (b"\x80\x81\xfd\xfe\xff\n\xff,\xff", "文字を読み取れません"),
        (b"PK\x03\x04xl/workbook.xml", "壊れている"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, ".xls"),
        (b'\x89PNG\r\n\x1a\n"' + b"\x00" * 600, "。"),
    ],
    ids=range(7),
)
def test_a_file_that_is_no_list_says_so(officer, data, words):
    page = brought(officer, data)
    assert page.status == 422 and words in page.text and ImportBatch.select().count() == 0


# Who, and what is written down


def test_only_officers_take_certificates_in(browser, sato, tanaka, ito, kobayashi, suzuki, by):
    for person in (sato, tanaka, ito, kobayashi):
        browser.sign_in_as(person)
        for path in ("/imports/new", "/imports/1", "/imports/template.csv"):
            assert browser.see(path).status == 403, (person.name, path)
        for path in ("/imports", "/imports/1/import", "/imports/1/drop", "/imports/1/taking-back"):
            assert browser.press(path).status == 403, (person.name, path)
    browser.sign_in_as(sato)
    assert "発行済みの証明書を取り込む" not in browser.see("/certificates").links()


def test_the_events_of_a_batch_say_what_came(officer, suzuki):
    listed(officer, GOOD)
    press(officer)
    read, pressed, imported = list(Event.select().where(Event.object == "import_batch").order_by(Event.seq))
    assert (read.act, read.facts["count"], read.facts["new"]) == ("read_import", 1, 1)
    assert (pressed.act, pressed.person) == ("import_certificates", suzuki)
    assert imported.facts["certificates"][0].startswith("0a1b2c3d4e5f6071 ") and verify_chain()


def test_a_batch_can_be_left_or_taken_back_once(officer):
    listed(officer, GOOD)
    press(officer, "drop")
    assert newest().state == "dropped" and press(officer).status == 409
    listed(officer, GOOD, GOOD.replace("0a", "0b"))
    press(officer)
    assert Certificate.select().count() == 2
    page = press(officer, "taking-back")
    assert (
        Certificate.select().count() == 0 and "取り消し済" in page.text and press(officer, "taking-back").status == 409
    )
    listed(officer, GOOD)
    assert verdicts() == [(2, "new")]


def test_what_something_hangs_on_is_not_taken_back(officer, case):
    listed(officer, GOOD.replace("2026-06-30", "2027-12-31"), GOOD.replace("0a", "0b"))
    press(officer)
    row = Certificate.select().order_by(Certificate.id).first()
    application = case.opened()
    application.replaces = row
    application.save()
    page = press(officer, "taking-back")
    assert page.status == 422 and "取り消せません" in page.text
    assert Certificate.select().count() == 2 and newest().state == "imported"
    assert Revocation.select().count() == 0


def test_an_imported_certificate_is_described_by_an_officer(officer, browser, sato):
    listed(officer, GOOD)
    press(officer)
    row = Certificate.get()
    page = officer.press(f"/certificates/{row.id}/description", {"title": "新しい名称", "purpose": "新しい用途"})
    assert (
        page.heading == "新しい名称の証明書" and "新しい用途" in page.text and "管理名称・用途を直しました" in page.text
    )
    assert officer.press(f"/certificates/{row.id}/description", {"title": "", "purpose": ""}).status == 422
    browser.sign_in_as(sato)
    assert browser.press(f"/certificates/{row.id}/description", {"title": "x", "purpose": ""}).status == 403


# Many


def test_many_are_registered_by_the_worker_and_taken_up_where_it_stopped(officer, settings, monkeypatch):
    monkeypatch.setattr(acts, "AT_ONCE", 20)
    brought(officer, many(50))
    page = press(officer)
    assert "処理しています" in page.text and Certificate.select().count() == 0
    assert acts._register_some(newest()) and Certificate.select().count() == 20
    certificate(title="先に登録された", serial=f"5a{30:030x}", issuer_sha256=newest().rows[0].values["issuer_sha256"])
    assert "50件中20件" in officer.see(f"/imports/{newest().id}").text
    job = worker.turn(settings)
    assert (job.kind, newest().state, Certificate.select().count()) == ("import", "imported", 50)
    assert newest().counts() == {"new": 49, "same": 1, "kept": 0, "wrong": 0}
    assert "49件" in officer.see(f"/imports/{newest().id}?verdict=new").text


@pytest.mark.slow
@pytest.mark.both_databases
def test_ten_thousand_are_read_registered_and_taken_back(officer, settings):
    began = datetime.now()
    page = brought(officer, many(10_000))
    read = datetime.now() - began
    assert page.status == 200 and "10000件" in page.text.replace(",", "")
    assert len([row for row in page.tree.iter("tr")]) <= 60
    press(officer)
    began = datetime.now()
    worker.turn(settings)
    registered = datetime.now() - began
    assert Certificate.select().count() == 10_000 and newest().state == "imported"
    assert officer.see("/certificates?q=計測 9999").text.count("計測 9999")
    brought(officer, many(10_000))
    assert newest().counts()["same"] == 10_000
    press(officer, "drop")
    batch = ImportBatch.get(ImportBatch.state == "imported")
    assert officer.press(f"/imports/{batch.id}/taking-back").status == 200 and Certificate.select().count() == 0
    print(f"read {read}, registered {registered}, all {datetime.now() - began}")
    assert read < timedelta(seconds=60) and registered < timedelta(minutes=3) and database.obj


def test_a_hexadecimal_serial_with_one_e_is_no_rounded_number():
    from webapp.rules.issued_before import _serial

    assert _serial({"serial:hex": "123e45"}, is_hex=True) == 0x123E45
