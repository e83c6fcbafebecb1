"""1-3-4: the world is asked whether it agrees. A revocation is confirmed when every way that the CA offers, CRL and OCSP,
shows it; the signed answers are kept. Until then the worker asks again and again, and an officer may give their word."""

from datetime import timedelta
from types import SimpleNamespace

from webapp import clock
from webapp.acts import THE_WORKER, ca_profiles, forms, letters, performing, require_now
from webapp.acts.case import required
from webapp.errors import Refused
from webapp.mails import revocations as mails
from webapp.papers import certificate as certificate_paper
from webapp.papers import guard, revocation_status
from webapp.papers.status_answer import HOLD
from webapp.register import Certificate, Content, Job, Revocation, StatusAnswer, TrustAnchor
from webapp.rules.status_addresses import addresses_for

SECONDS = 20  # for one question
# How long after the completion mail the next question waits, by how long the CA has had already.
PAUSES = ((timedelta(minutes=10), timedelta(seconds=20)), (timedelta(hours=2), timedelta(minutes=5)))
LATER = timedelta(hours=1)


def ask(application, fetch, practice_url=""):
    """Ask CRL and OCSP once (outside any transaction) and keep what they say; confirm the revocation when all agree.
    `fetch` is webapp.asking.fetch. Returns whether it is confirmed now."""
    certificate = application.target
    issuer = issuer_der(certificate)
    read = _read(certificate)
    addresses = addresses_for(read, ca_profiles.of(application), practice_url)
    said = {}
    for url in addresses.ocsps if issuer else ():
        said.setdefault("ocsp", []).append(_ask_ocsp(application, certificate, issuer, url, addresses.hosts, fetch))
    for url in addresses.crls if issuer else ():
        said.setdefault("crl", []).append(_ask_crl(application, read, issuer, url, addresses.hosts, fetch))
    agreed = {kind: next((row for row in rows if _is_final(row)), None) for kind, rows in said.items()}
    if not agreed or not all(agreed.values()):
        return False
    confirm(application, certificate, agreed)
    return True


def _is_final(answer):
    """Revoked for good; a certificate on hold may come back (RFC 5280 §5.3.1)."""
    return answer.outcome == "revoked" and answer.reason != HOLD


def _read(certificate):
    """The certificate itself; of one imported from a list alone nothing is known but what the list said."""
    if certificate.sha256:
        return certificate_paper.read(certificate.content.bytes())
    return SimpleNamespace(extensions=SimpleNamespace(crl_urls=(), ocsp_urls=()))


def issuer_der(certificate):
    """The DER of the CA certificate above a register row: from its chain, else from what is trusted; None without."""
    if certificate.chain:
        return Content.get_by_id(certificate.chain[0]).bytes()
    roots, others = TrustAnchor.trusted_for("certificate")
    named = (
        der for der in (*others, *roots) if certificate_paper.read(der).subject_sha256 == certificate.issuer_sha256
    )
    return next(named, None)


def _ask_ocsp(application, certificate, issuer, url, hosts, fetch):
    request, nonce = revocation_status.ocsp_request(int(certificate.serial, 16), issuer)
    asked = {"data": request, "content_type": "application/ocsp-request", "limit": revocation_status.MAX_OCSP_BYTES}
    reading = ("webapp.papers.revocation_status:read_ocsp", issuer, certificate.serial, clock.now(), nonce)
    return _asked(application, "ocsp", url, lambda: fetch(url, hosts, seconds=SECONDS, **asked), reading)


def _ask_crl(application, read, issuer, url, hosts, fetch):
    serial, points = application.target.serial, read.extensions.crl_urls
    reading = ("webapp.papers.revocation_status:read_crl", issuer, serial, clock.now(), points)
    limit = revocation_status.MAX_CRL_BYTES
    return _asked(application, "crl", url, lambda: fetch(url, hosts, limit=limit, seconds=SECONDS), reading)


