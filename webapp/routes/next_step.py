"""The one thing to do now in a case, for whoever looks at it: a sentence and a button, or whose turn it is."""

from dataclasses import dataclass

from flask import url_for

from webapp import clock
from webapp.acts import ca_profiles, facts, key_use, portal
from webapp.acts.judgement import Case
from webapp.procedure import Role, Stage
from webapp.register import Certificate, Inquiry, KeyUse, Letter, Scan
from webapp.routes import incoming_step

LETTER_STATES = {
    "waiting": "送信待ち",
    "posting": "送信中",
    "posted": "送信済",
    "unknown": "送信結果不明",
    "refused": "送信できませんでした",
    "by_hand": "自分のメールソフトで送付",
    "cancelled": "送信取りやめ",
}


@dataclass(frozen=True)
class NextStep:
    """The one thing to do now: a sentence, and a button (`is_post`: it does the act at once) or whose turn it is."""

    sentence: str
    label: str = ""
    url: str = ""
    is_post: bool = False
    whose: str = ""
    due: str = ""
    links: tuple = ()  # (label, url): other ways, other things that may have happened


def since_words(instant):
    """How long something has been so: 今日から, 3日前から."""
    days = (clock.today() - clock.day_of(instant)).days
    return "今日から" if days <= 0 else f"{days}日前から"


def next_step(application, person, found=None):
    """The NextStep of this person for this application; `found` are its facts, when the caller has them already."""
    roles = application.roles_of(person)
    if application.stage == Stage.DRAFT:
        return _draft(application, roles, _addresses(application), found or facts_now(application))
    return _STEPS[application.stands_at](application, person, roles, _addresses(application))


def facts_now(application, case=None):
    """What the next act needs, and what the earlier ones needed: the facts behind checklist and next step."""
    if application.stage == Stage.DRAFT:
        return facts.for_submission(application, case)
    case = case or Case(application)
    return [*facts.for_examination(application, case), *facts.for_dispatch(application, case)]


def _addresses(application):
    return lambda page: url_for(page, number=application.id)


def _draft(application, roles, at, found):
    if Role.APPLICANT not in roles:
        return NextStep("申請した人が入力しています。", whose=application.applicant.name)
    wanting = [fact.name for fact in found if not fact.is_so]
    back = {"差し戻し": "差し戻しの理由を読み、", "不備対応": "不備の指摘を読み、"}.get(application.status, "")
    if application.is_revocation:
        return _draft_of_revocation(back, wanting, at)
    if {"csr", "csr_rules"} & set(wanting):
        return NextStep(f"{back}鍵ペアとCSRを用意してください。", "鍵ペアとCSRを用意する", at("drafts.csr"))
    if {"title", "purpose", "officer", "head"} & set(wanting):
        return NextStep(f"{back}申請の内容を入力してください。", "申請の内容を入力する", at("drafts.description"))
    if "consent" in wanting:
        return NextStep("発行申請の前に、3つの文書を読んで承認してください。", "文書を確認する", at("drafts.consent"))
    if wanting:
        return NextStep(f"{back}提出の準備はできています。機関の要件を満たすまで、提出できません。", whose="登録担当者")
    ways = (("申請の内容を直す", at("drafts.description")), ("CSRを登録し直す", at("drafts.csr"))) if back else ()
    sentence = f"{back}申請の内容を確認し、提出してください。"
    return NextStep(sentence, "内容を確認して提出する", at("drafts.submission"), links=ways)


def _draft_of_revocation(back, wanting, at):
    if wanting:
        return NextStep(f"{back}失効の理由を入力してください。", "失効の理由を入力する", at("revocations.reason"))
    ways = (("失効の理由を直す", at("revocations.reason")),)
    return NextStep(
        f"{back}失効申請書の内容を確認し、提出してください。",
        "内容を確認して提出する",
        at("drafts.submission"),
        links=ways,
    )


def _submitted(application, person, roles, at):
    if Role.APPLICANT in roles and not application.is_emergency:
        if Inquiry.unanswered(application):
            return NextStep(
                "登録担当者から照会があります。回答してください。", "照会に回答する", at("examination.inquiry")
            )
        return NextStep("登録担当者が審査しています。", whose="登録担当者", due=since_words(application.stage_since_at))
    if Role.OFFICER in roles:
        asked = Inquiry.unanswered(application)
        if asked:
            page = (("審査の画面を開く", at("examination.show")),)
            return NextStep(
                "照会への回答を待っています。",
                whose=application.applicant.name,
                due=since_words(asked.asked_at),
                links=page,
            )
        return NextStep(
            f"{application.form_name}の内容と利用管理者を確認し、審査してください。", "審査する", at("examination.show")
        )
    return NextStep("登録担当者が審査しています。", whose="登録担当者", due=since_words(application.stage_since_at))


