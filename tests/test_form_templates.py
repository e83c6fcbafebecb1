"""A CA's own blank form: its labels recognised, its cells filled and nothing else touched, its values read back."""

import datetime
import io
import json
import subprocess
import zipfile

import openpyxl
import pytest
from lxml import etree
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from python_calamine import CalamineWorkbook

from tests import form_blanks
from tests.papers_people import PASSWORD, issue_form
from tests.papers_revocation import revocation_form
from webapp.errors import Incomplete, Refused, Unreadable
from webapp.papers import form_blank, form_filling, form_mapping, form_print, form_template, freeze, guard, look, office
from webapp.papers.form_filled import carried, read_filled
from webapp.papers.forms import paper_of

MM = 72 / 25.4
SEAL = {"page": 1, "left": 150, "top": 108, "width": 25, "height": 22}
BLANKS = {
    "labels_left": ("issue", issue_form),
    "labels_above": ("issue", issue_form),
    "two_sheets": ("revoke", revocation_form),
    "persons_in_rows": ("issue", issue_form),
}


def mapping_of(name):
    """(blank, mapping as it was proposed)."""
    kind, _ = BLANKS[name]
    blank = getattr(form_blanks, name)()
    typed = {key: each.place for key, each in form_template.read(blank, kind).proposals.items()}
    seal = SEAL if name == "two_sheets" else None
    return blank, {"kind": kind, "places": form_template.bind(blank, kind, typed), "seal": seal}


def members(xlsx):
    with zipfile.ZipFile(io.BytesIO(xlsx)) as package:
        return [(info.filename, info.date_time, package.read(info)) for info in package.infolist()]


def swapped(xlsx, part, old, new):
    return form_blanks.edited(xlsx, lambda name, data: data.replace(old, new) if name == part else data)


@pytest.mark.parametrize("name", BLANKS)
def test_every_field_that_a_blank_has_is_recognised(name):
    kind, _ = BLANKS[name]
    found = form_template.read(getattr(form_blanks, name)(), kind).proposals
    without = {
        "labels_left": {"version", "mark", "head", "subject", "kind_label=新規", "kind_label=更新", "agreements=1"}
        | {f"applied_on.{part}" for part in ("year", "month", "day")},
        "labels_above": {"number", "version", "mark", "head", "applied_on", "kind_label", "officer_hours", "agreements"}
        | {f"subject.{short}" for short in ("C", "ST", "L", "O", "CN")},
        "two_sheets": {"number", "version", "mark", "sealer", "kind_label", "postal_code", "officer_department", "officer_hours"}
        | {"subscriber_department", "subscriber_phone", "serial_otherwise", "issuer", "reason", "is_emergency"}
        | {"begins_on", "ends_on"} | {f"applied_on.{part}" for part in ("year", "month", "day")},
        "persons_in_rows": {"number", "version", "mark", "kind_label", "head_title", "head_name", "officer_hours", "agreements"}
        | {"subject", "kind_label=新規", "kind_label=更新", "agreements=1"}
        | {f"applied_on.{part}" for part in ("year", "month", "day")},
    }[name]  # fmt: skip
    assert set(form_template.fields(kind)) - set(found) == without


def test_labels_left_of_above_and_in_the_cell_lead_to_the_right_cells():
    left = form_template.read(form_blanks.labels_left(), "issue").proposals
    assert left["officer_name"].place == "発行申請書!C12" and left["subscriber_name"].place == "発行申請書!C17"
    assert left["subject.O"].place == "発行申請書!C24" and left["institution_name"].place == "発行申請書!C6"
    above = form_template.read(form_blanks.labels_above(), "issue").proposals
    assert above["postal_code"].place == "様式第1号!G6" and above["address"].place == "様式第1号!A8"
    assert above["officer_mail"].place == "様式第1号!A15" and above["officer_mail"].confidence == "中"
    assert [above[f"applied_on.{part}"].place[-2:] for part in ("year", "month", "day")] == ["C2", "F2", "H2"]
    sheets = form_template.read(form_blanks.two_sheets(), "revoke").proposals
    assert sheets["serial"].place == "証明書情報!B2" and sheets["sealer_name"].place == "失効申請書!B7"


