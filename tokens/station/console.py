"""The station without a window: the same jobs at the terminal, for PCs without a display."""

import time

from tokens.station import device

YES, NO = "はい", "いいえ"
SHOWN = "showing.pdf"
PAUSE_SECONDS = 0.5


def run(agent, say=print, ask=input, sleep=time.sleep):
    """Show what comes and ask, until interrupted."""
    said = None
    while True:
        said = turn(agent, said, say, ask)
        sleep(PAUSE_SECONDS)


def turn(agent, said, say=print, ask=input):
    """One look at the agent: say what changed, ask for a code or a confirmation if there is something to ask. Returns the sentence
    last said."""
    agent.sweep()
    sentence = agent.state.sentence
    if sentence != said:
        say(sentence)
    for offer in agent.offers:
        say(f"依頼: {offer.title}(依頼した人: {offer.requester} / {offer.pairing.origin})")
        code = ask("しるしの画面に表示された確認番号(6桁): ").strip()
        if code:
            _claimed(agent, offer, code, say)
    while agent.unread:
        _read(agent, agent.unread, say, ask)
    ready = list(agent.ready)
    for each in ready:
        _show(each, say)
    if ready:
        _confirmed(agent, ready, say, ask)
    return sentence


def _claimed(agent, offer, code, say):
    before = list(agent.told)
    agent.claim(offer.id, code)
    _news(agent, before, say)


def _read(agent, ready, say, ask):
    """Show the next document of a list, and ask what is to become of it."""
    at, job = ready.unread, ready.envelope.job
    say(f"\n{at + 1}件目(全{len(ready.parts)}件)")
    _show(ready.parts[at], say)
    answer = ask(f"この書類に署名する場合は「{YES}」、署名しない場合は「{NO}」(ほかの入力では全部をやめます): ").strip()
    if answer in (YES, NO):
        agent.answer(job, at, answer == YES)
    else:
        agent.stop(job)
    (device.folder() / SHOWN).unlink(missing_ok=True)


def _confirmed(agent, ready, say, ask):
    before = list(agent.told)
    words = f"{len(ready[0].chosen)}件に署名する" if ready[0].parts else ready[0].shown.button
    if any(each.pins > 1 for each in ready):
        say(f"  PINの入力は全部で{sum(each.pins for each in ready)}回です。")
    if ask(f"{words}場合は「{YES}」と入力してください(ほかの入力ではやめます): ").strip() == YES:
        agent.perform(tuple(each.envelope.job for each in ready))
    else:
        for each in ready:
            agent.stop(each.envelope.job)
    _news(agent, before, say)
    (device.folder() / SHOWN).unlink(missing_ok=True)


def _show(ready, say):
    shown = ready.shown
    say(f"\n{shown.operation}: {shown.title}")
    for label, value in [("依頼した人", shown.requester), ("依頼元", shown.origin), ("期限", shown.until), *shown.rows]:
        say(f"  {label}: {value}")
    for note in shown.notes:
        say(f"  ご注意: {note}")
    for at, part in enumerate(ready.parts):
        payload, answer = part.envelope.payload, "署名する" if ready.answers[at] else "署名しない"
        say(f"  {at + 1}. {payload.number} {payload.title}({payload.applicant}): {answer}")
    if shown.text:
        say(f"  本文:\n{shown.text}")
    if shown.document:
        path = device.folder() / SHOWN
        device.replace(path, shown.document[1])
        say(f"  署名するPDF(開いてお確かめください): {path}")


def _news(agent, before, say):
    for told in [each for each in reversed(agent.told) if each not in before]:
        say(f"{'済み' if told.good else 'できませんでした'}: {told.title}: {told.message}")
        if told.advice:
            say(f"  → {told.advice}")
