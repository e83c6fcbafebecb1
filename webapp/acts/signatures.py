"""署名簿: what was signed with a certificate. What a person says is kept as said; what a time stamp proves is read from the
signature. A signature that should not have been made (USE-01) is registered too: it happened, and officers are told."""

import re
from datetime import date, timedelta

from webapp import clock
from webapp.acts import entries, letters
from webapp.acts.intakes import LARGEST
from webapp.errors import Incomplete, NotYourAct, Overtaken, Refused, Unreadable, Unseen
from webapp.mails import signatures as mails
from webapp.papers import certificate as certificate_paper
from webapp.papers import guard, timestamp
from webapp.papers.signing_record import UNKNOWN, VERIFIED, SignedFile
from webapp.procedure import Role
from webapp.register import IN_THE_WAY, Certificate, Content, Event, SignatureRecord, TrustAnchor, database
from webapp.rules.use import WRONG_USE, Usable, use_01

SKEW = timedelta(minutes=10)  # clocks of other computers
EARLIEST = clock.beginning_of(date(2000, 1, 1))
_TYPED = {
    "name": entries.line("ファイル名"),
    "release": entries.line("版(リリース)", is_needed=False, longest=100),
    "sha256": entries.pattern(r"\s*[0-9A-Fa-f]{64}\s*", "SHA-256は、16進数64文字で入力してください。"),
    "tool": entries.line("署名に使ったツール", is_needed=False, longest=100),
}


class RegisteredBefore(Refused):
    """The same file stands in the 署名簿 already."""

    code = "registered_before"


def may_register(certificate, who):
    """Whoever is responsible for it, colleagues of its department and officers."""
    roles = who.person.roles() if who.person else set()
    return bool(roles & {Role.OFFICER, Role.SUBSCRIBER}) and certificate.is_seen_by(who.person)


def require_registrable(certificate, who):
    """Raises NotYourAct unless this person may write into the 署名簿 of this certificate."""
    if not may_register(certificate, who):
        raise NotYourAct(
            "署名簿には、利用管理者または登録担当者が登録します。",
            "この証明書の利用管理者か登録担当者に依頼してください。",
        )


def find_for(person, issuer_sha256, serial):
    """The certificate of this issuer and serial (hex), if the person sees it. Raises Unseen."""
    certificate = Certificate.get_or_none(Certificate.issuer_sha256 == issuer_sha256, Certificate.serial == serial)
    if certificate is None or not certificate.is_seen_by(person):
        raise Unseen(
            "この証明書は、しるしの台帳に見つかりません。", "証明書のファイルと、ペアリング先をお確かめください。"
        )
    return certificate


def standing(certificate):
    """How a certificate stands now, as `python -m tokens sign` asks before it signs (USE-01); signed by nobody, and dated."""
    return {
        "kind": "shirushi.standing/1",
        "serial": certificate.serial,
        "issuer_sha256": certificate.issuer_sha256,
        "at": clock.now().isoformat(timespec="seconds"),
        "not_after": certificate.not_after.isoformat(timespec="seconds"),
        "accepted": certificate.accepted_at is not None or certificate.origin != "delivered",
        "revoked": certificate.revoked_at is not None,
        "blocked": certificate.blocked_at is not None,
    }


def register_file(certificate, who, name, data, release="", signed_at=None, station=None):
    """Take a signing record or a signed program (bytes) into the 署名簿; returns the SignatureRecord. `release` and
    `signed_at` (aware) count where the file does not say; `station`: the number of that which sent it. Raises NotYourAct,
    Incomplete, Unreadable, Refused (RegisteredBefore), Overtaken."""
    require_registrable(certificate, who)
    if not data or len(data) > LARGEST:
        fault = "20MB以内のファイルを選んでください。" if data else "ファイルを選んでください。"
        raise Incomplete("ファイルを受け取れませんでした。", fault, {"file": fault})
    release = entries.checked({"release": _TYPED["release"]}, {"release": release})["release"]
    names = certificate.sha256, certificate.issuer_sha256, certificate.serial
    anchors = TrustAnchor.trusted_for("timestamp")
    found = guard.run("webapp.papers.signing_record:read", data, _file_name(name), *names, *anchors)
    moment = found.signed_at or signed_at or found.timestamped_at
    if moment is None:
        fault = "ファイルから署名した日時を読み取れません。署名した日時を入力してください。"
        raise Incomplete("署名した日時が分かりません。", fault, {"signed_at": fault})
    return _register(certificate, who, found, found.release or release, moment, station)