def _examined(application, person, roles, at):
    scan = Scan.waiting(application)
    if scan and any(act.verb == "stamp" for act in application.acts_open_to(person)):
        return NextStep(
            "捺印済みの書面のスキャンが届いています。審査した版と並べ、印影を確認してください。",
            "印影を確認する",
            url_for("scans.show", number=application.id, scan=scan.id),
            whose="登録担当者",
            links=(("ほかの捺印・署名の方法を見る", at("sealing.show")),),
        )
    if roles & {Role.HEAD, Role.OFFICER}:
        is_own = Role.HEAD in roles or application.head_id == person.id
        return NextStep(
            f"{application.form_name}の内容を確認し、電子署名または捺印をしてください。"
            if is_own
            else f"{application.head.name}さんの電子署名または捺印を受け、登録してください。",
            "内容を確認し、署名に進む" if is_own else "捺印・署名に進む",
            at("sealing.show"),
            whose=application.head.name,
            due=since_words(application.stage_since_at),
        )
    return NextStep(
        f"{application.head.name}さんの捺印・署名を待っています。",
        whose=application.head.name,
        due=since_words(application.stage_since_at),
    )


def _sealed(application, person, roles, at):
    if portal.is_portal(application):
        return _to_the_portal(application, roles, at)
    letter = Letter.packet(application)
    state = letter.state if letter and letter.version == application.version else ""
    if Role.OFFICER not in roles:
        return NextStep("登録担当者がサービス窓口へ送付します。", whose="登録担当者")
    if state in ("unknown", "refused"):
        return NextStep(
            f"送付メールは「{LETTER_STATES[state]}」です。確認してください。", "送信結果を確認する", at("dispatch.show")
        )
    if state in ("waiting", "posting"):
        page = (("送信の状態を見る", at("dispatch.show")),)
        return NextStep("送付メールの送信を待っています。", whose="自動", links=page)
    return NextStep("送付物を確認し、サービス窓口へ送付してください。", "送付物を確認する", at("dispatch.show"))


def _to_the_portal(application, roles, at):
    if Role.OFFICER not in roles:
        return NextStep("登録担当者が認証局のポータルで申請します。", whose="登録担当者")
    sentence = "認証局のポータルに入力して申請し、受付番号を記録してください。"
    sentence += "" if application.wants_seal else "捺印・署名は不要です。"
    return NextStep(sentence, "ポータルに入力する内容を見る", at("dispatch.show"))


def _sent(application, person, roles, at):
    offered = incoming_step.offer(application) if Role.OFFICER in roles else None
    if offered:
        sentence, label, url = offered
        return NextStep(sentence, label, url, links=(("認証局とのやりとりを記録する", at("desk.show")),))
    if application.is_revocation:
        return _sent_to_revoke(application, roles, at)
    waited, profile = clock.business_days_between(sent_on(application), clock.today()), ca_profiles.of(application)
    due = f"送付から{waited}営業日(審査の開始から発行まで約{profile.business_days}営業日)"
    if not roles & {Role.OFFICER, Role.APPLICANT}:
        return NextStep("認証局で審査しています。", whose="認証局", due=due)
    links = (("認証局からの電話・不備・却下を記録する", at("desk.show")),) if Role.OFFICER in roles else ()
    return NextStep(
        "認証局で審査しています。"
        + (
            "証明書のZIPがメールで届いたら、受け取りの操作をしてください。"
            if profile.has_zip
            else "リンクが届いたら証明書のファイルを保存し、受け取りの操作をしてください。"
        ),
        "届いた証明書を受け取る",
        at("delivery.show"),
        whose="認証局",
        due=due,
        links=links,
    )


