"""鍵の保護: how the key of an application is kept and by what that is shown; the evidence is kept as it came."""

from webapp import clock
from webapp.acts import ca_profiles, entries, evidence, performing, require_now
from webapp.papers import armour, guard
from webapp.register import Csr, KeyProtection, Token, TrustAnchor
from webapp.register.tokens import months_before
from webapp.rules import key_protection as rules

METHODS = rules.METHODS
ATTESTATION = 2
WORDS = "台帳にないトークン・サービス"


def note_key_protection(application, who, given, name="", data=b""):
    """Record how the key is kept (method, token: a row number, words, witness, shown_on as typed) with the evidence as
    a file; an attestation is verified against the CSR in force. Returns the KeyProtection. Raises NotYourAct,
    Overtaken, Incomplete, Unreadable."""
    require_now("note_key_protection", application, who)
    tokens = {str(row.id): row for row in offered(who)}
    values = entries.checked(
        {
            "method": entries.one_of({str(method) for method in METHODS}, "方法を選んでください。"),
            "token": entries.one_of(tokens, "トークンを一覧から選んでください。", is_needed=False),
            "words": entries.line(WORDS, is_needed=False),
            "witness": entries.line("立ち会った人", is_needed=False, longest=100),
            "shown_on": entries.day("証拠の日付", is_past=True),
        },
        given,
    )
    method, token = int(values.pop("method")), tokens.get(values.pop("token"))
    if token is None and not values["words"]:
        entries.refuse({"token": "トークンを一覧から選ぶか、鍵のある場所を下の欄に入力してください。"})
    evidence.check(data, evidence.CERTIFICATES if method == ATTESTATION else ())
    attestation = attested(application, data) if method == ATTESTATION and data else None
    told = {"method": method, "token": token and token.id, "shown_on": values["shown_on"].isoformat()}
    told |= {"is_verified": attestation["is_verified"]} if attestation else {}
    particulars = {"words": values["words"], "witness": values["witness"]}
    with performing("note_key_protection", application, who, told, particulars) as deed:
        kept = evidence.keep(who, name, data, application=application)
        deed.facts |= {"sha256": kept.sha256} if kept else {}
        return KeyProtection.create(
            application=application,
            method=method,
            token=token,
            evidence=kept,
            attestation=attestation,
            noted_at=clock.now(),
            noted_by=who.person,
            **values,
        )


def take_station_attestation(application, who, ders, token):
    """Within the act that took a key from a signing station: keep the certificates (DER) by which its token vouches for the key
    of the CSR in force, and record ② by them, verified or not; `token` has the label, serial and model that it told."""
    data = "".join(armour.pem("CERTIFICATE", der) for der in ders).encode()
    attestation = attested(application, data)
    known = next((row for row in offered(who) if row.serial == token.serial), None)
    told = {"method": ATTESTATION, "token": known and known.id, "shown_on": clock.today().isoformat()}
    told |= {"is_verified": attestation["is_verified"]}
    words = "" if known else f"{token.label}({token.model}、製造番号 {token.serial})"
    with performing("note_key_protection", application, who, told, {"words": words, "witness": ""}) as deed:
        kept = evidence.keep(who, "attestation.pem", data, application=application)
        deed.facts["sha256"] = kept.sha256
        KeyProtection.create(
            application=application,
            method=ATTESTATION,
            token=known,
            words=words,
            witness="",
            shown_on=clock.today(),
            evidence=kept,
            attestation=attestation,
            noted_at=clock.now(),
            noted_by=who.person,
        )


def offered(who):
    """The tokens at hand that this person may name: those of the ledger that he or she sees."""
    at_hand = Token.disposed_on.is_null() & Token.lost_on.is_null()
    return list(Token.seen_by(who.person).where(at_hand).order_by(Token.label, Token.id))


def attested(application, data):
    """What an attestation file says about the key of the CSR in force, as plain values (papers.attestation)."""
    csr = Csr.in_force(application)
    if csr is None:
        entries.refuse({"file": "CSRがまだありません。アテステーションは、CSRを登録してから添付してください。"})
    roots, others = TrustAnchor.trusted_for("attestation")
    found = guard.run("webapp.papers.attestation:read", data, csr.spki_sha256, roots, others, clock.now())
    return {**vars(found), "details": [list(each) for each in found.details]}


def judge(application):
    """Findings KEY-01 and KEY-02 about an application as the register has it."""
    is_public = ca_profiles.of(application).public
    return rules.judge(**values(application), is_public=is_public, oldest=months_before(clock.today(), rules.MONTHS))


def values(application):
    """What the rules ask of an application: {shown, is_soft_key}."""
    csr = Csr.in_force(application)
    pair = csr.key_pair if csr else None
    made_on = Token.of_key(pair)
    is_soft = pair is not None and ("softhsm" in (pair.token_model or "").lower() or _is_soft(made_on))
    return {"shown": _shown(KeyProtection.newest(application), csr, made_on), "is_soft_key": is_soft}


def _is_soft(token):
    return token is not None and token.kind == "soft"


def _shown(row, csr, made_on):
    if row is None:
        return None
    tokens = [token for token in (row.token, made_on) if token is not None]
    return rules.Shown(
        method=row.method,
        token_kind=row.token.kind if row.token else "",
        is_certified=row.token is not None and row.token.scheme != "none",
        is_at_hand=all(token.is_at_hand for token in tokens),
        has_document=row.evidence_id is not None,
        witness=row.witness,
        shown_on=row.shown_on,
        attestation=_standing(row.attestation, csr),
    )


def _standing(attestation, csr):
    """One that was about the key of an earlier CSR is about another key now."""
    if attestation is None:
        return ""
    about = attestation["spki_sha256"]
    if about and (csr is None or about != csr.spki_sha256):
        return "other_key"
    return "verified" if attestation["is_verified"] else "unverified"
