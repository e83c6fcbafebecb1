"""The 失効申請書: what is written can be read back, the serial in both notations, and everything fits on one page."""

import datetime
import io
import json
import subprocess

import openpyxl
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from tests.papers_revocation import JST, SERIAL, revocation_form
from webapp.errors import Incomplete, Unreadable
from webapp.papers import freeze as freezing
from webapp.papers import issue_form, look
from webapp.papers import revocation_form as paper
from webapp.papers.revocation_reasons import REASONS

DECIMAL = str(int(SERIAL, 16))


def cell(xlsx, label):
    rows = openpyxl.load_workbook(io.BytesIO(xlsx)).active.iter_rows(values_only=True)
    return next(row[2] for row in rows if row[1] == label)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"serial_format": "dec"},
        {"serial": "12345678"},
        {"serial": "12345678", "serial_format": "dec"},
        {"serial": "f" * 40, "serial_format": "dec"},
        {"reason": 0, "comment": "誤って発行を受けたため", "compromised_at": None, "is_emergency": False},
        {"subscriber_name": "", "subscriber_department": "", "subscriber_phone": "", "subscriber_mail": ""},
        {"sealer_name": "髙橋 﨑子", "officer_name": "𠮷野 花子", "comment": "=1+1"},
    ],
)
def test_the_sheet_reads_back_as_it_was_filled(changes):
    form = revocation_form(**changes)
    values = paper.read(paper.fill(form))
    assert values == paper.as_read(form)
    assert values["mark"] == paper.mark_of(paper.RevocationForm(**values))


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_reads_back(code):
    xlsx = paper.fill(revocation_form(reason=code))
    assert paper.read(xlsx)["reason"] == code
    assert cell(xlsx, "失効理由").startswith(f"{code} {REASONS[code].words}")


def test_the_serial_stands_in_the_notation_of_the_profile_and_in_the_other_one():
    as_hex, as_decimal = (paper.fill(revocation_form(serial_format=each)) for each in ("hex", "dec"))
    assert cell(as_hex, "失効対象証明書シリアル番号") == SERIAL
    assert cell(as_hex, "同上(別の表記)") == f"10進 {DECIMAL}"
    assert cell(as_decimal, "失効対象証明書シリアル番号") == DECIMAL
    assert cell(as_decimal, "同上(別の表記)") == f"16進 {SERIAL}"


def test_the_compromise_is_told_in_japanese_time():
    at = datetime.datetime(2026, 11, 21, 16, 5, tzinfo=datetime.UTC)
    xlsx = paper.fill(revocation_form(compromised_at=at))
    assert cell(xlsx, "危殆化の推定日時") == "2026年11月22日 01:05(日本時間)"
    assert paper.read(xlsx)["compromised_at"] == at


def test_the_form_has_no_room_for_a_password():
    assert not any("パスワード" in label for _, label in paper.LABELS)
    assert "password" not in paper.canonical(revocation_form()).decode()


def test_the_mark_follows_every_value():
    mark = paper.mark_of(revocation_form())
    for changes in (
        {"serial": "0a"},
        {"reason": 4},
        {"comment": ""},
        {"is_emergency": False},
        {"compromised_at": None},
    ):
        assert paper.mark_of(revocation_form(**changes)) != mark
    assert paper.mark_of(revocation_form(mark=mark)) == mark
    at = revocation_form().compromised_at.astimezone(datetime.UTC)
    assert paper.mark_of(revocation_form(compromised_at=at)) == mark


def test_the_canonical_values_are_plain_json():
    values = json.loads(paper.canonical(revocation_form()))
    assert values["applied_on"] == "2026-11-22" and values["compromised_at"] == "2026-11-21T09:30:00+00:00"
    again = {
        key: datetime.date.fromisoformat(value) if key in ("applied_on", "begins_on", "ends_on") else value
        for key, value in values.items()
    }
    again["compromised_at"] = datetime.datetime.fromisoformat(values["compromised_at"])
    assert paper.RevocationForm(**again) == revocation_form()


