"""What is shown, saved as a file: the same rows in the same order, safe to open, and written down."""

import csv
import io

import pytest
from python_calamine import CalamineWorkbook

from tests.listed import certificate
from webapp.papers import spreadsheet
from webapp.register import Event, Person
from webapp.routes import exported

HOSTILE = (
    "=HYPERLINK(\"http://evil.example\",\"見て\")", "+cmd|' /C calc'!A0", "-1+1", "@SUM(1,1)", "\t=1+1", "\r=1+1", "＝1+1",
    "＋1", "－1", "＠x", " =1+1", "　＝1", "−5",
)  # fmt: skip


def as_csv(data):
    assert data.startswith(b"\xef\xbb\xbf") and data.endswith(b'"\r\n')
    return list(csv.reader(io.StringIO(data[3:].decode(), newline="")))


def as_xlsx(data):
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python(skip_empty_area=False)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_formula(text):
    rows = as_csv(b"".join(spreadsheet.csv_file(["列"], [[text]])))
    assert rows[1] == [f"'{text}"]
    with spreadsheet.xlsx_file(["列"], [[text]], "一覧") as file:
        data = file.read()
    assert as_xlsx(data)[1][0].strip() == text.strip().replace("\r", "\n").strip()
    assert b"<f>" not in unpacked(data) and b't="inlineStr"' in unpacked(data)


def unpacked(data):
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return book.read("xl/worksheets/sheet1.xml")


def test_quotes_commas_and_line_breaks_come_back_as_they_were():
    texts = ['彼は"はい"と言った', "a,b;c", "一行目\n二行目", "", "0123", "1e10", "x\x00y"]
    assert as_csv(b"".join(spreadsheet.csv_file(["1"] * 7, [texts])))[1] == texts
    with spreadsheet.xlsx_file(["1"] * 7, [texts], "一覧") as file:
        assert as_xlsx(file.read())[1] == [*texts[:-1], "xy"]


def test_exactly_what_is_shown_is_saved_in_its_order(officer):
    for number in range(30):
        certificate(title=f"気象 {number:02}", serial=f"00{number + 1:02x}00", purpose="=1+1")
    certificate(title="顕微鏡", serial="77")
    query = "?q=気象&sort=title&department=&junk=x"
    rows = as_csv(officer.get(f"/certificates/export{query}&format=csv").get_data())
    assert [row[0] for row in rows] == ["管理名称", *(f"気象 {number:02}" for number in range(30))]
    assert rows[1][1] == "'=1+1" and rows[1][4] == "00:01:00"
    table = as_xlsx(officer.get(f"/certificates/export{query}&format=xlsx").get_data())
    assert [row[0] for row in table] == [row[0] for row in rows] and table[1][1] == "=1+1"
    chosen = as_csv(officer.get(f"/certificates/export{query}&columns=serial&columns=title").get_data())
    assert chosen[0] == ["管理名称", "シリアル番号"] and len(chosen) == 31


def test_serials_and_telephone_numbers_keep_their_zeros(officer, sato):
    Person.update(phone="0355001201").where(Person.id == sato.id).execute()
    certificate(title="計測", serial="00112233445566778899")
    for kind, read in (("csv", as_csv), ("xlsx", as_xlsx)):
        head, row = read(officer.get(f"/certificates/export?format={kind}").get_data())
        found = dict(zip(head, row, strict=True))
        assert found["電話番号"] == "0355001201" and found["シリアル番号"] == "00:11:22:33:44:55:66:77:88:99"


def test_applications_are_saved_too(officer, case):
    application = case.draft(title="=危険な名称")
    rows = as_csv(officer.get("/applications/export?q=危険").get_data())
    assert rows[1][0] == application.number and rows[1][2] == "'=危険な名称" and len(rows) == 2


def test_a_list_that_is_too_long_says_where_it_was_cut(officer, monkeypatch):
    monkeypatch.setattr(exported, "MOST", 3)
    for number in range(5):
        certificate(title=f"計測 {number}", serial=f"{number + 1:04x}")
    rows = as_csv(officer.get("/certificates/export?sort=title").get_data())
    assert [row[0] for row in rows[1:4]] == ["計測 0", "計測 1", "計測 2"] and "打ち切りました" in rows[4][0]
    assert len({len(row) for row in rows}) == 1


def test_what_was_saved_stands_in_the_chain(officer, suzuki):
    certificate(title="計測", serial="01")
    officer.get("/certificates/export?q=計測&person=佐藤&format=xlsx").get_data()
    event = Event.select().order_by(-Event.seq).get()
    assert (event.act, event.person) == ("export", suzuki)
    assert event.facts == {"what": "証明書一覧", "format": "xlsx", "count": 1, "is_cut": False}
    assert event.particulars == {"note": "検索: 計測、氏名: 佐藤"}


def test_nobody_saves_without_signing_in(browser):
    assert browser.get("/certificates/export").status_code == 303
