"""The demo: an invented university, its people, its token and the practice desk. `python -m webapp.demo --data DIR`
makes what is missing and leaves alone what is there."""

import argparse
import os
import secrets
import shutil
from datetime import date
from pathlib import Path

from tokens import softhsm
from webapp import profiles
from webapp.acts import visits
from webapp.papers import certificate
from webapp.practice import settings as desk_settings
from webapp.practice.desk import URL, Desk
from webapp.register import (
    Account,
    Content,
    Department,
    Document,
    EmergencyContact,
    Event,
    IdentityMethod,
    Institution,
    Person,
    PersonDepartment,
    PersonMail,
    PersonRole,
    TrustAnchor,
    bind,
    content,
    database,
    migrate,
)
from webapp.settings import Settings

SINCE = date(2026, 4, 1)
CARD_LABEL, CARD_PIN, CARD_PUK = "練習用カード 田中", "48291507", "73051946"
TOKEN_LABEL = "shirushi-practice"  # noqa: S105 (a name, no secret)

# key, name, role, title, department, telephone
PEOPLE = (
    ("sato", "佐藤 次郎", "subscriber", "准教授", "工学部 計測工学研究室", "03-5500-1201"),
    ("suzuki", "鈴木 花子", "officer", "", "情報基盤センター 認証係", "03-5500-1101"),
    ("yamamoto", "山本 健", "officer", "", "情報基盤センター 認証係", "03-5500-1102"),
    ("tanaka", "田中 一郎", "head", "情報基盤センター長", "情報基盤センター", "03-5500-1001"),
    ("takahashi", "高橋 美咲", "subscriber", "講師", "理学部 物理学科", "03-5500-1301"),
    ("ito", "伊藤 恵", "auditor", "", "監査室", "03-5500-1401"),
    ("kobayashi", "小林 誠", "administrator", "", "情報基盤センター", "03-5500-1103"),
)
# office, name, key of the mail address, telephone
CONTACTS = (
    ("CSIRT", "情報セキュリティインシデント対応チーム", "csirt", "03-5500-1119"),
    ("CISO", "中島 由紀", "ciso", "03-5500-1002"),
)
HOUSE = {
    "environment": "demo",
    "org_code": "shinsei",
    "formal_name": "学校法人申請学園 申請大学",
    "postal_code": "100-0001",
    "head_office": "東京都千代田区千代田1丁目1番1号",
    "switchboard": "03-5500-1000",
    "country": "JP",
    "state": "Tokyo",
    "locality": "Chiyoda-ku",
    "organization": "Shinsei University",
    "common_name": "Shinsei University",
    "profile": "practice",
    "officer_hours": "平日 9時から17時",
    "token_label": TOKEN_LABEL,
}


def mail_of(key):
    return f"{key}@shinsei.example"


def furnish():
    """Write the institution, its people and what they agreed on once, into an empty register."""
    with database.atomic():
        Institution.create(id=1, switchboard_checked_on=date(2026, 10, 1), **HOUSE)
        Event.write("found", Institution.here(), address="demo", facts={"environment": "demo"})
        nobody_knows = visits.hashed(secrets.token_urlsafe(32))  # one for all: hashing is slow on purpose
        for person in PEOPLE:
            _employ(*person, nobody_knows)
        for aspect, name in (
            ("identity", "対面・職員証"),
            ("identity", "統合認証(多要素)"),
            ("existence", "人事在籍照合"),
            ("existence", "所属長への照会"),
        ):
            IdentityMethod.create(aspect=aspect, name=name, since_on=SINCE)
        for document in profiles.load("practice").documents:
            text = f"{document.title}\n\nこれは練習用の見本です。実際の文書ではありません。\n".encode()
            Document.create(
                name=document.title,
                version="2026年4月版",
                address=document.address,
                content=Content.keep(text),
                media_type="text/plain; charset=utf-8",
                since_on=SINCE,
            )
        for office, name, key, phone in CONTACTS:
            EmergencyContact.create(office=office, name=name, mail=mail_of(key), phone=phone, since_on=SINCE)


