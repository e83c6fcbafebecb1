"""What an examination of a sealed PDF says: the seal with its points, or a refusal with its code and sentences."""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from webapp.errors import Refused
from webapp.papers.timestamp import Timestamp

GOOD, UNKNOWN, NOTE = "適合", "未確認", "参考"
CLOCK_OF_SIGNER = "署名の時刻は、署名した人のパソコンの時計によります。"


@dataclass(frozen=True)
class Point:
    """One thing that was looked at: a sentence for an office worker, the result in a word (適合, 未確認, 参考), and
    the technical detail."""

    sentence: str
    result: str = GOOD
    detail: str = ""


@dataclass(frozen=True)
class Seal:
    """An accepted signature. `signer_mails` are lower-case, from the certificate; who that is and whether the person
    may seal is not decided here. Instants are aware UTC; `claimed_at` is what the signer's machine says."""

    signer_mails: tuple[str, ...]
    certificate_der: bytes
    subject_text: str
    issuer_text: str
    serial_hex: str
    not_before: datetime
    not_after: datetime
    claimed_at: datetime | None
    field: str
    points: tuple[Point, ...]
    chain: tuple[str, ...] = ()  # the names of the certificates above, up to the anchor
    stamp: Timestamp | None = None


def revocation_point(state) -> Point:
    """What a report says of the revocation of the signer's certificate (SIG-04): `state` is a RevocationState that is good
    or unknown. Raises SealRefused revoked."""
    if state.state == "revoked":
        raise SealRefused("revoked", f"署名に使われた証明書は失効しています。{state.sentence}")
    if state.state == "unknown":
        return Point("失効状態は未確認です。", UNKNOWN, f"SIG-04: {state.sentence}")
    return Point("署名に使われた証明書は失効していません。", detail=state.label)


class SealRefused(Refused):
    """The sealed PDF cannot be accepted; `code` names the reason for tests, the register and statistics, `step` the step of
    the examination that found it (seal_validation.STEPS), `sub` the word of ETSI where the code alone does not tell."""

    def __init__(self, code: str, message: str, advice: str = "", sub: str = ""):
        super().__init__(message, advice or ADVICE[code])
        self.code, self.step, self.sub = code, "", sub


@contextmanager
def looking_at(step: str):
    """A refusal within names this step, unless it names one already."""
    try:
        yield
    except SealRefused as refusal:
        refusal.step = getattr(refusal, "step", "") or step
        raise


_AGAIN = "申請の画面から申請書のPDFを保存し直し、内容を変えずに署名してください。"
_ONCE = "申請の画面から保存したPDFに、一度だけ署名し、署名したときに保存されたファイルをそのまま提出してください。"
ADVICE = {
    "another_document": "この申請の画面から保存した申請書のPDFに署名し、そのファイルを提出してください。",
    "changed_before": _AGAIN,
    "changed_after": _ONCE,
    "no_signature": "PDFの「印」の欄に電子署名をしてから、保存されたファイルを提出してください。",
    "two_signatures": _ONCE,
    "not_on_seal_spot": "「代表者または機関責任者」の「印」の欄をクリックするか、その付近をドラッグして署名してください。",
    "covers_text": "「印」の付近の、文字のないところだけを囲むようにドラッグして、署名し直してください。",
    "untrusted": "機関に発行されたS/MIME証明書を選んで、署名し直してください。",
    "expired": "有効期間内のS/MIME証明書を選んで、署名し直してください。",
    "not_yet_valid": "証明書の有効期間が始まってから、署名し直してください。",
    "client_certificate": "電子メール用のS/MIME証明書を選んで、署名し直してください。",
    "revoked": "署名した人に連絡し、有効な証明書で署名し直してください。心当たりのない失効のときは、認証局に確認してください。",
    "broken": _AGAIN,
    "bad_stamp": "タイムスタンプを使わない設定で署名し直すか、タイムスタンプ局の認証局の登録を管理者に依頼してください。",
    "weak": "SHA-256以上のハッシュと、RSA 2048ビット以上またはECDSAの鍵で署名し直してください。",
    "unusual": "Adobe Acrobatで、または署名ステーションで、署名し直してください。",
    "unreadable": "PDFを開けることを確認し、署名したときに保存されたファイルをもう一度選択してください。",
}
