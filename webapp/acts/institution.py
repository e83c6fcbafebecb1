"""What the institution has registered with the CA, and how it works: set up once, changeable, every change an event."""

from datetime import date

from webapp.acts import ca_profiles, entries, house
from webapp.papers.subject import Subject
from webapp.register import Institution
from webapp.rules import subject as dn

DN_FIELDS = {"country": "C", "state": "ST", "locality": "L", "organization": "O", "common_name": "CN"}


def offered_profiles(environment):
    """The CA profiles for an environment: those for practice are for the demo, and the demo for those."""
    return [name for name in ca_profiles.names() if ca_profiles.named(name).practice == (environment == "demo")]


def checked(given, environment, offered=None):
    """The columns of an Institution from what was typed; `offered` are the profiles to choose from, where there is no
    register yet. Raises Incomplete with a sentence for each field."""
    values = entries.checked(_rules(offered or offered_profiles(environment)), given)
    whole = Subject(tuple((short, values[field]) for field, short in DN_FIELDS.items()))
    faults = [finding.sentence for finding in dn.dn_03(whole) if finding.field == "subject"]
    if faults:
        entries.refuse({"organization": faults[0]})
    return values


def _rules(offered):
    code = "機関コードは、半角の英小文字、数字、ハイフンで2〜32文字にしてください。添付ファイルの名前に使います。"
    profile = entries.one_of(offered, "認証局のプロファイルを一覧から選んでください。")
    return {
        "formal_name": entries.line("機関の正式名称", field="formal_name"),
        "org_code": entries.pattern(r"[a-z0-9][a-z0-9-]{1,31}", code),
        "postal_code": entries.pattern(r"\d{3}-\d{4}", "郵便番号は、100-0001のように入力してください。"),
        "head_office": entries.line("本部所在地", field="head_office"),
        "switchboard": entries.telephone("代表電話番号"),
        "switchboard_checked_on": entries.day("掲載を確認した日", is_needed=False, is_past=True),
        **{field: _dn_value(short) for field, short in DN_FIELDS.items()},
        "profile": profile,
        "officer_hours": entries.line("連絡可能な時間帯", field="officer_hours"),
        "token_label": entries.line("トークンのラベル", is_needed=False, longest=32),
    }


def _dn_value(short):
    """The rule for one value of the DN, by the catalogue (DN-01, DN-03, DN-04, DN-07)."""

    def rule(text):
        if not text:
            raise entries.Unfit(f"{dn.label(short)}を入力してください。")
        alone = Subject(((short, text),))
        findings = dn.dn_01(alone) if short == "C" else [*dn.dn_04(alone), *dn.dn_03(alone), *dn.dn_07(alone)]
        if findings:
            raise entries.Unfit(findings[0].sentence)
        return text

    return rule


def change(who, given):
    """Change registered values; returns the names of the columns that changed. Raises NotYourAct, Incomplete."""
    house.require_administrator(who)
    values = checked(given, Institution.here().environment)
    with house.administering(who):
        here = Institution.here()
        before = {name: getattr(here, name) for name in values}
        changed = {name: value for name, value in values.items() if value != before[name]}
        if changed:
            Institution.update(**changed).where(Institution.id == 1).execute()
            told = {name: [_plain(before[name]), _plain(value)] for name, value in changed.items()}
            house.note("change_institution", here, who, {"changed": told})
    return list(changed)


def _plain(value):
    return value.isoformat() if isinstance(value, date) else value
