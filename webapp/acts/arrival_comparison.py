"""An application that came by mail beside the register and its CSR: rows, what must be corrected, and the reply to copy."""

from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace

from webapp.acts import Who, facts, renewals
from webapp.errors import Incomplete, Overtaken
from webapp.papers import csr as csr_paper
from webapp.papers import spelling
from webapp.procedure import Kind, Role
from webapp.register import Application, ArrivalFile, Certificate, Document, Institution, Person
from webapp.rules import ERROR, institution, password

SAME, SPELLED, DIFFERENT = "一致", "表記だけの違い", "違い"


@dataclass(frozen=True)
class Compared:
    """One field: what the form, the register and the CSR say ("" where one says nothing), how they stand to each other, and
    in words where they differ."""

    label: str
    form: str
    register: str
    csr: str
    result: str
    note: str


def candidates(arrival):
    """The 利用管理者 whom the form or the mail names: by the form's address, else the sender's, else the name."""
    known = Person.holding(Role.SUBSCRIBER)
    for mail in (arrival.entries.get("subscriber_mail", ""), arrival.sender):
        found = Person.with_mail(mail.strip()) if mail.strip() else None
        if found in known:
            return [found]
    name = spelling.folded(arrival.entries.get("subscriber_name", "") or arrival.sender_name)
    return [person for person in known if name and spelling.folded(person.name) == name]


def chosen_person(arrival, number):
    """The 利用管理者 whom the officer chose, else the only candidate. Raises Incomplete."""
    offered = Person.holding(Role.SUBSCRIBER) if number else candidates(arrival)
    found = [person for person in offered if not number or str(person.id) == str(number)]
    if len(found) != 1:
        sentence = "だれの申請かを一覧から選んでください。"
        raise Incomplete("利用管理者を選んでください。", sentence, {"subscriber": sentence})
    return found[0]


def is_renewal(arrival):
    return arrival.kind == Kind.ISSUE and arrival.entries.get("kind_label") == "更新"


def certificates_of(person):
    """The certificates of a person that may be renewed now, the newest first."""
    rows = Certificate.select().where(Certificate.subscriber == person).order_by(-Certificate.id)
    return [row for row in rows if _is_renewable(row, person)]


def _is_renewable(certificate, person):
    try:
        renewals.require_renewable(certificate, Who(person))
    except Overtaken:
        return False
    return True


