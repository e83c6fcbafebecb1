"""The lists of revoked persons' certificates (S/MIME, cards to sign in with): the worker asks for them where the profile says, and
keeps the newest good one of each address; by these, and nothing else, the web judges a certificate (SIG-04)."""

from datetime import timedelta

from webapp import clock
from webapp.acts import ca_profiles, house
from webapp.errors import Refused
from webapp.papers import guard, revocation_status
from webapp.register import Content, Institution, Job, KeptList, TrustAnchor, database
from webapp.rules.status_addresses import kept_addresses

JOB = "keep_lists"
SECONDS = 20  # for one question
READING = 30  # seconds for a long list
USES = ("seal", "sign_in")
AGAIN = timedelta(minutes=15)  # after a question without a good answer
BEFORE = timedelta(hours=1)  # the end of a list, at the latest
WHOSE = "個人の証明書(S/MIME・カード)の失効リスト"
MEANING = "電子署名とカードの失効は「未確認」になります。管理者は「設定」の「信頼する認証局」で理由を確認してください。"
_NEWER = "新しい失効リスト(CRL)が公開されるのを待っています。"


def state_of(certificate_der, use):
    """The RevocationState of a certificate of somebody trusted for a use ("seal", "sign_in"), now. Raises Unreadable."""
    lists = [row.content.bytes() for row in KeptList.select().where(KeptList.content.is_null(False))]
    judging = ("webapp.papers.revocation_status:judge", certificate_der, _authorities(use), lists, clock.now())
    return guard.run(*judging, seconds=READING)


def refuse_revoked(state, what, advice):
    """Raise Refused when the state is revoked; `what` names the certificate."""
    if state.state == "revoked":
        raise Refused(f"{what}は失効しています。{state.sentence}", advice)


def _authorities(*uses):
    return [der for use in uses for ders in TrustAnchor.trusted_for(use) for der in ders]


# What the worker does


def plan():
    """See that the worker has the job of asking, once; returns whether it has (not before an institution is set up)."""
    with database.atomic():
        if not Institution.update(id=1).where(Institution.id == 1).execute():  # locks the row: one worker at a time
            return False
        if not Job.select().where((Job.kind == JOB) & Job.state.in_(["due", "claimed"])).exists():
            Job.ask(JOB, Institution.here())
        return True


def take(fetch, practice_url=""):
    """Ask each address once (outside any transaction) and keep what is good; `fetch` is webapp.asking.fetch. Returns when to
    ask again (an aware instant)."""
    profile = ca_profiles.here()
    places = kept_addresses(profile, practice_url)
    _drop_others(places.crls)
    rows = [_take(url, places.hosts, fetch) for url in places.crls]
    return _next_question(rows, timedelta(minutes=profile.seal_crl_minutes))


def _drop_others(urls):
    """What came from an address that the profile no longer names counts no more."""
    for row in KeptList.select():
        if row.url not in urls:
            with database.atomic():
                row.delete_instance()
                KeptList.forget(row.content)


def _take(url, hosts, fetch):
    """One question, and its answer as a KeptList."""
    try:
        data = fetch(url, hosts, limit=revocation_status.MAX_CRL_BYTES, seconds=SECONDS)
    except Refused as nothing:
        return _note(url, "unreachable", nothing)
    try:
        reading = ("webapp.papers.revocation_status:read_list", data, _authorities(*USES), clock.now())
        found = guard.run(*reading, seconds=READING)
        _check_is_newer(KeptList.at(url), found)
    except Refused as refusal:
        return _note(url, "refused", refusal)
    return _keep(url, data, found)


def _check_is_newer(row, found):
    """An old list that is sent again could hide a revocation."""
    if row and row.issuer == found.issuer and row.this_update > found.this_update:
        raise Refused("手元にあるものより古い失効リスト(CRL)が届きました。", _NEWER)


def _note(url, outcome, refusal):
    sentence = f"{refusal.message}{refusal.advice}"
    return _write(url, {"outcome": outcome, "sentence": sentence})


def _keep(url, data, found):
    """Keep the list in place of the one before."""
    with database.atomic():
        before, content = KeptList.at(url), Content.keep(data)
        values = {name: getattr(found, name) for name in ("issuer", "this_update", "next_update")}
        row = _write(url, {"outcome": "taken", "sentence": "", "content": content, **values})
        if before and before.content != content:
            KeptList.forget(before.content)
    return row


def _write(url, values):
    now = clock.now()
    values = values | {"asked_at": now} | ({"taken_at": now} if values["outcome"] == "taken" else {})
    if not KeptList.update(values).where(KeptList.url == url).execute():
        KeptList.create(url=url, **values)
    return KeptList.at(url)


def _next_question(rows, pause):
    now = clock.now()
    again = min(pause, AGAIN)
    if any(row.outcome != "taken" for row in rows):
        return now + again
    return max(now + again, min([now + pause, *(row.next_update - BEFORE for row in rows)]))


# What people see


def shown(practice_url=""):
    """[(url, KeptList or None before the first question)] of every address that the profile names."""
    places = kept_addresses(ca_profiles.here(), practice_url)
    return [(url, KeptList.at(url)) for url in places.crls]


def trouble():
    """A sentence for each list that is missing or past its day."""
    now = clock.now()
    return [_told(row) for row in KeptList.select().order_by(KeptList.id) if not row.holds(now)]


def _told(row):
    if row.next_update is None:
        return f"{WHOSE}をまだ取得できていません。{MEANING}"
    ended = f"{row.next_update.astimezone(clock.JST):%Y年%-m月%-d日 %H:%M}"
    return f"{WHOSE}が{ended}に期限切れになりました。{MEANING}"


def ask(who):
    """Somebody wants the lists asked for now instead of later: the worker is told. Raises NotYourAct."""
    with house.administering(who):
        hasten()
        house.note("ask_lists", Institution.here(), who)


def hasten():
    """Let the worker ask now, in the caller's transaction."""
    if not Job.hasten(JOB, Institution.here()):
        plan()
