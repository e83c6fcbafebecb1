"""Applications at any stage, walked there by the acts themselves; only LibreOffice is left out: the frozen PDF is a
tiny one made from raw bytes (tests/papers_pdf.py), the sheet is the real one. Files are read without a child."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib import import_module

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests import ca, papers_seals
from tests.papers_pdf import frozen_pdf
from webapp import clock
from webapp.acts import (
    Who,
    confirmation,
    delivery,
    desk,
    dispatch,
    examination,
    forms,
    keys,
    revocations,
    sealing,
)
from webapp.acts import case as case_acts
from webapp.acts.form_values import frozen as frozen_form
from webapp.papers import issue_form, revocation_form
from webapp.papers.freeze import Frozen
from webapp.practice import parcel
from webapp.register import Application, ApplicationForm, Certificate, Csr, Document, Institution, Letter, Paper, Person

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)


class Authorities:
    """The CAs that the test house trusts."""

    def __init__(self, made):
        self.seal = made.Authority("Practice S/MIME CA")
        self.code = made.Authority()

    def anchors(self):
        """[(use, [root DER], [other DER]), …]"""
        return [
            ("seal", [ca.der(self.seal.root)], [ca.der(self.seal.issuing)]),
            ("sign_in", [ca.der(self.seal.root)], [ca.der(self.seal.issuing)]),
            ("certificate", [ca.der(self.code.root)], [ca.der(self.code.issuing)]),
        ]


class Cases:
    def __init__(self, authorities, folder):
        self.authorities, self.folder = authorities, folder

    def __call__(self, name):
        return Person.get(Person.name.startswith(name))

    def who(self, name):
        return Who(self(name), "192.0.2.1")

    def opened(self, applicant="佐藤", title="計測ソフト配布用", purpose="計測ソフトウェアの配布"):
        return case_acts.open_application(self.who(applicant), title, purpose, is_another=True)

    def with_csr(self, applicant="佐藤", key=None, **entries):
        application = self.opened(applicant, **entries)
        request = ca.csr(key or ca.new_key(), Institution.here().subject)
        keys.attach_csr(application, self.who(applicant), ca.pem(request))
        return application

    def draft(self, applicant="佐藤", **entries):
        """A draft with all that submission needs."""
        application = self.with_csr(applicant, **entries)
        case_acts.consent(application, self.who(applicant), [str(row.id) for row in Document.to_agree()])
        return application

    def submitted(self, applicant="佐藤", is_made=True, **entries):
        application = self.draft(applicant, **entries)
        case_acts.submit(application, self.who(applicant))
        if is_made:
            self.make(application)
        return application

    def make(self, application):
        """Do the worker's part without LibreOffice."""
        row = ApplicationForm.current(application)
        form = replace(frozen_form(row), mark=row.mark)
        pdf, pictures = self.printed(form)
        paper = revocation_form if application.is_revocation else issue_form
        forms.put(row, Frozen(paper.fill(form), pdf, pictures, pictures, row.mark))

    def printed(self, form):
        """The frozen PDF of a form, and pictures of its pages."""
        return frozen_pdf(f"{form.number} {form.version}"), [PIXEL]

    def identified(self, applicant="佐藤", officer="鈴木", **entries):
        application = self.submitted(applicant, **entries)
        self.identify(application, officer)
        return application

    def identify(self, application, officer="鈴木"):
        today = clock.today().isoformat()
        for aspect, method in (("identity", "対面・職員証"), ("existence", "人事在籍照合")):
            examination.check_identity(application, self.who(officer), aspect, "confirmed", method, today, "")

    def examined(self, applicant="佐藤", officer="鈴木", **entries):
        application = self.identified(applicant, officer, **entries)
        examination.examine(application, self.who(officer))
        return application

    def signed(self, application, mail="tanaka@shinsei.example"):
        """The frozen PDF signed by whoever has this mail address."""
        key = ca.new_key()
        signer = papers_seals.Head(
            self.authorities.seal,
            key=key,
            certificate=self.authorities.seal.smime(key.public_key(), mail),
            embed=self.authorities.seal.chain,
        )
        return papers_seals.sign(frozen_of(application), signer)

    def sealed(self, applicant="佐藤", officer="鈴木", **entries):
        application = self.examined(applicant, officer, **entries)
        with unguarded():
            sealing.seal(application, self.who(officer), "signed.pdf", self.signed(application))
        return application

    def sent(self, applicant="佐藤", officer="鈴木", **entries):
        application = self.sealed(applicant, officer, **entries)
        dispatch.dispatch_by_hand(application, self.who(officer), True)
        return application

    def zip_for(self, application, certificate=None, password=None, names="cp932"):
        """What the CA would send: the certificate and its chain, encrypted with the form's password."""
        request = x509.load_der_x509_csr(Csr.in_force(application).content.bytes())
        leaf = certificate or self.authorities.code.code_signing(request.public_key(), Institution.here().subject)
        members = [
            ("証明書.cer", "certificate.cer", leaf.public_bytes(Encoding.DER)),
            ("中間.cer", "issuing.cer", ca.der(self.authorities.code.issuing)),
        ]
        local = clock.now().astimezone(clock.JST)
        return parcel.pack(members, password or application.password(), local, "aes", names)

    def delivered(self, applicant="佐藤", officer="鈴木", **entries):
        application = self.sent(applicant, officer, **entries)
        with unguarded():
            delivery.take_delivery(application, self.who(officer), "certificate.zip", self.zip_for(application))
        return application

    def installed(self, applicant="佐藤", officer="鈴木", **entries):
        application = self.delivered(applicant, officer, **entries)
        delivery.hand_out(application, self.who(officer))
        return application

    def in_use(self, applicant="佐藤", officer="鈴木", **entries):
        application = self.installed(applicant, officer, **entries)
        delivery.accept(application, self.who(applicant), True)
        return application

    def to_revoke(self, applicant="佐藤", officer="鈴木", reason=5, comment="配布をやめるため", **entries):
        """A draft of 失効 for a certificate in use."""
        application = self.in_use_by(applicant, officer, **entries)
        certificate = Certificate.of(application)
        times = (clock.now() - timedelta(hours=2),) * 2 if reason == 1 else (None, None)
        return revocations.open_revocation(certificate, self.who(applicant), reason, comment, *times)

    def in_use_by(self, applicant="佐藤", officer="鈴木", **entries):
        """A certificate in use, whoever applied: where the form names no 利用管理者, an officer accepts it."""
        application = self.installed(applicant, officer, **entries)
        if application.subscriber:
            delivery.accept(application, self.who(applicant), True)
        else:
            delivery.accept_for(application, self.who(officer), True, "利用管理者の記入がないため。")
        return application

    def revocation(self, stage, applicant="佐藤", officer="鈴木", **entries):
        """A 失効 that stands at a stage."""
        application = self.to_revoke(applicant, officer, **entries)
        if stage == "draft":
            return application
        case_acts.submit(application, self.who(applicant))
        self.make(application)
        if stage == "withdrawn":
            case_acts.withdraw(application, self.who(applicant), "続けて使うことになりました。")
        if stage in ("submitted", "withdrawn"):
            return application
        if application.applicant_id == application.subscriber_id:
            self.identify(application, officer)
        examination.examine(application, self.who(officer))
        if stage == "examined":
            return application
        with unguarded():
            sealing.seal(application, self.who(officer), "signed.pdf", self.signed(application))
        if stage == "sealed":
            return application
        dispatch.dispatch_by_hand(application, self.who(officer), True)
        if stage == "refused":
            desk.refuse(application, self.who(officer), "対象の証明書がありません。")
        if stage in ("sent", "refused"):
            return application
        revocations.note_completion(application, self.who(officer), note="電話で知らされました。")
        if stage == "confirmed":
            confirmation.confirm_by_word(application, self.who(officer), "CRLを目で確かめました。")
        return application

    def emergency(self, title="計測ソフト配布用", officer="鈴木"):
        """An emergency that one officer has begun and that is submitted."""
        certificate = Certificate.of(self.in_use_by(title=title))
        at = clock.now() - timedelta(hours=3)
        contacts = [("CSIRT", "csirt@shinsei.example")]
        application = revocations.open_emergency(certificate, self.who(officer), "トークンを紛失", at, at, contacts)
        self.make(application)
        return application

    def withdrawn(self, applicant="佐藤", **entries):
        application = self.submitted(applicant, **entries)
        case_acts.withdraw(application, self.who(applicant), "不要になりました。")
        return application

    def refused(self, applicant="佐藤", officer="鈴木", **entries):
        application = self.sent(applicant, officer, **entries)
        desk.refuse(application, self.who(officer), "代表電話を確認できませんでした。")
        return application

    def at(self, stage, **entries):
        """An application of 佐藤's that stands at a stage."""
        return getattr(self, str(stage))(**entries)


@contextmanager
def unguarded():
    """Do what the guarded child does in this process: starting one takes half a second, and has tests of its own."""

    def here(function, *arguments, **limits):
        module, _, name = function.partition(":")
        return getattr(import_module(module), name)(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("webapp.papers.guard.run", here)
        yield


def frozen_of(application):
    return Paper.newest(application, "form_pdf").content.bytes()


def again(application):
    """The application as the register has it now."""
    return Application.get_by_id(application.id)


def letters_to(mail):
    return [letter for letter in Letter.select().order_by(Letter.id) if mail in letter.recipients]
