"""The window's pages as HTML: what the agent knows, and nothing else. Every text from outside is escaped here."""

from datetime import datetime
from html import escape

LAST = 5


def home(agent, base, busy):
    """The one page (str): what is waited for, what is to be confirmed, what has come, and what became of the last. `base` is the
    path under which the window lies; `busy` while an action waits or runs."""
    state, ready, offers = agent.state, list(agent.ready), agent.offers
    parts = [_banner("", _p(state.sentence, "state"), role="status")]
    if agent.told:
        parts.append(_news(agent.told[0]))
    seconds = 1 if busy else None if ready or offers else 4
    if not busy:
        parts += [_job(each, base, len(ready) == 1) for each in ready]
        if ready:
            parts.append(_confirm(ready, base))
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
    shown, job = ready.shown, ready.envelope.job
    rows = [("依頼した人", shown.requester, "large"), ("依頼元", shown.origin, "large"), ("期限", shown.until, "")]
    rows += [(label, value, "") for label, value in shown.rows]
    facts = "".join(
        f'<div><dt>{escape(label)}</dt><dd class="{kind}">{escape(value)}</dd></div>' for label, value, kind in rows
    )
    notes = "".join(_banner("notice", _p(each)) for each in shown.notes)
    images = "".join(
        f'<img src="{base}/page/{job}/{number}" alt="{number + 1}ページ目の画像">' for number in range(len(shown.pages))
    )
    opens = (
        f'<p><a class="button" href="{base}/document/{job}" target="_blank">PDFを開く</a></p>' if shown.document else ""
    )
    text = f'<h3>本文</h3><p class="words">{escape(shown.text)}</p>' if shown.text else ""
    stop = "" if alone else _stop(ready, base)
    return (
        f'<section class="sheet"><h2>{escape(shown.operation)}: {escape(shown.title)}</h2>{notes}<dl class="facts">{facts}</dl>'
        f'{text}{opens}<div class="pages">{images}</div>{stop}</section>'
    )


def _stop(ready, base):
    return _form(base, "stop", ready.envelope.job, "<button>やめる</button>")


def _confirm(ready, base):
    """One press for all that is shown above, and for nothing else."""
    words = ready[0].shown.button if len(ready) == 1 else f"{len(ready)}件を続けて実行する"
    times = sum(each.shown.pins for each in ready)
    pins = "このあと、この画面の外でPINを入力します。" + (f"PINの入力は全部で{times}回です。" if times > 1 else "")
    sign = _form(
        base, "sign", " ".join(each.envelope.job for each in ready), f'<button class="primary">{words}</button>'
    )
    stop = _stop(ready[0], base) if len(ready) == 1 else ""
    return (
        f'<section class="sheet"><p>{pins}この画面やブラウザーにPINを入力することはありません。</p>'
        f'<div class="actions">{sign}{stop}</div></section>'
    )


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


def _form(base, action, job, inside):
    hidden = f'<input type="hidden" name="job" value="{escape(job)}">'
    return f'<form method="post" action="{base}/{action}">{hidden}{inside}</form>'