def test_a_row_for_each_person_is_recognised_and_what_explains_or_shows_how_is_left_alone():
    found = form_template.read(form_blanks.persons_in_rows(), "issue")
    places = {key: each.place.removeprefix("申請書!") for key, each in found.proposals.items()}
    assert places == {
        "applied_on": "D2", "institution_name": "B3", "postal_code": "C4", "address": "B5", "switchboard": "B6", "head": "B7",
        "officer_name": "B9", "officer_department": "C9", "officer_phone": "D9", "officer_mail": "E9",
        "subscriber_name": "B10", "subscriber_department": "C10", "subscriber_phone": "D10", "subscriber_mail": "E10",
        "subject.C": "C11", "subject.ST": "C12", "subject.L": "C13", "subject.O": "C14", "subject.CN": "C15",
        "zip_password": "B16",
    }  # fmt: skip
    assert found.conflicts == [] and ["記入要領" in note or "記入例" in note for note in found.notes] == [True, True]


@pytest.mark.slow
def test_what_explains_or_shows_how_stays_in_the_excel_and_out_of_the_print(office_room):
    blank, mapping = mapping_of("persons_in_rows")
    frozen = freeze.freeze(issue_form(), freeze.Template(blank, mapping), work=office_room)
    reader = PdfFileReader(io.BytesIO(frozen.pdf))
    assert int(reader.root["/Pages"]["/Count"]) == 1
    assert openpyxl.load_workbook(io.BytesIO(frozen.xlsx)).sheetnames == ["記入要領", "申請書", "記入例"]
    states = [each.sheet_state for each in openpyxl.load_workbook(io.BytesIO(frozen.xlsx)).worksheets]
    assert states == ["visible"] * 3
    form = issue_form()
    assert carried(mapping) >= {"officer_mail", "subject"} and "head" not in carried(mapping)
    assert form_filling.texts(form_blank.opened(blank), mapping, form)["head"] == f"{form.head_title} {form.head_name}"


@pytest.mark.parametrize("name", BLANKS)
def test_filling_changes_the_cells_and_no_other_part_of_the_package(name):
    blank, mapping = mapping_of(name)
    before, after = members(blank), members(form_filling.fill(blank, mapping, BLANKS[name][1]()))
    assert [each[:2] for each in before] == [each[:2] for each in after]
    changed = {one[0] for one, other in zip(before, after, strict=True) if one[2] != other[2]}
    sheets = {"two_sheets": (1, 2), "persons_in_rows": (2,)}.get(name, (1,))
    assert changed == {f"xl/worksheets/sheet{number}.xml" for number in sheets} | (
        {"xl/workbook.xml"} if name == "labels_left" else set()
    )  # it has a formula
    names = {each[0] for each in after}
    if name == "two_sheets":
        assert {"xl/ctrlProps/ctrlProp1.xml", "xl/drawings/vmlDrawing1.vml", "xl/media/image1.png"} <= names
        drawing = dict((each[0], each[2]) for each in after)["xl/drawings/drawing1.xml"].decode()
        assert "公印をここに" in drawing


@pytest.mark.parametrize("name", BLANKS)
def test_around_the_cells_the_sheet_stays_as_it_was(name):
    """Everything of the sheet's XML but the cells themselves: columns, merged ranges, print settings, controls."""
    blank, mapping = mapping_of(name)
    filled = form_filling.fill(blank, mapping, BLANKS[name][1]())
    for (part, _, before), (_, _, after) in zip(members(blank), members(filled), strict=True):
        if part.startswith("xl/worksheets/sheet"):
            assert canonical_without_cells(before) == canonical_without_cells(after)


def canonical_without_cells(xml):
    root = etree.fromstring(xml)
    root.remove(root.find("{*}sheetData"))
    return etree.tostring(root, method="c14n2")