def _employ(key, name, role, title, department, phone, password_hash):
    person = Person.create(name=name, phone=phone)
    office, _ = Department.get_or_create(name=department)
    PersonMail.create(person=person, mail=mail_of(key), since_on=SINCE)
    PersonDepartment.create(person=person, department=office, since_on=SINCE)
    PersonRole.create(person=person, role=role, title=title, since_on=SINCE)
    Account.create(person=person, login=key, password_hash=password_hash)


def trust(folder):
    """Trust the practice CA: its anchors lie in `folder` as *.cer (DER), the roots among them by their names. The one for
    S/MIME issues the certificates to sign in with, too."""
    with database.atomic():
        for path in sorted(folder.glob("*.cer")):
            read = certificate.read(path.read_bytes())
            is_root = read.subject == read.issuer
            for use in ("seal", "sign_in") if "smime" in path.stem else ("certificate",):
                TrustAnchor.create(use=use, name=read.subject.get("CN"), der=read.der, is_root=is_root, since_on=SINCE)


def open_desk(data, url):
    """The practice desk's CA, whose certificates name `url` as the place of its lists, and the head's practice cards (in
    SoftHSM, and for the practice reader) with the PIN beside them (this is a demo)."""
    folder = data / "practice"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "desk.json").exists():
        subject = {"C": "JP", "ST": "Tokyo", "L": "Chiyoda-ku", "O": "Shinsei University"}
        known = desk_settings.Institution(HOUSE["formal_name"], HOUSE["head_office"], subject, (mail_of("tanaka"),))
        desk_settings.save(folder, desk_settings.Settings(institution=known))
    desk = Desk(folder, url)
    card = data / "card"
    if not (card / "certificate.cer").exists():
        made = desk.issue_head_card(card, mail_of("tanaka"), CARD_LABEL, CARD_PIN)
        (card / "pin").write_text(CARD_PIN)
        (card / "certificate.cer").write_bytes(made.certificate)
    smartcard = data / "smartcard"
    if not (smartcard / "certificate.cer").exists():
        smartcard.mkdir(mode=0o700, exist_ok=True)
        (smartcard / "pin").write_text(CARD_PIN)
        made = desk.issue_head_smartcard(smartcard / "card.json", mail_of("tanaka"), CARD_PIN, CARD_PUK)
        (smartcard / "certificate.cer").write_bytes(made)
    desk.close()
    return folder / "anchors"


def make_token(data):
    """The institution's token (SoftHSM stands in) with tokend's configuration; the PIN is a file of its own. The
    configuration is written last: a token without one was never used, and is made anew."""
    if (data / "tokend.toml").exists():
        return
    folder = data / "tokens"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    pin = "".join(secrets.choice("0123456789") for _ in range(8))
    env = softhsm.make_token(folder, TOKEN_LABEL, pin)
    pin_file = folder / "pin"
    with os.fdopen(os.open(pin_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(pin)
    lines = {
        "socket": data / "tokend.sock",
        "module": softhsm.MODULE,
        "token": TOKEN_LABEL,
        "pin_file": pin_file,
        "state_file": folder / "refused",
    }
    text = "".join(f'{name} = "{value}"\n' for name, value in lines.items())
    environment = "".join(f'{name} = "{value}"\n' for name, value in env.items())
    (data / "tokend.toml").write_text(f"{text}allowed_uids = [{os.getuid()}]\n\n[environment]\n{environment}")


def make(data, practice_url=URL):
    """Make the demo's data under `data` (a Path), or complete it. `practice_url` is where the practice desk will answer."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = Settings(data=data)
    content.unlock(settings.content_key_file)
    make_token(data)
    anchors = open_desk(data, practice_url)
    bind(settings.database)
    migrate()
    with database.connection_context():
        if not Institution.is_set_up():
            furnish()
            trust(anchors)


def main():
    parser = argparse.ArgumentParser(prog="python -m webapp.demo", description="デモ用のデータを用意します。")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="データの置き場所")
    parser.add_argument("--practice-url", default=URL, metavar="URL", help="練習用の窓口の画面のアドレス")
    chosen = parser.parse_args()
    make(chosen.data.resolve(), chosen.practice_url)


if __name__ == "__main__":
    main()
