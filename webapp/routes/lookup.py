"""証明書を調べる (seed 1-4): which certificate is this, what is its serial, and whose is it in the register? Asked of a
file, of pasted text, of a serial in any notation, of the server's token. Nothing is changed and nothing is kept."""

from dataclasses import replace

from flask import Blueprint, current_app, g, request, url_for

from webapp.acts import renewals, revocations
from webapp.acts.keys import on_token
from webapp.errors import Incomplete, Refused, Unreadable
from webapp.gate import let_in
from webapp.pages import page
from webapp.papers import certificate as certificate_paper
from webapp.papers import guard, identified, serial
from webapp.papers.armour import PrivateKeyPasted
from webapp.papers.identified import ALONE, SIGNER, Identification
from webapp.procedure import Role
from webapp.register import Certificate, TrustAnchor
from webapp.routes.finding import tokend, upload, who

bp = Blueprint("lookup", __name__, url_prefix="/certificates/lookup")
LARGEST = 20 * 1024 * 1024  # bytes
TOKEN_SECONDS = 20
MOST_SHOWN = 20  # certificates of one CA and another that bear the same serial
USES = {
    "1.3.6.1.5.5.7.3.3": "コード署名",
    "1.3.6.1.5.5.7.3.4": "電子メール(S/MIME)",
    "1.3.6.1.5.5.7.3.8": "タイムスタンプ",
    "1.3.6.1.5.5.7.3.1": "サーバー認証",
    "1.3.6.1.5.5.7.3.2": "クライアント認証",
}
CODE_SIGNING = "1.3.6.1.5.5.7.3.3"


@bp.get("")
def show():
    return _page()


@bp.post("")
def look_up():
    try:
        if "serial" in request.form:
            return _page(numbers=_numbers(request.form["serial"]))
        return _page(files=[_shown(_identified())])
    except PrivateKeyPasted as refusal:
        return _page(refusal=refusal)  # and nothing of what was pasted
    except Refused as refusal:
        return _page(refusal=refusal, pem=request.form.get("pem", ""))


@bp.post("/token")
def on_the_token():
    """What the server's token holds: for officers all of it, for others what they are responsible for."""
    let_in(Role.OFFICER, Role.SUBSCRIBER)
    try:
        tokens = on_token(replace(tokend(), seconds=TOKEN_SECONDS).tokens)
        return _page(files=[_shown(each) for each in map(_held_by, tokens)])
    except Refused as refusal:
        return _page(refusal=refusal)


def _page(refusal=None, files=(), numbers=(), pem=""):
    return page(
        "certificates/lookup.html",
        refusal=refusal,
        serial=request.form.get("serial", ""),
        pem=pem,
        files=files,
        numbers=numbers,
        may_ask_token=bool(g.roles & {Role.OFFICER, Role.SUBSCRIBER}),
    )


# What was brought


def _identified():
    """The Identification of the file, else of the pasted text, read in the guarded child. Raises Refused."""
    name, data = upload()
    data = data or request.form.get("pem", "").encode()
    if not data.strip():
        raise Incomplete(
            "調べるものが選ばれていません。",
            "ファイルを選ぶか、証明書(PEM)を貼り付けてください。",
            {"file": "ファイルを選んでください。空のファイルは調べられません。"},
        )
    if len(data) > LARGEST:
        raise Incomplete(
            "ファイルが大きすぎます。",
            "20MB以内のファイルを選んでください。",
            {"file": "20MB以内のファイルを選んでください。"},
        )
    return guard.run("webapp.papers.identification:identify", data, name)


def _held_by(token):
    """What a token holds, as an Identification."""
    found, notes = identified.ordered([each.der for each in token.certificates], where="トークン")
    return Identification(f"トークン「{token.label}」(製造番号 {token.serial})", _own(found), notes)


def _own(found):
    if Role.OFFICER in g.roles:
        return found
    return tuple(each for each in found if (row := _exactly(each.certificate)) and row.subscriber_id == g.person.id)