@pytest.mark.parametrize("name", BLANKS)
def test_a_filled_form_is_read_back_by_us_openpyxl_and_calamine(name):
    blank, mapping = mapping_of(name)
    form = BLANKS[name][1]()
    filled = form_filling.fill(blank, mapping, form)
    values, expected = read_filled(filled, mapping), paper_of(form).as_read(form)
    said = carried(mapping)
    assert {"institution_name", "applied_on", "officer_name", "subject"} <= said
    assert {key: values[key] for key in said} == {key: expected[key] for key in said}
    book = openpyxl.load_workbook(io.BytesIO(filled))
    calamine = CalamineWorkbook.from_filelike(io.BytesIO(filled))
    for key in ("institution_name", "address", "officer_name"):
        each = mapping["places"][key]
        cell = book[each["sheet"]][each["cell"]]
        rows = calamine.get_sheet_by_name(each["sheet"]).to_python(skip_empty_area=False)
        assert cell.value == rows[cell.row - 1][cell.column - 1] == getattr(form, key)


def test_a_day_is_a_date_where_the_cell_shows_dates_and_a_sentence_elsewhere():
    blank, mapping = mapping_of("labels_left")
    filled = form_filling.fill(blank, mapping, issue_form())
    assert openpyxl.load_workbook(io.BytesIO(filled))["発行申請書"]["C3"].value == datetime.datetime(2026, 11, 22)
    blank, mapping = mapping_of("two_sheets")
    filled = form_filling.fill(blank, mapping, revocation_form())
    assert openpyxl.load_workbook(io.BytesIO(filled))["失効申請書"]["B2"].value == "2026年11月22日"


def test_values_that_look_like_formulas_or_numbers_stay_text():
    blank, mapping = mapping_of("labels_left")
    form = issue_form(institution_name="=HYPERLINK(1)", postal_code="0010001", officer_department=" _x000D_ 1\n2 ")
    sheet = openpyxl.load_workbook(io.BytesIO(form_filling.fill(blank, mapping, form)))["発行申請書"]
    assert [(sheet[each].value, sheet[each].data_type) for each in ("C6", "C7")] == [
        ("=HYPERLINK(1)", "s"),
        ("0010001", "s"),
    ]
    assert read_filled(form_filling.fill(blank, mapping, form), mapping)["officer_department"] == "_x000D_ 1\n2"
    with pytest.raises(Incomplete):
        form_filling.fill(blank, mapping, issue_form(address="東京\x07"))


def test_a_box_is_ticked_in_its_cell_and_the_others_stay_empty():
    blank, mapping = mapping_of("labels_above")
    filled = form_filling.fill(blank, mapping, issue_form(kind_label="更新"))
    assert openpyxl.load_workbook(io.BytesIO(filled))["様式第1号"]["C3"].value == "□ 新規発行   ☑ 更新発行"
    assert read_filled(filled, mapping)["kind_label"] == "更新"
    blank, mapping = mapping_of("two_sheets")
    filled = form_filling.fill(blank, mapping, revocation_form(reason=5, is_emergency=False))
    sheet = openpyxl.load_workbook(io.BytesIO(filled))["証明書情報"]
    assert [sheet[f"B{row}"].value[0] for row in (3, 4, 5, 6, 7, 11)] == ["□", "□", "□", "☑", "□", "□"]


def test_a_form_on_another_version_of_the_blank_is_not_read():
    blank, mapping = mapping_of("labels_above")
    filled = form_filling.fill(blank, mapping, issue_form())
    other = swapped(filled, "xl/sharedStrings.xml", "代表電話番号".encode(), "連絡先".encode())
    with pytest.raises(Unreadable, match="代表電話番号"):
        read_filled(other, mapping)


@pytest.mark.parametrize(
    ("key", "place", "sentence"),
    [
        ("address", "発行申請書!B8", "見出し"),
        ("address", "発行申請書!C30", "数式"),
        ("address", "別のシート!C8", "ありません"),
        ("address", "C8; DROP", "の形で"),
        ("agreements=1", "発行申請書!B27", "□がありません"),
    ],
    ids=["label", "formula", "sheet", "nonsense", "no_box"],
)
def test_a_cell_that_cannot_take_the_value_is_told_at_its_field(key, place, sentence):
    with pytest.raises(Incomplete) as refused:
        form_template.bind(form_blanks.labels_left(), "issue", {key: place})
    assert sentence in refused.value.fields[key]


def test_two_fields_cannot_share_a_cell_and_a_cell_in_a_merged_range_means_the_range():
    blank = form_blanks.labels_left()
    assert form_template.bind(blank, "issue", {"address": "d8"})["address"]["cell"] == "C8"
    with pytest.raises(Incomplete) as refused:
        form_template.bind(blank, "issue", {"address": "C8", "number": "D8"})
    assert list(refused.value.fields) == ["number"]


