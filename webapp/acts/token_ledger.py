"""トークン台帳: tokens are entered, corrected, handed from one person to another, lost, disposed of; nothing is removed.

What lies on a token is not typed: the keys made on it, the proofs it gave and the records of the applications say so."""

from datetime import timedelta

from webapp import clock
from webapp.acts import entries, house, letters
from webapp.acts.dues import Due
from webapp.acts.officers import require_officer
from webapp.errors import Incomplete, NotYourAct, Overtaken
from webapp.procedure import Role
from webapp.register import IN_THE_WAY, Certificate, Event, Person, Token, TokenHandover, database
from webapp.register.tokens import months_before

KINDS = {"card": "ICカード", "usb": "USBトークン", "hsm": "HSM", "soft": "ソフトウェアトークン(練習用)"}
SCHEMES = {
    "FIPS140-2": "FIPS 140-2",
    "FIPS140-3": "FIPS 140-3",
    "CC": "コモンクライテリア(CC)",
    "none": "認証なし・不明",
}
MONTHS = 13  # after which a certification's status is looked up again, as long as an audit may be used (CSBR 4.2.1)
DAYS_TO_CONFIRM = 3
LONGEST_NOTE = 1000


def enter_token(who, given):
    """Enter a token (label, kind, manufacturer, model, serial, firmware, scheme, level, number, status_on, holder,
    place as typed). Returns it. Raises NotYourAct, Incomplete."""
    require_officer(who, "トークンを登録する")
    values = _described(given)
    holder = _holder(given.get("holder"), is_needed=False)
    with database.atomic():
        row = _kept(Token.create, **values, holder=holder, entered_at=clock.now(), entered_by=who.person)
        house.note("enter_token", row, who, _facts(values), {"holder": holder.name} if holder else None)
    return row


def correct_token(who, token, given):
    """Correct what was typed, also that the certification was looked up again. The holder changes by a hand-over."""
    require_officer(who, "トークンの記載を直す")
    values = _described(given)
    with database.atomic():
        _kept(_move, token, "disposed_on", **values)
        house.note("correct_token", token, who, _facts(values))


def _described(given):
    """The values of the columns that are typed. Raises Incomplete."""
    values = entries.checked(_RULES, given)
    faults = {}
    if values["kind"] == "soft" and values["scheme"] != "none":
        faults["scheme"] = "ソフトウェアトークンは、FIPS 140・CCの認証を受けたハードウェアではありません。"
    elif values["scheme"] != "none":
        words = {"level": "レベル", "number": "認証番号", "status_on": "認証の状態を確認した日"}
        faults = {name: f"{label}を入力してください。" for name, label in words.items() if not values[name]}
    if faults:
        entries.refuse(faults)
    if values["scheme"] == "none":
        values |= {"level": "", "number": "", "status_on": None}
    return values


_RULES = {
    "label": entries.line("呼び名", longest=100),
    "kind": entries.one_of(KINDS, "種類を選んでください。"),
    "manufacturer": entries.line("製造元", is_needed=False, longest=100),
    "model": entries.line("型式", is_needed=False, longest=100),
    "serial": entries.line("シリアル番号", is_needed=False, longest=100),
    "firmware": entries.line("ファームウェア", is_needed=False, longest=100),
    "scheme": entries.one_of(SCHEMES, "認証制度を選んでください。"),
    "level": entries.line("レベル", is_needed=False, longest=100),
    "number": entries.line("認証番号", is_needed=False, longest=100),
    "status_on": entries.day("認証の状態を確認した日", is_needed=False, is_past=True),
    "place": entries.line("保管場所", is_needed=False),
}


def _facts(values):
    return values | {"status_on": values["status_on"].isoformat() if values["status_on"] else None}


def _kept(write, *arguments, **values):
    """Write; a serial that another token at hand has is refused with its field."""
    try:
        with database.atomic():
            return write(*arguments, **values)
    except IN_THE_WAY:
        other = Token.with_serial(values["serial"])
        named = f"「{other.label}」" if other else "ほかのトークン"
        entries.refuse({"serial": f"このシリアル番号は、{named}として登録されています。"})


