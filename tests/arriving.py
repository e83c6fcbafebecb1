"""Applications as people without an account send them: a filled form, a CSR, a mail with both; and an officer who drops them."""

import io
from dataclasses import replace
from email.message import EmailMessage

from tests import ca
from webapp.acts.form_values import of
from webapp.papers import issue_form
from webapp.papers.password import new_password
from webapp.register import Institution

PASSWORD = new_password()


def values(case, **changes):
    """What 佐藤 would write on a 発行申請書 (an IssueForm)."""
    given = {"number": "", "version": 1, "zip_password": PASSWORD, "mark": "0000 0000 0000 0000"}
    return replace(of(case.draft(title="書きかけ"), 1), **(given | changes))


def form(case, **changes):
    """佐藤's filled 発行申請書, as xlsx bytes."""
    return issue_form.fill(values(case, **changes))


def request(key=None):
    return ca.pem(ca.csr(key or ca.new_key(), Institution.here().subject))


def mail(*files, sender="sato@shinsei.example", text="申請します。"):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "suzuki@shinsei.example", "証明書の申請"
    message["Message-ID"], message["Date"] = "<1@shinsei.example>", "Mon, 23 Nov 2026 10:00:00 +0900"
    message.set_content(text)
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return bytes(message)


def drop(browser, *files):
    sent = {"file": [(io.BytesIO(data), name) for name, data in files]}
    return browser.press("/arrivals", sent, content_type="multipart/form-data")


def encoded(data):
    return data if isinstance(data, bytes) else data.encode()
