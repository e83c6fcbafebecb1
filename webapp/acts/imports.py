"""Taking certificates into the register that were issued before: read, looked at row by row, registered in one press,
and taken back as a whole while nothing hangs on them.

The events: `read_import` and `import_certificates` with the counts of the batch, then one `imported` for every
AT_ONCE rows, with the serial numbers and issuers of what that transaction wrote.
"""

from datetime import datetime

from webapp import clock
from webapp.acts import intakes
from webapp.acts.officers import require_officer
from webapp.errors import Incomplete, Overtaken, Refused
from webapp.papers import certificate as certificate_paper
from webapp.papers import guard
from webapp.register import (
    IN_THE_WAY,
    Certificate,
    Content,
    Department,
    Event,
    ImportBatch,
    ImportRow,
    Job,
    Person,
    PersonMail,
    TrustAnchor,
    database,
    in_force,
)
from webapp.rules import issued_before as rules

AT_ONCE = 500  # rows of one transaction; a batch of no more is registered while its officer waits
SECONDS, MEGABYTES = 60, 1024  # for reading a list of 20,000 rows
DEED = "発行済みの証明書を取り込む"


def read_import(who, name, data):
    """Read a file of certificates or a list of them, keep it, and write down what each row would do; nothing is
    registered. Returns the ImportBatch. Raises NotYourAct, PrivateKeyPasted (then nothing is kept), Unreadable, or
    Incomplete for no file or one that is too large."""
    require_officer(who, DEED)
    _refuse_size(data)
    brought = guard.run("webapp.papers.issued_before:read", data, name, seconds=SECONDS, megabytes=MEGABYTES)
    judged = _compared(_judged(brought))
    with database.atomic():
        batch = ImportBatch.create(
            name=" ".join(name.split())[-200:] or "名前のないファイル",
            kind=brought.kind,
            size=len(data),
            content=Content.keep(data),
            received_at=clock.now(),
            person=who.person,
            state="read",
            notes=list(brought.notes),
        )
        _keep_files(brought, judged)
        _write_rows(batch, judged)
        facts = {"count": len(judged), "kind": batch.kind, "sha256": batch.sha256, **batch.counts()}
        Event.write("read_import", batch, who.person, who.address, facts, {"note": batch.name})
    return batch


def _refuse_size(data):
    if not data:
        sentence = "ファイルを選んでください。空のファイルは読み取れません。"
        raise Incomplete("ファイルが選ばれていません。", "ファイルを選んでから送信してください。", {"file": sentence})
    if len(data) > intakes.LARGEST:
        sentence = "20MB以内のファイルを選んでください。"
        raise Incomplete("ファイルが大きすぎます。", sentence, {"file": sentence})


def _keep_files(brought, judged):
    """The certificates that are to be registered, and those above them."""
    wanted = [found.der for found, (_, each) in zip(brought.found, judged, strict=False) if each.verdict == "new"]
    for der in [*wanted, *_authorities()] if wanted else []:
        Content.keep(der)


def _write_rows(batch, judged):
    for begin in range(0, len(judged), AT_ONCE):
        ImportRow.insert_many(
            {
                "batch": batch.id,
                "line": line,
                "verdict": each.verdict,
                "sentence": each.sentence,
                "values": each.values,
                "is_done": False,
            }
            for line, each in judged[begin : begin + AT_ONCE]
        ).execute()


# What each row would do


def _judged(brought):
    """[(line, Judged)] of what was brought, not yet compared with the register."""
    house = _house()
    if brought.kind == "files":
        return [(place, _of_file(found.certificate, house)) for place, found in enumerate(brought.found, 1)]
    is_hex = rules.shows_hex([cells for _, cells in brought.rows])
    return [(line, rules.from_list(cells, house, is_hex)) for line, cells in brought.rows]


