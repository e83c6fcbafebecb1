"""Bringing certificates issued before to the page that takes them in."""

import io

from webapp.register import ImportBatch, ImportRow

HEADS = "シリアル番号,発行者,主体者DN,開始日,終了日,管理名称,用途,利用管理者,所属,失効日,失効理由,申請番号"
GOOD = "0a1b2c3d4e5f6071,,CN=U,2025-04-01,2026-06-30,計測,配布,佐藤 次郎,工学部 計測工学研究室,,,旧-12"


def brought(officer, data, name="一覧.csv"):
    return officer.press("/imports", {"file": (io.BytesIO(data), name)}, content_type="multipart/form-data")


def listed(officer, *lines, heads=HEADS, encoding="utf-8"):
    return brought(officer, "\r\n".join([heads, *lines]).encode(encoding))


def newest():
    return ImportBatch.select().order_by(-ImportBatch.id).first()


def press(officer, act="import"):
    return officer.press(f"/imports/{newest().id}/{act}")


def verdicts():
    return [(row.line, row.verdict) for row in newest().rows.order_by(ImportRow.line)]


def sentences():
    return [row.sentence for row in newest().rows.order_by(ImportRow.line)]


def many(count):
    return "\r\n".join(
        [HEADS, *(f"5a{n:030x},,CN=U,2025-04-01,2026-06-30,計測 {n},,,,,," for n in range(count))]
    ).encode()
