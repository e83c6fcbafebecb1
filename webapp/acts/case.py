"""Opening an application, describing it, agreeing, submitting, withdrawing."""

from webapp import clock, mails
from webapp.acts import Who, ca_profiles, facts, form_values, letters, performing, require_now
from webapp.acts.judgement import Case
from webapp.acts.keys_used import namesake
from webapp.errors import Incomplete, NotYourAct, Refused
from webapp.papers import form_mark, password
from webapp.procedure import Kind, Role, Stage
from webapp.register import (
    Application,
    ApplicationForm,
    Certificate,
    Consent,
    Csr,
    Document,
    Event,
    Institution,
    Job,
    NumberSeries,
    Person,
    Token,
    content,
    database,
)
from webapp.rules import characters

LONGEST = 100  # characters of 管理名称; the form and the lists have no room for more


def open_application(who: Who, title, purpose, replaces_id=None, is_another=False):
    """File a new draft for 新規発行 (seed 1-1) and return it. Anybody who is 利用管理者 or 登録担当者 may; an officer's
    own application names no 利用管理者 until one is chosen. DUP-01: a 管理名称 that a certificate with the registered DN
    has already leads to 更新, unless `is_another` says that this is a different one. Raises NotYourAct, Incomplete."""
    department = department_of(who)
    named = _named(title, purpose)
    facts.refuse_errors(characters.chr_01(named), "入力内容を確認してください。")
    same = namesake(named["title"])
    if same is not None and replaces_id is None and not is_another:
        sentence = f"同じ主体者DNで、管理名称も同じ証明書があります(シリアル番号 {same.serial})。"
        advice = "引き続き使うための申請は「更新」です。別の証明書が必要なときは、印を付けて進むか、管理名称を変えてください。"
        raise Incomplete(sentence, advice, {"is_another": advice})
    roles = who.person.roles()
    return filed(
        who,
        kind=Kind.ISSUE.value,
        occasion="other_dn" if replaces_id else "first",
        department=department,
        subscriber=who.person if Role.SUBSCRIBER in roles else None,
        officer=next(iter(Person.holding(Role.OFFICER)), None),
        head=next(iter(Person.holding(Role.HEAD)), None),
        replaces=replaces_id,
        **named,
    )


def department_of(who):
    """The department of somebody who may file applications. Raises NotYourAct, Incomplete."""
    if not who.person.roles() & {Role.SUBSCRIBER, Role.OFFICER}:
        raise NotYourAct("申請は利用管理者または登録担当者が始めます。", "担当の方に依頼してください。")
    department = who.person.department
    if department is None:
        raise Incomplete("所属が登録されていないため、申請を始められません。", "管理者に所属の登録を依頼してください。")
    return department


def filed(who, **columns):
    """Write a new draft with its number, the profile that it is judged by, its ZIP password where the certificate comes
    in a ZIP, and its event; returns it."""
    with database.atomic():
        version = ca_profiles.kept(Institution.here().profile)
        profile = ca_profiles.read(version)
        application = Application.create(
            number=NumberSeries.next_number(),
            stage=Stage.DRAFT.value,
            stage_since_at=clock.now(),
            came_by="open",
            version=0,
            created_at=clock.now(),
            applicant=who.person,
            **columns | {"profile_version": version, "wants_seal": profile.wants_seal},
        )
        if application.kind == Kind.ISSUE and profile.has_zip:
            secret = password.new_password().encode()
            application.zip_password = content.encrypt(secret, application.number.encode())
            application.save(only=[Application.zip_password])
        told = {"number": application.number, "kind": application.kind, "occasion": application.occasion}
        told |= {"profile": version.name, "profile_version": version.number}
        Event.write("open", application, who.doer, who.address, told | who.told)
    return application


def describe(application, who, title, purpose, subscriber_id, officer_id, head_id):
    """Change what the applicant chooses: 管理名称, 用途, and who stands on the form. Raises Incomplete with fields."""
    require_now("describe", application, who)
    named = _named(title, purpose)
    named_people = {
        "subscriber": chosen(subscriber_id, subscribers_for(application), "subscriber") if subscriber_id else None,
        "officer": chosen(officer_id, Person.holding(Role.OFFICER), "officer"),
        "head": chosen(head_id, Person.holding(Role.HEAD), "head"),
    }
    facts.refuse_errors(Case(application, texts=named).findings("describe"), "入力内容を確認してください。")
    particulars = {name: person.name for name, person in named_people.items() if person}
    with performing("describe", application, who, named, particulars, **named, **named_people):
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


def chosen(person_id, offered, field):
    """The person of the list whose row number was sent; Incomplete when it is none of them."""
    found = next((person for person in offered if str(person.id) == str(person_id)), None)
    if found is None:
        raise Incomplete(
            "入力内容を確認してください。", "印の付いた項目を直すと先に進めます。", {field: "一覧から選んでください。"}
        )
    return found


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
    """Hand the application in (seed 1-1-2, 1-3-1): the values are fixed under the next version and the worker is asked
    to make xlsx and PDF. Raises Incomplete with what is still missing."""
    require_now("submit", application, who)
    facts.demand(facts.for_submission(application), "提出に必要なものがそろっていません。")
    version = application.version + 1
    form = form_values.of(application, version)
    held = {"version": version, "mark": form_mark.mark_of(form)}
    csr = Csr.in_force(application)
    held |= {"csr": csr.sha256} if csr else {}
    with performing("submit", application, who, held, version=version, examiner=None, sealer=None, attester=None):
        row = ApplicationForm.create(
            application=application,
            version=version,
            mark=held["mark"],
            entries=form_values.entries_of(form),
            written_at=clock.now(),
        )
        Job.ask("freeze", row)


def show_password(application, who):
    """The ZIP password, with an event that it was shown. Raises NotYourAct, Refused where there is none."""
    if not application.zip_password:
        raise Refused("この申請に、ZIPのパスワードはありません。", "証明書は、認証局のリンクから取得します。")
    with performing("show_password", application, who):
        pass
    return application.password()


def withdraw(application, who, reason):
    """Take an application back (also after sending). Raises Incomplete without a reason."""
    require_now("withdraw", application, who)
    reason = required(reason, "reason", "取り下げの理由を入力してください。")
    with performing("withdraw", application, who, {}, {"reason": reason}):
        letters.call_off(application)
        release_target(application)
        people = [*letters.people_of(application), *letters.officers()]
        others = [person for person in people if person.id != who.person.id]
        letters.notify(mails.withdrawn, application, others, reason)


def release_target(application):
    """A revocation that ends without one leaves its certificate as it was before; a key on a lost token stays blocked."""
    for certificate in Certificate.select().where(Certificate.revoking == application):
        blocked_at = certificate.blocked_at if Token.is_lost_with(certificate) else None
        Certificate.update(revoking=None, blocked_at=blocked_at).where(Certificate.id == certificate.id).execute()


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
