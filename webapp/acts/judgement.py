"""判断: the values of a case by the names under which rules ask for them, and what the catalogue finds in them at an act."""

from webapp import clock
from webapp.acts import ca_profiles, expiries, form_values, gates, key_protection, keys_used
from webapp.papers import csr as csr_paper
from webapp.papers.revocation_reasons import KEY_COMPROMISE
from webapp.papers.subject import Subject, common_name_of
from webapp.procedure import OCCASION_LABELS, Role, Stage
from webapp.register import (
    ApplicationForm,
    Certificate,
    Consent,
    Csr,
    Document,
    Event,
    IdentityCheck,
    Institution,
    Person,
    PersonMail,
    Revocation,
    WarningAcceptance,
    in_force,
)
from webapp.register.tokens import months_before
from webapp.rules import ABSENT, ERROR, WARNING, catalogue
from webapp.rules.key_protection import MONTHS
from webapp.rules.revocation import Asked, Target
from webapp.rules.use import Usable

WAITING_ACTS = ("examine", "dispatch", "dispatch_by_hand")  # they wait until each warning is corrected or accepted
# What only an act knows, and gives when it asks: who acts, and the paper or the words that it has just received.
GIVEN = ("actor", "enclosed", "leaving", "sealed", "certificate", "chain", "anchors",
         "accepted_by", "is_reviewed", "event")  # fmt: skip


class Case:
    """The values of one application, each gathered when a rule first asks for it; `given` are those that the act knows."""

    def __init__(self, application, **given):
        self.application, self._values, self._found = application, given, {}

    def __getitem__(self, name):
        if name not in self._values:
            self._values[name] = _GATHERED[name](self) if name in _GATHERED else ABSENT
        return self._values[name]

    def findings(self, verb):
        """What the rules of the catalogue that stand at this verb find, in their order."""
        return [each for rule in catalogue.at(self.application.kind, verb) for each in self._asked(rule)]

    def errors(self, verb):
        return [each for each in self.findings(verb) if each.severity == ERROR]

    def waiting(self, *verbs):
        """The warnings, each once, that nobody has accepted and for which these acts wait. None in a hurry: when a key is
        compromised nothing holds the revocation up (CSBR §4.9.1.1), and the warnings are shown only."""
        if self.is_in_a_hurry:
            return []
        accepted = WarningAcceptance.of(self.application)
        found = {each.fingerprint: each for verb in verbs for each in self.findings(verb)}
        return [each for mark, each in found.items() if each.severity == WARNING and mark not in accepted]

    @property
    def is_in_a_hurry(self):
        revocation = self["revocation"]
        return self.application.is_emergency or (revocation is not ABSENT and revocation.reason == KEY_COMPROMISE)

    def _asked(self, rule):
        if rule.id not in self._found:
            self._found[rule.id] = rule.ask(self)
        return self._found[rule.id]


def _csr_row(case):
    return Csr.in_force(case.application) or ABSENT


def _csr(case):
    row = case["csr_row"]
    return row if row is ABSENT else csr_paper.read(row.content.bytes())


def _of_csr(read):
    return lambda case: ABSENT if case["csr"] is ABSENT else read(case)


def _form(case):
    """The values as they were submitted; a draft has none (any more)."""
    application = case.application
    row = ApplicationForm.current(application) if application.version and application.stage != Stage.DRAFT else None
    return form_values.frozen(row) if row else ABSENT


def _form_subject(case):
    form = case["form"]
    is_frozen = form is not ABSENT and not case.application.is_revocation
    return Subject(tuple(form.subject)) if is_frozen else case["registered"]


def asks_identity(application):
    """Whether somebody is to be identified: not where a 登録担当者 asks for 失効 in the place of a 利用管理者."""
    return not application.is_revocation or application.applicant_id == application.subscriber_id


def _checks(case):
    if not asks_identity(case.application):
        return {}
    latest = {aspect: IdentityCheck.latest(case.application, aspect) for aspect in ("identity", "existence")}
    return {aspect: check and check.result == "confirmed" for aspect, check in latest.items()}


def _standing(case):
    check = IdentityCheck.latest(case.application, "existence")
    return check.standing if check else ABSENT


def _seal_roles(case):
    return case["profile"].seal_roles.get(case.application.kind, ()) if case.application.wants_seal else ABSENT


def _sealer_roles(case):
    head = case.application.head
    return {str(role) for role in head.roles()} if head else set()


def _sealer_mails(case):
    mine = (PersonMail.person == case.application.head) & in_force(PersonMail)
    return tuple(row.mail for row in PersonMail.select().where(mine))


def _examined(case):
    """The hashes of the papers that were examined, as the event of the examination has them."""
    event = Event.newest(case.application, "examine")
    return {kind: event.facts[f"form_{kind}"] for kind in ("xlsx", "pdf")} if event else ABSENT


def _agreed(case):
    return {row.document_id for row in Consent.select().where(Consent.application == case.application)}


