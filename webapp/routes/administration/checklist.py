"""What of an installation is set up, computed from what is there: [{label, done, detail, url}, …]."""

from flask import url_for

from webapp.acts import documents, trials
from webapp.errors import Refused
from webapp.procedure import ROLE_LABELS, Role
from webapp.register import Event, IdentityMethod, Institution, Letter, Person, TrustAnchor


def items(settings):
    rows = (
        ("機関の情報", "institution", _institution()),
        ("本人確認の方法", "methods", _methods()),
        ("人と役割", "people", _people()),
        ("承認する文書", "documents", _documents()),
        ("信頼する認証局", "anchors", _anchors()),
        ("メール", "mail", _mail(settings)),
        ("トークン", "token", _token()),
    )
    return [
        {"label": label, "done": done, "detail": detail, "url": url_for(f"administration.{endpoint}")}
        for label, endpoint, (done, detail) in rows
    ]


def _institution():
    checked_on = Institution.here().switchboard_checked_on
    if checked_on is None:
        return False, "代表電話番号が第三者の資料に載っていることを確認し、確認した日を入力してください。"
    return True, ""


def _methods():
    wanting = [label for aspect, label in documents.ASPECTS.items() if not IdentityMethod.offered(aspect)]
    return not wanting, f"{'と'.join(wanting)}を確認する方法がありません。" if wanting else ""


def _people():
    wanting = [ROLE_LABELS[role] for role in (Role.HEAD, Role.OFFICER, Role.SUBSCRIBER) if not Person.holding(role)]
    if wanting:
        return False, f"{'、'.join(wanting)}がまだいません。"
    if len(Person.holding(Role.OFFICER)) < 2:
        return False, "登録担当者が1人だけです。自分の申請は審査できないため、2人以上にしてください。"
    if not Person.holding(Role.AUDITOR):
        return True, "監査担当者はいません(任意)。"
    return True, ""


def _documents():
    wanting = [document.title for document in documents.missing_documents()]
    return not wanting, f"まだ登録していない文書: {'、'.join(wanting)}" if wanting else ""


def _anchors():
    uses = {"seal": "電子署名", "certificate": "証明書"}
    wanting = [label for use, label in uses.items() if not TrustAnchor.trusted_for(use)[0]]
    return not wanting, f"{'と'.join(wanting)}を確認するためのルート認証局がありません。" if wanting else ""


def _mail(settings):
    try:
        trials.check_server_file(settings)
    except Refused as refusal:
        return False, refusal.message
    if settings.sender_mail.endswith(".invalid"):
        return False, "差出人のアドレスが初期値のままです。環境変数 SHIRUSHI_SENDER_MAIL に設定してください。"
    trial = Letter.newest_trial()
    if trial is None or trial.state != "posted":
        return False, "試験メールがまだ届いていません。"
    return True, ""


def _token():
    if not Institution.here().token_label:
        return True, "サーバーからトークンを使わない設定です。鍵ペアとCSRは別の場所で作ります。"
    return (True, "") if last_signature() else (False, "試験署名がまだ済んでいません。")


def last_signature():
    """The event of the newest signature by which the token was tried out, or None."""
    return Event.newest(Institution.here(), "try_token")
