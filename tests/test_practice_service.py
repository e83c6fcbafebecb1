"""The whole practice desk over real HTTP and SMTP: what bin/story and people in training use."""

import io
import json
import smtplib
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import html5lib
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from openpyxl import Workbook

from tests.practice_packets import DESK, HEAD, csr, form_pdf, letter, packet, sealed, text_pdf
from webapp.practice import settings
from webapp.practice.service import Service

pytestmark = pytest.mark.slow  # the practice desk with the programs it checks with

HOUSE = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    opened = Service(tmp_path_factory.mktemp("service") / "desk")
    opened.start()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def seal(service):
    """Signs a PDF as the head."""
    key = rsa.generate_private_key(65537, 2048)
    authority = service.desk.authority
    certificate = authority.issue_mail(HEAD, key.public_key())
    return lambda pdf: sealed(pdf, certificate, key, authority.certificate("smime"))


@pytest.fixture
def automatic(service):
    service.automatic = True
    yield service
    service.automatic = False


def send(service, message):
    facts = json.loads((service.desk.folder / "smtp.json").read_text())
    with smtplib.SMTP(facts["host"], facts["port"]) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=facts["ca"]))
        smtp.login(facts["user"], facts["password"])
        smtp.send_message(message)


def fetch(service, path, data=None, **headers):
    request = urllib.request.Request(service.url + path, data=data, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def facts(service, path):
    return json.loads(fetch(service, path))


def read(service, path):
    """Fetches a page and demands what every page owes: one h1, a language, no inline style or script, the ribbon."""
    text = fetch(service, path).decode()
    page = html5lib.parse(text, namespaceHTMLElements=False)
    assert len(page.findall(".//h1")) == 1
    assert page.get("lang") == "ja"
    assert "練習" in "".join(page.find(".//p[@class='ribbon']").itertext())
    assert not page.findall(".//style") + page.findall(".//script")
    assert not [element for element in page.iter() if element.get("style")]
    ids = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    return text


def press(service, case, noun):
    return fetch(service, f"/cases/{case}/{noun}", data=b"", Origin=service.url)


def waited(service, case_id, state):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        found = facts(service, f"/cases/{case_id}?format=json")
        if found["state"] == state:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{found['state']}: {[f['sentence'] for f in found['findings'] if f['result'] != 'good']}")


def newest(service):
    return facts(service, "/cases?format=json")[0]


def test_a_person_in_training_leads_a_case_to_the_certificate_button_by_button(service, seal):
    send(service, letter(packet(seal(form_pdf()))))
    case = newest(service)
    assert (case["number"], case["state_label"], case["next"]["label"]) == ("CS-2026-0012", "受付済", "検査する")
    for noun in ("examination", "call", "certificate"):
        assert read(service, f"/cases/{case['id']}").count('data-kind="primary"') == 1
        press(service, case["id"], noun)
    assert newest(service)["state"] == "issued"
    [mail] = facts(service, f"/mail?to=sato@shinsei.example&format=json&case={case['id']}")[:1]
    assert mail["attachments"][0]["name"] == "コード署名用証明書_CS-2026-0012.zip"
    assert fetch(service, mail["attachments"][0]["url"])[:4] == b"PK\3\4"
    for path in (
        "/",
        "/mail",
        "/mail?to=sato@shinsei.example",
        f"/mail/{mail['id']}",
        "/cases",
        f"/cases/{case['id']}",
        "/ca",
    ):
        read(service, path)


def test_an_automatic_desk_issues_within_seconds_of_the_mail(automatic, seal):
    send(automatic, letter(packet(seal(form_pdf()))))
    issued = waited(automatic, newest(automatic)["id"], "issued")
    assert "suzuki@shinsei.example" in facts(automatic, f"/mail/{issued['answer_id']}?format=json")["to"]


def test_an_automatic_desk_sends_a_bad_packet_back(automatic, seal):
    send(automatic, letter(packet(seal(form_pdf()))[:1]))
    returned = waited(automatic, newest(automatic)["id"], "returned")
    answer = facts(automatic, f"/mail/{returned['answer_id']}?format=json")
    assert "添付に足りないものがあります" in answer["text"]
    assert answer["to"] == ["suzuki@shinsei.example"]


def revocation(serial, officer, pdf):
    """A mail with the form that asks for revocation, sealed; `officer` is the 登録担当者's address on the form."""
    book = Workbook()
    for row in (
        ("利用機関", "住所(本部所在地)", "東京都千代田区"),
        ("", "利用機関名", "学校法人申請学園 申請大学"),
        ("登録担当者", "氏名", "鈴木 花子"),
        ("", "E-mail", officer),
        ("失効", "失効対象証明書シリアル番号", serial),
        ("", "失効理由", "秘密鍵の危殆化"),
    ):
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    return letter(
        [("shinsei_RV-2026-0001_application.xlsx", data.getvalue()), ("shinsei_RV-2026-0001_signed.pdf", pdf)]
    )


@pytest.fixture
def revoked(automatic, seal, monkeypatch):
    """(case, serial, mail): a certificate issued and revoked on a form that the officer sealed, not the head."""
    send(automatic, letter(packet(seal(form_pdf()))))
    serial = waited(automatic, newest(automatic)["id"], "issued")["serial"]
    registered = settings.Institution(seal_mails=("gakucho@shinsei.example",))
    monkeypatch.setattr(automatic.desk, "settings", settings.Settings(institution=registered))
    written = f"{int(serial, 16):X}"
    pdf = seal(text_pdf(["東京都千代田区", "学校法人申請学園 申請大学", HEAD, written, "秘密鍵の危殆化"]))
    mail = revocation(written, HEAD, pdf)
    send(automatic, mail)
    return waited(automatic, newest(automatic)["id"], "revoked"), serial, mail


def test_a_certificate_is_revoked_listed_and_everybody_concerned_is_told(automatic, revoked, tmp_path):
    case, serial, _ = revoked
    answer = facts(automatic, f"/mail/{case['answer_id']}?format=json")
    assert answer["to"] == ["sato@shinsei.example", "suzuki@shinsei.example", HEAD]
    assert serial in answer["text"]
    (tmp_path / "issuing.crl").write_bytes(fetch(automatic, "/ca/issuing.crl"))
    listing = subprocess.run(
        ["openssl", "crl", "-noout", "-text", "-in", tmp_path / "issuing.crl"], capture_output=True, text=True
    )
    assert f"Serial Number: {serial.upper()}" in listing.stdout
    assert "Key Compromise" in listing.stdout
    read(automatic, f"/cases/{case['id']}")


def test_a_certificate_is_revoked_once(automatic, revoked):
    send(automatic, revoked[2])
    returned = waited(automatic, newest(automatic)["id"], "returned")
    assert any("すでに失効しています" in found["sentence"] for found in returned["findings"])


def test_a_form_of_another_site_moves_nothing(service, seal):
    send(service, letter(packet(seal(form_pdf()), csr=csr())))
    case = newest(service)["id"]
    for origin in ({"Origin": "http://evil.example"}, {}):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            fetch(service, f"/cases/{case}/examination", data=b"", **origin)
    assert newest(service)["state"] == "received"


def test_another_host_name_is_refused(service):
    with pytest.raises(urllib.error.HTTPError, match="400"):
        fetch(service, "/", Host="evil.example")


def test_a_button_pressed_twice_is_answered_with_a_sentence(service, seal):
    send(service, letter(packet(seal(form_pdf()))))
    case = newest(service)["id"]
    press(service, case, "examination")
    with pytest.raises(urllib.error.HTTPError, match="409") as refusal:
        press(service, case, "examination")
    assert "この操作はできません" in refusal.value.read().decode()


def test_markup_in_a_mail_stays_text(service):
    message = letter([("<b>.csr", b"x")])
    del message["Subject"]
    message["Subject"] = "<script>alert(1)</script>"
    send(service, message)
    mail = facts(service, f"/mail?{urllib.parse.urlencode({'to': DESK, 'format': 'json'})}")[0]
    assert "<script>" not in read(service, f"/mail/{mail['id']}")
    assert "<script>" not in read(service, "/mail")
    assert "<b>" not in read(service, f"/mail/{mail['id']}")


def test_a_port_that_is_taken_is_told_at_once(service, tmp_path):
    with pytest.raises(OSError, match="in use"):
        Service(tmp_path / "second", port=int(service.url.rpartition(":")[2]))


def test_the_command_opens_the_desk_and_ends_when_told(tmp_path):
    command = [sys.executable, "-m", "webapp.practice", "--data", tmp_path / "desk", "--port", "0", "--smtp-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HOUSE) as desk:
        said = desk.stdout.readline()
        address = json.loads((tmp_path / "desk" / "address.json").read_text())
        assert address["url"] in said
        assert urllib.request.urlopen(address["url"] + "/cases?format=json").read() == b"[]\n"
        desk.terminate()
        assert desk.wait(10) == 0
