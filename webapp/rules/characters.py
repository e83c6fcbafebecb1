"""CHR-01: what may stand in which field (domain.md §8). The CA's forms and files are Shift_JIS: JIS X 0208 and ASCII carry
everywhere, the makers' own characters (①, ㈱, Ⅲ) do not. A person's name is written as that person writes it (髙橋, 﨑子,
𠮷野): of it this only says what the CA may print instead."""

import re
import unicodedata
from dataclasses import dataclass

from webapp.rules import ERROR, WARNING, Finding, rule
from webapp.rules import comment as comments
from webapp.rules.comment import INVISIBLE, instead, is_taken, named

HOUSE, FORM, NAME, CODE, SECRET = "house", "form", "name", "code", "secret"
LINES = "\n"  # may stand in a text of several lines


@dataclass(frozen=True)
class Field:
    """A field as people call it, and what it takes: HOUSE (read in this house only), FORM (printed on the CA's form), NAME
    (a person's, printed there too), CODE (half-width only), SECRET (the same, never repeated)."""

    label: str
    takes: str
    has_lines: bool = False


FIELDS = {
    "title": Field("管理名称", HOUSE),
    "purpose": Field("用途", HOUSE, has_lines=True),
    "comment": Field("失効理由コメント", FORM),
    "name": Field("氏名", NAME),
    "subscriber_name": Field("利用管理者の氏名", NAME),
    "officer_name": Field("登録担当者の氏名", NAME),
    "head_name": Field("捺印・署名する人の氏名", NAME),
    "department": Field("所属", FORM),
    "subscriber_department": Field("利用管理者の所属", FORM),
    "officer_department": Field("登録担当者の所属", FORM),
    "head_title": Field("捺印・署名する人の資格", FORM),
    "post": Field("職名", FORM),
    "formal_name": Field("機関の正式名称", FORM),
    "head_office": Field("本部所在地", FORM),
    "officer_hours": Field("連絡可能な時間帯", FORM),
    "address": Field("住所", FORM),
    "institution_name": Field("利用機関名", FORM),
    "phone": Field("電話番号", CODE),
    "ST": Field("都道府県(ST)", CODE),
    "L": Field("市区町村(L)", CODE),
    "O": Field("組織名(O)", CODE),
    "CN": Field("コモンネーム(CN)", CODE),
    "zip_password": Field("パスワード(証明書取得時用)", SECRET),
}

_HALF_KANA = re.compile("[\uff61-\uff9f]+")
_DASHES = str.maketrans("‐‑–—―−ー", "-------")  # what a Japanese keyboard puts where a hyphen is meant
_FORM_SAYS = "認証局の様式がJIS X 0208の文字だけのときは、"


@rule(
    "CHR-01",
    (ERROR, WARNING),
    "申請書に載る欄は JIS X 0208(Shift_JIS)の文字、記号の欄は半角とする。見えない文字はどの欄にも入れない。人名の字体はそのまま使える。",
    "示された書き換えの例のとおりに直す。",
    "NIIの文字の範囲、エラー204・205(domain.md §8)",
    issue=("describe", "submit"),
    revoke=("submit",),
)
def chr_01(texts):
    """`texts`: {field of FIELDS: what stands there}."""
    return [finding for field, text in texts.items() for finding in judge(text, field)]


def judge(text, field):
    """Findings about one text in a field of FIELDS: its characters by name, and what to write instead."""
    about = FIELDS[field]
    if about.takes in (CODE, SECRET):
        return _code(text, field, about)
    text = unicodedata.normalize("NFC", text)
    seen = [each for each in dict.fromkeys(text) if each != LINES or not about.has_lines]
    return [
        *_found(ERROR, field, about, [each for each in seen if _is_unseen(each)], "使えない文字"),
        *_found(_strict(about), field, about, [each for each in seen if _is_machine_dependent(each)], "機種依存文字"),
        *(_letters(field, about, [each for each in seen if _is_rare_letter(each)]) if about.takes != HOUSE else []),
        *_found(WARNING, field, about, _HALF_KANA.findall(text), "半角カタカナ"),
    ]


