"""了承: an officer lets a warning stand, with a reason. Never an error, and never about an application of their own."""

from webapp import clock
from webapp.acts import judgement, performing, require_now
from webapp.acts.case import required
from webapp.errors import Incomplete, Overtaken, Refused
from webapp.register import IN_THE_WAY, WarningAcceptance, database
from webapp.rules import ERROR

# Ready sentences; each may be replaced by the officer's own words.
REASONS = (
    "申請した人に確認し、このままでよいことを確かめました。",
    "サービス窓口に確認し、このままでよいという回答を得ました。",
    "機関の規程で認められています。",
    "前回の申請と同じ内容で、受け付けられています。",
)


def accept_warning(application, who, chosen, reason):
    """Accept the findings whose fingerprints were `chosen` for the present version of the form: a changed finding has to be
    accepted anew. Raises NotYourAct, Overtaken, Incomplete without a choice or a reason, Refused for an error."""
    require_now("accept_warning", application, who)
    reason = required(reason, "reason", "了承する理由を選ぶか、入力してください。")
    findings = _chosen(application, chosen)
    rules = list(dict.fromkeys(finding.id for finding in findings))
    told = {"rules": rules, "fingerprints": [finding.fingerprint for finding in findings]}
    words = {"reason": reason, "sentences": [finding.sentence for finding in findings]}
    with performing("accept_warning", application, who, told, words):
        for finding in findings:
            _keep(application, who, finding, reason)


def _chosen(application, chosen):
    case = judgement.Case(application)
    found = {each.fingerprint: each for verb in judgement.WAITING_ACTS for each in case.findings(verb)}
    if any(found[mark].severity == ERROR for mark in chosen if mark in found):
        raise Refused("「要修正」の点は了承できません。", "差し戻して、直してもらってください。")
    waiting = {each.fingerprint for each in case.waiting(*judgement.WAITING_ACTS)}
    if not chosen:
        sentence = "了承する点に印を付けてください。"
        raise Incomplete("了承する点が選ばれていません。", sentence, {"finding": sentence})
    if set(chosen) - waiting:
        raise Overtaken("注意の内容が変わったか、すでに了承されています。", "画面を開き直して確認してください。")
    return [found[mark] for mark in dict.fromkeys(chosen)]


def _keep(application, who, finding, reason):
    try:
        with database.atomic():
            WarningAcceptance.create(
                application=application,
                version=application.version,
                rule=finding.id,
                severity=finding.severity,
                fingerprint=finding.fingerprint,
                sentence=finding.sentence,
                reason=reason,
                accepted_at=clock.now(),
                accepted_by=who.person,
            )
    except IN_THE_WAY:
        raise Overtaken("この点は、すでに了承されています。", "画面を開き直してください。") from None
