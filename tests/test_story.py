"""The whole procedure, told by bin/story; and that its judges would notice what they look for."""

import io
import subprocess
import sys
import zipfile
from email.message import EmailMessage
from types import SimpleNamespace

import pytest

from tests.openssl import new_key, openssl, request
from tests.person import NotAsTold
from tests.story import oracles
from tests.story.canaries import look_for_secrets

TOLD = dict.fromkeys(("1-1-1", "1-1-2", "1-1-3", "1-1-4", "1-1-5", "1-1-6"), 2)
TOLD |= dict.fromkeys(("1-2", "1-3-1", "1-3-2", "1-3-3", "1-3-4"), 1)
PIN, PASSWORD = "90817263", "kN7%wq-Tz4mR8+sVd2Hc"


@pytest.mark.slow
def test_the_story_is_told_to_its_end_and_names_every_section(repository):
    told = subprocess.run(
        [sys.executable, "-m", "tests.story"], cwd=repository, capture_output=True, text=True, timeout=900
    )
    assert told.returncode == 0, told.stdout + told.stderr
    for section, times in TOLD.items():
        assert told.stdout.count(f"\n{section} ") == times, f"{section} is not told {times} times:\n{told.stdout}"
    assert "\n緊急失効(" in told.stdout and "\n事後確認(" in told.stdout


def mail_with(text, attached=b""):
    message = EmailMessage()
    message.set_content(text, cte="base64")
    if attached:
        message.add_attachment(attached, maintype="application", subtype="octet-stream", filename="a.bin")
    return bytes(message)


def zip_with(data):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("xl/sharedStrings.xml", data * 20)
    return packed.getvalue()


@pytest.fixture
def story(tmp_path):
    """A story that left nothing where it must not."""
    world = SimpleNamespace(folder=tmp_path / "world", data=tmp_path / "world" / "data")
    for name in ("card", "tokens", "practice/hsm", "practice/mail"):
        (world.data / name).mkdir(parents=True)
    (world.data / "card" / "pin").write_text(PIN)
    (world.data / "practice" / "hsm" / "pin").write_text("5b1c0a9f7e6d4c32")
    seen = [("GET / 200", b"<html>"), ("POST /applications/1/password 200", PASSWORD.encode())]
    sato = SimpleNamespace(seen=seen)
    made = SimpleNamespace(world=world, folder=tmp_path / "desks", people={"sato": sato}, printed=[])
    return SimpleNamespace(**vars(made), pins={"カード": PIN}, zip_passwords=[PASSWORD])


def test_secrets_in_their_own_places_are_no_leak(story):
    mail = mail_with("添付します。", attached=PASSWORD.encode())
    (story.world.data / "practice" / "mail" / "0001.eml").write_bytes(mail)
    assert look_for_secrets(story)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("log/web.log", f"login {PIN}".encode()),
        ("data/practice/mail/1.eml", mail_with("PIN " + PIN)),
        ("data/practice/mail/2.eml", mail_with("ZIP", attached=PIN.encode())),
        ("data/form.xlsx", zip_with(PIN.encode())),
        ("data/register.db", b"\0" + PASSWORD.encode()),
        ("data/practice/mail/3.eml", mail_with("パスワード " + PASSWORD)),
    ],
)
def test_a_secret_in_a_file_is_found(story, name, data):
    path = story.world.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    with pytest.raises(NotAsTold, match=path.name):
        look_for_secrets(story)


@pytest.mark.parametrize("secret", [PIN, PASSWORD])
def test_a_secret_on_another_page_is_found_and_not_repeated(story, secret):
    story.people["sato"].seen.append(("GET /applications/1 200", f"<p>{secret}</p>".encode()))
    with pytest.raises(NotAsTold, match="GET /applications/1") as found:
        look_for_secrets(story)
    assert secret not in str(found.value)


def test_openssl_refuses_a_request_that_was_changed(tmp_path):
    key = new_key(tmp_path, "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    made = request(key, "/C=JP/O=Shinsei University", "-outform", "DER")
    assert oracles.request(openssl("req", "-inform", "DER", given=made)).key == "P-256"
    changed = openssl("req", "-inform", "DER", given=made.replace(b"Shinsei", b"Shinzei"))
    with pytest.raises(NotAsTold):
        oracles.request(changed)


def test_openssl_refuses_a_proof_for_another_challenge(tmp_path):
    key = new_key(tmp_path, "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    leaf = openssl("req", "-x509", "-key", str(key), "-subj", "/CN=x", "-days", "2")
    der = openssl("x509", "-outform", "DER", given=leaf)
    nonce = "ab" * 32
    told = (
        b"SHIRUSHI-PROOF-v1\0"
        + bytes.fromhex(nonce)
        + bytes.fromhex(openssl("dgst", "-sha256", "-r", given=der)[:64].decode())
    )
    signature = openssl("dgst", "-sha256", "-sign", str(key), given=told)
    oracles.proof(leaf, nonce, signature, tmp_path)
    with pytest.raises(NotAsTold):
        oracles.proof(leaf, "cd" * 32, signature, tmp_path)
