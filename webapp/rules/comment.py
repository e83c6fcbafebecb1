"""REV-04: 失効理由コメント holds only what the CA's systems take: one line of characters of JIS X 0208 (and JIS X 0201) in
CP932, at most 128 (domain.md §6.3, §8)."""

import unicodedata

from webapp.rules import ERROR, Finding, rule
from webapp.rules.verbs import ON_REVOCATION

LONGEST = 128

# What to write instead of characters that Unicode itself does not fold (NFKC) into JIS X 0208.
_INSTEAD = {
    **dict(zip("髙﨑𠮷濵德瀨栁黑內增寬敎淸綠緖薰賴郞鄕閒靑橫悅昻曻桒凞", "高崎吉浜徳瀬柳黒内増寛教清緑緒薫頼郎郷間青横悦昂昇桑熙", strict=True)),
    **dict(zip("𣘺𡈽𠮟吞剝塡頰噓瘦繫蟬蠟軀俠摑搔麵嚙囊靍靏羡兊咊悊", "橋土叱呑剥填頬嘘痩繋蝉蝋躯侠掴掻麺噛嚢鶴鶴羨兌和哲", strict=True)),
    "㈱": "株式会社", "㈲": "有限会社", "㈳": "社団法人", "㈶": "財団法人", "㈻": "学校法人", "№": "No.", "℡": "電話",
    "—": "―", "–": "-", "•": "・", "¥": "￥", "€": "ユーロ", "©": "(C)", "®": "(R)", "☎": "電話",
    "〝": "“", "〟": "”", "∑": "Σ", "￤": "|", "⁄": "/", "\n": " ", "\t": " ",
}  # fmt: skip
INVISIBLE = ("Cc", "Cf", "Mn", "Me", "Cn", "Co", "Cs")


@rule(
    "REV-04",
    (ERROR,),
    "失効理由コメントは、JIS X 0208(Shift_JIS)の文字だけで1行128文字以内とする。",
    "示された書き換えの例のとおりに直す。",
    "NII エラー205(domain.md §6.3、§8)",
    revoke=ON_REVOCATION,
)
def rev_04(comment):
    """Findings about the comment: its characters, each with what to write instead, and its length."""
    findings = []
    if wrong := [each for each in dict.fromkeys(comment) if not is_taken(each)]:
        sentence = f"失効理由コメントに使えない文字があります: {'、'.join(map(named, wrong))}。"
        findings.append(_error(sentence, f"書き換えの例: {'、'.join(map(_proposed, wrong))}。"))
    if len(comment) > LONGEST:
        sentence = f"失効理由コメントは{LONGEST}文字以内で記入してください(現在{len(comment)}文字)。"
        findings.append(_error(sentence, f"{len(comment) - LONGEST}文字以上短くしてください。"))
    return findings


def rewritten(comment):
    """The comment with every proposal followed; a character without one stays as it is."""
    return "".join(each if is_taken(each) or instead(each) is None else instead(each) for each in comment)


def instead(character):
    """What to write for a character that may not stand there: other characters, "" if it is to be left out, None if
    nobody knows."""
    folded = "".join(_INSTEAD.get(each, each) for each in unicodedata.normalize("NFKC", character))
    letters = "".join(each for each in unicodedata.normalize("NFKD", character) if not unicodedata.combining(each))
    for proposal in (_INSTEAD.get(character), folded, letters):
        if proposal and all(map(is_taken, proposal)):
            return proposal
    return "" if unicodedata.category(character) in (*INVISIBLE, "So", "Sk") else None


def is_taken(character):
    """CP932 has it, and on a place of JIS X 0208 or JIS X 0201 (not among the makers' own additions)."""
    try:
        character.encode("cp932").decode("shift_jis")
    except UnicodeError:
        return False
    return unicodedata.category(character) != "Cc"


def named(character):
    if character == "\n":
        return "改行"
    is_seen = unicodedata.category(character) not in INVISIBLE
    return f"「{character}」" if is_seen else f"見えない文字(U+{ord(character):04X})"


def _proposed(character):
    """ "「髙」→「高」"."""
    what, proposal = named(character), instead(character)
    if proposal is None:
        return f"{what}→かな、または別の漢字"
    if not proposal:
        return f"{what}→取り除く"
    return f"{what}→「{proposal}」" if proposal.strip() else f"{what}→空白"


def _error(sentence, advice):
    return Finding("REV-04", ERROR, "comment", sentence, advice)
