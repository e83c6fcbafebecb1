"""Do the secrets of the story lie where they must not?

PINs: in no file below the story's folder (register, logs, mailboxes, tokens, everybody's home) but the files that hold
them by design, in no answer over HTTP and in nothing that a command printed; also not inside xlsx and ZIP members nor
in base64 parts of mails.
ZIP passwords: in no file as plain bytes, and neither in the text of any mail nor in any answer over HTTP but the page
that shows the password. The forms themselves (xlsx, PDF) carry it by design: what compresses or encrypts them is why
plain bytes never show, and the register holds them encrypted.
"""

import io
import zipfile
from email import message_from_bytes, policy

from tests.person import NotAsTold

PIN_FILES = ("data/card/pin", "data/smartcard/pin", "data/tokens/pin", "data/practice/hsm/pin")
PIN_FILES += ("data/smartcard/card.json",)  # the memory of the practice smartcard itself


def look_for_secrets(story):
    """Sentences about what was searched. Raises NotAsTold naming the place of a hit, never the secret."""
    files = _files(story)
    answers = [(where, data) for person in story.people.values() for where, data in person.seen]
    said = [*answers, *story.printed]
    pins = {**story.pins, "練習用の認証局": (story.world.data / "practice" / "hsm" / "pin").read_text()}
    allowed = {story.world.folder / name for name in PIN_FILES}
    for whose, pin in pins.items():
        _none(f"{whose}のPIN", pin, [(path, data) for path, data in files if path not in allowed], said, deep=True)
    shown = [(where, data) for where, data in said if "/password " not in where]
    for password in story.zip_passwords:
        _none("ZIPのパスワード", password, files, shown, deep=False)
        _demand_shown(password, answers)
    size = sum(len(data) for _, data in (*files, *said)) / 1e6
    return [
        f"PIN {len(pins)}個とパスワード{len(story.zip_passwords)}個を",
        f"ファイル{len(files)}個とHTTPの応答{len(answers)}個({size:.0f} MB)に探し、あってはならない所にない",
    ]


def _files(story):
    folders = (story.world.folder, story.folder)
    return [(path, path.read_bytes()) for top in folders for path in sorted(top.rglob("*")) if path.is_file()]


def _none(name, secret, files, said, deep):
    wanted = secret.encode()
    for where, data in [*files, *said]:
        if wanted in data or wanted in _within(where, data, deep):
            raise NotAsTold(f"{name}が、あってはならない所にあります: {where}")


def _within(where, data, deep):
    """What a plain search does not reach: the parts of a mail (their text alone unless `deep`), the members of a ZIP."""
    if str(where).endswith(".eml"):
        parts = [part for part in message_from_bytes(data, policy=policy.default).walk() if not part.is_multipart()]
        wanted = [part for part in parts if deep or part.get_content_disposition() != "attachment"]
        return b"\0".join(part.get_payload(decode=True) for part in wanted)
    if deep and data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as members:
            return b"\0".join(members.read(one) for one in members.infolist() if not one.flag_bits & 1)
    return b""


def _demand_shown(password, answers):
    """The search would find it: the page that shows it is among the answers."""
    if not any(password.encode() in data for where, data in answers if "/password " in where):
        raise NotAsTold("パスワードを表示する画面に、パスワードが見つかりません。")
