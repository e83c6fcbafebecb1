"""公印・電子署名使用簿: who reads it, the number of the institution's own approval (決裁番号) and the keeper of its stamp
(公印の管守者), neither of which is ever required."""

from contextlib import contextmanager

from webapp.acts import entries, house
from webapp.errors import NotYourAct, Overtaken, Refused, Unseen
from webapp.procedure import Role
from webapp.register import SealUse, database

READERS = (Role.OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
LONGEST = 100
LABELS = {"approval": "決裁番号", "keeper": "公印の管守者"}
COLUMNS = {"approval": SealUse.approval, "keeper": SealUse.stamp_keeper}


def own_to(person):
    """Conditions on SealUse under which a person may see a row: none for the office, one's own for a head. Raises
    NotYourAct."""
    roles = person.roles()
    if roles & set(READERS):
        return []
    if Role.HEAD not in roles:
        sentence = "公印・電子署名使用簿は、登録担当者・機関責任者・監査担当者・管理者が見るものです。"
        raise NotYourAct(sentence, "登録担当者に連絡してください。")
    return [SealUse.sealer == person]


def find(person, number):
    """The use with this row number, if this person may see it; raises Unseen, NotYourAct."""
    row = SealUse.select().where(SealUse.id == number, *own_to(person)).first()
    if row is None:
        raise Unseen("使用簿の記録が見つかりません。", "使用簿の一覧から選び直してください。")
    return row


def shown(person, paper):
    """The use to which a sealed paper led, for whoever may see it, else None."""
    roles, use = person.roles(), SealUse.of(paper)
    is_own = use is not None and Role.HEAD in roles and use.sealer_id == person.id
    return use if roles & set(READERS) or is_own else None


def may_note(person):
    return bool(person.roles() & {Role.OFFICER, Role.HEAD})


def note_approval(use, who, text, before):
    """Write the 決裁番号 of a use (an empty text takes it away); `before` is what stood there when the page was opened.
    The old number stays in the event. Raises NotYourAct, Incomplete, Overtaken."""
    with _noting(use, who, "approval", text, before) as number:
        house.note("note_approval", use, who, {"approval": [before, number]})


def note_keeper(use, who, text, before):
    """The same for the 公印の管守者 of a stamp. Raises Refused for a signature: its key is kept by its own person."""
    if use.kind != "scan":
        raise Refused("電子署名の鍵の管守者は、署名した本人です。", "使用簿の記録を確認してください。")
    with _noting(use, who, "keeper", text, before) as keeper:
        house.note("note_keeper", use, who, None, {"keeper": [before, keeper]})


@contextmanager
def _noting(use, who, field, text, before):
    """A field of a use written anew; yields its value, for the event of the same transaction."""
    label, column = LABELS[field], COLUMNS[field]
    if who.person is None or not may_note(who.person):
        raise NotYourAct(f"{label}は、登録担当者または署名した本人が記録します。", "登録担当者に連絡してください。")
    find(who.person, use.id)
    value = _checked(field, text)
    with database.atomic():
        if not SealUse.update({column: value}).where(SealUse.id == use.id, column == before).execute():
            raise Overtaken(
                f"{label}は、ほかの人が変更しています。", "画面を開き直して、いまの内容を確認してください。"
            )
        yield value


def approved(text):
    """{"approval": 決裁番号} as the event of a seal tells it, {} where none was given. Raises Incomplete."""
    number = _checked("approval", text)
    return {"approval": number} if number else {}


def kept_by(text):
    """{"keeper": 公印の管守者} as it stands beside the event of a stamp, {} where none was given. Raises Incomplete."""
    keeper = _checked("keeper", text)
    return {"keeper": keeper} if keeper else {}


def enter(paper, approval="", keeper=""):
    """Write what came with a sealed paper into the row that the database has just entered for it: 決裁番号, 公印の管守者."""
    SealUse.update(approval=approval, stamp_keeper=keeper).where(SealUse.paper == paper).execute()


def _checked(field, text):
    rule = entries.line(LABELS[field], is_needed=False, longest=LONGEST)
    return entries.checked({field: rule}, {field: text})[field]
