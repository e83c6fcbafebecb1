"""Events and outcomes as sentences."""

from datetime import date

from webapp.procedure import ROLE_LABELS, Role
from webapp.register import EventParticulars

# What a page says right after an act.
DONE = {
    "open": "下書きを作りました。次の操作に沿って進めてください。",
    "describe": "入力内容を保存しました。",
    "make_key": "トークンに鍵ペアを生成し、CSRを作りました。",
    "attach_csr": "CSRを登録しました。",
    "consent": "3つの文書の承認を記録しました。",
    "submit": "提出しました。発行申請書を作成しています。",
    "check_identity": "確認結果を記録しました。",
    "inquire": "照会を送りました。回答が届くとメールでお知らせします。",
    "answer": "回答を送りました。",
    "examine": "審査を完了しました。機関責任者へメールでお知らせしました。",
    "send_back": "差し戻しました。理由を申請した人へメールでお知らせしました。",
    "seal": "電子署名を確認し、登録しました。",
    "stamp": "捺印済みの書面を登録しました。",
    "dispatch": "送信を始めました。結果はこの画面に表示します。",
    "post": "サービス窓口へのメールを、メールサーバーが受け付けました。",
    "dispatch_by_hand": "送付したことを記録しました。",
    "confirm_posting": "届いていたことを記録しました。",
    "repost": "同じメールをもう一度送ります。",
    "note_review": "審査開始日を記録しました。",
    "note_call": "電話を記録しました。",
    "reopen": "不備対応として、申請した人に戻しました。",
    "redo_dispatch": "送付し直せる状態に戻しました。",
    "refuse": "却下を記録しました。",
    "withdraw": "申請を取り下げました。",
    "take_delivery": "証明書を確認し、受け取りました。",
    "install": "トークンに格納し、鍵と証明書の対応を署名で確かめました。",
    "hand_out": "証明書を引き渡したことを記録しました。",
    "prove": "動作確認の結果を登録しました。",
    "accept": "利用を始めました。署名に使えます。",
    "accept_for": "代理確認を記録しました。署名に使えます。",
    "saved": "設定を保存しました。",
    "added": "追加しました。",
    "ended": "終了日を記録しました。",
    "add_person": "登録しました。サインインする人には、アカウントを作ってください。",
    "close_account": "アカウントを閉じました。",
    "try_token": "トークンが作った署名を検証しました。トークンは正しく動いています。",
    "own_password": "パスワードを変更しました。",
    "signed_out": "サインアウトしました。",
}

