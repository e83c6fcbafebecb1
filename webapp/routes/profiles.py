"""認証局のプロファイル read aloud, for everybody: what the CA wants, since when, and what has changed."""

from flask import Blueprint, request

from webapp import profiles
from webapp.acts import ca_profiles
from webapp.errors import Unseen
from webapp.pages import page
from webapp.register import Institution, ProfileVersion

bp = Blueprint("profiles", __name__, url_prefix="/profiles")


@bp.get("")
def index():
    chosen = Institution.here().profile
    rows = [
        {
            "name": name,
            "profile": ca_profiles.named(name),
            "version": ProfileVersion.newest(name),
            "is_chosen": name == chosen,
        }
        for name in ca_profiles.names()
    ]
    return page("profiles/index.html", rows=rows)


@bp.get("/<name>")
def show(name):
    if name not in ca_profiles.names():
        raise Unseen("この名前のプロファイルはありません。", "プロファイルの一覧から選んでください。")
    versions = ProfileVersion.all_of(name)
    shown = _asked_for(versions)
    profile = ca_profiles.read(shown) if shown else ca_profiles.named(name)
    before = next((each for each in versions if shown and each.number < shown.number), None)
    return page(
        "profiles/show.html",
        name=name,
        profile=profile,
        groups=profiles.read_aloud(profile),
        version=shown,
        versions=versions,
        before=before,
        changes=profiles.differences(ca_profiles.read(before), profile) if before else [],
        is_chosen=name == Institution.here().profile,
    )


def _asked_for(versions):
    """The version that was asked for, else the newest; None while none is kept. Unseen for one that is not there."""
    asked = request.args.get("version", "")
    if not asked:
        return versions[0] if versions else None
    for each in versions:
        if str(each.number) == asked:
            return each
    raise Unseen("この版はありません。", "プロファイルのページで、版を選んでください。")