def _is_public(case):
    """KEY-01 and KEY-02 are for CAs that the public trusts (CSBR §6.2.7.4)."""
    return True if case["profile"].public else ABSENT


def _namesake(case):
    row = keys_used.namesake(case.application.title)
    return row.serial if row else ""


def _last_safe_on(case):
    replaced = case.application.replaces if case.application.replaces_id else None
    if replaced is None or not replaced.is_valid:
        return ABSENT
    return expiries.last_safe_day(replaced.ends_on, case["profile"].business_days)


def _texts(case):
    """What people have typed and what the form will say of them."""
    application = case.application
    texts = {} if application.is_revocation else {"title": application.title, "purpose": application.purpose}
    for name in ("subscriber", "officer", "head"):
        person = getattr(application, name)
        texts |= {f"{name}_name": person.name} if person else {}
    subscriber = application.subscriber
    texts |= {"subscriber_department": subscriber.department.name} if subscriber and subscriber.department else {}
    return texts


def _token_spki_sha256(case):
    """The public key as the institution's token said it, where it lies there."""
    row = case["csr_row"]
    return (row.key_pair and row.key_pair.spki_sha256) or ABSENT


def _usable(case):
    row = Certificate.of(case.application)
    if row is None:
        return ABSENT
    return Usable(row.not_before, row.not_after, row.revoked_at, row.blocked_at, row.accepted_at, False)


def _revocation(case):
    return Revocation.of(case.application) if case.application.is_revocation else ABSENT


def _asked(case):
    revocation = case["revocation"]
    if revocation is ABSENT:
        return ABSENT
    return Asked(
        serial=case.application.target.serial,
        reason=revocation.reason,
        comment=revocation.comment,
        compromised_at=revocation.compromised_at,
        noticed_at=revocation.noticed_at,
        is_emergency=case.application.is_emergency,
    )


def target_of(certificate):
    """A register's certificate as the rules of revocation look at it."""
    return Target(
        serial=certificate.serial,
        issuer=common_name_of(certificate.issuer),
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        revoked_at=certificate.revoked_at,
    )


def _of_revocation(read):
    return lambda case: ABSENT if case["asked"] is ABSENT else read(case)


_GATHERED = {
    "institution": lambda case: Institution.here(),
    "profile": lambda case: ca_profiles.of(case.application),
    "today": lambda case: clock.today(),
    "at": lambda case: clock.now(),
    "fiscal_year": lambda case: clock.fiscal_year(clock.today()),
    "gates": lambda case: gates.in_force(),
    "csr_row": _csr_row,
    "csr": _csr,
    "subject": _of_csr(lambda case: case["csr"].subject),
    "registered": lambda case: Subject(case["institution"].subject),
    "known": _of_csr(lambda case: keys_used.uses_of_key(case["csr"].spki_sha256, case.application)),
    "form": _form,
    "form_subject": _form_subject,
    "head_office": lambda case: case["institution"].head_office,
    "formal_name": lambda case: case["institution"].formal_name,
    "checks": _checks,
    "standing": _standing,
    "own": lambda case: {case.application.applicant_id, case.application.subscriber_id},
    "is_alone": lambda case: case.application.is_emergency,
    "sealer_roles": _sealer_roles,
    "seal_roles": _seal_roles,
    "sealer_mails": _sealer_mails,
    "sealer": lambda case: case.application.sealer_id or ABSENT,
    "examiner": lambda case: case.application.examiner_id or ABSENT,
    "examined": _examined,
    "documents": lambda case: {document.id: document.name for document in Document.to_agree()},
    "agreed": _agreed,
    "password": lambda case: case.application.password() or ABSENT,
    "reused": lambda case: keys_used.is_password_reused(case.application),
    "expected": lambda case: case["profile"].attachments.get(case.application.kind, ABSENT),
    "key": lambda case: key_protection.values(case.application),
    "shown": lambda case: case["key"]["shown"],
    "is_soft_key": lambda case: case["key"]["is_soft_key"],
    "is_public": _is_public,
    "oldest": lambda case: months_before(clock.today(), MONTHS),
    "switchboard": lambda case: case["institution"].switchboard,
    "checked_on": lambda case: case["institution"].switchboard_checked_on,
    "officers": lambda case: len(Person.holding(Role.OFFICER)),
    "is_new": lambda case: OCCASION_LABELS[case.application.occasion] == "新規",
    "namesake": _namesake,
    "last_safe_on": _last_safe_on,
    "texts": _texts,
    "token_spki_sha256": _token_spki_sha256,
    "usable": _usable,
    "subscriber": lambda case: case.application.subscriber_id,
    "revocation": _revocation,
    "asked": _asked,
    "serial": _of_revocation(lambda case: case["asked"].serial),
    "reason": _of_revocation(lambda case: case["asked"].reason),
    "comment": _of_revocation(lambda case: case["asked"].comment),
    "target": _of_revocation(lambda case: target_of(case.application.target)),
}
