"""Opening an application, describing it, agreeing, submitting, withdrawing."""

import json
from datetime import date

from webapp import clock, mails
from webapp.acts import Who, facts, letters, performing, require_now
from webapp.errors import Incomplete, NotYourAct
from webapp.papers import issue_form, password
from webapp.papers.issue_form import IssueForm as FormValues
from webapp.procedure import Kind, Role, Stage
from webapp.register import (
    Application,
    ApplicationForm,
    Consent,
    Csr,
    Document,
    Event,
    Institution,
    Job,
    NumberSeries,
    Person,
    content,
    database,
)

LONGEST = 100  # characters of 管理名称; the form and the lists have no room for more


def open_application(who: Who, title, purpose, replaces_id=None):
    """File a new draft for 新規発行 (seed 1-1) and return it. Anybody who is 利用管理者 or 登録担当者 may; an officer's
    own application names no 利用管理者 until one is chosen. Raises NotYourAct, Incomplete."""
    roles = who.person.roles()
    if not roles & {Role.SUBSCRIBER, Role.OFFICER}:
        raise NotYourAct("申請は利用管理者または登録担当者が始めます。", "担当の方に依頼してください。")
    department = who.person.department
    if department is None:
        raise Incomplete("所属が登録されていないため、申請を始められません。", "管理者に所属の登録を依頼してください。")
    named = _named(title, purpose)
    with database.atomic():
        application = Application.create(
            number=NumberSeries.next_number(),
            kind=Kind.ISSUE.value,
            stage=Stage.DRAFT.value,
            stage_since_at=clock.now(),
            came_by="open",
            version=0,
            created_at=clock.now(),
            department=department,
            applicant=who.person,
            subscriber=who.person if Role.SUBSCRIBER in roles else None,
            officer=next(iter(Person.holding(Role.OFFICER)), None),
            head=next(iter(Person.holding(Role.HEAD)), None),
            replaces_id=replaces_id,
            **named,
        )
        secret = password.new_password().encode()
        application.zip_password = content.encrypt(secret, application.number.encode())
        application.save(only=[Application.zip_password])
        Event.write("open", application, who.person, who.address, {"number": application.number, "kind": "issue"})
    return application


def describe(application, who, title, purpose, subscriber_id, officer_id, head_id):
    """Change what the applicant chooses: 管理名称, 用途, and who stands on the form. Raises Incomplete with fields."""
    require_now("describe", application, who)
    named = _named(title, purpose)
    chosen = {
        "subscriber": _chosen(subscriber_id, subscribers_for(application), "subscriber") if subscriber_id else None,
        "officer": _chosen(officer_id, Person.holding(Role.OFFICER), "officer"),
        "head": _chosen(head_id, Person.holding(Role.HEAD), "head"),
    }
    particulars = {name: person.name for name, person in chosen.items() if person}
    with performing("describe", application, who, named, particulars, **named, **chosen):
        pass


def _named(title, purpose):
    title, purpose = " ".join(title.split()), purpose.strip()
    fields = {}
    if not title:
        fields["title"] = "管理名称を入力してください。同じ主体者DNの証明書を見分けるための名前です。"
    elif len(title) > LONGEST:
        fields["title"] = f"管理名称は{LONGEST}文字以内で入力してください(いま{len(title)}文字)。"
    if not purpose:
        fields["purpose"] = "用途を入力してください。例: 計測ソフトウェアの配布用"
    elif len(purpose) > 500:
        fields["purpose"] = f"用途は500文字以内で入力してください(いま{len(purpose)}文字)。"
    if fields:
        raise Incomplete("入力内容を確認してください。", "印の付いた項目を直すと先に進めます。", fields)
    return {"title": title, "purpose": purpose}


def subscribers_for(application):
    """Whom the form may name as 利用管理者: those of the application's department, and for an officer's own
    application everybody who holds the role."""
    everybody = Person.holding(Role.SUBSCRIBER)
    if Role.OFFICER in application.applicant.roles():
        return everybody
    return [person for person in everybody if application.department in person.departments()]


def _chosen(person_id, offered, field):
    """The person of the list whose row number was sent; Incomplete when it is none of them."""
    chosen = next((person for person in offered if str(person.id) == str(person_id)), None)
    if chosen is None:
        raise Incomplete(
            "入力内容を確認してください。", "印の付いた項目を直すと先に進めます。", {field: "一覧から選んでください。"}
        )
    return chosen


