"""The one letter a day in which somebody reads what is due and new, what is late first."""

from webapp import clock
from webapp.mails.frame import SIGNATURE, letter

HEADINGS = ("期限を過ぎたもの", "今日が期限のもの", "これから期限が来るもの")


def digest(sender, recipient, day, groups, url, dates):
    """`groups`: for each of HEADINGS (the first rows, how many there are); a row has sentence, note, due_on, path. `dates`
    is an .ics or b""."""
    count, late = sum(number for _, number in groups), groups[0][1]
    subject = f"[しるし] {day:%-m月%-d日}のお知らせ {count}件" + (f"(期限を過ぎたもの {late}件)" if late else "")
    parts = [f"{recipient[0]}さん\n\n{clock.spoken(day)}のお知らせは、次の{count}件です。"]
    for heading, (rows, number) in zip(HEADINGS, groups, strict=True):
        if number:
            parts.append(f"■ {heading}({number}件)")
            parts += [_item(row, url) for row in rows]
            if number > len(rows):
                parts.append(f"ほかに{number - len(rows)}件あります。下の予定の画面でご覧ください。")
    if dates:
        parts.append("添付のファイル(shirushi.ics)を開くと、これからの期限をカレンダーに登録できます。")
    parts.append(f"同じお知らせは、もう一度送りません。予定の一覧:\n{url}/calendar")
    message = letter(sender, [recipient], subject, "\n\n".join(parts) + SIGNATURE)
    if dates:
        kind = {"method": "PUBLISH", "charset": "utf-8"}
        message.add_attachment(dates, maintype="text", subtype="calendar", params=kind, filename="shirushi.ics")
    return message


def _item(row, url):
    note = f"\n  {row.note}" if row.note else ""
    return f"・{row.sentence}{note}\n  期限: {clock.spoken(row.due_on)}\n  {url}{row.path}"