def test_a_blank_sheet_reads_as_missing_values_not_as_an_error():
    values = paper.read(paper.draw_blank())
    assert values["serial"] == values["comment"] == "" and values["version"] == 0
    assert values["reason"] is values["compromised_at"] is values["applied_on"] is values["begins_on"] is None


@pytest.mark.parametrize(
    ("label", "written", "key", "read"),
    [
        ("失効対象証明書シリアル番号", "0A:1B:2C", "serial", "0a1b2c"),
        ("失効対象証明書シリアル番号", "分かりません", "serial", ""),
        ("失効理由", "6 certificateHold", "reason", None),
        ("危殆化の推定日時", "2026/11/21 18:30", "compromised_at", datetime.datetime(2026, 11, 21, 18, 30, tzinfo=JST)),
        ("危殆化の推定日時", "2026/11/21 28:30", "compromised_at", None),
        ("危殆化の推定日時", "きのう", "compromised_at", None),
    ],
)
def test_what_somebody_typed_into_the_sheet_is_understood_or_missing(label, written, key, read):
    book = openpyxl.load_workbook(io.BytesIO(paper.draw_blank()))
    next(row for row in book.active if row[1].value == label)[2].value = written
    out = io.BytesIO()
    book.save(out)
    assert paper.read(out.getvalue())[key] == read


def test_the_two_forms_are_not_taken_for_each_other():
    with pytest.raises(Unreadable, match="失効申請書の様式と一致しません"):
        paper.read(issue_form.draw_blank())
    with pytest.raises(Unreadable, match="発行申請書の様式と一致しません"):
        issue_form.read(paper.draw_blank())


def test_a_control_character_is_refused_with_its_field():
    with pytest.raises(Incomplete) as refusal:
        paper.fill(revocation_form(comment="a\x07b"))
    assert list(refusal.value.fields) == ["comment"]


def test_the_specimen_says_so_and_never_names_the_authority():
    cells = [str(c.value) for row in openpyxl.load_workbook(io.BytesIO(paper.draw_blank())).active for c in row]
    assert "見 本" in cells and "コード署名用証明書 失効申請書" in cells
    assert not any("NII" in text or "UPKI" in text for text in cells)


LONG = {
    "address": "東京都千代田区一ツ橋二丁目一番二号 学術総合センター内 研究教育情報基盤棟 別館 12階 1203号室 情報基盤センター気付",
    "sealer_title": "情報基盤センター長・機関責任者(登録担当者を兼ねる)",
    "sealer_name": "髙橋 﨑子 𠮷野",
    "officer_mail": "a-very-long-local-part-of-a-mail-address-for-the-officer@subdomain.shinsei.example",
    "serial": "f" * 40,
    "serial_format": "dec",
    "subject": f"CN={'U' * 64}, O={'Shinsei University ' * 3}Kyoto, L=Chiyoda-ku, ST=Tokyo, C=JP",
    "comment": "署" * 128,
}


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, LONG], ids=["as usual", "long values"])
def test_the_frozen_form_is_one_a4_page_with_everything_on_it(changes, tmp_path):
    form = revocation_form(**changes)
    frozen = freezing.freeze(form, work=tmp_path)
    sizes, words = look.words(frozen.pdf)
    assert [tuple(round(side) for side in size) for size in sizes] == [(595, 842)]
    assert len(frozen.pictures) == 1 and frozen.masked_pictures == []
    text = subprocess.run(["pdftotext", "-", "-"], input=frozen.pdf, capture_output=True, check=True).stdout.decode()
    page = "".join(text.split())
    assert [text for text in paper.printed(form).values() if "".join(text.split()) not in page] == []
    assert paper.RevocationForm(**paper.read(frozen.xlsx)).mark == frozen.mark
    [(name, value, field)] = enumerate_sig_fields(PdfFileReader(io.BytesIO(frozen.pdf)))
    left, bottom, right, top = (float(x) for x in field.get_object()["/Rect"])
    seal = next(word for word in words if word.text == "印")
    assert (name, value) == ("Seal", None)
    assert left < seal.left < seal.right < right and bottom < 841.89 - seal.bottom < 841.89 - seal.top < top
