"""What home says of 棚卸し, forced replacement and tokens: what is asked of this person, and for officers what is open."""

from flask import g, url_for

from webapp.acts.stocktaking_report import points
from webapp.procedure import Role
from webapp.register import Campaign, CampaignItem, Stocktaking, StocktakingItem, TokenHandover
from webapp.routes import case

SHOWN = 10


def steps():
    """Things to do as {sentence, label, url, note}: what this person is to confirm, to replace, to sign off and to receive."""
    return [*_to_confirm(), *_to_replace(), *_to_sign_off(), *_to_receive()]


def _to_confirm():
    row = Stocktaking.open_now()
    count = StocktakingItem.waiting_for(g.person, row).count() if row else 0
    if count:
        yield {
            "sentence": f"棚卸し: {count}件の確認をお願いします",
            "label": "証明書を確認する",
            "url": url_for("stocktakings.own", number=row.id),
            "note": f"{row.name} {_until(row)}",
        }


def _to_replace():
    counts = dict(CampaignItem.of(g.person))
    for row in Campaign.select().where(Campaign.id.in_(list(counts))).order_by(Campaign.due_on):
        yield {
            "sentence": f"{counts[row.id]}枚の証明書を新しい証明書に置き換えてください",
            "label": "置き換える証明書を見る",
            "url": url_for("campaigns.show", number=row.id),
            "note": f"{row.title} {_until(row)}",
        }


def _to_sign_off():
    if not g.roles & {Role.HEAD, Role.OFFICER}:
        return
    waits = Stocktaking.closed_at.is_null(False) & Stocktaking.signed_off_at.is_null()
    for row in Stocktaking.select().where(waits & (Stocktaking.closed_by != g.person)).order_by(Stocktaking.id):
        yield {
            "sentence": f"棚卸し({row.name})の報告を確認し、承認してください",
            "label": "報告を確認する",
            "url": url_for("stocktakings.show_report", number=row.id),
            "note": f"{row.closed_by.name}さんが閉じました",
        }


def _to_receive():
    for row in TokenHandover.unconfirmed().where(TokenHandover.receiver == g.person):
        yield {
            "sentence": f"トークン「{row.token.label}」を受け取ったら、受領を確認してください",
            "label": "トークンを見る",
            "url": url_for("tokens.show", number=row.token_id),
            "note": f"{row.on_day:%Y年%-m月%-d日}の引き渡し",
        }


def queues():
    """Counted lists for officers: what was reported and is not settled, and what is open; none while there is nothing."""
    unsettled = StocktakingItem.unsettled()
    count = unsettled.count()
    rows = [_open_row("棚卸し", row, row.name, "stocktakings.show") for row in _open(Stocktaking)]
    rows += [_open_row("一斉置き換え", row, row.title, "campaigns.show") for row in _open(Campaign)]
    reported = [_reported_row(item) for item in unsettled.limit(SHOWN)]
    return [
        *([_listed("棚卸しで報告された相違", count, reported, "discrepancies")] if count else []),
        *([_listed("台帳の仕事", len(rows), rows, "upkeep")] if rows else []),
    ]


def _open(table):
    return table.select().where(table.closed_at.is_null()).order_by(table.due_on).limit(SHOWN)


def _open_row(number, row, name, endpoint):
    return {
        "number": number,
        "name": name,
        "url": url_for(endpoint, number=row.id),
        "whose": row.status,
        "since": case.since_words(row.opened_at),
        "due": _until(row),
        "late": row.days_left < 0,
    }


def _reported_row(item):
    return {
        "number": item.stocktaking.name,
        "name": item.certificate.title or item.certificate.subject,
        "url": url_for("stocktaking_items.show", number=item.id),
        "whose": "、".join(points(item)),
        "since": case.since_words(item.answered_at),
        "due": "",
        "late": item.is_token_at_hand is False,
    }


def _listed(heading, count, rows, id):
    return {"heading": heading, "count": count, "rows": rows, "empty": "", "id": id, "more_url": ""}


def _until(row):
    left = row.days_left
    return f"あと{left}日" if left >= 0 else f"期限を{-left}日超過"
