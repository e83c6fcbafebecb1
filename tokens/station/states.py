"""What the agent tells of itself: states, offers, and what became of things. Values; the window and the terminal show them."""

from dataclasses import dataclass, replace

from tokens.errors import named
from tokens.misses import SIGNATURE
from tokens.pin_entry import PAD
from tokens.station import payloads
from tokens.station.refusals import Refusal

SENTENCES = {
    "connecting": "サーバーにつないでいます。",
    "waiting": "依頼を待っています。しるしの画面で操作を始めると、ここに表示されます。",
    "unreachable": "サーバーにつながりません。つながり次第、続けます。",
    "revoked": "この署名ステーションのペアリングは、解除されています。ペアリングし直してください。",
    "offered": "依頼が届いています。しるしの画面に表示された6桁の確認番号を入力してください。",
    "claiming": "依頼を受け取り、内容を確かめています。",
    "reading": "書類を1件ずつご確認ください。すべて確かめると、まとめて署名できます。",
    "confirming": "内容をお読みになり、続けるか、やめるかを選んでください。",
    "pin": "PINの入力を待っています。この画面ではなく、別に開いた小さな画面(または起動した端末)で入力してください。",
    "pad": "PINの入力を待っています。カードリーダーのPINパッドで入力してください。",
    "pad_again": "この鍵は、署名のたびにPINを求めます。カードリーダーのPINパッドで、もう一度入力してください。",
    "module": "PINの入力を待っています。トークンのソフトウェアが開く画面で入力してください。",
    "last_try": "次にPINを間違えるとロックされるおそれがあります。別に開いた画面(または端末)でご確認ください。",
    "signing": "カードで処理しています。抜かずにお待ちください。",
    "reporting": "結果をしるしに送っています。",
    "resending": "結果をしるしに送れません。つながるまで、繰り返し送ります。",
}
DONE = {
    "seal_pdf": "申請書に署名し、しるしに送りました。",
    "seal_list": "一覧の申請書に署名し、しるしに送りました。",
    "make_key": "鍵を用意し、CSRをしるしに送りました。",
    "install": "証明書を格納し、鍵を持っていることの確認をしるしに送りました。",
    "sign_mail": "メールに署名し、しるしに送りました。",
    "sign_in": "サインインの署名をしるしに送りました。",
}


@dataclass(frozen=True)
class State:
    """`name` is one of SENTENCES; `busy` while nobody can press anything; `part` "2件中1件目" where there are several."""

    name: str
    busy: bool = False
    part: str = ""

    @property
    def sentence(self):
        return SENTENCES[self.name] + (f"({self.part})" if self.part else "")


@dataclass(frozen=True)
class Offer:
    """A job that waits for its match code."""

    pairing: object
    id: str
    type: str
    title: str
    requester: str
    expires_at: int


@dataclass(frozen=True)
class Told:
    """What became of something: for the list of the last ones."""

    at: float
    good: bool
    title: str
    message: str
    advice: str = ""


class Watched:
    """A prompt that says where the PIN is waited for. It never keeps one. `part_of(kind)` says for which of several
    signatures a question is."""

    def __init__(self, prompt, says, part_of=None):
        self.prompt, self.says, self.part_of = prompt, says, part_of

    def pin(self, question):
        return self._while("pin", self.prompt.pin, self._told(question))

    def agrees_to_last_try(self, question, told):
        return self._while("last_try", self.prompt.agrees_to_last_try, question, told)

    def point_to_reader(self, question):
        pad = "pad_again" if question.kind == SIGNATURE else "pad"
        self.says(pad if question.entry == PAD else "module")
        self.prompt.point_to_reader(self._told(question))

    def new_pin(self, question):
        raise named("not_permitted", "new PIN")

    def _told(self, question):
        return replace(question, part=self.part_of(question.kind)) if self.part_of else question

    def _while(self, name, asked, *arguments):
        self.says(name)
        answer = asked(*arguments)
        self.says("signing")
        return answer


def offers_in(answer, pairing):
    """[Offer, …] of the server's list. Raises Refusal malformed, unknown_field."""
    found = answer.get("jobs")
    if not isinstance(found, list) or len(found) > payloads.LONGEST_LIST:
        raise Refusal("malformed", "jobs")
    return [Offer(pairing, **vars(payloads.read(_Offered, each))) for each in found]


@dataclass(frozen=True)
class _Offered(payloads.Values):
    id: str
    type: str
    title: str
    requester: str
    expires_at: int


def _identifier(value):
    """An id as it may stand in a path."""
    if not isinstance(value, str) or not value.isascii() or not value.replace("-", "").replace("_", "").isalnum():
        raise ValueError("id")
    return value


def _instant(value):
    if type(value) is not int:
        raise ValueError("instant")
    return value


_Offered.READ = {
    "id": _identifier,
    "type": payloads.text,
    "title": payloads.text,
    "requester": payloads.text,
    "expires_at": _instant,
}
