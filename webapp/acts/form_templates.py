"""様式: the CA's own blank forms. Uploaded by an officer, bound field by field, tried in print, put into force; what was
frozen on a version keeps it. Until a version is in force, forms are written on our own specimen."""

from dataclasses import asdict

from webapp import clock
from webapp.acts import documents, entries
from webapp.acts.officers import require_officer
from webapp.errors import Incomplete, Overtaken, Refused
from webapp.papers import form_fields, form_mapping, form_template, guard
from webapp.procedure import Kind
from webapp.register import Content, Event, FormTemplate, FormTrial, FormTrialPage, Job, database

LARGEST = 5_000_000  # bytes
MEGABYTES, SECONDS = 1024, 20
SIDES = {"page": "ページ", "left": "左から(mm)", "top": "上から(mm)", "width": "幅(mm)", "height": "高さ(mm)"}
DEED = "申請書の様式を登録する"


def upload(who, given, file_name, data):
    """Keep a blank form as the next version of its kind, with the proposed mapping, and ask for a trial print. `given`:
    kind, name, source, handed_out_on as typed. Returns the FormTemplate. Raises Incomplete, Unreadable."""
    require_officer(who, DEED)
    values = entries.checked(
        {
            "kind": entries.one_of(list(Kind), "発行申請書か失効申請書かを選んでください。"),
            "name": entries.line("様式の名前", longest=80),
            "source": documents.address,
            "handed_out_on": entries.day("入手した日", is_needed=False, is_past=True),
        },
        given,
    )
    _check_size(data)
    found = _guarded("read", data, values["kind"])
    places = _proposed(data, values["kind"], found.proposals)
    reading = asdict(found) | {"proposals": {key: asdict(each) for key, each in found.proposals.items()}}
    with database.atomic():
        row = FormTemplate.create(
            **values,
            version=1 + FormTemplate.select().where(FormTemplate.kind == values["kind"]).count(),
            content=Content.keep(data),
            size=len(data),
            file_name=" ".join(file_name.split())[-120:] or "form.xlsx",
            reading=reading,
            places=places,
            state="draft",
            added_by=who.person,
            added_at=clock.now(),
            changed_at=clock.now(),
        )
        _note("upload_form_template", row, who, {"sha256": row.sha256})
        _ask_trial(row)
    return row


def _check_size(data):
    if not data or len(data) > LARGEST:
        sentence = "5MB以内の、空でないExcelファイル(.xlsx)を選んでください。"
        raise Incomplete("様式のファイルを確認してください。", sentence, {"file": sentence})


def _guarded(function, *args):
    return guard.run(f"webapp.papers.form_template:{function}", *args, seconds=SECONDS, megabytes=MEGABYTES)


def _proposed(data, kind, proposals):
    """The places of the proposals that can be bound; one that cannot is left to the person."""
    typed = {key: each.place for key, each in proposals.items()}
    try:
        return _guarded("bind", data, kind, typed)
    except Incomplete as refusal:
        return _guarded("bind", data, kind, {key: each for key, each in typed.items() if key not in refusal.fields})


def bind(row, who, typed, rectangle):
    """Say where the values go: {key: 「シート!C5」} (empty for not at all), and the rectangle for the seal ({side: text}, all
    empty to find its 印). Asks for a trial print. Raises Incomplete with a sentence for each field that is wrong."""
    require_officer(who, DEED)
    places = _guarded("bind", row.content.bytes(), row.kind, {key: text for key, text in typed.items() if text.strip()})
    _change(row, who, "bind_form_template", places, _rectangle(rectangle))


def import_mapping(row, who, data):
    """Take the places over from an exported mapping. Raises Unreadable, and Incomplete for cells that this blank lacks."""
    require_officer(who, DEED)
    typed, seal = form_mapping.imported(data, row.kind)
    try:
        places = _guarded("bind", row.content.bytes(), row.kind, typed)
    except Incomplete as refusal:
        known = form_template.fields(row.kind)
        names = "、".join(known[key].label for key in refusal.fields)
        raise Refused(
            f"この様式に当てはまらない項目があります: {names}", "別の様式の対応表でないか確認してください。"
        ) from None
    _change(row, who, "import_form_mapping", places, seal)


def exported_mapping(row):
    return form_mapping.exported(row.kind, row.name, row.places, row.seal)


def _rectangle(given):
    texts = {side: given.get(side, "").strip() for side in SIDES}
    if not any(texts[side] for side in ("left", "top", "width", "height")):
        return None
    values, faults = {}, {}
    for side, (least, most) in form_mapping.PAPER.items():
        try:
            values[side] = int(texts[side]) if side == "page" else round(float(texts[side]), 1)
        except ValueError:
            values[side] = None
        if values[side] is None or not least <= values[side] <= most:
            faults[f"seal-{side}"] = f"{SIDES[side]}は{least}〜{most}の数で入力してください。"
    if faults:
        entries.refuse(faults)
    return values


