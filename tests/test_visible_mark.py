"""The visible mark of an electronic seal: 資格・氏名, the day and the certificate in letters that exist, on 印 and on no word."""

import io
import re
import subprocess
from datetime import datetime
from hashlib import sha256

import openpyxl
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from openpyxl.styles import Alignment, Font
from PIL import Image, ImageChops
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from tests import ca
from tests.papers_pdf import frozen_pdf, plain_pdf
from tests.papers_people import issue_form
from tests.papers_seals import Head, sign
from tokens import sealing, stamp
from tokens.certificates import JAPAN
from webapp.papers import freeze, look, office, seal_look
from webapp.papers.pdf import field_place, reader
from webapp.papers.seal_report import SealRefused

pytestmark = pytest.mark.slow

CERTIFICATE = b"any certificate"
LONG_TITLE = "国立研究開発法人 申請研究開発機構 情報基盤研究センター長"
SQUARE = 22 / 25.4 * 72


def drawn(*names, width=SQUARE, height=SQUARE):
    return stamp.draw(stamp.lines_of(names, CERTIFICATE), width, height)


def letters(picture):
    """The vermilion within the frame, as a black and white picture."""
    edge = picture.width // 20
    inner = picture.crop((edge, edge, picture.width - edge, picture.height - edge))
    return inner.convert("RGBA").getchannel("G").point(lambda level: 255 if level < 128 else 0)


def test_it_says_who_in_which_office_on_which_day_by_which_certificate():
    today = datetime.now(JAPAN)
    assert [text for text, _ in stamp.lines_of(["学長", "田中 一郎"], CERTIFICATE)] == [
        "電子署名",
        "学長",
        "田中 一郎",
        f"{today.year}年{today.month}月{today.day}日",
        f"証明書 {sha256(CERTIFICATE).hexdigest()[:8]}",
    ]
    assert stamp.lines_of([], CERTIFICATE) == []


def test_names_stand_in_their_own_letters_and_not_in_similar_ones():
    pictures = [letters(drawn("学長", name)).tobytes() for name in ("髙橋 﨑子", "高橋 崎子", "𠮷野 花子", "吉野 花子")]
    assert len(set(pictures)) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        (LONG_TITLE, "𠮷野 﨑子"),
        ("国立大学法人申請大学情報基盤センター長(情報セキュリティ担当)", "寿限無寿限無五劫の擦り切れ海砂利水魚"),
        ("Director General, Information Technology Center", "Jean-Pierre Müller Watanabe"),
    ],
    ids=["spaces", "no-spaces", "latin"],
)
def test_long_names_are_broken_and_stay_legible_within_the_frame(names):
    picture = drawn(*names)
    left, top, right, bottom = letters(picture).getbbox()
    edge = picture.width // 20
    assert left > 0 and top > 0 and right < picture.width - 2 * edge and bottom < picture.height - 2 * edge
    rows = stamp._fitting(stamp.lines_of(names, CERTIFICATE), stamp._japanese("あ"), picture.width, picture.height)
    points = min(font.size for _, font in rows) * 72 / 600
    assert points > 4 and len(rows) > 5


def test_a_short_word_is_not_broken():
    rows = stamp._fitting(stamp.lines_of(["機構長", "田中 一郎"], CERTIFICATE), stamp._japanese("あ"), 500, 500)
    assert "田中 一郎" in [row for row, _ in rows]


def test_a_letter_that_no_font_has_is_refused_rather_than_drawn_as_a_box():
    with pytest.raises(OSError, match="letters"):
        drawn("学長", "田中\ue000")


def test_a_variant_by_selector_is_drawn_as_one_letter():
    assert letters(drawn("学長", "葛\U000e0100城")).getbbox() == pytest.approx(
        letters(drawn("学長", "葛城")).getbbox(), abs=4
    )


# On the form


@pytest.fixture(scope="module")
def office_room(tmp_path_factory):
    return tmp_path_factory.mktemp("office")


