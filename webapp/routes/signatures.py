"""署名簿 of a certificate: what was signed with it, which releases a compromise leaves standing, and how it stands today."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, request, url_for

from webapp import clock
from webapp.acts import signatures as acts
from webapp.errors import Incomplete
from webapp.pages import attachment, page
from webapp.register import Certificate, SignatureRecord
from webapp.routes import exported
from webapp.routes.finding import attempt, find_certificate, numbered, typed, upload, who
from webapp.rules.use import WRONG_USE

bp = Blueprint("signatures", __name__, url_prefix="/certificates/<int:number>")
PER_PAGE = 50
SURVIVING, UNSURE, SUSPECT = "surviving", "unsure", "suspect"
STAMPS = {
    "trusted": "信頼されたタイムスタンプ",
    "verified": "信頼は未確認",
    "broken": "正しくない",
    "none": "なし",
    "unknown": "未検証",
}
SOURCES = {"record": "署名の記録", "program": "署名済みファイル", "typed": "手入力"}
ENTRIES = dict.fromkeys(("name", "release", "sha256", "tool", "typed_signed_at", "signed_at"), "")
COLUMNS = (
    ("name", "ファイル名", lambda row: row.name),
    ("release", "版", lambda row: row.release),
    ("sha256", "SHA-256", lambda row: row.sha256),
    ("sha256_before", "署名前のSHA-256", lambda row: row.sha256_before),
    ("signed_at", "署名日時(申告)", lambda row: _local(row.signed_at)),
    ("stamp", "タイムスタンプ", lambda row: STAMPS[row.standing]),
    ("timestamped_at", "タイムスタンプの日時", lambda row: _local(row.timestamped_at)),
    ("authority", "タイムスタンプ局", lambda row: row.authority),
    ("fault", "検証の結果", lambda row: row.fault),
    ("warning", "注意", lambda row: WRONG_USE.get(row.warning, "")),
    ("tool", "ツール", lambda row: row.tool),
    ("source", "登録の方法", lambda row: SOURCES[row.source]),
    ("person", "登録した人", lambda row: row.person.name),
    ("registered_at", "登録日時", lambda row: _local(row.registered_at)),
)


def _local(value):
    return value.astimezone(clock.JST).strftime("%Y-%m-%d %H:%M:%S") if value else ""


@bp.get("/signatures")
def index(number):
    certificate = find_certificate(number)
    try:
        moment = _instant("compromised_at", request.args.get("compromised_at", ""))
    except Incomplete as refusal:
        return _page(certificate, refusal=refusal)
    return _page(certificate, moment)


def _page(certificate, moment=None, refusal=None):
    before = SignatureRecord.get_or_none(SignatureRecord.id == (numbered("before") or 0))
    return page(
        "signatures/index.html",
        certificate=certificate,
        moment=moment,
        asked=_asked(moment) if moment else request.args.get("compromised_at", ""),
        parts=_parts(certificate, moment, before),
        survival=survival(certificate, moment),
        stamps=STAMPS,
        sources=SOURCES,
        warnings=WRONG_USE,
        may_register=acts.may_register(certificate, who()),
        columns=exported.columns(COLUMNS),
        typed=typed(**ENTRIES),
        refusal=refusal,
    )


def _parts(certificate, moment, before):
    """The lists of the page: one, or with a compromise those suspect, unsure and surviving; {kind, rows, more, older}."""
    if moment is None:
        return [_part(certificate, "all", SignatureRecord.of(certificate), before, {})]
    asked = {"compromised_at": _asked(moment)}
    queries = {
        SUSPECT: SignatureRecord.suspect(certificate, moment),
        UNSURE: SignatureRecord.unsure(certificate, moment),
        SURVIVING: SignatureRecord.surviving(certificate, moment),
    }
    only = request.args.get("part", "")
    kinds = [only] if only in queries else list(queries)
    return [_part(certificate, kind, queries[kind], before if only in queries else None, asked) for kind in kinds]


def _part(certificate, kind, query, before, asked):
    mine = before if before is not None and before.certificate_id == certificate.id else None
    rows, is_more = SignatureRecord.page(query, PER_PAGE, mine)
    more = asked | ({"part": kind} if asked else {}) | {"before": rows[-1].id} if is_more else None
    older = url_for("signatures.index", number=certificate.id, **more) if more else ""
    return {"kind": kind, "rows": rows, "older": older}


def survival(certificate, moment=None):
    """How many signatures of a certificate there are, and how many a compromise at `moment` leaves standing: {total,
    surviving, unsure, suspect, url}; all but total and url None without a moment."""
    counts = {"total": SignatureRecord.of(certificate).count(), SURVIVING: None, UNSURE: None, SUSPECT: None}
    if moment:
        counts[SURVIVING] = SignatureRecord.surviving(certificate, moment).count()
        counts[UNSURE] = SignatureRecord.unsure(certificate, moment).count()
        counts[SUSPECT] = counts["total"] - counts[SURVIVING] - counts[UNSURE]
    asked = {"compromised_at": _asked(moment)} if moment else {}
    return counts | {"url": url_for("signatures.index", number=certificate.id, **asked)}


def _asked(moment):
    """An instant as its field takes it: Japanese time, to the second where there are any."""
    return moment.astimezone(clock.JST).replace(tzinfo=None, microsecond=0).isoformat().removesuffix(":00")


def _instant(name, text):
    """The instant typed as Japanese time (2026-11-22T10:30), None for nothing. Raises Incomplete."""
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
        if not 2000 <= found.year <= 9000:
            raise ValueError
    except ValueError:
        sentence = f"日付と時刻を入力してください(例: {clock.today().isoformat()}T09:30)。"
        raise Incomplete("日時を確認してください。", sentence, {name: sentence}) from None
    return (found if found.tzinfo else found.replace(tzinfo=clock.JST)).astimezone(UTC)


@bp.post("/signatures/file")
def register_file(number):
    certificate = find_certificate(number)
    name, data = upload()

    def act():
        moment = _instant("signed_at", request.form.get("signed_at", ""))
        acts.register_file(certificate, who(), name, data, request.form.get("release", ""), moment)

    return _done(act, certificate)


@bp.post("/signatures/typed")
def register_typed(number):
    certificate = find_certificate(number)

    def act():
        moment = _instant("typed_signed_at", request.form.get("typed_signed_at", ""))
        acts.register_typed(certificate, who(), request.form.to_dict(), moment)

    return _done(act, certificate)


def _done(act, certificate):
    def again(refusal):
        return _page(certificate, refusal=refusal)

    return attempt(act, again, "signatures.index", "register_signature", number=certificate.id)


@dataclass(frozen=True)
class _Listing:
    """The signatures of a certificate as exported.answer asks for them."""

    certificate: Certificate

    def ids(self, most):
        return SignatureRecord.ids_of(self.certificate, most)

    def rows(self, ids):
        return SignatureRecord.in_order(ids)


@dataclass(frozen=True)
class _View:
    listing: _Listing
    asked: dict


@bp.get("/signatures/export")
def export(number):
    certificate = find_certificate(number)
    return exported.answer(_View(_Listing(certificate), {}), COLUMNS, f"署名簿-{certificate.serial[:16]}")


@bp.get("/standing")
def standing(number):
    """How the certificate stands now, as a file for `python -m tokens sign --standing`."""
    row = find_certificate(number)
    told = json.dumps(acts.standing(row), sort_keys=True).encode()
    return attachment(told, f"standing-{row.serial}.json", "application/json")