def proposed(text, field):
    """What to write instead, or None where the text may stay as it is or nobody knows better. A person's letters are
    never proposed away."""
    about = FIELDS[field]
    if about.takes in (CODE, SECRET):
        better = _visible(unicodedata.normalize("NFKC", text.translate(_DASHES)), False).strip()
        better = better if better.isascii() else text
    elif field == "comment":
        better = comments.rewritten(unicodedata.normalize("NFC", text)).strip()
    else:
        better = _rewritten(text, about)
    return better if better and better != text else None


def _rewritten(text, about):
    kept = _visible(unicodedata.normalize("NFC", text), about.has_lines)
    kept = _HALF_KANA.sub(lambda found: unicodedata.normalize("NFKC", found[0]), kept)
    written = (instead(each) if _is_machine_dependent(each) else each for each in kept)
    return "".join("" if each is None else each for each in written).strip()


def _visible(text, has_lines):
    return "".join(each for each in text if not _is_unseen(each) or (has_lines and each == LINES))


def _is_unseen(character):
    """Controls, directions, joiners, what is not assigned; not the accents and selectors that belong to a letter."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cn", "Co", "Cs") or character in "\u2028\u2029\u3164\u115f"


def _is_letter(character):
    """A letter or a selector of its shape; the ideographs that Unicode calls compatible (﨑, 神) are letters, too."""
    return unicodedata.category(character) in ("Lo", "Lu", "Ll", "Lm", "Mn")


def _is_rare_letter(character):
    return _is_letter(character) and not is_taken(character)


def _is_machine_dependent(character):
    """A symbol or number that only some makers' tables have, or none: ①, ㈱, Ⅲ, ㎝, an emoji."""
    return not (is_taken(character) or _is_letter(character) or _is_unseen(character))


def _strict(about):
    return WARNING if about.takes == HOUSE else ERROR


def _found(severity, field, about, characters, what):
    if not characters:
        return []
    sentence = f"{about.label}に{what}があります: {'、'.join(map(_shown, characters))}。"
    advice = f"書き換えの例: {'、'.join(map(_example, characters))}。"
    return [Finding("CHR-01", severity, field, sentence, advice)]


def _letters(field, about, characters):
    """Letters outside JIS X 0208: of a name they are said, elsewhere they may be written otherwise; never refused."""
    if not characters:
        return []
    sentence = f"{about.label}に、JIS X 0208にない文字があります: {'、'.join(map(_shown, characters))}。"
    usual = [f"「{each}」は「{instead(each)}」" for each in characters if instead(each)]
    said = f"{_FORM_SAYS}{'、'.join(usual)}と印字されることがあります。" if usual else ""
    return [Finding("CHR-01", WARNING, field, sentence, f"このまま進められます。{said}")]


def _code(text, field, about):
    wrong = [each for each in dict.fromkeys(text) if not (each.isascii() and each.isprintable())]
    if wrong:
        if about.takes == SECRET:
            named_ones, better = f"{len(wrong)}種類", None
        else:
            named_ones, better = "、".join(map(_shown, wrong)), proposed(text, field)
        sentence = f"{about.label}に、半角の英数字と記号以外の文字があります: {named_ones}。"
        return [
            Finding(
                "CHR-01",
                ERROR,
                field,
                sentence,
                f"書き換えの例: 「{better}」。" if better else "半角で入力し直してください。",
            )
        ]
    if text != text.strip():
        sentence = f"{about.label}の先頭または末尾に空白があります。"
        return [Finding("CHR-01", ERROR, field, sentence, "空白を取り除いてください。")]
    return []


def _shown(characters):
    return named(characters) if len(characters) == 1 else f"「{characters}」"


def _example(characters):
    if _HALF_KANA.fullmatch(characters):
        return f"{_shown(characters)}→「{unicodedata.normalize('NFKC', characters)}」"
    other = "" if unicodedata.category(characters) in INVISIBLE else instead(characters)
    if other is None:
        return f"{_shown(characters)}→別の書き方"
    return f"{_shown(characters)}→「{other}」" if other else f"{_shown(characters)}→取り除く"