# What an event says for ever, by act.
EVENTS = {
    "open": "申請を始めました。",
    "check_chain": "操作記録の整合性を確認しました。",
    "describe": "申請の内容を入力しました。",
    "make_key": "トークンに鍵ペアを生成し、CSRを作りました。",
    "attach_csr": "CSRを登録しました。",
    "consent": "文書を承認しました。",
    "show_password": "パスワード(証明書取得時用)を表示しました。",
    "submit": "提出しました。",
    "freeze": "発行申請書(Excel・PDF)を作成し、内容を確定しました。",
    "check_identity": "利用管理者の確認結果を記録しました。",
    "inquire": "照会しました。",
    "answer": "照会に回答しました。",
    "examine": "審査を完了しました。",
    "send_back": "差し戻しました。",
    "seal": "電子署名されたPDFを確認し、登録しました。",
    "stamp": "捺印済みの書面を確認し、登録しました。",
    "dispatch": "サービス窓口への送信を始めました。",
    "post": "サービス窓口へのメールを、メールサーバーが受け付けました。",
    "dispatch_by_hand": "自分のメールソフトでサービス窓口へ送付しました。",
    "confirm_posting": "送付メールが届いていたことを確認しました。",
    "repost": "同じ送付メールをもう一度送ることにしました。",
    "note_review": "認証局の審査開始日を記録しました。",
    "note_call": "認証局からの電話を記録しました。",
    "reopen": "サービス窓口からの不備の連絡を受け、申請の内容を直すことにしました。",
    "redo_dispatch": "サービス窓口からの連絡を受け、送付し直すことにしました。",
    "refuse": "認証局が却下しました。",
    "withdraw": "申請を取り下げました。",
    "take_delivery": "認証局からの証明書を確認し、受け取りました。",
    "install": "証明書をトークンに格納し、署名で動作を確かめました。",
    "hand_out": "証明書を引き渡しました。",
    "prove": "鍵のある場所での動作確認を登録しました。",
    "accept": "利用管理者が証明書の内容を確認し、利用を始めました。",
    "accept_for": "登録担当者が代わりに証明書の内容を確認し、利用を始めました。",
    "sign_in": "サインインしました。",
    "sign_in_as": "練習する人を選んでサインインしました。",
    "sign_out": "サインアウトしました。",
    "found": "機関の情報を登録し、しるしを使い始めました。",
    "change_institution": "機関の情報を変更しました。",
    "add_person": "人を登録しました。",
    "change_person": "氏名・電話番号を訂正しました。",
    "add_mail": "メールアドレスを追加しました。",
    "add_department": "所属を追加しました。",
    "add_role": "役割を追加しました。",
    "end_mail": "メールアドレスに終了日を入れました。",
    "end_department": "所属に終了日を入れました。",
    "end_role": "役割に終了日を入れました。",
    "open_account": "アカウントを作りました。",
    "close_account": "アカウントを閉じました。",
    "set_password": "パスワードを再設定しました。",
    "add_identity_method": "本人確認の方法を追加しました。",
    "end_identity_method": "本人確認の方法に終了日を入れました。",
    "add_document": "承認する文書を登録しました。",
    "end_document": "承認する文書に終了日を入れました。",
    "add_trust_anchor": "信頼する認証局を登録しました。",
    "end_trust_anchor": "信頼する認証局に終了日を入れました。",
    "try_mail": "試験メールの送信を始めました。",
    "tried_mail": "試験メールの結果が出ました。",
    "try_token": "トークンで試験署名をしました。",
}

# What an event is about, by its table; an application is called by its number.
OBJECTS = {
    "institution": "機関の情報",
    "person": "人",
    "account": "アカウント",
    "identity_method": "本人確認の方法",
    "document": "承認する文書",
    "trust_anchor": "信頼する認証局",
}

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

_NOTES = ("reason", "question", "answer", "fault", "note", "purpose")


def told_all(events):
    """Events as {at, sentence, person, note}: who did what, and their own words where there are any."""
    beside = EventParticulars.beside(events)
    return [_told(event, beside.get(event.seq, {})) for event in events]


def _told(event, beside):
    notes = [beside[name] for name in _NOTES if beside.get(name)]
    return {
        "at": event.at,
        "sentence": EVENTS.get(event.act, event.act) + _detail(event),
        "person": event.person.name if event.person else "自動",
        "note": "\n".join(notes),
    }


def _detail(event):
    facts = event.facts
    match event.act:
        case "submit" | "freeze":
            return f"第{facts['version']}版、照合番号 {facts['mark']}"
        case "check_identity":
            aspect = {"identity": "本人性", "existence": "実在性"}[facts["aspect"]]
            result = {"confirmed": "確認できた", "unconfirmed": "確認できない"}[facts["result"]]
            return f"{aspect}: {result}({facts['method']}、{_day(facts['checked_on'])})"
        case "check_chain":
            return f"異常があります: {facts['trouble']}" if facts["trouble"] else f"異常なし、{facts['count']}件"
        case "make_key":
            return f"{facts['algorithm']}、トークン「{facts['token']['label']}」"
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
        case "tried_mail":
            return {
                "posted": "メールサーバーが受け付けました。",
                "refused": "メールサーバーが受け付けませんでした。",
                "unknown": "届いたかどうかは分かりません。",
                "cancelled": "送れませんでした。",
            }[facts["outcome"]]
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