def _numbers(text):
    """What a typed serial may mean, with the certificates of the register that bear it."""
    if fault := serial.fault(text):
        raise Incomplete(
            "シリアル番号を読み取れません。", "証明書に表示されている番号を入力してください。", {"serial": fault}
        )
    values = serial.readings(text)
    names = ("16進数として読んだ場合", "10進数として読んだ場合") if len(values) > 1 else ("",)
    readings = [_number(value, name) for value, name in zip(values, names, strict=True)]
    return [each for each in readings if each["rows"]] or readings


def _number(value, reading):
    rows = Certificate.seen_by(g.person).where(Certificate.serial == serial.as_hex(value)).order_by(Certificate.id)
    return {**_notations(value), "reading": reading, "rows": [_row(row) for row in rows.limit(MOST_SHOWN)]}


# What is shown


def _shown(found):
    """An Identification for the page: the certificates of people with their place in the register, the others in short."""
    authorities = _authorities()
    return {
        "kind": found.kind,
        "notes": found.notes,
        "is_signed": found.is_signed,
        "people": [_person(each, authorities) for each in found.found if each.part in (SIGNER, ALONE)],
        "others": [_described(each) for each in found.found if each.part not in (SIGNER, ALONE)],
    }


def _described(found):
    read = found.certificate
    uses = ["認証局"] if read.extensions.is_ca else [USES[oid] for oid in read.extensions.purposes if oid in USES]
    return {"how": found.how, "read": read, "uses": "、".join(uses), **_notations(read.serial)}


def _notations(value):
    return {
        "hex": serial.as_hex(value),
        "groups": serial.in_groups(value),
        "decimal": serial.as_decimal(value),
    }


def _person(found, authorities):
    shown = _described(found)
    read = shown["read"]
    exact, alike = _exactly(read), None
    if exact is None:
        alike = Certificate.seen_by(g.person).where(Certificate.serial == read.serial_hex).first()
    return shown | {
        "is_code_signing": CODE_SIGNING in read.extensions.purposes,
        "is_other_ca": read.issuer not in authorities and read.subject not in authorities,
        "row": _row(exact) if exact else None,
        "is_changed": bool(exact and exact.sha256 not in (None, read.sha256)),
        "alike": alike,
        "import_url": _import_url(),
    }


def _exactly(read):
    """The row of this certificate that the person may see: by its SHA-256, else by issuer and serial."""
    by_name = (Certificate.issuer_sha256 == read.issuer_sha256) & (Certificate.serial == read.serial_hex)
    return Certificate.seen_by(g.person).where((Certificate.content == read.sha256) | by_name).first()


def _authorities():
    """The subjects of the CAs whose certificates this register keeps."""
    subjects = set()
    for der in [der for ders in TrustAnchor.trusted_for("certificate") for der in ders]:
        try:
            subjects.add(certificate_paper.read(der).subject)
        except Unreadable:
            continue
    return subjects


def _row(row):
    return {"row": row, "steps": _steps(row)}


def _steps(row):
    """(label, address) of what this person may do next with a certificate of the register."""
    steps = []
    if _may(renewals.require_renewable, row):
        label = "再発行を申請する" if row.revoked_at else "更新する"
        steps.append((label, url_for("renewals.new", number=row.id)))
    if _may(revocations.require_revocable, row):
        steps.append(("失効を申請する", url_for("revocations.new", number=row.id)))
    steps.append(("この証明書の画面を開く", url_for("certificates.show", number=row.id)))
    return steps


def _may(requirement, row):
    try:
        requirement(row, who())
    except Refused:
        return False
    return True


def _import_url():
    """Where an officer brings certificates into the register; empty for others, and where the house has no such page."""
    may = Role.OFFICER in g.roles and "imports.new" in current_app.view_functions
    return url_for("imports.new") if may else ""