def _move(token, *unset, **values):
    """Change columns of a token while `unset` columns are empty. Raises Overtaken."""
    free = [getattr(Token, name).is_null() for name in unset]
    if not Token.update(**values).where(Token.id == token.id, *free).execute():
        raise Overtaken("このトークンは、すでに紛失または廃棄として記録されています。", "画面を開き直してください。")


def holders():
    """Everybody who can hold a token: whoever has a role today."""
    people = {person.id: person for role in Role for person in Person.holding(role)}
    return sorted(people.values(), key=lambda person: person.id)


def _holder(number, is_needed=True):
    found = next((person for person in holders() if str(person.id) == str(number)), None)
    if found is None and (is_needed or number):
        entries.refuse({"holder": "所持者を一覧から選んでください。"})
    return found


def hand_token(who, token, given):
    """Write that a token went to another person (receiver, on_day, note as typed), who confirms it: until then the giver
    answers for it. By an officer or by the holder. Raises NotYourAct, Incomplete, Overtaken."""
    _require_mine(who, token, "トークンを引き渡す")
    rules = {"on_day": entries.day("渡した日", is_past=True), "note": entries.line("備考", is_needed=False)}
    values = entries.checked(rules, given)
    receiver = next((each for each in holders() if str(each.id) == str(given.get("receiver"))), None)
    if receiver is None:
        entries.refuse({"receiver": "受け取る人を一覧から選んでください。"})
    with database.atomic():
        _move(token, "lost_on", "disposed_on", label=Token.label)
        giver = Token.get_by_id(token.id).holder
        if giver == receiver:
            entries.refuse({"receiver": f"{receiver.name}さんは、すでにこのトークンの所持者です。"})
        if TokenHandover.open_of(token):
            raise Incomplete(
                "前の引き渡しの受領が、まだ確認されていません。", "受領の確認を待つか、引き渡しを取り消してください。"
            )
        columns = {"token": token, "giver": giver, "receiver": receiver, "entered_by": who.person}
        TokenHandover.create(**columns, **values, entered_at=clock.now())
        told = {"giver": giver and giver.id, "receiver": receiver.id, "on_day": values["on_day"].isoformat()}
        names = f"{giver.name if giver else '(所持者なし)'} → {receiver.name}"
        house.note("hand_token", token, who, told, {"note": "\n".join(filter(None, (names, values["note"])))})


def receive_token(who, token):
    """The receiver confirms, and holds it from now on. Raises NotYourAct, Overtaken."""
    row = TokenHandover.open_of(token)
    if row is None:
        raise Overtaken("確認を待っている引き渡しはありません。", "画面を開き直してください。")
    if row.receiver != who.person:
        raise NotYourAct(f"受領を確認するのは{row.receiver.name}さんです。", "受け取った人に連絡してください。")
    with database.atomic():
        _end(row, confirmed_at=clock.now())
        _move(token, "disposed_on", holder=who.person)
        house.note("receive_token", token, who, {"handover": row.id, "receiver": who.person.id})


def withdraw_token(who, token):
    """A hand-over that did not take place, or was written wrongly, ends without one. Raises NotYourAct, Overtaken."""
    _require_mine(who, token, "引き渡しを取り消す")
    row = TokenHandover.open_of(token)
    if row is None:
        raise Overtaken("確認を待っている引き渡しはありません。", "画面を開き直してください。")
    with database.atomic():
        _end(row, withdrawn_at=clock.now())
        house.note("withdraw_token", token, who, {"handover": row.id})


def _end(row, **values):
    still = (TokenHandover.id == row.id) & TokenHandover.is_open()
    if not TokenHandover.update(**values).where(still).execute():
        raise Overtaken("この引き渡しは、すでに確認または取り消されています。", "画面を開き直してください。")


def _require_mine(who, token, what):
    """Raise NotYourAct unless this person is an officer or holds the token."""
    if token.holder_id != who.person.id:
        require_officer(who, what)


