"""An application that came by mail: a filled form and a CSR, loose or in one mail (seed 1-1-2, 1-3-1). Call `read` through
guard.run with SECONDS and MEGABYTES."""

from dataclasses import dataclass, field
from datetime import datetime

from webapp.errors import Unreadable
from webapp.papers import (
    armour,
    csr,
    form_reader,
    form_template,
    issue_form,
    key_search,
    outlook_mail,
    received_mail,
    revocation_form,
    unpacking,
)
from webapp.papers.armour import PrivateKeyPasted

SECONDS, MEGABYTES = 30, 1024
_FORM_NAMES = (".xlsx", ".xls", ".xlsm", ".xlsb")
_NO_FORM = (
    "申請書のExcelファイル(.xlsx)がありません。",
    "発行申請書または失効申請書をExcelの様式に記入し、PDFや画像にせず、.xlsxのまま添付してください。",
)
_OTHER_FORM = (
    "申請書の様式と一致しません。",
    "いまの発行申請書または失効申請書の様式に、行や見出しを変えずに記入してください。画像を貼り付けた申請書は読み取れません。",
)


@dataclass(frozen=True)
class File:
    """A file as it came. `kind`: form, csr, mail, other."""

    name: str
    kind: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Arrived:
    """What came. `kind` issue, revoke or unknown; `values` as the forms' `read` gives them, without those that the sheet has
    no place for; `lists_documents`: the form has a place for the documents agreed to; `faults` ((sentence, advice), …) tell the sender what to send anew."""

    files: tuple
    kind: str = "unknown"
    values: dict = field(default_factory=dict, repr=False)
    lists_documents: bool = False
    faults: tuple = ()
    sender: str = ""
    sender_name: str = ""
    subject: str = ""
    sent_at: datetime | None = None
    notes: tuple = ()
    signature: dict = field(default_factory=dict)


def read(files, templates, anchors, others, at):
    """The Arrived in `files` [(name, bytes)]; `templates` are the institution's own forms, newest first: (mapping, what to
    note of a form on it). Raises PrivateKeyPasted when a private key came along: then nothing may be kept; Unreadable for
    a damaged mail."""
    mails = [(name, data) for name, data in files if _is_mail(name, data)]
    if len(mails) > 1:
        raise Unreadable("メールが2通以上あります。", "1通ずつ登録してください。")
    told, parts = {}, []
    for _, data in mails:
        told, parts = _mail(received_mail.read(data, anchors, others, at))
    loose = [(name, data) for name, data in files if not _is_mail(name, data)]
    budget = [unpacking.MAX_TOTAL_BYTES]
    unseen = [note for name, data in loose for note in key_search.refuse_file(name, data, budget)]
    sorted_out = [_sorted_out(name, data) for name, data in [*loose, *parts]]
    kind, values, lists, faults, note = _form([each for each in sorted_out if each.kind == "form"], templates)
    if kind != "revoke":
        faults = (*faults, *_csr_faults([each for each in sorted_out if each.kind == "csr"]))
    told["notes"] = (*told.get("notes", ()), *unseen, *([note] if note else []))
    kept = [File(name, "mail", data) for name, data in mails]
    return Arrived((*kept, *sorted_out), kind, values, lists, faults, **told)


def _is_mail(name, data):
    """By its name; Excel's older files begin as Outlook's mails do."""
    if name.lower().endswith((".eml", ".msg")):
        return True
    return outlook_mail.is_one(data) and "__properties_version1.0".encode("utf-16-le") in data


def _mail(mail):
    everything = mail.everything()
    signature = mail.signature
    told = {
        "sender": mail.sender,
        "sender_name": mail.sender_name,
        "subject": mail.subject,
        "sent_at": mail.sent_at,
        "notes": tuple(note for each in everything for note in each.notes),
        "signature": {"state": signature.state, "sentence": signature.sentence, "mails": list(signature.mails)}
        if signature
        else {},
    }
    return told, [(file.name, file.data) for each in everything for file in each.attachments]


def _sorted_out(name, data):
    if name.lower().endswith(_FORM_NAMES) or data.startswith((b"PK\x03\x04", form_reader.OLE)):
        return File(name, "form", data)
    try:
        found = armour.blocks(data, max(len(data), 1))
    except PrivateKeyPasted:
        raise
    except Unreadable:
        is_meant = name.lower().endswith((".csr", ".p10", ".req", ".pem")) or b"CERTIFICATE REQUEST" in data
        return File(name, "csr" if is_meant else "other", data)
    return File(name, "csr" if any(each.kind == armour.CSR for each in found) else "other", data)


def _form(files, templates):
    """(kind, values, lists_documents, faults, note) of the one form among the files."""
    if not files:
        return "unknown", {}, False, (_NO_FORM,), ""
    if len(files) > 1:
        names = "、".join(each.name for each in files)
        fault = f"申請書が2つ以上あります({names})。", "申請1件につき、申請書1つとCSR1つを送ってください。"
        return "unknown", {}, False, (fault,), ""
    data, refusals = files[0].data, []
    for kind, lists, reader, note in _readers(templates):
        try:
            values = reader(data)
        except Unreadable as refusal:
            refusals.append(refusal)
            continue
        key_search.refuse_text("\n".join(str(value) for value in values.values()), "申請書")
        return kind, values, lists, (), note
    first = refusals[0]
    is_other = "様式と一致しません" in first.message
    return "unknown", {}, False, (_OTHER_FORM if is_other else (first.message, first.advice),), ""


def _readers(templates):
    yield "issue", True, issue_form.read, ""
    yield "revoke", False, revocation_form.read, ""
    for mapping, note in templates:
        lists = "agreements" in mapping["places"]
        yield mapping["kind"], lists, lambda data, mapping=mapping: _of_template(data, mapping), note


def _of_template(data, mapping):
    """What a sheet of the institution's own says, and nothing about what it has no place for."""
    said = form_template.carried(mapping)
    values = form_template.read_filled(data, mapping)
    return {key: value for key, value in values.items() if key in said or value not in ("", None, [], 0, False)}


def _csr_faults(files):
    if len(files) != 1:
        said = f"CSRが{len(files)}件あります。" if files else "CSRのファイルがありません。"
        return ((said, "申請書と一緒に、CSR(.csr)を1つ添付してください。秘密鍵は送らないでください。"),)
    try:
        csr.read(files[0].data)
    except PrivateKeyPasted:
        raise
    except Unreadable as refusal:
        return ((refusal.message, refusal.advice),)
    return ()