def consent(application, who, document_ids):
    """AGR-01: agree to every document in force, each by name and version. Raises Incomplete when one is left out."""
    require_now("consent", application, who)
    documents = Document.to_agree()
    left_out = [document for document in documents if str(document.id) not in set(document_ids)]
    if left_out:
        raise Incomplete(
            "承認していない文書があります。",
            "すべての文書を読み、承認の欄に印を付けてください。",
            {f"document-{document.id}": f"「{document.name}」の承認が必要です。" for document in left_out},
        )
    agreed = [f"{document.name} {document.version}" for document in documents]
    with performing("consent", application, who, {"documents": agreed}):
        Consent.delete().where(Consent.application == application).execute()
        for document in documents:
            Consent.create(application=application, document=document, person=who.person, at=clock.now())


def submit(application, who):
    """Hand the application in (seed 1-1-2): the values are fixed under the next version and the worker is asked to
    make xlsx and PDF. Raises Incomplete with what is still missing."""
    require_now("submit", application, who)
    facts.demand(facts.for_submission(application), "提出に必要なものがそろっていません。")
    version = application.version + 1
    form = form_values(application, version)
    mark = issue_form.mark_of(form)
    held = {"version": version, "mark": mark, "csr": Csr.in_force(application).sha256}
    with performing("submit", application, who, held, version=version, examiner=None, sealer=None, attester=None):
        row = ApplicationForm.create(
            application=application,
            version=version,
            mark=mark,
            entries=entries_of(form),
            written_at=clock.now(),
        )
        Job.ask("freeze", row)


def form_values(application, version):
    """The values of the form as the register has them now (papers.issue_form.IssueForm)."""
    institution, officer, head = Institution.here(), application.officer, application.head
    subscriber = application.subscriber
    named = {}
    if subscriber is not None:
        named = {
            "subscriber_name": subscriber.name,
            "subscriber_department": subscriber.department.name if subscriber.department else "",
            "subscriber_phone": subscriber.phone,
            "subscriber_mail": subscriber.mail,
        }
    agreed = Consent.select().where(Consent.application == application).order_by(Consent.document)
    return FormValues(
        number=application.number,
        version=version,
        applied_on=clock.today(),
        kind_label="新規",
        postal_code=institution.postal_code,
        address=institution.head_office,
        institution_name=institution.formal_name,
        head_title=head.title(Role.HEAD),
        head_name=head.name,
        officer_name=officer.name,
        officer_department=officer.department.name if officer.department else "",
        officer_phone=officer.phone,
        officer_mail=officer.mail,
        officer_hours=institution.officer_hours,
        switchboard=institution.switchboard,
        subject=list(institution.subject),
        zip_password=application.password(),
        agreements=[f"{row.document.name} {row.document.version}" for row in agreed],
        **named,
    )


def entries_of(form):
    """What the register keeps of a form: its values without the password, as plain JSON values."""
    return json.loads(issue_form.canonical(form))


def frozen_form(row):
    """The form as it was submitted, from a register row (ApplicationForm) and the application's password."""
    entries = dict(row.entries)
    entries["applied_on"] = date.fromisoformat(entries["applied_on"])
    entries["subject"] = [tuple(pair) for pair in entries["subject"]]
    return FormValues(**entries, zip_password=row.application.password(), mark=row.mark)


def show_password(application, who):
    """The ZIP password, with an event that it was shown. Raises NotYourAct."""
    with performing("show_password", application, who):
        pass
    return application.password()


def withdraw(application, who, reason):
    """Take an application back (also after sending). Raises Incomplete without a reason."""
    require_now("withdraw", application, who)
    reason = required(reason, "reason", "取り下げの理由を入力してください。")
    with performing("withdraw", application, who, {}, {"reason": reason}):
        letters.call_off(application)
        people = [*letters.people_of(application), *letters.officers()]
        others = [person for person in people if person.id != who.person.id]
        letters.notify(mails.withdrawn, application, others, reason)


def required(text, field, sentence):
    """The text without surrounding blanks; Incomplete for the field when nothing is left."""
    text = (text or "").strip()
    if not text:
        raise Incomplete("入力内容を確認してください。", sentence, {field: sentence})
    if len(text) > 2000:
        raise Incomplete(
            "入力内容を確認してください。",
            "2000文字以内で入力してください。",
            {field: "2000文字以内で入力してください。"},
        )
    return text