class Comparison:
    """`person` is whom it concerns, or None while nobody is chosen."""

    def __init__(self, arrival, person):
        self.arrival, self.person, self.entries = arrival, person, arrival.entries
        self.here = Institution.here()

    @cached_property
    def csr(self):
        file = self.arrival.files.where(ArrivalFile.kind == "csr").first()
        is_whole = self.arrival.kind == Kind.ISSUE and not self.arrival.faults
        return csr_paper.read(file.content.bytes()) if file and is_whole else None

    @cached_property
    def certificate(self):
        serial = self.entries.get("serial")
        return Certificate.get_or_none(Certificate.serial == serial) if serial else None

    @cached_property
    def rows(self):
        if self.arrival.kind not in (Kind.ISSUE, Kind.REVOKE):
            return []
        here, person = self.here, self.person
        pairs = [
            ("郵便番号", "postal_code", here.postal_code),
            ("住所(本部所在地)", "address", here.head_office),
            ("利用機関名", "institution_name", here.formal_name),
            ("代表電話番号", "switchboard", here.switchboard),
        ]
        if person:
            department = person.department.name if person.department else ""
            pairs += [
                ("利用管理者の氏名", "subscriber_name", person.name),
                ("利用管理者の所属", "subscriber_department", department),
                ("利用管理者の電話番号", "subscriber_phone", person.phone),
                ("利用管理者のE-mail", "subscriber_mail", person.mail),
            ]
        rows = [_compared(label, self.entries[key], known) for label, key, known in pairs if key in self.entries]
        return rows + (self._of_certificate() if self.arrival.kind == Kind.REVOKE else self._of_subject())

    @property
    def differing(self):
        return [row for row in self.rows if row.result != SAME]

    def _of_subject(self):
        written = dict(self.entries.get("subject", ()))
        asked = dict(self.csr.subject.values) if self.csr else {}
        has_place = "subject" in self.entries
        return [
            _compared(f"主体者DN {short}", written.get(short, "") if has_place else None, value, asked.get(short, ""))
            for short, value in self.here.subject
        ]

    def _of_certificate(self):
        row, entries = self.certificate, self.entries
        pairs = [("シリアル番号", "serial", row.serial if row else "")]
        pairs += [("証明書の主体者DN", "subject", row.subject if row else "")]
        return [_compared(label, entries[key], known) for label, key, known in pairs if key in entries]

    @cached_property
    def errors(self):
        """[(sentence, advice)]: what the sender must correct before it can go on."""
        if self.arrival.faults or self.arrival.kind not in (Kind.ISSUE, Kind.REVOKE):
            return [tuple(each) for each in self.arrival.faults]
        address, name = self.here.head_office, self.here.formal_name
        form = SimpleNamespace(
            address=self._read("address", address), institution_name=self._read("institution_name", name)
        )
        found = institution.judge(form, address, name)
        found += [] if self.arrival.kind == Kind.REVOKE else self._findings()
        told = [(each.sentence, each.advice) for each in found if each.severity == ERROR]
        return told + list(self._wrong_certificate() if self.arrival.kind == Kind.REVOKE else self._wrong_subject())

    def _read(self, key, registered):
        """What the form says; as registered where only blanks or width differ, for our own form will say it so."""
        given = self.entries.get(key, registered)
        return registered if institution.folded(given) == institution.folded(registered) else given

    def _findings(self):
        unsaved = Application(kind=Kind.ISSUE.value, occasion="first", applicant=self.person, subscriber=self.person)
        found = facts.judge_csr(self.csr, unsaved)
        return found + (password.judge(self.arrival.password()) if self.arrival.password() else [])

    def _wrong_subject(self):
        for row in self.rows:
            if row.label.startswith("主体者DN") and row.form is not None and row.form != row.register:
                yield (
                    f"申請書の{row.label}「{row.form}」が、登録された値と異なります。",
                    f"「{row.register}」にしてください。",
                )
        yield from self._nothing_to_renew()
        if self.arrival.lists_documents:
            agreed = spelling.folded("".join(self.entries.get("agreements", [])))
            left = [
                row.name for row in Document.to_agree() if spelling.folded(f"{row.name}{row.version}") not in agreed
            ]
            if left:
                yield (
                    f"次の文書の承認が記載されていません: {'、'.join(left)}",
                    "承認した文書の名前と版を記入してください。",
                )

    def _nothing_to_renew(self):
        if is_renewal(self.arrival) and self.person and not certificates_of(self.person):
            yield (
                "申請種別が「更新」ですが、更新できる証明書が台帳にありません(更新の申請中か、更新済みの場合があります)。",
                "更新する証明書のシリアル番号を知らせるか、申請種別を「新規」にしてください。",
            )

    def _wrong_certificate(self):
        if self.certificate is None:
            yield "失効対象証明書シリアル番号の証明書が、台帳にありません。", "シリアル番号を確認してください。"
        elif self.person and self.certificate.subscriber_id != self.person.id:
            yield "失効対象の証明書の利用管理者と、申請した人が異なります。", "証明書の利用管理者から申請してください。"
        if self.entries.get("reason") is None:
            yield "失効理由を読み取れません。", "失効理由を、様式の選択肢から選んでください。"

    @cached_property
    def warnings(self):
        """What an officer should look at; it does not hold the application up."""
        odd = "、".join(row.label for row in self._odd())
        found = [f"{odd}が台帳と異なります。申請には台帳の値を使います。"] if odd else []
        if self.arrival.sender and self.person and self.arrival.sender != self.person.mail:
            found.append(
                f"送り主({self.arrival.sender})は、利用管理者の登録されたアドレスではありません。電話などで確かめてください。"
            )
        if self.arrival.signature and self.arrival.signature["state"] == "broken":
            found.append(self.arrival.signature["sentence"])
        if self.entries.get("is_emergency"):
            found.append("申請書は緊急の失効を求めています。急ぐときは、証明書の画面から緊急失効を始めてください。")
        return found

    def _odd(self):
        judged = ("主体者DN", "住所", "利用機関名", "シリアル番号")
        return [row for row in self.rows if row.result == DIFFERENT and not row.label.startswith(judged)]

    @property
    def reply(self):
        """The answer to the sender, ready to copy; it never holds the password."""
        if not self.errors:
            return ""
        points = "\n\n".join(
            f"{n}. {sentence}\n   {advice}".rstrip() for n, (sentence, advice) in enumerate(self.errors, 1)
        )
        name = self.entries.get("subscriber_name") or self.arrival.sender_name
        greeting = f"{name} 様\n\n" if name else ""
        return (
            f"{greeting}申請書をお送りいただき、ありがとうございます。\n"
            f"次のところを直して、もう一度お送りください。\n\n{points}\n"
        )


def _compared(label, form, register, csr=""):
    """`form` None: the sheet has no place for it."""
    said = [(name, given) for name, given in (("申請書", form), ("CSR", csr or None)) if given is not None]
    differing = [(name, spelling.difference(given, register)) for name, given in said]
    notes = dict.fromkeys(note for _, note in differing if note)
    if not notes:
        return Compared(label, form, register, csr, SAME, "")
    is_alike = all(spelling.is_alike(given, register) for _, given in said)
    names = "と".join(name for name, note in differing if note)
    note = f"{names}: {'、'.join(notes)}" if csr else next(iter(notes))
    return Compared(label, form, register, csr, SPELLED if is_alike else DIFFERENT, note)
