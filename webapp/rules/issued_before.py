"""Judging certificates issued before, one by one: what each row would do to the register, and why not.

A row becomes a Judged: `verdict` new, same, kept or wrong; `sentence` for people ("" where there is nothing to say);
`values` for the register, plain JSON: serial (hex), issuer_sha256, issuer, subject, not_before and not_after and
revoked_at (ISO 8601, UTC), reason, title, purpose, subscriber_id, department_id, number, sha256 and spki_sha256 and
chain of a file (else None, None, []).
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from webapp.papers import certificate as papers
from webapp.papers import serial as serials
from webapp.papers.revocation_reasons import REASONS

CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
JST = ZoneInfo("Asia/Tokyo")
LONGEST_TITLE = 200
LAST_YEAR, FIRST_YEAR = 2100, 1990
RARELY_ALL_DIGITS = 12  # a hexadecimal serial of so many digits has a letter among them
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T](\d{1,2})[:時](\d{1,2})(?:[:分](\d{1,2})秒?)?分?)?(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?")  # fmt: skip
_OPENSSL = re.compile(r"([A-Z][a-z]{2}) +(\d{1,2}) (\d{1,2}):(\d{2}):(\d{2}) (\d{4}) GMT")
_MONTHS = dict(zip("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), range(1, 13), strict=True))
_NAMES = {reason.name.lower(): code for code, reason in REASONS.items()} | {
    reason.words: code for code, reason in REASONS.items()
}
_OTHER_CODES = {
    2: "cacompromise",
    6: "certificatehold",
    8: "removefromcrl",
    9: "privilegewithdrawn",
    10: "aacompromise",
}


class Wrong(Exception):
    """A row cannot be registered; the message is its sentence."""


@dataclass(frozen=True)
class Judged:
    verdict: str
    sentence: str
    values: dict


@dataclass(frozen=True)
class House:
    """What the rows are judged by. `issuers`: Certificates (papers.certificate) of the CAs that issue, old ones too;
    `people`: {folded name or mail: [person id]}; `departments`: {folded name: id}."""

    issuers: tuple
    people: dict = field(default_factory=dict)
    departments: dict = field(default_factory=dict)


def folded(text):
    """Names as they are compared: NFKC, without blanks, lower case."""
    return "".join(unicodedata.normalize("NFKC", text).split()).lower()


def from_list(cells, house, is_hex):
    """The Judged of one row of a list, before it is compared with the register. `is_hex`: other rows of the file show
    that its serials are hexadecimal."""
    try:
        serial = _serial(cells, is_hex)
        issuer = _issuer(cells.get("issuer", ""), house)
        ends = _instant(cells.get("ends", ""), "終了日", is_end=True)
        begins = _instant(cells["begins"], "開始日") if cells.get("begins") else None
        revoked = _instant(cells["revoked"], "失効日") if cells.get("revoked") else None
        _check_order(begins, ends, revoked)
        reason = _reason(cells.get("reason", ""), revoked)
        title, subject = cells.get("title", ""), cells.get("subject", "")
        if len(title) > LONGEST_TITLE:
            raise Wrong(f"管理名称が長すぎます({LONGEST_TITLE}文字まで)。")
    except Wrong as wrong:
        return Judged("wrong", str(wrong), {"serial": cells_serial(cells), "title": cells.get("title", "")})
    people, remarks = _people(cells, house)
    if begins is None:
        begins, remarks = ends, [*remarks, "開始日が空欄のため、終了日と同じ日時を記録します。"]
    if not subject:
        remarks.append("主体者DNは空欄のままです。")
    values = {
        "serial": serials.as_hex(serial),
        "issuer": str(issuer.subject),
        "issuer_sha256": papers.own_name_sha256(issuer),
        "subject": subject,
        "not_before": begins.isoformat(),
        "not_after": ends.isoformat(),
        "revoked_at": revoked.isoformat() if revoked else None,
        "reason": reason,
        "title": title or usual_title(serials.as_hex(serial)),
        "purpose": cells.get("purpose", ""),
        "number": cells.get("number", ""),
        "sha256": None,
        "spki_sha256": None,
        "chain": [],
        **people,
    }
    return Judged("new", " ".join(remarks), values)


def from_file(certificate, house):
    """The Judged of one certificate (papers.certificate) that came as a file, before it is compared with the register."""
    values = {"serial": certificate.serial_hex, "title": certificate.subject.get("CN") or str(certificate.subject)}
    issuers = [each for each in house.issuers if each.subject == certificate.issuer]
    if CODE_SIGNING not in certificate.extensions.purposes:
        return Judged("wrong", "コード署名用の証明書ではありません(拡張鍵用途にコード署名がありません)。", values)
    if not issuers:
        return Judged("wrong", _unknown(str(certificate.issuer)), values)
    if not any(papers.issued(each, certificate) for each in issuers):
        return Judged(
            "wrong", "発行者として書かれた認証局の署名ではありません。偽造または破損のおそれがあります。", values
        )
    values |= {
        "issuer": str(certificate.issuer),
        "issuer_sha256": certificate.issuer_sha256,
        "subject": str(certificate.subject),
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "revoked_at": None,
        "reason": None,
        "purpose": "",
        "number": "",
        "subscriber_id": None,
        "department_id": None,
        "sha256": certificate.sha256,
        "spki_sha256": certificate.spki_sha256,
    }
    return Judged("new", "", values)


def usual_title(serial):
    """A 管理名称 for one that has none: by its serial, so that it can be told apart."""
    return f"取り込み {serial[:16]}"


def cells_serial(cells):
    """What was written as the serial, as it was written."""
    return next((text for key, text in cells.items() if key.startswith("serial")), "")[:100]


def shows_hex(rows):
    """Whether some serial among rows of cells can only be hexadecimal."""
    return any(re.search(r"[a-f:]|0x", folded(cells_serial(cells))) for cells in rows)


def _serial(cells, is_hex):
    key, text = next(((key, text) for key, text in cells.items() if key.startswith("serial")), ("serial", ""))
    if text.startswith("≈") or re.fullmatch(r"\d+(\.\d+)?[eE]\+\d+", text):
        raise Wrong(
            "シリアル番号が数値として丸められています。表計算ソフトで列を「文字列」にし、元の番号を入れ直してください。"
        )
    if fault := serials.fault(text):
        raise Wrong(fault)
    found = serials.readings(text)
    if len(found) == 1:
        return found[0]
    digits = len(folded(text))
    if key == "serial:hex" or (key == "serial" and is_hex):
        return found[0]
    if key == "serial:decimal" or digits >= RARELY_ALL_DIGITS:
        return found[1]
    raise Wrong(
        "シリアル番号が16進数か10進数か分かりません。見出しを「シリアル番号(16進)」または「シリアル番号(10進)」にしてください。"
    )


def _issuer(text, house):
    issuing = [each for each in house.issuers if each.subject != each.issuer] or list(house.issuers)
    if not text:
        if len(issuing) == 1:
            return issuing[0]
        raise Wrong("発行者が空欄です。登録された認証局が1つではないため、発行者を記入してください。")
    wanted = folded(text)
    for each in (*issuing, *house.issuers):
        names = {folded(str(each.subject)), folded(each.subject.get("CN")), _unordered(str(each.subject))}
        if wanted in names - {""} or _unordered(text) in names:
            return each
    raise Wrong(_unknown(text))


def _unordered(text):
    """A DN whatever the order of its attributes and the blanks around them."""
    return "|".join(sorted(folded(part) for part in re.split(r"[,/]", text) if part.strip()))


def _unknown(name):
    return (
        f"発行者「{name[:100]}」は、信頼する認証局に登録されていません。"
        "管理者が「設定」の「信頼する認証局」に、用途「証明書の確認」で登録してから、もう一度読み取ってください。"
    )


def _instant(text, label, is_end=False):
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        raise Wrong(f"{label}が空欄です。")
    try:
        found = _parsed(text, is_end)
    except ValueError:
        found = None
    if found is None:
        raise Wrong(f"{label}「{text[:30]}」を日付として読み取れません。2026-11-22のように記入してください。")
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise Wrong(f"{label}「{text[:30]}」の年が正しくありません。")
    return found.astimezone(UTC)


def _parsed(text, is_end):
    if named := _OPENSSL.fullmatch(text):
        month, day, hour, minute, second, year = named.groups()
        return datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC) if month in _MONTHS else None  # fmt: skip
    found = _DATE.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, zone = found.groups()
    if hour is None:
        clock = time(23, 59, 59) if is_end else time(0)
        return datetime.combine(datetime(int(year), int(month), int(day)), clock, JST)
    local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))
    if zone:
        return datetime.fromisoformat(local.isoformat() + ("+00:00" if zone == "Z" else zone))
    return local.replace(tzinfo=JST)


def _check_order(begins, ends, revoked):
    if begins and ends < begins:
        raise Wrong("終了日が開始日より前です。")
    if revoked and begins and revoked < begins:
        raise Wrong("失効日が開始日より前です。")


def _reason(text, revoked):
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        return None
    if revoked is None:
        raise Wrong("失効理由がありますが、失効日が空欄です。")
    number = re.match(r"\d{1,2}(?!\d)", text)
    if number and int(number[0]) <= 10 and int(number[0]) != 7:
        return int(number[0])
    found = _NAMES.get(text.lower(), _NAMES.get(text))
    found = (
        next((code for code, name in _OTHER_CODES.items() if name == text.lower()), None) if found is None else found
    )
    if found is None:
        raise Wrong(
            f"失効理由「{text[:30]}」を読み取れません。番号(0〜10)またはkeyCompromiseなどの名前で記入してください。"
        )
    return found


def _people(cells, house):
    """({subscriber_id, department_id}, remarks): nobody is invented, and a row is not lost for a name."""
    remarks, found = [], {"subscriber_id": None, "department_id": None}
    if name := cells.get("subscriber", ""):
        ids = house.people.get(folded(name), [])
        if len(ids) == 1:
            found["subscriber_id"] = ids[0]
        else:
            why = (
                "同じ氏名の人が複数いるため(メールアドレスで記入すると区別できます)" if ids else "登録されていないため"
            )
            remarks.append(f"利用管理者「{name[:50]}」は{why}、空欄にします。")
    if name := cells.get("department", ""):
        found["department_id"] = house.departments.get(folded(name))
        if found["department_id"] is None:
            remarks.append(f"所属「{name[:50]}」は登録されていないため、空欄にします。")
    return found, remarks