@pytest.fixture(scope="module")
def authority():
    return ca.Authority("Practice (練習) S/MIME CA")


def sealed(frozen, authority, *names):
    key = ca.new_key()
    certificate = ca.der(authority.smime(key.public_key(), "head@shinsei.example"))
    return sealing.seal(
        frozen, certificate, [], lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())), name_lines=names
    )


def rasterised(pdf):
    command = ["pdftoppm", "-r", "150", "-png", "-singlefile", "-"]
    done = subprocess.run(command, input=pdf, capture_output=True, check=True)
    return Image.open(io.BytesIO(done.stdout)).convert("L")


def box_of(pdf):
    [(_, _, reference)] = enumerate_sig_fields(PdfFileReader(io.BytesIO(pdf)))
    return [float(side) for side in reference.get_object()["/Rect"]]


def beside_the_name(room):
    """A form on which 印 follows the name at a short distance, as many offices print it."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row, text in enumerate(
        ("機関の長または機関責任者", "資格  学長", "氏名  𠮷野 﨑子  印", "登録担当者  鈴木 花子"), 1
    ):
        cell = sheet.cell(row, 1, text)
        cell.font, cell.alignment = Font("IPAexMincho", 11), Alignment(vertical="center")
    sheet.column_dimensions["A"].width = 80
    saved = io.BytesIO()
    book.save(saved)
    return office.to_pdf(saved.getvalue(), room)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["specimen", "beside the name"])
def test_the_mark_covers_no_word_of_the_form(form, office_room, authority):
    if form == "specimen":
        frozen = freeze.freeze(issue_form(head_title=LONG_TITLE, head_name="𠮷野 﨑子"), work=office_room).pdf
    else:
        printed = beside_the_name(office_room)
        frozen = freeze.add_seal_field(printed, *freeze.seal_box(printed))
    made = sealed(frozen, authority, LONG_TITLE, "𠮷野 﨑子")
    seal_look.check_legible(made, frozen, field_of(frozen))
    sizes, words = look.words(frozen)
    before, after = rasterised(frozen), rasterised(made)
    scale, height = 150 / 72, sizes[0][1]
    left, bottom, right, top = (side * scale for side in box_of(made))
    changed = ImageChops.difference(before, after)
    assert changed.getbbox() == pytest.approx((left, height * scale - top, right, height * scale - bottom), abs=3)
    for word in words:
        if not re.fullmatch("印", word.text):
            spot = (word.left * scale, word.top * scale, word.right * scale, word.bottom * scale)
            assert changed.crop(tuple(map(round, spot))).getbbox() is None, word
    assert right - left >= 10 / 25.4 * 150 - 1


@pytest.mark.slow
def test_the_form_itself_shows_a_rare_letter_of_a_name(office_room):
    frozen = freeze.freeze(issue_form(head_name="𠮷野 﨑子"), work=office_room).pdf
    assert "𠮷野" in [word.text for word in look.words(frozen)[1]]


def field_of(frozen):
    return field_place(reader(frozen))


def test_a_field_dragged_over_words_is_refused_with_the_words(authority):
    frozen, head = frozen_pdf(), Head(authority)
    beside, over = (
        sign(frozen, head, field="Signature1", box=box) for box in ((440, 450, 560, 540), (80, 500, 540, 764))
    )
    seal_look.check_legible(beside, frozen, field_of(frozen))
    with pytest.raises(SealRefused, match="文字「[A-Za-z]+") as refused:
        seal_look.check_legible(over, frozen, field_of(frozen))
    assert refused.value.code == "covers_text" and "ドラッグ" in refused.value.advice


def test_what_the_institution_gives_as_the_place_of_the_seal_may_bear_words(authority):
    frozen = freeze.add_seal_field(plain_pdf(), 0, (60, 700, 130, 800))
    seal_look.check_legible(sealed(frozen, authority, "学長", "田中 一郎"), frozen, field_of(frozen))
