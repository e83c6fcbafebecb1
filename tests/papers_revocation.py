"""One 失効申請書 for the tests of the papers: the same people as everywhere."""

import datetime

from webapp.papers.revocation_form import RevocationForm

JST = datetime.timezone(datetime.timedelta(hours=9))
SERIAL = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"


def revocation_form(**changes) -> RevocationForm:
    """The form for the certificate of 佐藤, with `changes` to its values."""
    values = {
        "number": "CS-2026-0013",
        "version": 1,
        "applied_on": datetime.date(2026, 11, 22),
        "postal_code": "100-0001",
        "address": "東京都千代田区千代田1丁目1番1号",
        "institution_name": "学校法人申請学園 申請大学",
        "switchboard": "03-1234-0000",
        "sealer_title": "学長",
        "sealer_name": "田中 一郎",
        "officer_name": "鈴木 花子",
        "officer_department": "情報基盤センター 認証係",
        "officer_phone": "03-1234-5678",
        "officer_mail": "suzuki@shinsei.example",
        "officer_hours": "平日 9:00〜17:00",
        "serial": SERIAL,
        "serial_format": "hex",
        "subject": "CN=Shinsei University, O=Shinsei University, L=Chiyoda-ku, ST=Tokyo, C=JP",
        "issuer": "Practice (練習) Code Signing CA",
        "begins_on": datetime.date(2026, 4, 1),
        "ends_on": datetime.date(2027, 7, 4),
        "reason": 1,
        "comment": "トークンを紛失したため。",
        "compromised_at": datetime.datetime(2026, 11, 21, 18, 30, tzinfo=JST),
        "is_emergency": True,
        "subscriber_name": "佐藤 次郎",
        "subscriber_department": "工学部 計測工学研究室",
        "subscriber_phone": "03-1234-5679",
        "subscriber_mail": "sato@shinsei.example",
    }
    return RevocationForm(**(values | changes))
