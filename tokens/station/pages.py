"""The window's pages as HTML: what the agent knows, and nothing else. Every text from outside is escaped here."""

from datetime import datetime
from html import escape

LAST = 5
ONE_PIN = "一覧の書類に、まとめて1回のPINで署名します(カードが署名ごとに求めるときは、そのつど入力します)。"


def home(agent, base, busy):
    """The one page (str): what is waited for, what is to be confirmed, what has come, and what became of the last. `base` is the
    path under which the window lies; `busy` while an action waits or runs."""
    state, ready, offers = agent.state, list(agent.ready), agent.offers
    parts = [_banner("", _p(state.sentence, "state"), role="status")]
    if agent.told:
        parts.append(_news(agent.told[0]))
    seconds = 1 if busy else None if ready or offers else 4
    if not busy and agent.unread:
        parts.append(_reading(agent.unread, base))
    elif not busy:
        parts += [(_list if each.parts else _job)(each, base, len(ready) == 1) for each in ready]
        if ready:
            parts.append(_confirm(ready, base))
    if not busy:
        parts += [_offer(each, base) for each in offers]
    parts.append(_told(list(agent.told)[:LAST]))
    parts.append(_links(agent, base))
    return page("署名ステーション", "".join(parts), base, seconds)


def page(title, body, base="", seconds=None):
    """A whole page that loads itself again after `seconds`, if given."""
    again = f'<meta http-equiv="refresh" content="{seconds}">' if seconds else ""
    style = f'<link rel="stylesheet" href="{base}/station.css">' if base else ""
    return (
        f'<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>{escape(title)} - しるし</title>{again}{style}'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head><body>'
        '<header class="masthead"><p><strong>しるし</strong><span class="soft">署名ステーション(このパソコンの中の画面です)</span></p>'
        f"</header><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def entrance(address):
    """The page that leads from the one-time address to the window."""
    link = f'<p><a class="button" href="{escape(address)}">署名ステーションの画面を開く</a></p>'
    return page("署名ステーション", link).replace(
        "<title>", f'<meta http-equiv="refresh" content="0;url={escape(address)}"><title>', 1
    )


def refused(message, advice):
    """A page for what is not allowed."""
    return page("開けません", f"<p>{escape(message)}</p><p>{escape(advice)}</p>")


def _job(ready, base, alone):
    shown = ready.shown
    stop = "" if alone else _stop(ready, base)
    return _sheet(ready, base, f"{shown.operation}: {shown.title}", f"{ready.envelope.job}/", stop)


def _sheet(ready, base, title, place, end):
    """All that there is to see of a job, or of one document of a list; its pictures lie under `place`."""
    shown = ready.shown
    rows = [("依頼した人", shown.requester, "large"), ("依頼元", shown.origin, "large"), ("期限", shown.until, "")]
    rows += [(label, value, "") for label, value in shown.rows]
    facts = "".join(
        f'<div><dt>{escape(label)}</dt><dd class="{kind}">{escape(value)}</dd></div>' for label, value, kind in rows
    )
    notes = "".join(_banner("notice", _p(each)) for each in shown.notes)
    images = "".join(
        f'<img src="{base}/page/{place}{number}" alt="{number + 1}ページ目の画像">'
        for number in range(len(shown.pages))
    )
    images = f'<div class="pages">{images}</div>' if images else ""
    opens = (
        f'<p><a class="button" href="{base}/document/{place}" target="_blank">PDFを開く</a></p>'
        if shown.document
        else ""
    )
    text = f'<h3>本文</h3><p class="words">{escape(shown.text)}</p>' if shown.text else ""
    return (
        f'<section class="sheet"><h2>{escape(title)}</h2>{notes}<dl class="facts">{facts}</dl>'
        f"{text}{opens}{images}{end}</section>"
    )


# A list


ANSWERS = {True: "署名する", False: "署名しない", None: "これから確かめる"}


def _reading(ready, base):
    """The next document of a list that nobody has looked at. Its buttons stand below its last page."""
    at, job, total = ready.unread, ready.envelope.job, len(ready.parts)
    words = "確かめました。次の書類へ" if ready.answers.count(None) > 1 else "確かめました。署名の確認へ"
    sign = _answer(base, job, at, "sign", f'<button class="primary">{words}</button>')
    leave = _answer(base, job, at, "leave", "<button>この書類には署名しない</button>")
    back = _answer(base, job, at - 1, "again", "<button>前の書類に戻る</button>") if at else ""
    end = f'<div class="actions">{sign}{leave}{back}{_stop(ready, base, "一覧の署名をやめる")}</div>'
    title = f"{at + 1}件目(全{total}件): {ready.parts[at].shown.title}"
    return _sheet(ready.parts[at], base, title, f"{job}/{at}/", end)


def _list(ready, base, alone):
    """What was looked at, and what was decided on each."""
    rows = "".join(
        f"<li><p><strong>{escape(part.envelope.payload.number)}</strong> {escape(part.shown.title)}"
        f"({escape(part.envelope.payload.applicant)}): {ANSWERS[ready.answers[at]]}</p>"
        f'<p class="soft mono">SHA-256 {escape(part.envelope.payload.sha256)}</p>'
        f"{_answer(base, ready.envelope.job, at, 'again', f'<button>{at + 1}件目を見直す</button>')}</li>"
        for at, part in enumerate(ready.parts)
    )
    stop = "" if alone else _stop(ready, base)
    title = f"{ready.shown.operation}: {ready.shown.title}"
    return _sheet(ready, base, title, "", f'<h3>確かめた書類</h3><ol class="listed">{rows}</ol>{stop}')


def _answer(base, job, place, answer, button):
    return _form(base, "look", job, button, place=place, answer=answer)


# Confirming


def _stop(ready, base, words="やめる"):
    return _form(base, "stop", ready.envelope.job, f"<button>{words}</button>")


def _confirm(ready, base):
    """One press for all that is shown above, and for nothing else."""
    words = _press(ready)
    times = sum(each.pins for each in ready)
    pins = "このあと、この画面の外でPINを入力します。" + (f"PINの入力は全部で{times}回です。" if times > 1 else "")
    pins += ONE_PIN if any(each.one_pin for each in ready) else ""
    sign = _form(base, "sign", confirmed(ready), f'<button class="primary">{words}</button>') if words else ""
    stop = _stop(ready[0], base) if len(ready) == 1 else ""
    return (
        f'<section class="sheet"><p>{pins}この画面やブラウザーにPINを入力することはありません。</p>'
        f'<div class="actions">{sign}{stop}</div></section>'
    )


def _press(ready):
    """The words on the button, none if nothing of a list is left to sign."""
    if len(ready) > 1:
        return f"{len(ready)}件を続けて実行する"
    chosen = len(ready[0].chosen)
    return ready[0].shown.button if not ready[0].parts else f"{chosen}件に署名する" if chosen else ""


def confirmed(ready):
    """What one press confirms, as a text: the jobs, and the documents of each list that are to be signed."""
    return " ".join(":".join([each.envelope.job, *(str(at) for at, _ in each.chosen)]) for each in ready)


def _offer(offer, base):
    field = f"code-{offer.id}"
    inside = (
        f'<label for="{field}">しるしの画面に表示された確認番号(6桁)</label>'
        f'<input id="{field}" name="code" inputmode="numeric" autocomplete="off" maxlength="12" required>'
        '<p class="actions"><button class="primary">内容を確かめる</button></p>'
    )
    who = f"{escape(offer.requester)} / {escape(offer.pairing.origin)}"
    return (
        f'<section class="sheet"><h2>{escape(offer.title)}</h2><p>依頼した人: {who}</p>'
        "<p>ご自分で始めた操作でなければ、番号を入力しないでください。電話やメールで聞いた番号も入力しないでください。</p>"
        f"{_form(base, 'claim', offer.id, inside)}</section>"
    )


def _told(told):
    if not told:
        return ""
    items = "".join(
        f"<li><time>{datetime.fromtimestamp(each.at):%H:%M:%S}</time>{escape(each.title)}: {escape(each.message)}</li>"
        for each in told
    )
    return f'<section class="sheet"><h2>これまでのこと</h2><ul class="told">{items}</ul></section>'


def _links(agent, base):
    places = "、".join(escape(each.origin) for each in agent.pairings)
    return f'<p class="soft">ペアリング先: {places} <a href="{base}/">表示を新しくする</a></p>'


def _news(told):
    """What happened last."""
    if told.good:
        return _banner("good", _p(told.message) + _p(told.advice), role="status")
    return _banner("wrong", f"<p><strong>{escape(told.message)}</strong></p>{_p(told.advice)}", role="alert")


def _banner(kind, inside, role=""):
    return f'<div class="banner" data-kind="{kind}"{f" role={chr(34)}{role}{chr(34)}" if role else ""}>{inside}</div>'


def _p(text, kind=""):
    return f'<p class="{kind}">{escape(text)}</p>' if text else ""


def _form(base, action, job, inside, **more):
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(str(value))}">'
        for name, value in {"job": job, **more}.items()
    )
    return f'<form method="post" action="{base}/{action}">{hidden}{inside}</form>'
