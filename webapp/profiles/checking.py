"""From the text of a profile to a Profile, or to all that is wrong with it. The text comes from outside: it is bounded
before anything looks into it, and never ends in a traceback."""

import re
import tomllib
from dataclasses import dataclass
from datetime import date

from webapp.profiles.agreement import Sound, disagreements, exposures
from webapp.profiles.kinds import entries
from webapp.profiles.profile import REQUIRED, SPECS, Profile

LARGEST = 64 * 1024  # bytes
LONGEST_LINE = 1000  # characters: a key of more parts costs the parser the square of their number
WHOLE = "(ファイル全体)"
_SAID = {  # what tomllib says, in our words
    "Cannot overwrite a value": "同じ項目が2回書かれています。",
    "Cannot declare": "同じ表が2回書かれているか、値のある項目を表にしようとしています。",
    "Cannot mutate": "すでに書かれた値に、値を加えようとしています。",
    "Duplicate inline table key": "同じ項目が2回書かれています。",
    "Expected '=' after a key": "項目の名前のあとに「=」がありません。",
    "Expected newline": "値のあとに余分な文字があります。",
    "Found invalid character": "使えない文字(制御文字など)があります。",
    "Invalid statement": "項目の名前が正しく書かれていません。",
    "Invalid date": "実際にない日時です。",
    "Invalid value": "値が正しく書かれていません。文字列は引用符で囲みます。",
    "Unclosed array": "「[」に対応する「]」がありません。",
    "Unclosed inline table": "「{」に対応する「}」がありません。",
    'Expected "\'"': "文字列の終わりの引用符がありません。",
    "Unescaped": "文字列の中の「\\」は「\\\\」と書きます。",
    "Unterminated string": "文字列の終わりの引用符がありません。",
    "Expected ']'": "「[」に対応する「]」がありません。",
}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: `where` names the entry, `line` its line in the file (0: not known)."""

    where: str
    line: int
    sentence: str
    advice: str

    def __str__(self):
        place = f"{self.line}行目 " if self.line else ""
        return f"{place}{self.where}: {self.sentence}{self.advice}"


class ProfileRefused(ValueError):
    """A profile cannot be taken; `faults` are all the Faults in it, in the order of the file."""

    def __init__(self, faults):
        self.faults = sorted(faults, key=lambda fault: (fault.line == 0, fault.line))
        super().__init__("\n".join(map(str, self.faults)))


def check(data, name=""):
    """The Profile in the text of a TOML file (str, or bytes as they came), to be called `name`. Raises ProfileRefused."""
    return _judged(data, name, disagreements, exposures)


def read_kept(text, name):
    """The Profile in a text that was taken once. Raises ProfileRefused."""
    return _judged(text, name, disagreements)


def _judged(data, name, *questions):
    text = _text(data)
    lines, faults, faulty = text.splitlines(), [], set()

    def fault(sentence, advice, *place):
        faulty.update(place[:1])
        faults.append(Fault(_named(place), _line_of(lines, place), sentence, advice))

    values = entries({key: spec.kind for key, spec in SPECS.items()}, _optional(), _parsed(text), fault)
    sound = Sound(values, faulty)
    for question in questions:
        for key, sentence, advice in question(sound):
            fault(sentence, advice, key)
    if faults:
        raise ProfileRefused(faults)
    return Profile(name=name, **values)


def _optional():
    """What a file need not say."""
    blank = Profile(name="", **dict.fromkeys(REQUIRED))
    return {key: getattr(blank, key) for key in SPECS if key not in REQUIRED}


def _text(data):
    if len(data) > LARGEST:
        _refuse(0, "ファイルが大きすぎます。", f"{LARGEST // 1024}kB以内のファイルにしてください。")
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        _refuse(line, "文字コードがUTF-8ではありません。", "UTF-8で保存し直してください。")
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LONGEST_LINE:
            _refuse(number, "行が長すぎます。", f"1行を{LONGEST_LINE}文字以内にしてください。")
    return text


def _parsed(text):
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        known = (words for start, words in _SAID.items() if str(error).startswith(start))
        at = re.search(r"at line (\d+)", str(error))
        line = int(at[1]) if at else len(text.splitlines())
        if said := _wrong_day(text.splitlines()[line - 1 : line]):
            return _refuse(line, *said)
        return _refuse(line, next(known, "TOMLとして読み取れません。"), "この行とその前の行を確認してください。")
    except (RecursionError, ValueError):  # nested too deeply, a number of too many digits
        return _refuse(0, "入れ子が深すぎるか、数が大きすぎます。", "profiles の例にならって書き直してください。")


def _wrong_day(lines):
    """(sentence, advice) about a date without quotation marks that TOML cannot read in a line, or None: the parser stops
    behind the year and calls the rest superfluous."""
    found = lines and re.match(r"""[^"'#]*[=\[,]\s*((\d{4})-(\d{1,2})-(\d{1,2}))\s*(?:[,\]#]|$)""", lines[0])
    if not found:
        return None
    try:
        written = f"{date(*map(int, found.groups()[1:]))}"
    except ValueError:
        return f"{found[1]} という日はありません。", "実際にある日付を書いてください。"
    return (f"{found[1]} は日付の書き方が違います。", f"{written} と書いてください。") if written != found[1] else None


def _refuse(line, sentence, advice):
    raise ProfileRefused([Fault(WHOLE, line, sentence, advice)]) from None


def _named(place):
    """documents[2].title for ("documents", 1, "title"): people count from 1."""
    words = [f"[{each + 1}]" if isinstance(each, int) else f".{_short(each)}" for each in place]
    return "".join(words).lstrip(".") or WHOLE


def _short(key):
    plain = "".join(each if each.isprintable() else "?" for each in key)
    return plain if len(plain) <= 60 else plain[:57] + "…"


def _line_of(lines, place):
    """The line where an entry stands: its table's header first, then the key below it. 0 if it is not found."""
    if not place:
        return 0
    first, *rest = place
    inner = next((each for each in rest if isinstance(each, str)), "")
    if header := _header(lines, first, rest[0] if rest and isinstance(rest[0], int) else 0):
        return inner and _key(lines[header:], inner, header) or header
    return _key(lines, first, 0)


def _header(lines, key, at):
    found = [n for n, line in enumerate(lines, 1) if re.match(rf"\s*\[\[?\s*{re.escape(key)}\s*\]", line)]
    return found[at] if at < len(found) else 0


def _key(lines, key, before):
    """The line of `key = …` among lines of which `before` come earlier, up to the next table below a header."""
    for number, line in enumerate(lines, before + 1):
        if before and line.lstrip().startswith("["):
            return 0
        if re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[.=]""", line):
            return number
    return 0
