"""The frame of the pages: every macro in every state, without the application behind it."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import html5lib
import pytest
from flask import Flask, render_template
from jinja2 import StrictUndefined

from webapp.clock import JST
from webapp.rules import ERROR, WARNING, Finding

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "static"
HELP = sorted(path.stem for path in (ROOT / "templates/help").glob("*.html"))
PEOPLE = [{"id": 1, "name": "佐藤 健一", "role_label": "利用管理者", "explain": "証明書を申請します。"}]
FINDINGS = [
    Finding("CSR-03", ERROR, "csr", "鍵の長さが2048ビットです。", "3072ビット以上にしてください。"),
    Finding("DN-05", WARNING, "address", "番地の表記が台帳と異なります。"),
]


@pytest.fixture(scope="module")
def show():
    """Renders a template as the house would: signed in, practice data, everything undefined refused."""
    app = Flask("frame", template_folder=ROOT / "templates", static_folder=STATIC)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals.update(
        static=lambda path: f"/static/{path}",
        jst=JST,
        institution_name="学校法人申請学園 申請大学",
        practice=True,
        edition="V2.4",
    )
    app.jinja_env.globals["ui"] = app.jinja_env.get_template("_ui.html").module
    officer = SimpleNamespace(name="鈴木 花子", roles=["登録担当者"])
    nav = [
        {"label": "ホーム", "url": "/", "current": True},
        {"label": "申請", "url": "/applications", "current": False},
    ]

    def render(template, **context):
        with app.test_request_context():
            return render_template(template, **{"person": officer, "nav": nav, "banner": None, **context})

    return render


@pytest.fixture(scope="module")
def gallery(show):
    instant = datetime(2026, 11, 22, 5, 5, tzinfo=UTC)
    return show("gallery.html", instant=instant, date=date(2027, 10, 2), findings=FINDINGS)


@pytest.fixture
def pages(show, gallery):
    refusal = {
        "heading": "見つかりません",
        "message": "ありません。",
        "advice": "",
        "back_url": "/",
        "back_label": "戻る",
    }
    signing_in = {"demo_people": PEOPLE, "login": "", "errors": {"login": "入力してください。"}, "next": ""}
    return [
        gallery,
        show("error.html", reference="7F3A", **refusal),
        show("session/sign_in.html", **signing_in | {"person": None, "nav": []}),
        *(show(f"help/{name}.html") for name in HELP),
    ]


def parse(page):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)


def test_every_page_is_valid_html_with_one_heading_that_begins_its_title(pages):
    for page in pages:
        tree = parse(page)
        (heading,) = tree.findall(".//h1")
        assert tree.find(".//title").text.startswith("".join(heading.itertext()).strip())
        assert tree.get("lang") == "ja"


def test_no_page_carries_inline_script_or_style(pages):
    for page in pages:
        tree = parse(page)
        assert not [
            e.tag for e in tree.iter() if "style" in e.attrib or any(name.startswith("on") for name in e.attrib)
        ]
        assert not tree.findall(".//style")
        assert all("src" in script.attrib for script in tree.findall(".//script"))


def test_every_id_is_unique_and_every_reference_leads_to_one(pages):
    for page in pages:
        tree = parse(page)
        ids = [e.get("id") for e in tree.iter() if "id" in e.attrib]
        assert len(ids) == len(set(ids))
        for element in tree.iter():
            for name in ("for", "aria-describedby", "aria-labelledby"):
                assert set(element.get(name, "").split()) <= set(ids)


def test_every_control_has_a_label(pages):
    for page in pages:
        tree = parse(page)
        labelled = {label.get("for") for label in tree.findall(".//label")}
        controls = [e for e in tree.iter() if e.tag in ("input", "select", "textarea") and e.get("type") != "hidden"]
        assert {e.get("id") for e in controls} <= labelled


def test_the_skip_link_comes_first(pages):
    for page in pages:
        assert parse(page).find(".//a").get("href") == "#main"


def test_an_error_is_tied_to_its_field_and_listed_at_the_head(gallery):
    field = parse(gallery).find(".//input[@id='f-name']")
    assert field.get("aria-invalid") == "true"
    assert field.get("aria-describedby") == "f-name-hint f-name-error"
    assert '<a href="#f-name">管理名称を入力してください。</a>' in gallery


def test_the_steps_say_in_words_how_far_the_case_is(gallery):
    assert "全8段階中4段階目: <strong>捺印・署名</strong>" in gallery


def test_instants_are_read_aloud_in_japanese_time(gallery):
    assert '<time datetime="2026-11-22T14:05+09:00">2026年11月22日(日) 14:05</time>' in gallery


def test_a_distinguished_name_wraps_at_its_commas_and_a_fingerprint_is_copied_without_gaps(gallery):
    assert "<span>L=Chiyoda-ku,</span> <span>ST=Tokyo,</span>" in gallery
    assert "5f3a09c1<wbr>7be24d88<wbr>901f" in gallery


def test_a_command_is_copied_as_it_was_written(show):
    page = parse(show("help/openssl.html"))
    texts = ["".join(code.itertext()) for code in page.findall(".//figure/copy-text/pre/code")]
    assert "openssl req -in application.csr -noout -verify -subject" in texts
    assert any(text.startswith("[req]\nprompt = no\n") and "\n\n[dn]\n" in text for text in texts)


def test_what_a_page_shows_is_escaped(show):
    page = show(
        "error.html", heading="<b>", message="<script>", advice="", reference="", back_url="/", back_label="戻る"
    )
    assert "<b>" not in page and "<script>" not in page


def test_a_first_visit_costs_less_than_150_kb(gallery):
    tree = parse(gallery)
    fetched = [e.get("href") for e in tree.findall(".//link")] + [e.get("src") for e in tree.findall(".//script")]
    assets = sum((ROOT / path.removeprefix("/")).stat().st_size for path in fetched)
    assert assets < 110_000
    assert assets + len(gallery.encode()) < 150_000


def test_every_stylesheet_variable_is_defined_and_every_token_is_used():
    sheets = [STATIC / "base.css", STATIC / "print.css", STATIC / "palette.css", *(STATIC / "components").glob("*.css")]
    css = "".join(sheet.read_text() for sheet in sheets)
    used = set(re.findall(r"var\((--[\w-]+)\)", css))
    assert used == set(re.findall(r"(--[\w-]+):", css))


def test_every_address_of_a_static_file_in_the_templates_exists(pages):
    for page in pages:
        for path in re.findall(r'(?:src|href)="/(static/[^"]+)"', page):
            assert (ROOT / path).exists(), path


def test_the_licences_lie_beside_what_is_vendored():
    assert "Zero-Clause BSD" in (STATIC / "vendor/htmx-2.0.11.LICENSE").read_text()
    assert "デジタル庁" in (STATIC / "vendor/design-tokens-1.1.9.LICENSE").read_text()
