"""Events and outcomes as sentences."""

from datetime import date

from webapp.procedure import ROLE_LABELS, Role
from webapp.register import EventParticulars, Person
from webapp.sentences.done import DONE
from webapp.sentences.events import EVENTS, INSTEAD, OBJECTS

# The registered values of the institution, as an event that changed them names them.
HOUSE_LABELS = {
    "formal_name": "正式名称",
    "org_code": "機関コード",
    "postal_code": "郵便番号",
    "head_office": "本部所在地",
    "switchboard": "代表電話番号",
    "switchboard_checked_on": "代表電話番号の掲載を確認した日",
    "country": "国(C)",
    "state": "都道府県(ST)",
    "locality": "市区町村(L)",
    "organization": "組織名(O)",
    "common_name": "コモンネーム(CN)",
    "profile": "認証局のプロファイル",
    "officer_hours": "連絡可能な時間帯",
    "token_label": "トークンのラベル",
}

# What is asked of a signing station, as its events name it.
JOB_LABELS = {
    "seal_pdf": "申請書への電子署名",
    "seal_list": "申請書への電子署名(まとめて)",
    "make_key": "鍵ペアとCSRの作成",
    "install": "証明書の格納と動作確認",
    "sign_mail": "送付メールへの電子署名",
    "sign_in": "サインイン",
}

__all__ = ["DONE", "EVENTS", "HOUSE_LABELS", "JOB_LABELS", "OBJECTS", "told_all"]
_NOTES = ("reason", "question", "answer", "fault", "note", "purpose", "compared")


def told_all(events):
    """Events as {at, sentence, person, note}: who did what, and their own words where there are any."""
    beside, names = EventParticulars.beside(events), _represented(events)
    return [_told(event, beside.get(event.seq, {}), names) for event in events]


def _represented(events):
    """{id: name} of those in whose place something was done (代理登録)."""
    wanted = {event.facts["on_behalf_of"] for event in events if "on_behalf_of" in event.facts}
    return {row.id: row.name for row in Person.select().where(Person.id.in_(wanted))} if wanted else {}


def _told(event, beside, names):
    notes = [beside[name] for name in _NOTES if beside.get(name)]
    return {
        "at": event.at,
        "sentence": _act(event, names) + _detail(event),
        "person": event.person.name if event.person else "自動",
        "note": "\n".join(notes),
    }


def _act(event, names):
    if "on_behalf_of" in event.facts and event.act in INSTEAD:
        return INSTEAD[event.act].format(name=names[event.facts["on_behalf_of"]])
    if event.act == "dispatch_by_hand" and "receipt" in event.facts:
        return "認証局のポータルで申請しました。"
    return EVENTS.get(event.act, event.act)


def _detail(event):
    facts = event.facts
    match event.act:
        case "dispatch_by_hand" if "receipt" in facts:
            return f"受付番号 {facts['receipt']}、{_day(facts['entered_on'])}に申請"
        case "keep_profile":
            return f"{facts['name']} 第{facts['number']}版"
        case "submit" | "freeze":
            return f"第{facts['version']}版、照合番号 {facts['mark']}"
        case "check_identity":
            aspect = {"identity": "本人性", "existence": "実在性"}[facts["aspect"]]
            result = {"confirmed": "確認できた", "unconfirmed": "確認できない"}[facts["result"]]
            return f"{aspect}: {result}({facts['method']}、{_day(facts['checked_on'])})"
        case "stamp":
            return "" if facts.get("mark_on_page", True) else "二次元コードを読み取れず、目で見比べました。"
        case "accept_warning":
            return "、".join(facts["rules"])
        case "check_chain":
            return f"異常があります: {facts['trouble']}" if facts["trouble"] else f"異常なし、{facts['count']}件"
        case "make_key":
            return f"{facts['algorithm']}、トークン「{facts['token']['label']}」"
        case "sign_in_with_card" | "refuse_card":
            return f"証明書のシリアル番号 {facts['serial']}、失効は{facts['revocation']}"
        case "ask_station" | "claim_job" | "cancel_job" | "stop_job" | "reject_job" | "fail_job" | "finish_job":
            return "、".join(word for word in (JOB_LABELS[facts["kind"]], facts["application"]) if word)
        case "consent":
            return "、".join(facts["documents"])
        case "take_delivery":
            return f"シリアル番号 {facts['serial']}"
        case "change_institution":
            return "、".join(
                f"{HOUSE_LABELS[name]}: {before or 'なし'} → {after or 'なし'}"
                for name, (before, after) in facts["changed"].items()
            )
        case "add_role" | "add_person":
            return f"{ROLE_LABELS[Role(facts['role'])]} {_day(facts['since_on'])}から{_day(facts['until_on'])}"
        case "end_role" | "end_mail" | "end_department" | "end_identity_method" | "end_document" | "end_trust_anchor":
            return f"{_day(facts['until_on'])}まで"
        case "hand_over":
            return f"証明書{len(facts['certificates'])}枚、申請{len(facts['applications'])}件。"
        case "note_absence":
            return f"{_day(facts['since_on'])}から{_day(facts['until_on'])}"
        case "end_absence":
            return "取りやめました。" if facts.get("cancelled") else f"{_day(facts['until_on'])}まで"
        case "open_notification" | "record_gate":
            return f"期限は{_day(facts['due_on'])}です。"
        case "file_notification":
            return _day(facts["filed_on"])
        case "close_notification":
            return "不要" if facts["outcome"] == "not_needed" else f"{_day(facts['answered_on'])}に回答がありました。"
        case "answer_gate":
            return _day(facts["done_on"])
        case "add_mail":
            return event.particulars.get("mail", "")
        case "add_department":
            return facts["department"]
        case "add_identity_method":
            return facts["name"]
        case "add_document":
            return f"{facts['name']} {facts['version']}"
        case "add_trust_anchor":
            return facts["subject"]
        case "export":
            cut = "(50,000件で打ち切り)" if facts["is_cut"] else ""
            return f"{facts['what']} {facts['count']}件{cut}"
        case act if act.endswith(("_form_template", "_form_mapping")):
            return f"{facts['name']} 第{facts['version']}版"
        case "read_import" | "import_certificates" | "imported" | "take_back":
            return f"{facts['count']}件"
        case "tried_mail":
            return {
                "posted": "メールサーバーが受け付けました。",
                "refused": "メールサーバーが受け付けませんでした。",
                "unknown": "届いたかどうかは分かりません。",
                "cancelled": "送れませんでした。",
            }[facts["outcome"]]
        case "confirm_item" | "report_discrepancy" | "confirm_item_for" | "settle_discrepancy":
            return facts["name"]
        case "open_stocktaking":
            return f"{facts['name']}、{facts['count']}件、{_day(facts['due_on'])}まで"
        case "remind_stocktaking" | "remind_campaign":
            return f"{facts['people']}人"
        case "close_stocktaking" | "sign_off_stocktaking":
            return f"{facts['name']}、報告のSHA-256 {facts['report_sha256']}"
        case "open_campaign":
            return f"{facts['title']}、{facts['count']}枚、{_day(facts['due_on'])}まで"
        case "close_campaign":
            return facts["title"]
        case "remind":
            return f"新しいお知らせ{facts['reminders']}件、メール{facts['letters']}通"
        case "note_call":
            return {
                "answered": "確認が終わりました。",
                "call_back": "折り返します。",
                "missed": "出られませんでした。",
            }[facts["outcome"]]
    return ""


def _day(text):
    """An ISO date as people read it, "" for none."""
    return f"{date.fromisoformat(text):%Y年%-m月%-d日}" if text else ""
