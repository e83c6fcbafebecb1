"""What the institution's own procedure lays down: its ways of checking people, and the documents to agree to."""

from datetime import timedelta
from urllib.parse import urlsplit

from webapp import clock
from webapp.acts import ca_profiles, entries, house
from webapp.errors import Unreadable
from webapp.register import Content, Document, IdentityMethod, in_force

ASPECTS = {"identity": "本人性", "existence": "実在性"}
LARGEST = 20 * 1024 * 1024  # bytes of a kept copy


def proposed_methods():
    """The profile's proposals that are not in force, as [(aspect, name), …]."""
    held = {(row.aspect, row.name) for row in IdentityMethod.select().where(in_force(IdentityMethod))}
    proposals = ca_profiles.here().identity_methods
    return [(each.of, each.title) for each in proposals if (each.of, each.title) not in held]


def add_method(who, given):
    """Add a way of checking 本人性 or 実在性 (aspect, name as typed)."""
    house.require_administrator(who)
    aspect = entries.one_of(ASPECTS, "本人性または実在性を選んでください。")
    values = entries.checked({"aspect": aspect, "name": entries.line("確認の方法", longest=64)}, given)
    with house.administering(who):
        _add_method(who, **values)


def add_proposed_methods(who, chosen):
    """Add those of the profile's proposals that were ticked ("aspect:name")."""
    house.require_administrator(who)
    wanted = [pair for pair in proposed_methods() if ":".join(pair) in chosen]
    if not wanted:
        entries.refuse({"proposal": "登録する方法を選んでください。"})
    with house.administering(who):
        for aspect, name in wanted:
            _add_method(who, aspect, name)


def _add_method(who, aspect, name):
    alike = (IdentityMethod.aspect == aspect) & (IdentityMethod.name == name) & in_force(IdentityMethod)
    if IdentityMethod.select().where(alike).exists():
        entries.refuse({"name": "この方法は、すでに登録されています。"})
    row = IdentityMethod.create(aspect=aspect, name=name, since_on=clock.today())
    house.note("add_identity_method", row, who, {"aspect": aspect, "name": name})


def missing_documents():
    """The profile's documents of which no version is in force."""
    held = {row.name for row in Document.to_agree()}
    return [document for document in ca_profiles.here().documents if document.title not in held]


def add_document(who, given, data=b""):
    """Add a document to agree to, or its next version (name, version, address, since_on as typed; `data` the kept
    copy). The version before ends on the eve. Raises Incomplete, Unreadable; returns the Document."""
    house.require_administrator(who)
    values = entries.checked(
        {
            "name": entries.line("文書の名前"),
            "version": entries.line("版", longest=64),
            "address": address,
            "since_on": entries.day("この版の開始日"),
        },
        given,
    )
    if not values["address"] and not data:
        entries.refuse({"address": "文書のアドレスを入力するか、写しのファイルを選んでください。"})
    media_type = _media_type(data) if data else ""
    with house.administering(who):
        _end_versions(values)
        kept = Content.keep(data) if data else None
        row = Document.create(content=kept, media_type=media_type, **values)
        told = {"name": row.name, "version": row.version, "sha256": row.sha256, "address": row.address}
        house.note("add_document", row, who, told | {"since_on": row.since_on.isoformat()})
    return row


def _end_versions(values):
    """Let the versions in force end on the eve. An earlier beginning than theirs would turn the order round."""
    eve = values["since_on"] - timedelta(days=1)
    older = Document.select().where(
        (Document.name == values["name"]) & (Document.until_on.is_null() | (Document.until_on > eve))
    )
    for row in older:
        if row.version == values["version"]:
            entries.refuse({"version": "この版は、すでに登録されています。"})
        if row.since_on > values["since_on"]:
            entries.refuse({"since_on": f"いまの版は{row.since_on}に始まっています。それ以降の日付にしてください。"})
    Document.update(until_on=eve).where(Document.id.in_([row.id for row in older])).execute()


def address(text):
    """The rule for a typed http(s) address, or none."""
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.netloc or not text.isascii()):
        raise entries.Unfit("アドレスは、https://から始まる形で入力してください。")
    return entries.line("アドレス", is_needed=False, longest=500)(text)


def _media_type(data):
    """PDF or plain text; anything else is not kept. Raises Unreadable."""
    if len(data) > LARGEST:
        raise Unreadable("ファイルが大きすぎます。", "20MB以内のPDFファイルを選んでください。")
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise Unreadable("写しとして保存できるのは、PDFとテキスト(UTF-8)のファイルです。", "PDFを選んでください。")
    return "text/plain; charset=utf-8"


def end_method(who, row, until_on):
    house.end(who, row, until_on)


def end_document(who, row, until_on):
    house.end(who, row, until_on)
