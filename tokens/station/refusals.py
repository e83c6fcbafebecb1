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
    "signature": ("登録された鍵で署名されたものではありません。", ADMINISTRATOR),
    "replayed": ("すでに使われた依頼です。", AGAIN),
    "insecure_address": (
        "この接続先は暗号化されていません。",
        "「https://」で始まるアドレスを指定してください(同じパソコンの中だけは「http://」も使えます)。",
    ),
    "bad_address": ("接続先のアドレスを読み取れません。", "しるしを開いているときのアドレスを指定してください。"),
    # codes
    "bad_code": ("番号の形が正しくありません。", "画面に表示された番号を、そのまま入力してください。"),
    # envelopes
    "foreign_key": ("依頼が、登録のときに確かめたサーバーの鍵で署名されていません。", ADMINISTRATOR),
    "other_origin": ("依頼が、登録した接続先のものではありません。", ADMINISTRATOR),
    "other_station": ("別の署名ステーションへの依頼です。", AGAIN),
    "other_owner": ("この署名ステーションの持ち主への依頼ではありません。", AGAIN),
    "other_job": ("選んだものとは別の依頼が届きました。", ADMINISTRATOR),
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
