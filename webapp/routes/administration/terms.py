"""Ending what holds for a while: a role, a mail address, a department, a method, a document, a trust anchor."""

from dataclasses import dataclass

from flask import request, url_for

from webapp import clock
from webapp.acts import anchors, documents, people
from webapp.errors import Unseen
from webapp.pages import page
from webapp.procedure import ROLE_LABELS, Role
from webapp.register import Document, IdentityMethod, PersonDepartment, PersonMail, PersonRole, TrustAnchor
from webapp.routes.administration import bp
from webapp.routes.finding import attempt, typed, who


@dataclass(frozen=True)
class Kind:
    table: type
    act: object
    label: str
    name: object  # row -> what it is called
    home: object  # row -> (endpoint, values) of the page it stands on
    effect: str


def _person(row):
    return "person", {"number": row.person_id}


def _list(endpoint):
    return lambda row: (endpoint, {})


KINDS = {
    "role": Kind(
        PersonRole,
        people.end_role,
        "役割",
        lambda row: f"{row.person.name} {ROLE_LABELS[Role(row.role)]}",
        _person,
        "終了日の翌日から、この役割の操作はできなくなります。これまでの記録は残ります。",
    ),
    "mail": Kind(
        PersonMail,
        people.end_mail,
        "メールアドレス",
        lambda row: f"{row.person.name} {row.mail}",
        _person,
        "終了日の翌日から、お知らせの宛先にも、電子署名をした人の確認にも使いません。",
    ),
    "department": Kind(
        PersonDepartment,
        people.end_department,
        "所属",
        lambda row: f"{row.person.name} {row.department.name}",
        _person,
        "終了日の翌日から、この所属の申請は見えなくなります。",
    ),
    "method": Kind(
        IdentityMethod,
        documents.end_method,
        "本人確認の方法",
        lambda row: row.name,
        _list("methods"),
        "終了日の翌日から、審査で選べなくなります。これまでの審査の記録は残ります。",
    ),
    "document": Kind(
        Document,
        documents.end_document,
        "承認する文書",
        lambda row: f"{row.name} {row.version}",
        _list("documents"),
        "終了日の翌日から、申請での承認は不要になります。これまでの承認の記録は残ります。",
    ),
    "anchor": Kind(
        TrustAnchor,
        anchors.end,
        "信頼する認証局",
        lambda row: row.name,
        _list("anchors"),
        "終了日の翌日から、この認証局による電子署名や証明書を受け付けません。受け取り済みのものは、そのまま残ります。",
    ),
}


def _found(kind, number):
    table = KINDS[kind].table if kind in KINDS else None
    row = table.get_or_none(table.id == number) if table else None
    if row is None:
        raise Unseen("終了する対象が見つかりません。", "設定の画面から選び直してください。")
    return row


@bp.get("/<kind>/<int:number>/end")
def term(kind, number):
    return _page(kind, _found(kind, number))


def _page(kind, row, refusal=None):
    meant = KINDS[kind]
    endpoint, values = meant.home(row)
    return page(
        "administration/end.html",
        kind=kind,
        row=row,
        label=meant.label,
        name=meant.name(row),
        effect=meant.effect,
        home=url_for(f"administration.{endpoint}", **values),
        typed=typed(until_on=clock.today().isoformat()),
        refusal=refusal,
    )


@bp.post("/<kind>/<int:number>/end")
def end_term(kind, number):
    row = _found(kind, number)
    endpoint, values = KINDS[kind].home(row)
    return attempt(
        lambda: KINDS[kind].act(who(), row, request.form.get("until_on", "")),
        lambda refusal: _page(kind, _found(kind, number), refusal),
        f"administration.{endpoint}",
        "ended",
        **values,
    )
