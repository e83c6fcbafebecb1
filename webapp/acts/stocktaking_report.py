"""What a 棚卸し found, as plain values: shown while it is open, and kept as JSON when it is closed."""

import json

from webapp import clock
from webapp.register import Department, Institution, StocktakingItem

STANDINGS = {
    "confirmed": "確認済み",
    "discrepancy": "相違あり(対応中)",
    "settled": "相違あり(対応済み)",
    "waiting": "未回答",
    "fallen": "対象外(失効・期限切れ)",
}
SHORT = {"confirmed": "確認済み", "discrepancy": "相違", "settled": "対応済み", "waiting": "未回答", "fallen": "対象外"}
POINTS = {
    "is_person_right": "担当者が違う",
    "is_post_right": "職名・所属が違う",
    "is_purpose_right": "用途が変わった",
    "is_in_use": "使っていない",
    "is_token_at_hand": "トークンが手元にない",
}


def counts(stocktaking):
    """{standing: how many}, each of STANDINGS."""
    return _summed(StocktakingItem.tally(stocktaking))


def by_department(stocktaking):
    """[{name, counts, total}] by name; certificates of no department last."""
    tally = StocktakingItem.tally(stocktaking)
    names = {row.id: row.name for row in Department.select().where(Department.id.in_({each[0] for each in tally}))}
    listed = sorted({each[0] for each in tally}, key=lambda number: (number is None, names.get(number, "")))
    found = [(number, _summed(each for each in tally if each[0] == number)) for number in listed]
    return [
        {"id": number, "name": names.get(number, "所属の登録なし"), "counts": summed, "total": sum(summed.values())}
        for number, summed in found
    ]


def _summed(tally):
    summed = dict.fromkeys(STANDINGS, 0)
    for _, standing, count in tally:
        summed[standing] += count
    return summed


def of(stocktaking, reason=""):
    """The report as it would be now: dates, people, counts, departments, and every item that is not simply confirmed.
    `reason`: why it is closed although something is left."""
    departments = by_department(stocktaking)
    rows = StocktakingItem.listed(stocktaking).where(StocktakingItem.state != "confirmed").order_by(StocktakingItem.id)
    items = [_item(row) for row in rows]
    return {
        "institution": Institution.here().formal_name,
        "name": stocktaking.name,
        "due_on": stocktaking.due_on.isoformat(),
        "opened": [_instant(stocktaking.opened_at), stocktaking.opened_by.name],
        "closed": [_instant(stocktaking.closed_at), stocktaking.closed_by.name] if stocktaking.closed_at else None,
        "reason": reason,
        "counts": {standing: sum(each["counts"][standing] for each in departments) for standing in STANDINGS},
        "total": sum(each["total"] for each in departments),
        "on_behalf": stocktaking.items.where(StocktakingItem.is_on_behalf).count(),
        "departments": departments,
        "items": items,
    }


def written(report):
    """The bytes whose SHA-256 is signed off: canonical JSON (UTF-8, sorted keys, no blanks)."""
    return json.dumps(report, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def kept(stocktaking):
    """The report of a closed one, exactly as it was written."""
    return json.loads(stocktaking.report.bytes())


def points(item):
    """What somebody said is different, as sentences."""
    return [sentence for name, sentence in POINTS.items() if getattr(item, name) is False]


def _item(item):
    certificate = item.certificate
    return {
        "standing": item.standing,
        "title": certificate.title or certificate.subject,
        "serial": certificate.serial,
        "department": certificate.department.name if certificate.department else "",
        "person": certificate.subscriber.name if certificate.subscriber else "",
        "points": points(item),
        "note": item.note,
        "settlement": item.settlement,
        "state": certificate.state,
    }


def _instant(instant):
    return instant.astimezone(clock.JST).isoformat(timespec="seconds")