def _change(row, who, act, places, seal):
    with database.atomic():
        changed = FormTemplate.update(places=places, seal=seal, changed_at=clock.now()).where(
            (FormTemplate.id == row.id) & (FormTemplate.state == "draft")
        )
        if not changed.execute():
            raise Overtaken("使用を始めた様式の対応は変更できません。", "新しい版として登録してください。")
        _note(act, row, who, {"fields": len(places)})
        _ask_trial(row)


def _ask_trial(row):
    trial = FormTrial.create(template=row, asked_at=clock.now())
    Job.ask("trial_form", trial)


def ask_trial(row, who):
    """Ask for another trial print."""
    require_officer(who, DEED)
    with database.atomic():
        _note("try_form_template", row, who)
        _ask_trial(row)


def make_trial(trial_id, work):
    """The worker's part: print with invented values, and keep what it looks like."""
    from webapp.papers import form_trial  # a second to load, for the worker alone

    trial = FormTrial.get_by_id(trial_id)
    row = trial.template
    try:
        made = form_trial.make(form_template.Template(row.content.bytes(), row.mapping), work)
    except Refused as refusal:
        trial.trouble, trial.made_at = refusal.message + refusal.advice, clock.now()
        return trial.save()
    with database.atomic():
        for page, picture in enumerate(made.pictures, 1):
            FormTrialPage.create(trial=trial, page=page, content=Content.keep(picture))
        trial.xlsx, trial.pdf = Content.keep(made.xlsx), Content.keep(made.pdf)
        trial.shown, trial.missing, trial.made_at = made.places, made.missing, clock.now()
        trial.seal = list(made.seal) if made.seal else None
        trial.save()


def wanting(row):
    """What is still missing before a version may be used: sentences."""
    trial = FormTrial.newest(row)
    if trial is None or trial.made_at is None:
        return ["試し刷りができるまでお待ちください。"]
    if trial.trouble:
        return [f"試し刷りができませんでした。{trial.trouble}"]
    found = [] if trial.seal else ["「印」の位置が見つかりません。位置を入力してください。"]
    return found + ([] if row.places else ["どの項目も対応付けられていません。"])


def unbound(row):
    """What such a form asks for and this mapping writes nowhere: the names of the fields."""
    known = form_template.fields(row.kind)
    return [known[ways[0]].label for ways in form_fields.ESSENTIAL[row.kind] if not set(ways) & set(row.places)]


def put_in_force(row, who, accepts_missing=False, accepts_unbound=False):
    """Let forms be written on this version from now on; the one before ends. `accepts_missing`: although the trial does
    not show every value in full; `accepts_unbound`: although something that such forms ask for is written nowhere.
    Raises Incomplete, Overtaken."""
    require_officer(who, DEED)
    if sentences := wanting(row):
        raise Incomplete("この様式は、まだ使い始められません。", "".join(sentences))
    left = unbound(row)
    if left and not accepts_unbound:
        fault = f"値を書き込むセルがない項目があります: {'、'.join(left)}。様式に欄がないときは、ここを選んでください。"
        raise Incomplete("対応付けを確認してください。", fault, {"accepts_unbound": fault})
    if FormTrial.newest(row).missing and not accepts_missing:
        fault = "試し刷りで見つからない値があります。確認したうえで使う場合は、ここを選んでください。"
        raise Incomplete("試し刷りを確認してください。", fault, {"accepts_missing": fault})
    with database.atomic():
        older = (FormTemplate.kind == row.kind) & (FormTemplate.state == "in_force")
        FormTemplate.update(state="retired", retired_at=clock.now()).where(older).execute()
        begun = FormTemplate.update(state="in_force", in_force_by=who.person, in_force_at=clock.now()).where(
            (FormTemplate.id == row.id) & (FormTemplate.state == "draft")
        )
        if not begun.execute():
            raise Overtaken("この様式は、すでに使用を始めたか、終了しています。", "画面を開き直してください。")
        _note("use_form_template", row, who, {"missing": FormTrial.newest(row).missing, "unbound": left})


def retire(row, who):
    """Use this version no longer; without another, forms are written on our specimen again."""
    require_officer(who, DEED)
    with database.atomic():
        ended = FormTemplate.update(state="retired", retired_at=clock.now()).where(
            (FormTemplate.id == row.id) & (FormTemplate.state != "retired")
        )
        if not ended.execute():
            raise Overtaken("この様式の使用は、すでに終了しています。", "画面を開き直してください。")
        _note("retire_form_template", row, who)


def _note(act, row, who, facts=None):
    told = {"kind": row.kind, "version": row.version, "name": row.name}
    Event.write(act, row, who.person, who.address, told | (facts or {}))
