"""What an administrator types, field by field: a rule takes the text (blanks around it gone) and returns the value, or
raises Unfit with the sentence that stands beside the field."""

import re
import unicodedata
from datetime import date

from webapp import clock
from webapp.errors import Incomplete
from webapp.rules import ERROR, characters

LONGEST = 200  # characters of a line


class Unfit(ValueError):
    """A typed value cannot be taken; the message is the sentence for its field."""


def checked(rules, given):
    """{field: value} for {field: rule} and the typed {field: text}. Raises Incomplete with every sentence at once."""
    values, faults = {}, {}
    for field, rule in rules.items():
        try:
            values[field] = rule((given.get(field) or "").strip())
        except Unfit as fault:
            faults[field] = str(fault)
    if faults:
        refuse(faults)
    return values


def refuse(faults):
    """Raise Incomplete for {field: sentence}."""
    raise Incomplete("入力内容を確認してください。", "印の付いた項目を直してから、もう一度保存してください。", faults)


def line(label, is_needed=True, longest=LONGEST, field=""):
    """One line of text, exactly as typed; with the characters that a `field` of the CA's form takes (CHR-01), if one is named."""

    def rule(text):
        _demand(text or not is_needed, f"{label}を入力してください。")
        _demand(len(text) <= longest, f"{label}は{longest}文字以内で入力してください。")
        _demand(not any(unicodedata.category(each)[0] == "C" for each in text), f"{label}は1行で入力してください。")
        faults = [each for each in characters.judge(text, field) if each.severity == ERROR] if field else []
        _demand(not faults, "".join(f"{each.sentence}{each.advice}" for each in faults))
        return text

    return rule


def pattern(expression, sentence, is_needed=True):
    """Half-width characters that match; full-width ones are taken as their half-width twins."""

    def rule(text):
        text = unicodedata.normalize("NFKC", text).replace("−", "-").replace("‐", "-")
        _demand(re.fullmatch(expression, text) or (not text and not is_needed), sentence)
        return text

    return rule


def telephone(label, is_needed=True):
    sentence = f"{label}は、03-1234-5678のように数字とハイフンで入力してください。"
    return pattern(r"\+?\d[\d-]{7,18}\d", sentence, is_needed)


def mail(label):
    """A mail address, in lower case."""
    sentence = f"{label}は、name@example.ac.jpのような形で入力してください。"
    rule = pattern(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+", sentence)

    def lowered(text):
        text = rule(text)
        _demand(text.isascii(), sentence)
        return text.lower()

    return lowered


def day(label, is_needed=True, is_past=False):
    """A date (YYYY-MM-DD), or None where none is needed; `is_past`: not later than today."""

    def rule(text):
        if not text and not is_needed:
            return None
        try:
            found = date.fromisoformat(text)
        except ValueError:
            raise Unfit(f"{label}を日付で入力してください(例: {clock.today().isoformat()})。") from None
        _demand(not is_past or found <= clock.today(), f"{label}は、今日までの日付で入力してください。")
        return found

    return rule


def one_of(values, sentence, is_needed=True):
    def rule(text):
        _demand(text in values or (not text and not is_needed), sentence)
        return text

    return rule


def _demand(is_so, sentence):
    if not is_so:
        raise Unfit(sentence)
