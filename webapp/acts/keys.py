"""1-1-1: the key pair and its CSR, made on the institution's token or brought from elsewhere."""

import secrets

from tokens.errors import TokenError
from webapp import clock
from webapp.acts import ca_profiles, facts, key_protection, performing, require_now
from webapp.errors import Incomplete, Refused
from webapp.papers import csr as csr_paper
from webapp.register import Content, Csr, Institution, KeyPair, database


def make_key(application, who, algorithm, tokend):
    """Make a key pair on the institution's token and its CSR with the registered DN. `tokend` is a tokens.client.Tokend.
    The key is planned first: pressing again after a breakdown finds the same key. Raises Incomplete, or Refused with
    the token's own sentence."""
    require_now("make_key", application, who)
    institution = Institution.here()
    if algorithm not in ca_profiles.of(application).offered_keys:
        raise Incomplete(
            "鍵の種類を選んでください。", "一覧から選んでください。", {"algorithm": "一覧から選んでください。"}
        )
    if not institution.token_label:
        raise Refused(
            "このしるしには、サーバーから使えるトークンが登録されていません。",
            "別の場所で鍵ペアとCSRを作り、「CSRを登録する」を使ってください。",
        )
    key = _planned(application, algorithm)
    made = on_token(
        tokend.make_key,
        cka_id=bytes.fromhex(key.cka_id),
        label=key.label,
        algorithm=algorithm,
        subject=institution.subject,
    )
    csr = csr_paper.read(made.csr_der)
    refuse_errors(facts.judge_csr(csr, application, "make_key"))
    told = {"algorithm": algorithm, "spki_sha256": csr.spki_sha256, "attributes": made.attributes}
    with performing("make_key", application, who, told | {"token": made.token}):
        KeyPair.update(
            made_at=clock.now(),
            spki_sha256=csr.spki_sha256,
            attributes=made.attributes,
            token_label=made.token["label"],
            token_serial=made.token["serial"],
            token_model=made.token["model"],
        ).where(KeyPair.id == key.id).execute()
        _attach(application, who, csr, key)


def take_station_key(application, who, algorithm, made, station):
    """Take the CSR of a key that a signing station has made on its own token; `made` is a tokens.station MadeKey, `station` the
    station's number. What the token says of the key is kept as it came; the certificates by which it vouches for the key
    become its evidence (acts/key_protection.py). Raises Unreadable, Incomplete, or Refused for a key that could leave its token."""
    require_now("make_key", application, who)
    csr = csr_paper.read(made.csr)
    refuse_errors(facts.judge_csr(csr, application, "make_key"))
    if str(csr.key) != algorithm:
        raise Refused(f"頼んだ種類({algorithm})の鍵ではありません。", "署名ステーションで、もう一度生成してください。")
    if made.attributes.get("EXTRACTABLE") or made.attributes.get("NEVER_EXTRACTABLE") is False:
        raise Refused("この鍵は、トークンの外に取り出せます。", "鍵を取り出せないトークンで、生成し直してください。")
    told = {"algorithm": algorithm, "spki_sha256": csr.spki_sha256, "attributes": made.attributes, "station": station}
    with performing("make_key", application, who, told | {"token": vars(made.token)}) as deed:
        deed.facts["attestation"] = [Content.keep(der).sha256 for der in made.attestation]
        _attach(application, who, csr, None)
        if made.attestation:
            key_protection.take_station_attestation(application, who, made.attestation, made.token)


def _planned(application, algorithm):
    open_plan = (KeyPair.application == application) & (KeyPair.algorithm == algorithm) & KeyPair.made_at.is_null()
    with database.atomic():
        return KeyPair.select().where(open_plan).first() or KeyPair.create(
            application=application,
            cka_id=secrets.token_hex(20),
            algorithm=algorithm,
            label=f"{application.number} {application.title}"[:60],
            planned_at=clock.now(),
        )


def on_token(operation, **arguments):
    """Call tokend; its TokenError becomes a Refused with the same sentence and advice."""
    try:
        return operation(**arguments)
    except TokenError as error:
        raise Refused(error.message, error.advice) from error


def attach_csr(application, who, data):
    """Take a CSR made elsewhere (PEM or DER bytes, or pasted text). Raises Unreadable, PrivateKeyPasted, or Incomplete
    when it breaks a rule: nothing is kept then."""
    require_now("attach_csr", application, who)
    csr = csr_paper.read(data)
    refuse_errors(facts.judge_csr(csr, application))
    with performing("attach_csr", application, who, {"sha256": csr.sha256, "spki_sha256": csr.spki_sha256}):
        _attach(application, who, csr, None)


def refuse_errors(findings):
    errors = facts.errors_in(findings)
    if errors:
        raise Incomplete(
            "このCSRは登録できません。",
            " ".join(finding.sentence for finding in errors),
            {"csr": " ".join(dict.fromkeys(finding.advice or finding.sentence for finding in errors))},
        )


def _attach(application, who, csr, key):
    Csr.update(dropped_at=clock.now()).where((Csr.application == application) & Csr.dropped_at.is_null()).execute()
    Csr.create(
        application=application,
        content=Content.keep(csr.der),
        spki_sha256=csr.spki_sha256,
        subject=str(csr.subject),
        key_pair=key,
        attached_at=clock.now(),
        attached_by=who.doer,
    )
