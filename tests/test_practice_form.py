"""How the desk reads a form: by its labels, whoever drew it."""

import io

import pytest
from openpyxl import Workbook

from tests.papers_revocation import revocation_form
from tests.practice_packets import PASSWORD, issue_form, sheet
from webapp.papers import revocation_form as paper
from webapp.practice import form
from webapp.practice.checks import LOOK, papers


def drawn(*rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def test_it_reads_every_value_of_the_houses_form():
    read, asked = form.read(sheet()), issue_form()
    assert read.subject == dict(asked.subject)
    assert (read["institution"], read["address"]) == (asked.institution_name, asked.address)
    assert (read["head_title"], read["head_name"]) == ("学長", "田中 一郎")
    assert (read["officer_name"], read["officer_mail"]) == ("鈴木 花子", "suzuki@shinsei.example")
    assert (read["subscriber_name"], read["subscriber_mail"]) == ("佐藤 次郎", "sato@shinsei.example")
    assert (read["password"], read["number"], read["switchboard"]) == (PASSWORD, "CS-2026-0012", "03-1234-0000")
    assert not read.is_revocation


def test_it_reads_a_form_with_the_group_in_the_label_and_numbers_in_cells():
    read = form.read(
        drawn(
            ["", "住所", "東京都"],
            ["", "主体者DN", "CN", "A (ST)"],
            ["", "登録担当者 氏名", "鈴木"],
            ["", "代表電話番号", 312340000],
        )
    )
    assert read["address"] == "東京都"
    assert read.subject == {"CN": "A (ST)"}
    assert read["officer_name"] == "鈴木"
    assert read["switchboard"] == "312340000"


def test_a_serial_makes_it_a_form_for_revocation():
    assert form.read(drawn(["失効", "失効対象証明書シリアル番号", "0A:1B"])).is_revocation


def test_a_form_that_an_officer_seals_still_names_the_officer():
    read = form.read(paper.fill(revocation_form(sealer_title="登録担当者", sealer_name="鈴木 花子")))
    assert (read["head_title"], read["head_name"]) == ("登録担当者", "鈴木 花子")
    assert (read["officer_name"], read["officer_mail"]) == ("鈴木 花子", "suzuki@shinsei.example")


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\3\4broken", b"\xd0\xcf\x11\xe0" + bytes(600)])
def test_what_is_no_workbook_is_illegible(data):
    with pytest.raises(form.Illegible):
        form.read(data)


@pytest.mark.parametrize(
    "rows",
    [
        [["機関名", ""], ["申請大学", ""], ["パスワードは16文字以上とします", ""], ["パスワード", "hK7#mPq2&xWz9"]],
        [["登録担当者", "", ""], ["ZIPの\nパスワード", "", "メモ"], ["hK7#mPq2&xWz9", "", ""]],
    ],
    ids=["right of its label", "below its label"],
)
def test_of_a_form_laid_out_otherwise_it_finds_the_password_and_says_that_the_rest_is_for_the_eye(rows):
    read = form.read(drawn(*rows))
    assert read.is_strange and read.values == {"password": "hK7#mPq2&xWz9"}
    found = papers.examine_strange(read)
    assert found[0].result == LOOK and "目で確かめます" in found[0].sentence