def register_typed(certificate, who, given, signed_at):
    """The same for a file that stays where it is: `given` has name, release, sha256 and tool as typed, `signed_at` is an
    aware instant or None."""
    require_registrable(certificate, who)
    values = entries.checked(_TYPED, given)
    if signed_at is None:
        fault = "署名した日時を入力してください。"
        raise Incomplete("入力内容を確認してください。", fault, {"typed_signed_at": fault})
    found = SignedFile(
        source="typed",
        name=values["name"],
        release=values["release"],
        sha256=values["sha256"].strip().lower(),
        sha256_before="",
        signed_at=signed_at,
        tool=values["tool"],
        stamp=UNKNOWN,
        fault="ハッシュだけが登録されたため、タイムスタンプは確認していません。",
    )
    return _register(certificate, who, found, values["release"], signed_at)


def warning_at(certificate, moment):
    """What USE-01 says against a signature made at this instant: a key of WRONG_USE, or ""."""
    usable = Usable(
        certificate.not_before,
        certificate.not_after,
        certificate.revoked_at,
        certificate.blocked_at,
        certificate.accepted_at,
        awaits_acceptance=certificate.origin == "delivered",
    )
    return next((finding.field for finding in use_01(usable, moment)), "")


def judge_again():
    """Within the act that trusts a new time-stamp authority: what was registered before is judged by it, too. Returns how many
    stamps are trusted now that were not."""
    anchors, found = TrustAnchor.trusted_for("timestamp"), 0
    for content in SignatureRecord.unsure_chains():
        try:
            chain = [each.der for each in certificate_paper.read_all(content.bytes())]
        except Unreadable:
            continue
        window = timestamp.trusted_window(chain, *anchors)
        found += SignatureRecord.trust(content, *window) if window else 0
    return found


def _register(certificate, who, found, release, signed_at, station=None):
    if not EARLIEST <= signed_at <= clock.now() + SKEW:
        fault = "署名した日時が未来か、古すぎます。"
        raise Refused("署名した日時を確認してください。", fault, {"signed_at": fault, "typed_signed_at": fault})
    moments = [found.timestamped_at] if found.stamp == VERIFIED else []
    moments += [] if found.is_trusted else [signed_at]
    warning = next(filter(None, (warning_at(certificate, moment) for moment in moments)), "")
    values = {
        "name": found.name,
        "release": release,
        "sha256": found.sha256,
        "sha256_before": found.sha256_before,
        "signed_at": signed_at,
        "tool": found.tool,
        "source": found.source,
        "stamp": found.stamp,
        "timestamped_at": found.timestamped_at,
        "authority": found.authority,
        "is_trusted": found.is_trusted,
        "authority_chain": Content.keep(found.authority_pem) if found.authority_pem else None,
        "fault": found.fault,
        "warning": warning,
    }
    kept = SignatureRecord.of(certificate).where(SignatureRecord.sha256 == found.sha256).first()
    if kept is not None and _worth(found) <= _worth(kept):
        raise _registered_already(kept)
    with database.atomic():
        row = _replaced(kept, values) if kept else _written(certificate, who, values)
        facts = {"serial": certificate.serial, "sha256": row.sha256, "stamp": row.standing, "warning": warning}
        facts |= {"station": station} if station else {}
        particulars = {"name": row.name, "release": row.release}
        act = "prove_signature" if kept else "register_signature"
        Event.write(act, row, who.person, who.address, facts, particulars)
        if warning and not kept:
            path = f"/certificates/{certificate.id}/signatures"
            details = (certificate.title, certificate.serial, row.name, row.release, WRONG_USE[warning])
            letters.tell(mails.made_against_the_rules, letters.officers(), path, *details)
    return row


def _written(certificate, who, values):
    try:
        with database.atomic():
            return SignatureRecord.create(
                certificate=certificate, person=who.person, registered_at=clock.now(), **values
            )
    except IN_THE_WAY:  # somebody else brought the same file at this moment
        raise Overtaken("このファイルは、すでに署名簿に登録されています。", "画面を開き直してください。") from None


def _worth(found):
    """How much is known of the time of a signature: nothing, by an authority nobody trusts, by a trusted one."""
    return (found.stamp == VERIFIED) + found.is_trusted


def _replaced(kept, values):
    """The row of a file of whose time less had been known, now that a time stamp tells more."""
    told = ("stamp", "timestamped_at", "authority", "is_trusted", "authority_chain", "fault")
    columns = (*told, "warning", "source", "signed_at")
    SignatureRecord.update({name: values[name] for name in columns}).where(SignatureRecord.id == kept.id).execute()
    return SignatureRecord.get_by_id(kept.id)


def _registered_already(kept):
    return RegisteredBefore(
        f"同じ内容のファイル(SHA-256が同じ)が、すでに「{kept.name}」として登録されています。",
        "登録し直す必要はありません。",
    )


def _file_name(name):
    """The name of an upload without folders, on one line."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(each for each in last if each.isprintable())[-entries.LONGEST :] or "名前のないファイル"