def _sent_to_revoke(application, roles, at):
    due = f"送付: {since_words(application.stage_since_at)}"
    if not roles & {Role.OFFICER, Role.APPLICANT}:
        return NextStep("認証局の失効処理を待っています。", whose="認証局", due=due)
    links = (("サービス窓口からの不備・却下を記録する", at("desk.show")),) if Role.OFFICER in roles else ()
    sentence = "認証局の失効処理を待っています。失効完了通知メールが届いたら、記録してください。"
    return NextStep(
        sentence, "届いた通知を記録する", at("revocations.completion"), whose="認証局", due=due, links=links
    )


def _completed(application, person, roles, at):
    sentence = "失効完了通知を受け取りました。CRLとOCSPで失効を確認できるまで、しるしが繰り返し確認します。"
    due = f"通知: {since_words(application.stage_since_at)}"
    links = (("確認の結果を見る", at("revocations.status")),)
    return NextStep(sentence, whose="自動", due=due, links=links)


def _confirmed(application, person, roles, at):
    links = [("確認の結果と証拠を見る", at("revocations.status"))]
    revoked = application.target
    if roles & {Role.OFFICER, Role.APPLICANT}:
        links.append(("引き続き署名が必要なときは、再発行を申請する", url_for("renewals.new", number=revoked.id)))
    return NextStep(
        f"失効を確認しました({clock.day_of(revoked.revoked_at):%Y年%-m月%-d日}に失効)。", links=tuple(links)
    )


def _delivered(application, person, roles, at):
    if not roles & {Role.OFFICER, Role.APPLICANT}:
        return NextStep("証明書をトークンに格納します。", whose="利用管理者・登録担当者")
    if key_use.lies_on_token(application):
        return _use_of_key(application, person, roles, at)
    return NextStep("証明書を鍵のある場所に格納してください。", "証明書を引き渡す", at("delivery.handover"))


def _use_of_key(application, person, roles, at):
    """A key on the institution's token is used by its own person, where the profile says so once another has approved it."""
    user = key_use.user_of(application)
    if key_use.needs_second_person(application) and KeyUse.open_of(application) is None:
        if Role.OFFICER in roles and Role.APPLICANT not in roles:
            sentence = f"{user.name}さんの鍵の使用を承認してください。"
            return NextStep(sentence, "鍵の使用を確認する", at("delivery.result"))
        return NextStep("格納の前に、鍵の使用の承認が必要です。", whose="登録担当者")
    if person != user:
        return NextStep("証明書をトークンに格納します。", whose=user.name)
    return NextStep(
        "証明書を鍵のあるトークンに格納し、署名して動作を確認します。",
        "トークンに格納し、動作を確認する",
        at("delivery.install"),
        is_post=True,
    )


def _installed(application, person, roles, at):
    subscriber = application.subscriber
    mine = Role.APPLICANT in roles and subscriber is not None or Role.OFFICER in roles and subscriber is None
    if mine:
        return NextStep(
            "証明書の記載内容を確認し、利用を始めてください。", "証明書の内容を確認する", at("delivery.acceptance")
        )
    return NextStep("証明書の内容の確認を待っています。", whose=subscriber.name if subscriber else "登録担当者")


def _in_use(application, person, roles, at):
    certificate = Certificate.of(application)
    links = [("証明書と署名の方法を見る", url_for("certificates.show", number=certificate.id))]
    sentence = f"この証明書は利用中です。有効期限は{clock.day_of(certificate.not_after):%Y年%-m月%-d日}です。"
    if application.replaces_id and application.replaces.is_valid:
        sentence += "置き換えた証明書は、配布物の署名への影響を確かめたうえで、失効を検討してください。"
        links.append(("置き換えた証明書を見る", url_for("certificates.show", number=application.replaces_id)))
    return NextStep(sentence, links=tuple(links))


def _ended(application, person, roles, at):
    return NextStep(f"この申請は「{application.status}」で終わりました。理由は「経過」にあります。")


_STEPS = {
    Stage.SUBMITTED: _submitted,
    Stage.EXAMINED: _examined,
    Stage.SEALED: _sealed,
    Stage.SENT: _sent,
    Stage.DELIVERED: _delivered,
    Stage.INSTALLED: _installed,
    Stage.IN_USE: _in_use,
    Stage.COMPLETED: _completed,
    Stage.CONFIRMED: _confirmed,
    Stage.WITHDRAWN: _ended,
    Stage.REFUSED: _ended,
}


def sent_on(application):
    """The Japanese day on which the packet left."""
    return clock.day_of(application.stage_since_at)
