"""DN-01 … DN-07: the subject of a CSR or of the form against the institution's registered values (domain.md §4, §18).

`subject` and `registered` are papers.subject.Subject; a finding's `field` is the short name of the attribute, or
"subject" for the whole.
"""

import re

from webapp.rules import ERROR, WARNING, Finding, rule
from webapp.rules.verbs import ON_CSR

LABELS = {
    "C": "国(C)",
    "ST": "都道府県(ST)",
    "L": "市区町村(L)",
    "O": "組織名(O)",
    "OU": "部門名(OU)",
    "CN": "コモンネーム(CN)",
    "DC": "ドメイン(DC)",
    "emailAddress": "メールアドレス(emailAddress)",
}
MAX_LENGTH = 64
MAX_TOTAL = 250

_REGISTERED_CHARACTERS = r"[A-Za-z0-9 '(),\-./:=]*"
_CHARACTERS = {
    "ST": _REGISTERED_CHARACTERS,
    "L": _REGISTERED_CHARACTERS,
    "O": _REGISTERED_CHARACTERS,
    "CN": r"[A-Za-z0-9 '(),\-./:=@_]*",
}
_MEANINGLESS = re.compile(r"[.\- ]*|n/?a|not applicable", re.IGNORECASE)


@rule(
    "DN-01",
    (ERROR,),
    "国(C)は JP とする。",
    "C=JP を入れてCSRを作り直す。",
    "NIIのDN規則(domain.md §4.1)",
    issue=ON_CSR,
)
def dn_01(subject):
    """C is JP."""
    country = subject.get("C")
    if not country:
        return [Finding("DN-01", ERROR, "C", "国(C)がありません。", "C=JP を入れてCSRを作り直してください。")]
    if country != "JP":
        return [Finding("DN-01", ERROR, "C", f"国(C)が{quoted(country)}です。", "C=JP としてCSRを作り直してください。")]
    return []


@rule(
    "DN-02",
    (ERROR,),
    "ST・L・O が台帳の登録値と1文字も違わず、必要な項目がすべてある。",
    "登録値でCSRを作り直す。登録値が古ければ、先に台帳を改める。",
    "NIIのDN規則(domain.md §4.1)",
    issue=ON_CSR,
)
def dn_02(subject, registered, profile):
    """What the profile requires is there, and ST, L and O are exactly as registered."""
    findings = []
    for short in profile.required_attributes:
        if short != "C" and not subject.get(short):
            findings.append(_missing(short, registered))
        elif short in profile.fixed_attributes and subject.get(short) != registered.get(short):
            findings.append(_different(short, subject.get(short), registered.get(short)))
    return findings


@rule(
    "DN-03",
    (ERROR,),
    "DNの各値は認証局が受け付ける半角文字で64文字以内、全体で250文字以内とする。",
    "半角の英数字・空白・ ' ( ) , - . / : = だけでCSRを作り直す。",
    "NIIのDN規則・TSV形式(domain.md §4.1、§8)",
    issue=ON_CSR,
)
def dn_03(subject):
    """Only half-width characters that the CA takes, at most 64 in a value and 250 in all."""
    findings = [_characters(short, value) for short, value in subject.values if not _fits(short, value)]
    findings += [_too_long(short, value) for short, value in subject.values if len(value) > MAX_LENGTH]
    if len(str(subject)) > MAX_TOTAL:
        sentence = f"主体者DN全体が{len(str(subject))}文字です。{MAX_TOTAL}文字以内でなければなりません。"
        findings.append(Finding("DN-03", ERROR, "subject", sentence, "台帳の登録値でCSRを作り直してください。"))
    return findings


@rule(
    "DN-04",
    (ERROR,),
    "L に Academe・Default を含む値、City だけの値を使わない。",
    "L に登録値を指定してCSRを作り直す。",
    "NIIのお知らせ 2019-05-17(domain.md §4.1)",
    issue=ON_CSR,
)
def dn_04(subject):
    """L is no default of a tool: such certificates were all revoked in 2019."""
    return [
        Finding(
            "DN-04",
            ERROR,
            "L",
            f"市区町村(L)が{quoted(value)}です。OpenSSLなどの初期値や、使用が禁止された値です。",
            "Lに台帳の登録値を指定してCSRを作り直してください。",
        )
        for value in subject.all("L")
        if re.search("academe|default", value, re.IGNORECASE) or value.strip().lower() == "city"
    ]


