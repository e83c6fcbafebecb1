"""Why a station or its server refuses something, in words a person can act on."""

from tokens.errors import TokenError

AGAIN = "画面から操作をはじめからやり直してください。"
ADMINISTRATOR = "署名していません。管理者にご連絡ください。"

SENTENCES = {
    # what is sent
    "malformed": ("内容を読み取れません。", "しるしと署名ステーションが同じ版であることをお確かめください。"),
    "unknown_field": (
        "知らない項目が含まれています。",
        "しるしと署名ステーションを同じ版にしてください。内容を確かめられないため、署名はしません。",
    ),
    "unknown_type": (
        "知らない種類の依頼です。",
        "しるしと署名ステーションを同じ版にしてください。内容を確かめられないため、署名はしません。",
    ),
    "clock": (
        "パソコンとサーバーの時刻が2分以上ずれています。",
        "パソコンの日付と時刻を合わせてから、もう一度お試しください。",
    ),
    "signature": ("ペアリングした端末の鍵で署名されたものではありません。", ADMINISTRATOR),
    "replayed": ("すでに使われた依頼です。", AGAIN),
    "insecure_address": (
        "この接続先は暗号化されていません。",
        "「https://」で始まるアドレスを指定してください(同じパソコンの中だけは「http://」も使えます)。",
    ),
    "bad_address": ("接続先のアドレスを読み取れません。", "しるしを開いているときのアドレスを指定してください。"),
    "unreachable": (
        "サーバーにつながりません。",
        "ネットワークをお確かめください。つながり次第、続きから始めます。",
    ),
    "server_certificate": (
        "サーバーの証明書を確かめられません。接続を中止しました。",
        "接続先のアドレスが正しいかを確かめ、管理者にご連絡ください。",
    ),
    "server_failed": ("サーバーで問題が起きています。", "しばらく待ってから、もう一度お試しください。"),
    "not_ours": ("接続先は、署名ステーションに対応したしるしではないようです。", "アドレスをお確かめください。"),
    "redirected": (
        "接続先が、別のアドレスへの移動を求めました。移動していません。",
        "しるしを開いているときのアドレスを指定してください。",
    ),
    "too_large": ("届いたデータが大きすぎます。", ADMINISTRATOR),
    # this PC
    "key_open": (
        "署名ステーションの鍵のファイルを、ほかの利用者が読める状態です。",
        "ファイルを所有者だけが読み書きできるようにする(モード0600)か、ペアリングを解除して、ペアリングし直してください。",
    ),
    "key_unreadable": (
        "署名ステーションの鍵のファイルを読めません。",
        "ペアリングを解除して、ペアリングし直してください。",
    ),
    "settings_unreadable": (
        "署名ステーションの設定を読めません。",
        "ペアリングを解除して、ペアリングし直してください。",
    ),
    "not_paired": (
        "このパソコンは、まだどこともペアリングしていません。",
        "「python -m tokens station pair しるしのアドレス」でペアリングしてください。",
    ),
    "several_pairings": (
        "ペアリング先が2つ以上あり、どれを使うか決められません。",
        "--station にアドレスを続けて指定してください。",
    ),
    "pairing_denied": ("ペアリングが拒否されました。", "続けるときは、はじめからやり直してください。"),
    "pairing_expired": ("ペアリングの期限(10分)が過ぎました。", "はじめからやり直してください。"),
    "already_running": (
        "署名ステーションは、すでに動いています。",
        "開いている署名ステーションの画面をお使いください。",
    ),
    "other_token": (
        "この鍵は、別のカードに作ることになっています。",
        "はじめに使ったカードを挿して、もう一度お試しください。鍵は作っていません。",
    ),
    "other_subject": (
        "作りかけの鍵と、主体者DNまたは鍵の種類が違います。",
        "鍵は作っていません。管理者にご連絡ください。",
    ),
    "other_request": (
        "カードの作ったCSRが、依頼の内容と一致しません。",
        "CSRは送っていません。管理者にご連絡ください。",
    ),
    "bad_subject": (
        "主体者DNの項目または長さが正しくありません。",
        "鍵は作っていません。申請の内容をお確かめください。",
    ),
    "several_cards": (
        "カードが2枚以上挿してあり、どれを使うか決められません。",
        "使うカードだけを挿して、画面から操作をはじめからやり直してください。",
    ),
    "no_certificate_for": (
        "この依頼に使える証明書が、カードにありません。",
        "依頼された人のカードが挿してあること、証明書の期限が切れていないことをお確かめください。",
    ),
    "several_certificates": (
        "使える証明書が2人分以上あり、どれを使うか決められません。",
        "使うカードだけを挿して、画面から操作をはじめからやり直してください。",
    ),
    "certificate_unreadable": ("届いた証明書を読み取れません。", "格納していません。管理者にご連絡ください。"),
    "other_key": (
        "届いた証明書は、CSRを作った鍵のものではありません。",
        "格納していません。管理者にご連絡ください。",
    ),
    # documents
    "changed": ("受け取ったファイルが、依頼されたものと違います(大きさまたはSHA-256)。", ADMINISTRATOR),
    "pdf_unreadable": ("PDFを読み取れません。", ADMINISTRATOR),
    "pdf_signed": ("このPDFには、すでに署名があります。", ADMINISTRATOR),
    "pdf_field": ("このPDFの署名欄が、依頼の内容と一致しません。", ADMINISTRATOR),
    "pdf_active": (
        "このPDFには、申請書に要らない仕掛け(プログラム、埋め込みファイル、表示の切り替えなど)が含まれています。",
        ADMINISTRATOR,
    ),
    "other_document": ("このPDFに、依頼の申請番号または照合番号が見当たりません。", ADMINISTRATOR),
    "several_heads": ("一覧に、署名する人の違う書類が混ざっています。", ADMINISTRATOR),
    "not_sealed": (
        "署名したPDFを確かめたところ、正しくできていませんでした。",
        "PDFは送っていません。管理者にご連絡ください。",
    ),
    "mail_unreadable": ("メールを読み取れません。", ADMINISTRATOR),
    "mail_sender": ("メールの差出人が、依頼の内容と違います。", ADMINISTRATOR),
    "mail_recipients": ("メールの宛先が、依頼の内容と違います。", ADMINISTRATOR),
    "mail_subject": ("メールの件名が、依頼の内容と違います。", ADMINISTRATOR),
    "mail_attachments": ("メールの添付ファイルが、依頼の内容と違います。", ADMINISTRATOR),
    "mail_parts": ("メールに、本文と添付ファイルのほかのものが含まれています。", ADMINISTRATOR),
    # codes
    "bad_code": ("番号の形が正しくありません。", "画面に表示された番号を、そのまま入力してください。"),
    # envelopes
    "foreign_key": ("依頼が、ペアリングのときに確かめたサーバーの鍵で署名されていません。", ADMINISTRATOR),
    "other_origin": ("依頼が、ペアリングした接続先のものではありません。", ADMINISTRATOR),
    "other_origin_told": (
        "サーバーが、指定したアドレスとは別のアドレスを名乗りました。",
        "しるしを開いているときのアドレスを指定してください。違いが続くときは、管理者にご連絡ください。",
    ),
    "other_station": ("別の署名ステーションへの依頼です。", AGAIN),
    "other_owner": (
        "この署名ステーションの持ち主への依頼ではありません。",
        "持ち主の氏名が変わったときは、ペアリングし直してください。そうでないときは、管理者にご連絡ください。",
    ),
    "other_job": ("選んだものとは別の依頼が届きました。", ADMINISTRATOR),
    "stopped": ("依頼を断りました。署名していません。", "必要なときは、画面から操作をはじめからやり直してください。"),
    "expired": ("依頼の期限(10分)が過ぎています。", AGAIN),
    "too_long": ("依頼の有効期間が10分を超えています。", ADMINISTRATOR),
}


class Refusal(TokenError):
    """A refusal with its `code`, `message` and `advice` (Japanese); `detail` is a technical word, never a secret."""

    code = "station"

    def __init__(self, code, detail=""):
        Exception.__init__(self, SENTENCES[code][0])
        self.code, self.detail = code, detail
        self.message, self.advice = SENTENCES[code]
