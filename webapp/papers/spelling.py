"""How two writings of one value differ, in words: blanks, width, signs, 〒, 丁目, a name without its legal entity."""

import re
import unicodedata

_KANJI = {kanji: str(digit) for digit, kanji in enumerate("〇一二三四五六七八九")}
_NUMBER = re.compile(r"([〇一二三四五六七八九]?)(十?)([〇一二三四五六七八九]?)(?=丁目|番|号)")
_COUNTERS = re.compile(r"丁目|番地の?|番|号|の(?=\d)")
_HYPHENS = "-‐‑–—−ー"


def folded(text):
    """For comparing only: NFKC, no blanks, no hyphens."""
    return "".join(c for c in _even(text) if c not in _HYPHENS)


def _even(text):
    return _without_blanks(unicodedata.normalize("NFKC", text or ""))


def _without_blanks(text):
    return "".join((text or "").split())


def is_alike(given, known):
    """Whether two writings differ in nothing but blanks, width, hyphens, and what parts the digits of a number."""
    return _digits_alone(given) == _digits_alone(known)


def difference(given, known):
    """In what `given` differs from `known`, as a sentence without its end; "" where both are the same."""
    if given == known:
        return ""
    if not given:
        return "記入がありません"
    for said, fold in _WAYS:
        if fold(given) == fold(known):
            return said
    if known and folded(known).endswith(folded(given)):
        return f"前の部分「{_missing(given, known)}」がありません"
    return "値が異なります"


def _address(text):
    """An address with its numbers alone: 一ツ橋二丁目1番2号 and 一ツ橋2-1-2 are one."""
    plain = _COUNTERS.sub("-", _NUMBER.sub(_digits, _even(text)))
    return re.sub(rf"[{_HYPHENS}]+", "-", plain).strip("-")


def _digits_alone(text):
    """A number without 〒, brackets and dots: 〒100-0001 and 1000001, 03(5500)1301 and 03-5500-1301 are one."""
    plain = folded(text).removeprefix("〒")
    return re.sub(r"[().]", "", plain) if re.fullmatch(r"[\d().]+", plain) else folded(text)


def _digits(match):
    tens, ten, ones = match.groups()
    if not any(match.groups()):
        return ""
    return (_KANJI.get(tens, "1") if ten else _KANJI.get(tens, "")) + _KANJI.get(ones, "0" if ten else "")


def _missing(given, known):
    """What stands in `known` before the part that `given` has."""
    length = len(folded(known)) - len(folded(given))
    for end in range(len(known) + 1):
        if len(folded(known[:end])) == length:
            return known[:end].strip()
    return known.strip()


_WAYS = (
    ("空白だけが異なります", _without_blanks),
    ("全角・半角が異なります", _even),
    ("ハイフンの有無が異なります", folded),
    ("〒やかっこなど、数字の区切りだけが異なります", _digits_alone),
    ("大文字・小文字が異なります", lambda text: folded(text).casefold()),
    ("丁目・番地の書き方が異なります", _address),
)