def lose_token(who, token, given):
    """Write that a token is lost (lost_on, note as typed) and block the keys of all valid certificates on it at once;
    each is then to be revoked. Returns how many were blocked. By an officer or by the holder. Raises NotYourAct,
    Incomplete, Overtaken."""
    _require_mine(who, token, "トークンの紛失を記録する")
    rules = {"lost_on": entries.day("紛失に気づいた日", is_past=True), "note": _note("状況")}
    values = entries.checked(rules, given)
    now = clock.now()
    with database.atomic():
        _move(token, "lost_on", "disposed_on", lost_on=values["lost_on"], lost_at=now, lost_by=who.person)
        blocked = [row for row in valid_certificates(token) if _block(row, now)]
        for certificate in blocked:
            house.note("block_key", certificate, who, {"serial": certificate.serial, "token": token.id})
        told = {"lost_on": values["lost_on"].isoformat(), "certificates": [row.id for row in blocked]}
        house.note("lose_token", token, who, told, {"note": values["note"]})
    return len(blocked)


def _block(certificate, now):
    free = (Certificate.id == certificate.id) & Certificate.blocked_at.is_null()
    return Certificate.update(blocked_at=now).where(free).execute()


def valid_certificates(token):
    """The certificates whose key lies on it and that the world still trusts."""
    still = Certificate.revoked_at.is_null() & (Certificate.not_after >= clock.now())
    return list(token.certificates().where(still).order_by(Certificate.id))


def dispose_token(who, token, given):
    """Write that a token was disposed of (disposed_on, disposal: how, witness, and reason: why although valid
    certificates have their keys on it). Raises NotYourAct, Incomplete, Overtaken."""
    require_officer(who, "トークンの廃棄を記録する")
    rules = {
        "disposed_on": entries.day("廃棄した日", is_past=True),
        "disposal": entries.line("廃棄の方法"),
        "witness": entries.line("立ち会った人", longest=100),
        "reason": _note("理由", is_needed=False),
    }
    values = entries.checked(rules, given)
    reason = values.pop("reason")
    with database.atomic():
        _move(token, "disposed_on", **values)
        left = valid_certificates(token)
        if left and not reason:
            entries.refuse(
                {
                    "reason": f"有効な証明書{len(left)}枚の鍵がこのトークンにあります。それでも廃棄する理由を入力してください。"
                }
            )
        TokenHandover.update(withdrawn_at=clock.now()).where(
            TokenHandover.token == token, TokenHandover.is_open()
        ).execute()
        told = {"disposed_on": values["disposed_on"].isoformat(), "disposal": values["disposal"], "left": len(left)}
        house.note("dispose_token", token, who, told, {"witness": values["witness"], "reason": reason})


def _note(label, is_needed=True):
    def rule(text):
        if is_needed and not text:
            raise entries.Unfit(f"{label}を入力してください。")
        if len(text) > LONGEST_NOTE or "\0" in text:
            raise entries.Unfit(f"{label}は{LONGEST_NOTE}文字以内で入力してください。")
        return text

    return rule


def history(token):
    """The events about a token, the newest first."""
    return Event.about(token)


def dues(today):
    """Certifications whose status is old, holders who have left, and hand-overs that nobody has confirmed."""
    officers = tuple(letters.officers())
    for row in Token.unchecked_since(months_before(today, MONTHS)):
        sentence = f"トークン「{row.label}」の認証({SCHEMES[row.scheme]} {row.number})は、{_day(row.status_on)}から状態を確認していません。"
        key = f"token-status-{row.id}-{row.status_on}"
        yield Due(key, row.status_on + timedelta(days=1), sentence, f"/tokens/{row.id}", officers)
    for row in Token.left_behind(today):
        sentence = f"トークン「{row.label}」の所持者{row.holder.name}さんは、役割が終わったか、アカウントが閉じられています。回収し、後任者への引き渡しを記録してください。"
        yield Due(f"token-holder-{row.id}-{row.holder_id}", today, sentence, f"/tokens/{row.id}", officers)
    for row in TokenHandover.unconfirmed():
        sentence = f"トークン「{row.token.label}」({_day(row.on_day)}に引き渡し)の受領を確認してください。"
        path = f"/tokens/{row.token_id}"
        yield Due(f"token-handover-{row.id}", row.on_day, sentence, path, (row.receiver,))
        if row.on_day + timedelta(days=DAYS_TO_CONFIRM) <= today:
            late = f"{row.receiver.name}さんが、トークン「{row.token.label}」の受領をまだ確認していません。"
            yield Due(f"token-handover-{row.id}-late", row.on_day, late, path, officers)


def _day(day):
    return f"{day:%Y年%-m月%-d日}"
