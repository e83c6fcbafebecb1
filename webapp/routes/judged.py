"""How the findings of the rules stand on a page: beside the field they concern, and all in a list for the officer."""

from collections import defaultdict
from dataclasses import dataclass, replace

from webapp.acts.judgement import WAITING_ACTS
from webapp.procedure import Role, Stage
from webapp.register import WarningAcceptance
from webapp.rules import ERROR

# Beside which row of a page a finding stands, by its field; those of no row stand in a list.
PLACES = {
    **{name: name for name in ("title", "purpose", "subscriber", "officer", "head", "key", "sealer", "replaces")},
    **dict.fromkeys(("C", "ST", "L", "O", "OU", "CN", "DC", "emailAddress", "subject"), "subject"),
    **dict.fromkeys(("signature", "attributes"), "key"),
    **dict.fromkeys(("subscriber_name", "subscriber_department"), "subscriber"),
    "officer_name": "officer",
    "head_name": "head",
}
VERBS = {
    Stage.DRAFT: ("submit",),
    Stage.SUBMITTED: ("submit", *WAITING_ACTS),
    Stage.EXAMINED: WAITING_ACTS,
    Stage.SEALED: WAITING_ACTS,
}
WAITS = "確認が必要"


@dataclass(frozen=True)
class Shown:
    """A finding with its word (要修正, 確認が必要, 注意, 了承済) and who let it stand, and why."""

    id: str
    severity: str
    field: str
    sentence: str
    advice: str
    word: str
    accepted: str = ""

    @property
    def is_waiting(self):
        """Whether an officer has to correct or accept it before the application goes on."""
        return self.word == WAITS

    @property
    def mark(self):
        """What stands beside a field where the whole of it is told elsewhere on the page: word and id."""
        return replace(self, sentence="", advice="", accepted="")


def shown(case):
    """The findings about an application at its stage, each once, in the order of the catalogue. What is only still to be
    done stands in the checklist; it is nothing to correct."""
    verbs = VERBS.get(Stage(case.application.stage), ())
    found = {each.fingerprint: each for verb in verbs for each in case.findings(verb) if not _is_to_be_done(case, each)}
    waiting = {each.fingerprint for each in waits(case)}
    accepted = WarningAcceptance.of(case.application)
    return [_shown(each, mark in waiting, accepted.get(mark)) for mark, each in found.items()]


def _is_to_be_done(case, finding):
    return finding.id == "AGR-01" or finding.id == "ID-01" and case["checks"][finding.field] is None


def waits(case):
    """The warnings that an officer has to look at now: from the submission on, as far as they are known."""
    stage = Stage(case.application.stage)
    return case.waiting(*WAITING_ACTS) if stage in (Stage.SUBMITTED, Stage.EXAMINED, Stage.SEALED) else []


def page_values(case, roles):
    """{found: {place: findings}, judged: the list, waiting: warnings to be looked at} for the page of an application. An
    officer's list is whole, with marks beside the fields; others see in it what stands beside no field. Each is told once."""
    everything, is_officer = shown(case), Role.OFFICER in roles
    beside = defaultdict(list)
    for each in everything:
        place = PLACES.get(each.field, "")
        beside[place].append(each.mark if is_officer and place else each)
    return {
        "found": beside,
        "judged": everything if is_officer else beside.get("", []),
        "waiting": waits(case) if is_officer and Role.APPLICANT not in roles else [],
    }


def _shown(finding, is_waiting, acceptance):
    word = "要修正" if finding.severity == ERROR else "了承済" if acceptance else WAITS if is_waiting else "注意"
    said = f"{acceptance.accepted_by.name}: {acceptance.reason}" if acceptance else ""
    return Shown(finding.id, finding.severity, finding.field, finding.sentence, finding.advice, word, said)
