"""不在: one's own days away, and for officers and administrators those of others."""

from flask import Blueprint, g, redirect, request, url_for

from webapp import clock
from webapp.acts import absences as acts
from webapp.acts import house, letters
from webapp.errors import NotYourAct, Unseen
from webapp.pages import page
from webapp.register import Absence, Person
from webapp.routes.finding import attempt, typed, who

bp = Blueprint("absences", __name__)


@bp.get("/absences")
def own():
    return redirect(url_for("absences.show", number=g.person.id), 303)


@bp.get("/people/<int:number>/absences")
def show(number):
    return _page(_find(number))


def _find(number):
    person = Person.get_or_none(Person.id == number)
    if person is None or (person.id != g.person.id and not house.is_office(g.person)):
        raise Unseen("この人の不在は表示できません。", "ご自身の不在は、右上の氏名から開けます。")
    return person


def _page(person, refusal=None, ending=0):
    today = clock.today().isoformat()
    return page(
        "absences/show.html",
        someone=person,
        is_own=person.id == g.person.id,
        is_office=house.is_office(g.person),
        absences=acts.of(person),
        officers=[(each.id, each.name) for each in letters.officers() if each.id != person.id],
        today=clock.today(),
        typed=typed(stand_in="", since_on=today, until_on=""),
        ending=ending,
        refusal=refusal,
    )


@bp.post("/people/<int:number>/absences")
def note_absence(number):
    person = _find(number)
    return attempt(
        lambda: acts.note_absence(who(), person, request.form),
        lambda refusal: _page(_find(number), refusal),
        "absences.show",
        "note_absence",
        number=number,
    )


@bp.post("/absences/<int:number>/end")
def end_absence(number):
    absence = Absence.get_or_none(Absence.id == number)
    if absence is None:
        raise Unseen("この不在は登録されていません。", "不在の画面を開き直してください。")
    person = absence.person
    if person.id != g.person.id and not house.is_office(g.person):
        raise NotYourAct("ほかの人の不在は、登録担当者または管理者が変更します。", "登録担当者に連絡してください。")
    return attempt(
        lambda: acts.end_absence(who(), absence, request.form.get("until_on", "")),
        lambda refusal: _page(person, refusal, ending=number),
        "absences.show",
        "end_absence",
        number=person.id,
    )
