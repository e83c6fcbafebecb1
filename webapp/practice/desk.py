"""サービス窓口: takes mails in, examines, calls, issues, answers. The acts are the buttons of its page."""

import threading
from contextlib import contextmanager
from datetime import timedelta
from email.policy import SMTP

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from webapp.practice import card, examination, letters, packet, parcel, reasons, settings
from webapp.practice.authority import Authority
from webapp.practice.cases import CALLED, EXAMINED, FAULTY, ISSUED, RETURNED, REVOKED, Case, Cases, OutOfTurn
from webapp.practice.clock import JST, now
from webapp.practice.folder import Folder
from webapp.practice.form import Form
from webapp.practice.issued import Issued
from webapp.practice.mailbox import Mailbox, answer_address, attachments, is_address, parse
from webapp.practice.store import Store

URL = "http://127.0.0.1:8026"
DER = serialization.Encoding.DER


class Desk:
    """One desk in the folder `path`. `url` is where its page answers; `clock` returns an aware datetime; `send` takes
    the bytes of an answer and returns its number in the mailbox (without it the answer is filed there directly)."""

    def __init__(self, path, url=URL, clock=now, send=None):
        self.folder, self.now = Folder(path), clock
        self.settings = settings.load(self.folder)
        self.store = Store(self.folder / "desk.sqlite")
        self.mailbox = Mailbox(self.folder, self.store, clock)
        self.send = send or self.mailbox.file
        self.cases = Cases(self.store)
        self.issued = Issued(self.store)
        publish_after = timedelta(minutes=self.settings.publish_after_minutes)
        self.authority = Authority(self.folder, self.issued, url, clock, publish_after)
        self._one_act = threading.RLock()

    def close(self):
        """Ends the process that holds the CA's keys."""
        self.authority.close()

    def receive(self, raw: bytes, recipients=()) -> Case | None:
        """Files a mail for `recipients` (else those of its headers); a mail to the desk with files opens a case."""
        mail_id = self.mailbox.file(raw, recipients)
        message = parse(raw)
        files = attachments(message)
        if not files or self.settings.address not in self.mailbox.mail(mail_id).recipients:
            return None
        kind = _kind(files)
        number = _number(packet.sort(files, kind))
        return self.cases.open(mail_id, kind, number, self.now())

    def examine(self, case) -> Case:
        """検査する: reads the packet with the desk's own tools. Raises ToolFailed, OutOfTurn."""
        with self._turn(case, "examine") as case:
            findings = examination.examine(self.packet(case), self._registers())
            bad = any(finding.result == "fault" for finding in findings)
            return self.cases.move(case, FAULTY if bad else EXAMINED, findings=findings)

    def call(self, case) -> Case:
        """電話をかけた: notes that the officer was reached through the switchboard (seed 1-1 ⑥)."""
        with self._turn(case, "call") as case:
            return self.cases.move(case, CALLED, called_at=self.now().isoformat())

    def issue(self, case) -> Case:
        """発行して送付: signs the certificate and mails it, encrypted. Raises TokenError, OutOfTurn."""
        with self._turn(case, "issue") as case:
            papers = self.packet(case)
            form = examination.read_form(papers)
            certificate = self.authority.issue(_csr(papers.files["csr"].data))
            to = _people(form, answer_address(self.mailbox.message(case.mail_id)))
            self.issued.record(certificate, case.id, to)
            answer = self._answer(letters.delivery, case, form, to, certificate, self._parcel(case, form, certificate))
            return self.cases.move(case, ISSUED, serial=f"{certificate.serial_number:x}", answer_id=answer)

    def revoke(self, case) -> Case:
        """失効して通知: revokes, signs a new CRL, tells officer and subscriber. Raises TokenError, OutOfTurn."""
        with self._turn(case, "revoke") as case:
            form = examination.read_form(self.packet(case))
            row = self.issued.standing(form["serial"])
            if row is None:
                raise OutOfTurn("この証明書は、すでに失効しています。")
            self.issued.revoke(row["serial"], self.now(), reasons.code_of(form["reason"]))
            self.authority.write_list("issuing")
            to = sorted(_distinct([*row["mails"].split(), form["officer_mail"]]))
            answer = self._answer(letters.revoked, case, form, to, row["serial"])
            return self.cases.move(case, REVOKED, serial=row["serial"], answer_id=answer)

    def complain(self, case) -> Case:
        """不備を連絡: tells the sender and the officer what is wrong. Raises OutOfTurn."""
        with self._turn(case, "complain") as case:
            form = examination.read_form(self.packet(case)) or Form()
            sender = answer_address(self.mailbox.message(case.mail_id))
            to = _distinct([sender, form["officer_mail"]])
            return self.cases.move(case, RETURNED, answer_id=self._answer(letters.faults, case, form, to))

    def act(self, case, name) -> Case:
        """Does the act of that name, as a button asks for it. Raises OutOfTurn if it is not the next step."""
        case.demand(name)
        acts = {"examine": self.examine, "call": self.call, "issue": self.issue, "revoke": self.revoke}
        return (acts | {"complain": self.complain})[name](case)

    def carry(self, case) -> Case:
        """Does every step that is left, as an automatic desk does."""
        while case.step:
            case = self.act(case, case.step[0])
        return case

    def packet(self, case) -> packet.Packet:
        """The files of the case."""
        return packet.sort(attachments(self.mailbox.message(case.mail_id)), case.kind)

    def issue_head_card(self, directory, mail, label, pin) -> card.Card:
        """A practice card for the head (see card.py). `directory` becomes its SoftHSM store."""
        return card.issue_head_card(self.authority, directory, mail, label, pin)

    def issue_head_smartcard(self, path, mail, pin, puk) -> bytes:
        """A practice smartcard for the head (see card.py) in the file `path`; its certificate (DER)."""
        return card.issue_head_smartcard(self.authority, path, mail, pin, puk)

    @contextmanager
    def _turn(self, case, act):
        """One act at a time, on the case as it stands now."""
        with self._one_act:
            current = self.cases.case(case.id)
            current.demand(act)
            yield current

    def _registers(self):
        anchor = self.folder.ca / "smime.pem"
        institution = self.settings.institution
        return examination.Registers(institution, self.issued.knows_key, self.issued.find, anchor)

    def _answer(self, letter, case, form, to, *more):
        answered = self.mailbox.mail(case.mail_id).message_id
        message = letter(case, form, to, *more, self.settings.address, self.now(), answered)
        return self.send(message.as_bytes(policy=SMTP))

    def _parcel(self, case, form, certificate):
        authority = self.authority.certificate
        members = [
            ("コード署名用証明書.cer", "codesigning.cer", certificate.public_bytes(DER)),
            ("中間CA証明書.cer", "issuing.cer", authority("issuing").public_bytes(DER)),
            ("ルートCA証明書.cer", "root.cer", authority("root").public_bytes(DER)),
        ]
        habits = (self.settings.zip_encryption, self.settings.member_names)
        local = self.now().astimezone(JST)
        data = parcel.pack(members, form["password"], local, *habits)
        return f"コード署名用証明書_{case.number or case.id}.zip", data


def _kind(files):
    """REVOCATION if one of the files is a form for revocation, else ISSUE."""
    form = examination.read_form(packet.sort(files, packet.ISSUE))
    return packet.REVOCATION if form and form.is_revocation else packet.ISSUE


def _number(papers):
    form = examination.read_form(papers)
    return " ".join(((form["number"] if form else "") or papers.number).split())


def _people(form, sender):
    """Officer and, if named, subscriber; the sender if the form names nobody."""
    return _distinct([form["officer_mail"], form["subscriber_mail"]]) or [sender]


def _distinct(mails):
    """What of it are addresses, each once."""
    return list(dict.fromkeys(mail for mail in mails if is_address(mail)))


def _csr(data):
    return x509.load_pem_x509_csr(data) if data.lstrip().startswith(b"-----") else x509.load_der_x509_csr(data)