def _of_file(certificate, house):
    judged = rules.from_file(certificate, house)
    trusted = certificate_paper.path(certificate, house.issuers)[1:]
    judged.values["chain"] = [above.sha256 for above in trusted]
    return judged


def _authorities():
    """The CA certificates that this register trusts for certificates or has trusted, as DER."""
    rows = TrustAnchor.select().where(TrustAnchor.use == "certificate").order_by(TrustAnchor.id)
    return list(dict.fromkeys(bytes(row.der) for row in rows))


def _house():
    people, mails = {}, PersonMail.select(PersonMail.person, PersonMail.mail).where(in_force(PersonMail))
    for row in Person.select(Person.id, Person.name).order_by(Person.id):
        people.setdefault(rules.folded(row.name), []).append(row.id)
    for person, mail in mails.tuples():
        people[rules.folded(mail)] = [person]
    departments = {rules.folded(row.name): row.id for row in Department.select()}
    return rules.House(tuple(certificate_paper.read(der) for der in _authorities()), people, departments)


def _compared(judged):
    """The same, each compared with the rows before it and with the register."""
    there = _registered([each.values for _, each in judged if each.verdict == "new"])
    first, found = {}, []
    for line, each in judged:
        if each.verdict == "new":
            key = each.values["issuer_sha256"], each.values["serial"]
            if key in first:
                each = rules.Judged(
                    "wrong", f"{first[key]}行目と同じ証明書です(発行者とシリアル番号が同じ)。", each.values
                )
            elif key in there:
                each = _against(there[key], each)
            first.setdefault(key, line)
        found.append((line, each))
    return found


def _registered(values):
    """{(issuer_sha256, serial): Certificate} of those that the register has already."""
    serials = sorted({each["serial"] for each in values})
    rows = {}
    for begin in range(0, len(serials), AT_ONCE):
        for row in Certificate.select().where(Certificate.serial.in_(serials[begin : begin + AT_ONCE])):
            rows[row.issuer_sha256, row.serial] = row
    return rows


def _against(row, judged):
    values = judged.values
    others = [
        label
        for label, mine, given in (
            ("主体者DN", row.subject, values["subject"]),
            ("開始日", row.not_before, datetime.fromisoformat(values["not_before"])),
            ("終了日", row.not_after, datetime.fromisoformat(values["not_after"])),
            ("失効日", row.revoked_at, datetime.fromisoformat(values["revoked_at"]) if values["revoked_at"] else None),
        )
        if given and mine != given
    ]
    if values["sha256"] and row.sha256 != values["sha256"]:
        others.append("証明書のファイル")
    if not others:
        return rules.Judged("same", "すでに台帳にあります。何も変えません。", values | {"certificate_id": row.id})
    sentence = f"すでに台帳にあり、{'、'.join(others)}が違います。台帳の値を残します。違いを確かめ、必要なら証明書の画面で直してください。"
    return rules.Judged("kept", sentence, values | {"certificate_id": row.id})


# Registering


def import_certificates(batch, who):
    """Register the rows that are new: at once when they are few, else by the worker. Raises NotYourAct, Refused when
    there is nothing to register, Overtaken when it was done already."""
    require_officer(who, DEED)
    count = batch.waiting().count()
    if not count:
        raise Refused("新しく登録する行がありません。", "誤りを直したファイルを、もう一度読み取ってください。")
    with database.atomic():
        _move(batch, "read", "importing")
        Event.write("import_certificates", batch, who.person, who.address, {"count": count})
        if count > AT_ONCE:
            Job.ask("import", batch)
    if count <= AT_ONCE:
        carry_on(batch.id)


def carry_on(batch_id):
    """Register the rows of a batch that still wait, AT_ONCE of them in each transaction, so that it can be taken up
    again wherever it was broken off."""
    while _register_some(ImportBatch.get_by_id(batch_id)):
        pass