@rule(
    "DN-05",
    (ERROR,),
    "OU・DC・emailAddress など、登録されていない項目を入れない。同じ項目を2つ入れない。",
    "その項目を入れずにCSRを作り直す。",
    "NIIのDN規則、CSBR §7.1.4.2(domain.md §4)",
    issue=ON_CSR,
)
def dn_05(subject, profile):
    """No OU, DC, emailAddress or anything else beyond what the profile requires, and nothing twice."""
    present = dict.fromkeys(short for short, _ in subject.values)
    surplus = [_surplus(short, subject, profile) for short in present if short not in profile.required_attributes]
    twice = [_twice(short, subject) for short in present if len(subject.all(short)) > 1]
    return surplus + twice


@rule(
    "DN-06",
    (WARNING,),
    "CN は登録された法人の英語名称とする。",
    "名称を確認し、違えばCSRを作り直す。",
    "CSBR §7.1.4.2.2 a",
    issue=ON_CSR,
)
def dn_06(subject, registered, profile):
    """CN is the legal name: as registered, else as the profile says."""
    found, expected = subject.get("CN"), registered.get("CN") or profile.common_name_for(registered)
    if not found or found == expected:
        return []
    return [
        Finding(
            "DN-06",
            WARNING,
            "CN",
            f"コモンネーム(CN)が{quoted(found)}です。登録値は{quoted(expected)}です。{_hint(found, expected)}",
            "認証局に登録した法人の英語名称か確認してください。違う場合はCSRを作り直してください。",
        )
    ]


@rule(
    "DN-07",
    (ERROR,),
    "記号や空白だけの値、「該当なし」を表す値を入れない。",
    "登録値でCSRを作り直す。",
    "CSBR §7.1.4.2.2 d",
    issue=ON_CSR,
)
def dn_07(subject):
    """No value that says nothing."""
    return [
        Finding(
            "DN-07",
            ERROR,
            short,
            f"{label(short)}の値が{quoted(value)}です。記号や空白だけの値、「該当なし」を表す値は使えません。",
            "台帳の登録値を指定してCSRを作り直してください。",
        )
        for short, value in subject.values
        if _MEANINGLESS.fullmatch(value)
    ]


def label(short):
    """The attribute's name for people: "市区町村(L)"; unknown ones by their OID."""
    return LABELS.get(short, f"項目 {short}")


def quoted(value, at_most=80):
    """A value found in a paper, in 「」: cut at `at_most` characters, unprintable ones shown as �."""
    shown = "".join(each if each.isprintable() else "�" for each in value)
    return f"「{shown if len(shown) <= at_most else shown[:at_most] + '…'}」"


def _missing(short, registered):
    expected = registered.get(short)
    value = f"登録値は{quoted(expected)}です。" if expected else ""
    advice = f"{short}を入れてCSRを作り直してください。"
    return Finding("DN-02", ERROR, short, f"{label(short)}がありません。{value}", advice)


def _different(short, found, expected):
    return Finding(
        "DN-02",
        ERROR,
        short,
        f"{label(short)}が{quoted(found)}です。台帳の登録値は{quoted(expected)}です。{_hint(found, expected)}",
        f"{short}を登録値と同じにしてCSRを作り直してください。登録値が古い場合は、先に台帳を改めてください。",
    )


def _hint(found, expected):
    if found.casefold() == expected.casefold():
        return "大文字と小文字だけが違います。"
    if "".join(found.split()) == "".join(expected.split()):
        return "空白だけが違います。"
    return ""


def _fits(short, value):
    return re.fullmatch(_CHARACTERS.get(short, r"[\x20-\x7e]*"), value) is not None


def _characters(short, value):
    allowed = _CHARACTERS.get(short, r"[\x20-\x7e]*").removesuffix("*")
    strange = dict.fromkeys(each for each in value if not re.fullmatch(allowed, each))
    return Finding(
        "DN-03",
        ERROR,
        short,
        f"{label(short)}の{quoted(value)}に、使えない文字{quoted(''.join(strange))}があります。",
        "半角の英数字、空白、記号 ' ( ) , - . / : = だけを使い、CSRを作り直してください。",
    )


def _too_long(short, value):
    sentence = f"{label(short)}が{len(value)}文字です。{MAX_LENGTH}文字以内でなければなりません。"
    return Finding("DN-03", ERROR, short, sentence, "台帳の登録値を指定してCSRを作り直してください。")


def _surplus(short, subject, profile):
    why = (
        "認証局が使用を認めていない項目です。"
        if short in profile.forbidden_attributes
        else "登録されていない項目です。"
    )
    return Finding(
        "DN-05",
        ERROR,
        short,
        f"{label(short)}に{quoted(subject.get(short))}が入っています。{why}",
        f"{label(short)}を入れずにCSRを作り直してください。",
    )


def _twice(short, subject):
    values = "と".join(quoted(value) for value in subject.all(short))
    return Finding(
        "DN-05",
        ERROR,
        short,
        f"{label(short)}が{len(subject.all(short))}つあります({values})。",
        f"{label(short)}を1つだけにしてCSRを作り直してください。",
    )