def with_part(name, data=b"<x/>"):
    return form_blanks.edited(form_blanks.labels_left(), lambda _, each: each, {name: data})


HOSTILE = {
    "macros": (lambda: with_part("xl/vbaProject.bin"), "マクロ"),
    "type_of_macros": (
        lambda: swapped(form_blanks.labels_left(), "[Content_Types].xml", b"openxmlformats-officedocument.spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main"),
        "マクロ",
    ),
    "signed": (lambda: with_part("_xmlsignatures/sig1.xml"), "電子署名"),
    "other_books": (lambda: with_part("xl/externalLinks/externalLink1.xml"), "ほかのブック"),
    "connections": (lambda: with_part("xl/connections.xml"), "外部のデータ"),
    "webservice": (lambda: with_part("xl/worksheets/sheet9.xml", b"<f>WEBSERVICE(A1)</f>"), "取り寄せる"),
    "picture_from_outside": (
        lambda: with_part(
            "xl/drawings/_rels/d.xml.rels",
            b'<R><Relationship Id="a" Type="x/image" Target="http://192.0.2.9/" TargetMode="External"/></R>',
        ),
        "ほかの場所",
    ),
    "doctype": (
        lambda: swapped(form_blanks.labels_left(), "xl/workbook.xml", b"<workbook", b'<!DOCTYPE a [<!ENTITY b "c">]><workbook'),
        "壊れている",
    ),
    "broken": (lambda: form_blanks.labels_left()[:3000], "壊れている"),
    "no_xlsx": (lambda: b"PK\x03\x04nothing", "壊れている"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_blank_that_would_lose_break_or_reach_out_is_refused_with_the_reason(name):
    make, reason = HOSTILE[name]
    with pytest.raises(Refused, match=reason):
        form_template.read(make(), "issue")


def test_a_type_of_macros_for_parts_that_are_not_there_does_no_harm():
    """As SheetJS writes it into every workbook."""
    types = b'<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>'
    blank = swapped(
        form_blanks.labels_left(),
        "[Content_Types].xml",
        b'<Override PartName="/xl/workbook',
        types + b'<Override PartName="/xl/workbook',
    )
    assert form_template.read(blank, "issue").proposals


def test_what_a_person_should_know_about_a_blank_is_told():
    notes = " ".join(form_template.read(form_blanks.two_sheets(), "revoke").notes)
    assert "保護" in notes and "部品が1個" in notes
    assert "数式" in " ".join(form_template.read(form_blanks.labels_left(), "issue").notes)


def test_a_mapping_leaves_as_a_file_and_comes_back():
    blank, mapping = mapping_of("two_sheets")
    file = form_mapping.exported("revoke", "様式第2号", mapping["places"], SEAL)
    typed, seal = form_mapping.imported(file, "revoke")
    assert (form_template.bind(blank, "revoke", typed), seal) == (mapping["places"], SEAL)
    with pytest.raises(Unreadable, match="別の種類"):
        form_mapping.imported(file, "issue")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"{", b"\xff\xfe", b"[" * 90_000, b'{"format": "shirushi-form-mapping/1", "kind": "issue"}', b"9" * 99_999,
        json.dumps({"format": form_mapping.FORMAT, "kind": "issue", "places": {}, "seal": {"page": True}}).encode(),
        json.dumps({"format": form_mapping.FORMAT, "kind": "issue", "places": {}, "seal": SEAL | {"left": float("nan")}}).encode(),
    ],
    ids=["empty", "list", "open", "bytes", "deep", "no_places", "number", "seal", "nan"],
)  # fmt: skip
def test_a_hostile_mapping_is_refused(data):
    with pytest.raises(Unreadable):
        form_mapping.imported(data, "issue")


def test_of_a_foreign_mapping_only_known_short_texts_come_in():
    content = {"address": "C8", "rm": "C9", "number": ["C5"], "officer_name": "x" * 999}
    file = json.dumps({"format": form_mapping.FORMAT, "kind": "issue", "places": content}).encode()
    assert form_mapping.imported(file, "issue") == ({"address": "C8"}, None)


