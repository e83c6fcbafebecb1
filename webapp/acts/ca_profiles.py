"""認証局のプロファイル: which one is in force, and which one an application is judged by. An application keeps the version
under which it was opened to its end, so that a later change does not rewrite the past."""

import hashlib
import re

from webapp import clock, profiles
from webapp.acts import house
from webapp.errors import Refused
from webapp.register import IN_THE_WAY, Application, Event, Institution, ProfileVersion, database

NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,39}")


def of(application):
    """The Profile by which this application is judged."""
    version = application.profile_version
    return here() if version is None else read(version)


def of_version(number):
    """The Profile of the ProfileVersion with this row number, or the institution's for None."""
    return here() if number is None else read(ProfileVersion.get_by_id(number))


def here():
    """The Profile that the institution has chosen, as it is now."""
    return named(Institution.here().profile)


def named(name):
    """The Profile of this name as it is now: of the package, or the newest one added. Raises UnknownProfile."""
    return profiles.load(name) if name in profiles.names() else profiles.read(_text(name), name)


def read(version):
    """The Profile that a ProfileVersion holds."""
    return profiles.read(version.text, version.name)


def names():
    """The names of all profiles that may be chosen, sorted."""
    return sorted({*profiles.names(), *ProfileVersion.names()})


def _text(name):
    version = None if name in profiles.names() else ProfileVersion.newest(name)
    return profiles.text_of(name) if version is None else version.text


def kept(name):
    """The ProfileVersion that holds what the profile says now, written first where the package brought another text. To
    be called within an act's transaction, or by what starts up."""
    text = _text(name)
    newest = ProfileVersion.newest(name)
    return newest if newest is not None and newest.text == text else _keep(name, text, newest)


def catch_up():
    """Keep every profile of the package as it is now; what was opened before versions were kept gets the first one."""
    with database.atomic():
        for name in profiles.names():
            kept(name)


def _keep(name, text, newest, who=None):
    number, person = (newest.number if newest else 0) + 1, who.person if who else None
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    try:
        with database.atomic():
            row = ProfileVersion.create(
                name=name, number=number, sha256=sha256, text=text, at=clock.now(), person=person
            )
            told = {"name": name, "number": number, "sha256": sha256}
            Event.write("keep_profile", row, person, who.address if who else "package", told)
            _adopt(row)
            return row
    except IN_THE_WAY:  # somebody else was faster
        return ProfileVersion.newest(name)


def _adopt(version):
    """Applications from before versions were kept: the profile as it is first kept is the one that they were opened under."""
    if version.number == 1 and version.name == Institution.here().profile:
        wants_seal = read(version).wants_seal
        Application.update(profile_version=version, wants_seal=wants_seal).where(
            Application.profile_version.is_null()
        ).execute()


def add(who, name, data):
    """Keep an institution's own profile (the bytes of a TOML file) as a new version of `name`; returns its ProfileVersion.
    `who` is an administrator, or the operator at the command line. Raises ProfileRefused, Refused, NotYourAct."""
    if who.person is not None:
        house.require_administrator(who)
    if not NAME.fullmatch(name):
        raise Refused(
            f"「{name}」はプロファイルの名前に使えません。",
            "ファイルの名前を、半角の英小文字、数字、ハイフン、ピリオドで2〜40文字にしてください(例: upki-daigaku.toml)。",
        )
    if name in profiles.names():
        raise Refused(f"「{name}」は、しるしに付属するプロファイルの名前です。", "別の名前のファイルにしてください。")
    profiles.check(data, name)
    text, newest = data.decode("utf-8-sig"), ProfileVersion.newest(name)
    if newest is not None and newest.text == text:
        raise Refused(
            f"このファイルは、いまの版(第{newest.number}版)と同じです。", "変更したファイルを指定してください。"
        )
    return _keep(name, text, newest, who)
