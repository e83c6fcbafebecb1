"""緊急連絡先: whom the institution tells when a key is compromised. Officers and administrators keep the list."""

from datetime import timedelta

from webapp import clock
from webapp.acts import entries, house
from webapp.errors import Overtaken
from webapp.register import EmergencyContact, database

_CONTACT = {
    "office": entries.line("役割", longest=64),
    "name": entries.line("氏名・窓口名", longest=64),
    "phone": entries.telephone("電話番号", is_needed=False),
}


def add_contact(who, given):
    """Add a contact (office, name, mail, phone as typed) from today on. Raises NotYourAct, Incomplete."""
    house.require_office(who)
    mail = {"mail": entries.mail("メールアドレス")} if (given.get("mail") or "").strip() else {}
    values = {"mail": ""} | entries.checked(_CONTACT | mail, given)
    if not values["mail"] and not values["phone"]:
        entries.refuse({"mail": "メールアドレスか電話番号を入力してください。"})
    with database.atomic():
        row = EmergencyContact.create(since_on=clock.today(), **values)
        house.note("add_contact", row, who, {"office": values["office"]}, values)
    return row


def end_contact(who, row):
    """Take a contact off the list, from today on."""
    house.require_office(who)
    yesterday = clock.today() - timedelta(days=1)
    with database.atomic():
        ended = EmergencyContact.update(until_on=yesterday).where(
            (EmergencyContact.id == row.id) & EmergencyContact.until_on.is_null()
        )
        if not ended.execute():
            raise Overtaken("この連絡先は、すでに一覧から外れています。", "画面を開き直してください。")
        house.note("end_emergency_contact", row, who, {"office": row.office})
