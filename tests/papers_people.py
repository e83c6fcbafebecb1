"""One 発行申請書 for the tests of the papers: the same people as everywhere."""

import datetime

from webapp.papers.issue_form import IssueForm

PASSWORD = "hK7#mPq2&xWz9<tRv4%b"


def issue_form(**changes) -> IssueForm:
    """The form of 佐藤's application, with `changes` to its values."""
    values = {
        "number": "CS-2026-0012",
        "version": 1,
        "applied_on": datetime.date(2026, 11, 22),
        "kind_label": "新規",
        "postal_code": "100-0001",
        "address": "東京都千代田区千代田1丁目1番1号",
        "institution_name": "学校法人申請学園 申請大学",
        "head_title": "学長",
        "head_name": "田中 一郎",
        "officer_name": "鈴木 花子",
        "officer_department": "情報基盤センター 認証係",
        "officer_phone": "03-1234-5678",
        "officer_mail": "suzuki@shinsei.example",
        "officer_hours": "平日 9:00〜17:00",
        "switchboard": "03-1234-0000",
        "subject": [
            ("C", "JP"),
            ("ST", "Tokyo"),
            ("L", "Chiyoda-ku"),
            ("O", "Shinsei University"),
            ("CN", "Shinsei University"),
        ],
        "zip_password": PASSWORD,
        "agreements": [
            "コードサイニング証明書の管理について(2020年4月版)",
            "証明書ポリシ(第3.2版)",
            "認証運用規程(第5.1版)",
        ],
        "subscriber_name": "佐藤 次郎",
        "subscriber_department": "工学部 計測工学研究室",
        "subscriber_phone": "03-1234-5679",
        "subscriber_mail": "sato@shinsei.example",
    }
    return IssueForm(**(values | changes))
