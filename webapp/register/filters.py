"""What narrows a list, beside words: each function takes what was chosen and returns expressions to be joined by and."""

import re
from datetime import timedelta

from peewee import fn

from webapp import clock, procedure
from webapp.procedure import Kind, Stage
from webapp.register.applications import Application
from webapp.register.certificates import Certificate
from webapp.register.listing import as_bytes
from webapp.register.people import Person
from webapp.register.words import midnight

STATES = {
    "in_use": "利用中",
    "revoking": "失効手続き中",
    "revoked": "失効",
    "expired": "期限切れ",
    "not_yet": "利用開始前",
    "ends30": "30日以内に期限",
    "ends90": "90日以内に期限",
    "ends180": "180日以内に期限",
}
ORIGINS = {"delivered": "しるしで受領", "imported": "取り込み"}
MOST_PEOPLE = 200  # whose name fits a part of a name
_ENDS = re.compile(r"ends(\d{1,4})")


def is_state(name):
    """Whether `in_state` understands this name: a key of STATES, or "ends" and any number of days."""
    return name in STATES or _ENDS.fullmatch(name) is not None


def state_words(name):
    """The name in words for people: "45日以内に期限"."""
    return STATES.get(name) or f"{int(_ENDS.fullmatch(name)[1])}日以内に期限"


def in_state(name):
    """As Certificate.state says it; "ends30": valid, and ending within so many Japanese days."""
    now, row = clock.now(), Certificate
    if name == "revoked":
        return [row.revoked_at.is_null(False)]
    unrevoked = row.revoked_at.is_null()
    if name == "expired":
        return [unrevoked, row.not_after < now]
    valid = [unrevoked, row.not_after >= now]
    if soon := _ENDS.fullmatch(name):
        return [*valid, row.not_after < midnight(clock.today() + timedelta(int(soon[1]) + 1))]
    if name == "revoking":
        return [*valid, row.revoking.is_null(False)]
    return [*valid, row.revoking.is_null(), row.accepted_at.is_null(name == "not_yet")]


def ends_from(day):
    return [Certificate.not_after >= midnight(day)]


def ends_until(day):
    return [Certificate.not_after < midnight(day + timedelta(1))]


def begins_with(table, words):
    """管理名称 that begins so, letter by letter."""
    title = as_bytes(table.title)
    return [title >= words, title < words + chr(0x10FFFF)]


def of_person(table, words):
    """利用管理者 (of an application also 申請した人) whose name contains the words, with or without the blank in it."""
    name = fn.REPLACE(fn.REPLACE(Person.name, " ", ""), "　", "")
    wanted = "".join(words.split())
    ids = [row.id for row in Person.select(Person.id).where(name.contains(wanted)).limit(MOST_PEOPLE)]
    if table is Certificate:
        return [table.subscriber.in_(ids)]
    return [table.subscriber.in_(ids) | table.applicant.in_(ids)]


def in_department(table, department_id):
    return [table.department == department_id]


def is_blocked():
    return [Certificate.blocked_at.is_null(False)]


def of_origin(origin):
    return [Certificate.origin == origin]


def at_stage(stage):
    return [Application.stage == stage]


def still_open():
    """What has not come to an end."""
    ended = {stage for kind in Kind for stage in procedure.ENDS[kind]}
    return [Application.stage.in_([stage.value for stage in Stage if stage not in ended])]


def of_kind(kind):
    return [Application.kind == kind]
