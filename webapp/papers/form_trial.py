"""A trial of a blank form: invented values are filled in, printed, and marked where they stand. For the worker."""

import datetime
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from webapp.errors import Unreadable
from webapp.papers import freeze, guard, look
from webapp.papers.form_fields import ISSUE, fields
from webapp.papers.form_template import Template
from webapp.papers.form_values import IssueForm
from webapp.papers.revocation_values import JST, RevocationForm

_EVERYWHERE = {
    "number": "MH-2026-0099",
    "version": 1,
    "applied_on": datetime.date(2026, 10, 28),
    "postal_code": "999-9876",
    "address": "見本県見本市見本町三丁目12番34号 見本ビル5階",
    "institution_name": "国立大学法人 見本総合科学大学",
    "switchboard": "099-987-6500",
    "officer_name": "見本 登録子",
    "officer_department": "情報基盤センター 認証基盤係",
    "officer_phone": "099-987-6501",
    "officer_mail": "touroku@mihon.example",
    "officer_hours": "平日 9:30〜16:45",
    "subscriber_name": "見本 利用太",
    "subscriber_department": "工学部 計測工学研究室",
    "subscriber_phone": "099-987-6502",
    "subscriber_mail": "riyou@mihon.example",
}
_DN = [
    ("C", "JP"),
    ("ST", "Mihon-ken"),
    ("L", "Mihon-shi"),
    ("O", "Mihon University of Science"),
    ("CN", "Mihon Univ. Code"),
]


def sample(kind: str):
    """Invented values for forms of a kind, none like another, of usual length."""
    if kind == ISSUE:
        return IssueForm(
            **_EVERYWHERE,
            kind_label="新規",
            head_title="見本学長",
            head_name="見本 機関郎",
            subject=_DN,
            zip_password="Mihon#2026-xY7z+Q",  # noqa: S106
            agreements=["見本の管理について(2020年4月版)", "見本ポリシ(第3.2版)", "見本規程(第5.1版)"],
        )
    return RevocationForm(
        **_EVERYWHERE,
        kind_label="失効",
        sealer_title="見本学長",
        sealer_name="見本 機関郎",
        serial="5f2a9c41d07be83612ac94f05d71e8b3",
        serial_format="hex",
        subject=", ".join(f"{short}={value}" for short, value in reversed(_DN)),
        issuer="Mihon Code Signing CA",
        begins_on=datetime.date(2026, 4, 3),
        ends_on=datetime.date(2027, 7, 6),
        reason=1,
        comment="見本のため、トークンの紛失を想定しています。",
        compromised_at=datetime.datetime(2026, 10, 27, 18, 30, tzinfo=JST),
        is_emergency=True,
    )


@dataclass(frozen=True)
class Trial:
    """What a trial gave: the sheet and its PDF, the pages as PNG with the places marked; `places` and `missing` as in
    form_print.Printed, `seal` (page from 0, left, top, right, bottom) or None where no place for the seal was found."""

    xlsx: bytes
    pdf: bytes
    pictures: list
    places: dict
    missing: list
    seal: tuple | None


def make(template: Template, work: Path | None = None) -> Trial:
    """Fill, print, look. Raises Refused or Unreadable when that fails; takes seconds."""
    kind = template.mapping["kind"]
    filled = guard.run("webapp.papers.form_filling:filled", template.blank, template.mapping, sample(kind))
    pdf = freeze.to_pdf(filled.to_print, work)
    printed = guard.run("webapp.papers.form_print:look", pdf, filled.expected, seconds=30)
    seal = _seal(pdf, template.mapping["seal"], printed.sizes)
    pictures = [Image.open(io.BytesIO(each)).convert("RGB") for each in look.pictures(pdf)]
    for number, key in enumerate(fields(kind), 1):
        if key in printed.places:
            _mark(pictures, printed.places[key], str(number), "#c8102e")
    if seal:
        _mark(pictures, seal, "印", "#0b5cad")
    return Trial(filled.xlsx, pdf, [_png(each) for each in pictures], printed.places, printed.missing, seal)


def _seal(pdf, given, sizes):
    try:
        page, (left, bottom, right, top) = freeze.seal_box(pdf, given)
    except Unreadable:
        return None
    height = sizes[page][1]
    return page, left, height - top, right, height - bottom


def _mark(pictures, place, word, colour):
    page, *sides = place
    left, top, right, bottom = (round(side * look.DPI / 72) for side in sides)
    draw = ImageDraw.Draw(pictures[page])
    draw.rectangle((left - 2, top - 2, right + 2, bottom + 2), outline=colour, width=2)
    font = ImageFont.load_default(size=13)
    if word.isascii():
        width = round(draw.textlength(word, font=font)) + 6
        draw.rectangle((left - 3 - width, top - 3, left - 3, top + 13), fill=colour)
        draw.text((left - width, top - 3), word, fill="white", font=font)


def _png(picture):
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