@pytest.fixture(scope="module")
def office_room(tmp_path_factory):
    return tmp_path_factory.mktemp("office")


@pytest.mark.slow
@pytest.mark.parametrize("name", BLANKS)
def test_a_form_is_frozen_on_the_blank_with_every_value_at_its_place(name, office_room):
    blank, mapping = mapping_of(name)
    form = BLANKS[name][1]()
    frozen = freeze.freeze(form, form_template.Template(blank, mapping), work=office_room)
    text = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=frozen.pdf, capture_output=True, check=True
    ).stdout.decode()
    assert f"{form.number} v1 {frozen.mark}" in text and form.institution_name in text
    fields = list(enumerate_sig_fields(PdfFileReader(io.BytesIO(frozen.pdf))))
    assert [(each[0], each[1]) for each in fields] == [("Seal", None)]
    box = [float(side) for side in fields[0][2].get_object()["/Rect"]]
    if name == "two_sheets":
        assert box == pytest.approx([150 * MM, 841.89 - 130 * MM, 175 * MM, 841.89 - 108 * MM], abs=0.1)
    else:
        seal = next(word for word in look.words(frozen.pdf)[1] if word.text in ("印", "㊞"))
        assert box[0] < seal.left and seal.right < box[2] and box[1] < 841.89 - seal.bottom
    assert len(frozen.pictures) == (2 if name == "two_sheets" else 1)
    if name != "two_sheets":
        assert PASSWORD in text and frozen.masked_pictures[0] != frozen.pictures[0]


@pytest.mark.slow
def test_a_value_that_is_cut_off_at_the_edge_of_its_cell_is_named(office_room):
    blank, mapping = mapping_of("labels_left")
    form = issue_form(address="東京都千代田区千代田1丁目1番1号" * 9)
    filled = form_filling.filled(blank, mapping, form)
    shown = form_print.look(office.to_pdf(filled.xlsx, office_room), filled.expected)
    assert shown.missing == ["address"]
    left, top = shown.places["officer_mail"][1:3]
    assert shown.places["officer_phone"][1] == pytest.approx(left, abs=3) and shown.places["officer_phone"][2] < top


@pytest.mark.slow
def test_a_pdf_saved_elsewhere_takes_the_place_only_if_it_shows_every_value(office_room):
    blank, mapping = mapping_of("labels_above")
    template = form_template.Template(blank, mapping)
    ours = office.to_pdf(form_filling.fill(blank, mapping, issue_form()), office_room)
    frozen = freeze.freeze(issue_form(), template, printed=ours, work=office_room)
    assert frozen.pdf.startswith(b"%PDF-") and frozen.mark.encode() not in ours
    with pytest.raises(Unreadable) as refused:
        freeze.freeze(issue_form(officer_name="山本 桜"), template, printed=ours, work=office_room)
    assert list(refused.value.fields) == ["officer_name"]
    with pytest.raises(Unreadable, match="署名欄"):
        freeze.freeze(issue_form(), template, printed=frozen.pdf, work=office_room)


@pytest.mark.slow
def test_the_guarded_child_reads_fills_and_looks():
    blank, mapping = mapping_of("labels_above")
    reading = guard.run("webapp.papers.form_template:read", blank, "issue")
    assert reading.proposals["address"].place == "様式第1号!A8"
    filled = guard.run("webapp.papers.form_filling:filled", blank, mapping, issue_form())
    assert filled.expected["kind_label=新規"] == ["☑ 新規発行"]
    with pytest.raises(Unreadable):
        guard.run("webapp.papers.form_print:look", b"%PDF-1.7 nothing", filled.expected)


def test_whoever_draws_the_pdf_has_no_network(tmp_path, monkeypatch):
    """In the place of soffice stands a program that writes down the network interfaces that it sees."""
    stand_in = tmp_path / "soffice"
    stand_in.write_text(
        '#!/bin/sh\nfor each; do last=$each; done\nsed -n "s/ *\\([a-z0-9]*\\):.*/\\1/p" /proc/net/dev > "${last%.xlsx}.pdf"\n'
    )
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert office.to_pdf(b"", tmp_path / "work").decode().split() == ["lo"]