def _asked(application, kind, url, fetched, reading):
    """One question: its answer as a StatusAnswer. An answer that proves nothing is `refused`, none is `unreachable`."""
    function, *arguments = reading
    try:
        data = fetched()
    except Refused as nothing:
        return _keep(application, kind, url, outcome="unreachable", sentence=f"{nothing.message} {nothing.advice}")
    try:
        found = guard.run(function, data, *arguments)
    except Refused as refusal:
        return _keep(application, kind, url, outcome="refused", sentence=f"{refusal.message} {refusal.advice}")
    names = ("outcome", "sentence", "this_update", "next_update", "revoked_at", "reason")
    values = {name: getattr(found, name) for name in names}
    if found.outcome == "revoked":
        values["content"] = Content.keep(data)
    return _keep(application, kind, url, **values)


def _keep(application, kind, url, **values):
    """Write an answer; one that says the same as the last only moves the time at which it was asked."""
    last = StatusAnswer.newest(application, kind, url)
    if last is not None and (last.outcome, last.sentence) == (values["outcome"], values["sentence"]):
        last.asked_at = clock.now()
        last.save(only=[StatusAnswer.asked_at])
        return last
    return StatusAnswer.create(application=application, kind=kind, url=url, asked_at=clock.now(), **values)


def confirm(application, certificate, agreed):
    """Every way that the CA offers shows it: `agreed` is {kind: StatusAnswer}. The certificate gets the time and the
    reason that the CA itself gives."""
    told = {kind: {"sha256": row.sha256, "url": row.url} for kind, row in agreed.items()}
    since = min(row.revoked_at for row in agreed.values())
    reason = next((row.reason for row in agreed.values() if row.reason is not None), certificate.revocation_reason)
    sentence = (
        f"{'と'.join(kind.upper() for kind in agreed)}で、この証明書の失効を確認しました({_moment(since)}に失効)。"
    )
    with performing("confirm", application, THE_WORKER, told | {"revoked_at": since.isoformat()}):
        Revocation.update(confirmed_by="+".join(sorted(agreed))).where(Revocation.application == application).execute()
        Certificate.update(revoked_at=since, revocation_reason=reason).where(Certificate.id == certificate.id).execute()
        _tell(application, sentence)


def _moment(instant):
    return f"{instant.astimezone(clock.JST):%Y年%-m月%-d日 %H:%M}"


def _tell(application, sentence):
    letters.notify(mails.confirmed, application, [*letters.people_of(application), application.officer], sentence)


def next_question(application):
    """When to ask again (an aware instant): soon after the completion mail, then ever more patiently."""
    had = clock.now() - Revocation.of(application).completed_at
    return clock.now() + next((pause for until, pause in PAUSES if had < until), LATER)


def ask_status(application, who):
    """Somebody wants CRL and OCSP asked now instead of later: the worker is told. One question waits at a time."""
    with performing("ask_status", application, who):
        if not Job.hasten("confirm", application):
            Job.ask("confirm", application)


def confirm_by_word(application, who, reason):
    """An officer says that the revocation is in force although CRL or OCSP do not show it, and why."""
    require_now("confirm_by_word", application, who)
    reason = required(reason, "reason", "CRL・OCSPによらずに失効を確認した方法と理由を入力してください。")
    with performing("confirm_by_word", application, who, {}, {"reason": reason}):
        Revocation.update(confirmed_by="word").where(Revocation.application == application).execute()
        _tell(application, f"登録担当者が、次の理由で失効を確認しました。\n{reason}")


def keep_notice(application, who, name, data, notice):
    """Keep the CA's mail among the papers of the case (papers.completion.Notice)."""
    report = [[point, result, detail] for point, result, detail in notice.points]
    shared = {"is_secret": False, "person": who.person, "report": report}
    kind = "application/vnd.ms-outlook" if name.lower().endswith(".msg") else "message/rfc822"
    forms.keep(application, "completion", name or "completion.eml", kind, data, application.version, **shared)