def _register_some(batch):
    """Register the next rows, each wholly or not at all; returns whether any were left to do."""
    if batch.state != "importing":
        return False
    with database.atomic():
        rows = list(batch.waiting().limit(AT_ONCE))
        if not rows:
            _move(batch, "importing", "imported", imported_at=clock.now())
            return False
        there = _registered([row.values for row in rows])
        come = [row for row in rows if _key(row) not in there]
        if come:
            Certificate.insert_many([_certificate(row.values) for row in come]).execute()
        _mark(rows, come)
        made = [" ".join(reversed(_key(row))) for row in come]
        Event.write("imported", batch, batch.person, "worker", {"count": len(made), "certificates": made})
    return True


def _key(row):
    return row.values["issuer_sha256"], row.values["serial"]


def _mark(rows, come):
    """Say of the rows that they are done, of those that have come which certificate it is, of the others why not."""
    made = _registered([row.values for row in come])
    for row in come:
        row.certificate = made[_key(row)]
    if come:
        ImportRow.bulk_update(come, [ImportRow.certificate])
    others = {row.id for row in rows} - {row.id for row in come}
    sentence = "読み取ったあとに、ほかの操作で台帳に登録されました。何も変えません。"
    ImportRow.update(verdict="same", sentence=sentence).where(ImportRow.id.in_(others)).execute()
    ImportRow.update(is_done=True).where(ImportRow.id.in_([row.id for row in rows])).execute()


def _certificate(values):
    """The columns of a certificate that is registered now."""
    now = clock.now()
    return dict(
        content=values["sha256"],
        chain=values["chain"],
        spki_sha256=values["spki_sha256"],
        issuer_sha256=values["issuer_sha256"],
        serial=values["serial"],
        subject=values["subject"],
        issuer=values["issuer"],
        not_before=datetime.fromisoformat(values["not_before"]),
        not_after=datetime.fromisoformat(values["not_after"]),
        received_at=now,
        findings=[],
        origin="imported",
        title=values["title"],
        purpose=values["purpose"],
        department=values["department_id"],
        subscriber=values["subscriber_id"],
        accepted_at=now,
        revoked_at=datetime.fromisoformat(values["revoked_at"]) if values["revoked_at"] else None,
        revocation_reason=values["reason"],
    )


def drop_import(batch, who):
    """Leave a batch that was read unregistered."""
    require_officer(who, DEED)
    with database.atomic():
        _move(batch, "read", "dropped", ended_at=clock.now())
        Event.write("drop_import", batch, who.person, who.address)


def take_back(batch, who):
    """Remove every certificate that a batch brought, all or none. Raises Refused when something hangs on one of them:
    a revocation, a renewal, a 棚卸し, a proof."""
    require_officer(who, DEED)
    rows = ImportRow.select(ImportRow.certificate).where(
        (ImportRow.batch == batch) & ImportRow.certificate.is_null(False)
    )
    ids = [id for (id,) in rows.tuples()]
    try:
        with database.atomic():
            _move(batch, "imported", "taken_back", ended_at=clock.now())
            ImportRow.update(certificate=None).where(ImportRow.batch == batch).execute()
            for begin in range(0, len(ids), AT_ONCE):
                Certificate.delete().where(Certificate.id.in_(ids[begin : begin + AT_ONCE])).execute()
            Event.write("take_back", batch, who.person, who.address, {"count": len(ids)})
    except IN_THE_WAY:
        raise Refused(
            "この取り込みは取り消せません。登録した証明書に、失効・更新・棚卸しなどの記録がすでにあります。",
            "1枚ずつ、証明書の画面で内容を直してください。",
        ) from None


def _move(batch, since, to, **columns):
    moved = ImportBatch.update(state=to, **columns).where((ImportBatch.id == batch.id) & (ImportBatch.state == since))
    if not moved.execute():
        raise Overtaken(
            "この取り込みは、ほかの人の操作ですでに次へ進んでいます。",
            "画面を開き直して、いまの状態を確認してください。",
        )
    batch.state = to
