"""The kinds of value that a profile may hold. Each kind has `take(value, fault)`, which returns the value as the Profile
keeps it after telling `fault(sentence, advice, *place)` all that is wrong with it, and `read(value)`, which gives its lines
as people read them. `place` leads to the fault inside a list or table: a number, the name of a key."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from urllib.parse import urlsplit

PRACTICE = "{practice}"
NOTHING = "なし"
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.)*[A-Za-z0-9][A-Za-z0-9-]{0,62}(?::[0-9]{1,5})?")
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{1,63}")


@dataclass(frozen=True)
class Text:
    """One line. `may_be_empty`; `placeholders` are what may stand in braces ("{O}"), None where braces mean nothing."""

    may_be_empty: bool = False
    longest: int = 300
    placeholders: tuple | None = None

    def take(self, value, fault):
        if type(value) is not str:
            fault(f"文字列ではありません({_shown(value)})。", '値を "…" で囲んでください。')
            return ""
        if not value.strip() and not self.may_be_empty:
            fault("値が空です。", "値を書いてください。")
        if len(value) > self.longest:
            fault(f"{len(value)}文字あります。", f"{self.longest}文字以内にしてください。")
        if any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in value):
            fault("改行や制御文字があります。", "1行の文字列にしてください。")
        for each in re.findall(r"\{[^}]*\}?", value) if self.placeholders is not None else ():
            if each not in self.placeholders:
                fault(f"「{each}」に入るものがありません。", f"使えるのは {'、'.join(self.placeholders)} です。")
        return value

    def read(self, value):
        return [value or NOTHING]


@dataclass(frozen=True)
class Place:
    """Where something is on the network. `form` is "mail", "host" ("host" or "host:port") or "url"."""

    form: str
    may_be_empty: bool = False

    def take(self, value, fault):
        before = []
        value = Text(self.may_be_empty).take(value, lambda *said: before.append(said) or fault(*said))
        if value and not before:
            getattr(self, f"_{self.form}")(value, fault)
        return value

    def _mail(self, value, fault):
        if not _MAIL.fullmatch(value):
            fault(f"「{value}」はメールアドレスの形ではありません。", "name@example.ac.jp の形で書いてください。")

    def _host(self, value, fault):
        if "://" in value or "/" in value:
            only = value.split("://")[-1].split("/")[0]
            fault(f"「{value}」はホスト名ではなくURLです。", f"「{only}」のように、ホスト名だけを書いてください。")
        elif value != PRACTICE and not (_HOST.fullmatch(value) and _is_port(value)):
            fault(f"「{value}」はホスト名の形ではありません。", "host または host:ポート番号 の形で書いてください。")

    def _url(self, value, fault):
        rest = value.removeprefix(PRACTICE)
        if rest != value and (not rest or rest.startswith("/")):
            return
        try:
            parts = urlsplit(value)
            is_url = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.netloc) and _is_port(parts.netloc)
        except ValueError:
            is_url = False
        if not is_url or not value.isascii() or not value.isprintable() or " " in value:
            fault(f"「{value}」はURLの形ではありません。", "https://host/path の形で、半角で書いてください。")

    def read(self, value):
        return [value or NOTHING]


def _is_port(host):
    _, colon, port = host.partition(":")
    return not colon or 0 < int(port) < 65536


@dataclass(frozen=True)
class Flag:
    """true or false, with the words for each."""

    yes: str = "はい"
    no: str = "いいえ"

    def take(self, value, fault):
        if type(value) is not bool:
            fault(
                f"true か false ではありません({_shown(value)})。",
                "引用符を付けずに true または false と書いてください。",
            )
        return value is True

    def read(self, value):
        return [self.yes if value else self.no]


@dataclass(frozen=True)
class Count:
    """A whole number from `least` to `most`; `words` hold {n}."""

    least: int
    most: int
    words: str = "{n}"

    def take(self, value, fault):
        if type(value) is not int:
            fault(f"整数ではありません({_shown(value)})。", "引用符を付けずに整数を書いてください。")
            return self.least
        if not self.least <= value <= self.most:
            fault(f"{_shown(value)}は範囲の外です。", f"{self.least}から{self.most}までにしてください。")
            return self.least
        return value

    def read(self, value):
        return [self.words.format(n=value)]


@dataclass(frozen=True)
class Day:
    """A date, written without quotation marks."""

    def take(self, value, fault):
        if type(value) is not date:
            fault(f"日付ではありません({_shown(value)})。", "引用符を付けずに 2026-03-01 のように書いてください。")
            return date(2000, 1, 1)
        return value

    def read(self, value):
        return [f"{value.year}年{value.month}月{value.day}日"]


@dataclass(frozen=True)
class Choice:
    """One of the variants that the code knows, as {value: words}."""

    of: dict

    def take(self, value, fault):
        if type(value) is str and value in self.of:
            return value
        near = "" if re.search(r"\d", str(value)) else nearest(value, self.of)  # RSA-2048 is no slip for RSA-4096
        fault(f"{_shown(value)}という選択肢はありません。", near or f"使えるのは {'、'.join(self.of)} です。")
        return next(iter(self.of))

    def read(self, value):
        return [self.of[value]]


@dataclass(frozen=True)
class Many:
    """A list of one kind, each value once; `least` of them at least."""

    of: object
    least: int = 0
    most: int = 100

    def take(self, value, fault):
        if type(value) is not list:
            fault(f"一覧ではありません({_shown(value)})。", '[ … ] で囲んでください。例: ["a", "b"]')
            return ()
        if len(value) < self.least:
            fault("値が1つもありません。", "1つ以上書いてください。")
        if len(value) > self.most:
            fault(f"値が{len(value)}個あります。", f"{self.most}個以内にしてください。")
        taken = tuple(
            self.of.take(each, lambda sentence, advice, *place, at=at: fault(sentence, advice, at, *place))
            for at, each in enumerate(value[: self.most])
        )
        if twice := [each for each in value if value.count(each) > 1]:
            fault(f"同じ値({_shown(twice[0])})が2回以上あります。", "1回だけ書いてください。")
        return taken

    def read(self, value):
        lines = [line for each in value for line in self.of.read(each)]
        return ["、".join(lines)] if lines and isinstance(self.of, (Choice, Count)) else lines or [NOTHING]


@dataclass(frozen=True)
class ByProcedure:
    """A table with a value of one kind for 発行 (`issue`) and one for 失効 (`revoke`); `may_be_left_out` as a whole."""

    of: object
    may_be_left_out: bool = False
    words = {"issue": "発行", "revoke": "失効"}

    def take(self, value, fault):
        if type(value) is not dict:
            fault(f"表ではありません({_shown(value)})。", "[項目名] の下に issue と revoke を書いてください。")
            return {}
        if not value and self.may_be_left_out:
            return {}
        return entries({name: self.of for name in self.words}, {}, value, fault)

    def read(self, value):
        return [f"{self.words[kind]}: {'、'.join(self.of.read(each))}" for kind, each in value.items()] or [NOTHING]


@dataclass(frozen=True)
class Rows:
    """Tables of one shape ([[…]]): `made` from the values of `of` ({key: kind}), of which `optional` ({key: value}) may be
    left out."""

    made: type
    of: dict
    optional: dict
    words: str
    least: int = 0
    most: int = 60

    def take(self, value, fault):
        if type(value) is not list or not all(type(each) is dict for each in value):
            fault(
                f"表の並びではありません({_shown(value)})。",
                "1件ごとに [[項目名]] と書き、その下に値を書いてください。",
            )
            return ()
        if len(value) < self.least:
            fault("1件もありません。", "1件以上書いてください。")
        if len(value) > self.most:
            fault(f"{len(value)}件あります。", f"{self.most}件以内にしてください。")
        return tuple(self._row(each, at, fault) for at, each in enumerate(value[: self.most]))

    def _row(self, value, at, fault):
        taken = entries(
            self.of, self.optional, value, lambda sentence, advice, *place: fault(sentence, advice, at, *place)
        )
        return self.made(**{name: taken.get(name) for name in self.of})

    def read(self, value):
        return [self._line(row) for row in value] or [NOTHING]

    def _line(self, row):
        values = {name: getattr(row, name) for name in self.of}
        said = {name: self.of[name].read(value)[0] if value != "" else "" for name, value in values.items()}
        return self.words.format(row=row, **said).strip()


def entries(kinds, defaults, value, fault):
    """{key: taken value} of a table: unknown and missing keys are told with what was probably meant."""
    for key in value:
        if key not in kinds:
            known = f"使える項目は {'、'.join(kinds)} です。" if len(kinds) < 9 else "この項目を取り除いてください。"
            fault("この名前の項目はありません。", nearest(key, kinds) or known, key)
    taken = {}
    for key, kind in kinds.items():
        if key in value:
            said = lambda sentence, advice, *place, key=key: fault(sentence, advice, key, *place)  # noqa: E731
            taken[key] = kind.take(value[key], said)
        elif key in defaults:
            taken[key] = defaults[key]
        else:
            fault("この項目がありません。", "項目と値を書き加えてください。", key)
    return taken


def nearest(word, known):
    """A question with the known word that was probably meant, or ""."""
    near = get_close_matches(word, list(known), 1, 0.6) if isinstance(word, str) and len(word) < 80 else []
    return f"「{near[0]}」の書き間違いではありませんか。" if near else ""


def _shown(value):
    kinds = {dict: "表", list: "一覧"}
    text = kinds.get(type(value)) or (f'"{value}"' if isinstance(value, str) else str(value))
    text = "".join(each if each.isprintable() else "�" for each in text)
    return text if len(text) <= 60 else text[:57] + "…"
