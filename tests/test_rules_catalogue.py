"""The catalogue (domain.md §18): whole, truly asked at the verbs it names, each rule firing and not firing, and in the
documents."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import ca
import pytest

from webapp import profiles
from webapp.acts import delivery, judgement
from webapp.papers import certificate as certificates
from webapp.papers import csr as csrs
from webapp.papers.subject import Subject
from webapp.procedure import PROCEDURES, Kind
from webapp.rules import ABSENT, ERROR, WARNING, Rule, catalogue
from webapp.rules.gates import Gate
from webapp.rules.key_protection import Shown
from webapp.rules.revocation import Asked, Target
from webapp.rules.seal import Sealed
from webapp.rules.use import Usable
from webapp.rules_document import document

SECTION_18 = {
    **{"ORG": 3, "ACT": 4, "ID": 1, "DN": 7, "CSR": 8, "KEY": 2, "ATT": 2, "SIG": 4, "AGR": 1, "PWD": 1, "TEL": 1},
    **{"DUP": 1, "CRT": 11, "ACC": 1, "REV": 4, "USE": 1, "TIM": 1, "AUD": 1},
}
UPKI = profiles.load("upki-v2.4")
REGISTERED = Subject(ca.SUBJECT)
TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
DAY = timedelta(days=1)
KEY = ca.new_key()
CSR = csrs.read(ca.pem(ca.csr(KEY)))


def with_subject(**changes):
    values = {short: value for short, value in (dict(ca.SUBJECT) | changes).items() if value is not None}
    return Subject(tuple(values.items()))


def rsa(**changes):
    key = replace(CSR.key, algorithm="RSA", bits=3072, curve="", modulus=2**3071 + 1, exponent=65537)
    return replace(CSR, key=replace(key, **changes))


class FormLike:
    address, institution_name = "東京都千代田区一ツ橋2-1-2", "学校法人申請学園 申請大学"


USABLE = Usable(NOW - DAY, NOW + DAY, accepted_at=NOW - DAY)
SEALED = Sealed(True, True, True, True, False, ("tanaka@shinsei.example",), "good")
SHOWN = Shown(4, "usb", True, True, True, "", TODAY)
ASKED = Asked("0a1b2c", 4, "新しい証明書に置き換えたため")
TARGET = Target("0a1b2c", UPKI.issuers[0], NOW - DAY, NOW + DAY)
EVENT = {
    "at": NOW,
    "person": 1,
    "address": "",
    "act": "submit",
    "object": "application",
    "hash": "b",
    "previous_hash": "a",
}
PASSWORD = "kT7#mwQ4$zRp9&Xd"
CHECKS = {"identity": True, "existence": True}
SHA = {"xlsx": "a" * 64, "pdf": "b" * 64}

AUTHORITY = ca.Authority(issuer=UPKI.issuers[0], at=NOW)


def issued(**changes):
    return certificates.read(ca.der(AUTHORITY.code_signing(KEY.public_key(), **changes)))


LEAF = issued()
CHAIN = tuple(certificates.read(each) for each in AUTHORITY.chain)

# id: (values under which it is silent, changes under which it speaks)
TABLE = {
    "ORG-01": ({"form": FormLike, "head_office": FormLike.address}, {"head_office": "東京都文京区本郷7-3-1"}),
    "ORG-02": ({"form": FormLike, "formal_name": FormLike.institution_name}, {"formal_name": "申請大学"}),
    "ORG-03": ({"gates": [], "today": TODAY, "fiscal_year": 2026}, {"gates": [Gate("right_to_issue", TODAY - DAY)]}),
    "ACT-01": ({"standing": "full_time"}, {"standing": "neither"}),
    "ACT-02": ({"actor": 2, "own": {1, 3}, "is_alone": False}, {"actor": 3}),
    "ACT-03": ({"sealer_roles": {"head"}, "seal_roles": ("head",)}, {"sealer_roles": {"officer"}}),
    "ACT-04": ({"sealer": 5, "examiner": 2}, {"sealer": 2}),
    "ID-01": ({"checks": CHECKS}, {"checks": CHECKS | {"existence": None}}),
    "DN-01": ({"subject": REGISTERED}, {"subject": with_subject(C="US")}),
    "DN-02": ({"subject": REGISTERED, "registered": REGISTERED, "profile": UPKI}, {"subject": with_subject(ST="tokyo")}),
    "DN-03": ({"subject": REGISTERED}, {"subject": with_subject(O="練習大学")}),
    "DN-04": ({"subject": REGISTERED}, {"subject": with_subject(L="Default City")}),
    "DN-05": ({"subject": REGISTERED, "profile": UPKI}, {"subject": with_subject(OU="Computer Center")}),
    "DN-06": ({"subject": REGISTERED, "registered": REGISTERED, "profile": UPKI}, {"subject": with_subject(CN="Sato Lab")}),
    "DN-07": ({"subject": REGISTERED}, {"subject": with_subject(CN=" - ")}),
    "CSR-01": ({"csr": CSR}, {"csr": csrs.read(CSR.der[:-1] + bytes([CSR.der[-1] ^ 1]))}),
    "CSR-02": ({"csr": CSR, "profile": UPKI}, {"csr": rsa(bits=2048)}),
    "CSR-03": ({"csr": rsa()}, {"csr": rsa(exponent=3)}),
    "CSR-04": ({"csr": CSR, "profile": UPKI}, {"csr": replace(CSR, signature_hash="SHA-1")}),
    "CSR-05": ({"csr": CSR}, {"csr": rsa(modulus=3 * (2**3070 + 1))}),
    "CSR-06": ({"known": []}, {"known": ["申請 CS-2026-0001"]}),
    "CSR-07": ({"csr": CSR, "form_subject": REGISTERED}, {"form_subject": with_subject(O="Another University")}),
    "CSR-08": ({"csr": CSR}, {"csr": replace(CSR, challenge_password=True)}),
    "KEY-01": ({"shown": SHOWN, "is_soft_key": False, "is_public": True}, {"is_soft_key": True}),
    "KEY-02": ({"shown": SHOWN, "is_public": True, "oldest": TODAY - 400 * DAY}, {"oldest": TODAY + DAY}),
    "ATT-01": ({"enclosed": [("csr", 9), ("xlsx", 9), ("pdf", 9)], "expected": ("csr", "xlsx", "pdf")}, {"enclosed": [("csr", 9), ("xlsx", 9)]}),
    "ATT-02": ({"examined": SHA, "leaving": SHA}, {"leaving": SHA | {"xlsx": "c" * 64}}),
    "SIG-01": ({"sealed": SEALED}, {"sealed": replace(SEALED, is_unchanged=False)}),
    "SIG-02": ({"sealed": SEALED}, {"sealed": replace(SEALED, is_client_authentication=True)}),
    "SIG-03": ({"sealed": SEALED, "sealer_mails": ("Tanaka@shinsei.example",)}, {"sealer_mails": ("ito@shinsei.example",)}),
    "SIG-04": ({"sealed": SEALED}, {"sealed": replace(SEALED, revocation="unknown")}),
    "AGR-01": ({"documents": {1: "CP", 2: "CPS"}, "agreed": {1, 2}}, {"agreed": {1}}),
    "PWD-01": ({"password": PASSWORD}, {"reused": True}),
    "TEL-01": ({"switchboard": "03-4212-2000", "checked_on": TODAY, "officers": 2, "today": TODAY}, {"officers": 1}),
    "DUP-01": ({"is_new": True, "namesake": ""}, {"namesake": "0a1b"}),
    "CRT-01": ({"certificate": LEAF, "csr": CSR}, {"csr": csrs.read(ca.pem(ca.csr(ca.new_key())))}),
    "CRT-02": ({"certificate": LEAF}, {"certificate": issued(usages=None)}),
    "CRT-03": ({"certificate": LEAF}, {"certificate": issued(purposes=())}),
    "CRT-04": ({"certificate": LEAF}, {"certificate": issued(policies=())}),
    "CRT-05": ({"certificate": LEAF}, {"certificate": issued(crl_urls=())}),
    "CRT-06": ({"certificate": LEAF}, {"certificate": issued(issuer_urls=())}),
    "CRT-07": ({"certificate": LEAF}, {"certificate": issued(is_ca=True)}),
    "CRT-08": ({"certificate": LEAF, "profile": UPKI}, {"certificate": replace(LEAF, signature_hash="SHA-1")}),
    "CRT-09": ({"certificate": LEAF, "profile": UPKI}, {"certificate": issued(subject=ca.SUBJECT[:3])}),
    "CRT-10": ({"certificate": LEAF, "profile": UPKI, "at": NOW}, {"certificate": issued(days=461)}),
    "CRT-11": ({"certificate": LEAF, "profile": UPKI, "chain": CHAIN}, {"chain": ()}),
    "ACC-01": ({"accepted_by": 1, "subscriber": 1, "is_reviewed": True}, {"accepted_by": 2}),
    "REV-01": ({"serial": "0a1b2c", "target": TARGET, "profile": UPKI, "at": NOW}, {"at": NOW + 2 * DAY}),
    "REV-02": ({"reason": 4, "comment": ""}, {"reason": 0}),
    "REV-03": ({"asked": ASKED, "target": TARGET, "at": NOW}, {"asked": replace(ASKED, reason=1)}),
    "REV-04": ({"comment": "配布をやめるため"}, {"comment": "㈱計測①"}),
    "USE-01": ({"usable": USABLE, "at": NOW}, {"usable": replace(USABLE, blocked_at=NOW - DAY)}),
    "TIM-01": ({"last_safe_on": TODAY, "today": TODAY}, {"today": TODAY + DAY}),
    "AUD-01": ({"event": EVENT}, {"event": EVENT | {"person": None}}),
    "CHR-01": ({"texts": {"title": "計測ソフト"}}, {"texts": {"title": "計測\u202eソフト"}}),
}  # fmt: skip


def told(id, values):
    """The findings of a rule about values, of which all others are absent."""
    rule = next(each for each in catalogue.RULES if each.id == id)
    return rule.ask({name: values.get(name, ABSENT) for name in rule.wants})


def test_every_rule_of_section_18_is_there_once_and_one_about_characters():
    wanted = [f"{noun}-{number:02}" for noun, count in SECTION_18.items() for number in range(1, count + 1)]
    assert sorted(rule.id for rule in catalogue.RULES) == sorted([*wanted, "CHR-01"]) == sorted(TABLE)


@pytest.mark.parametrize("id", TABLE)
def test_each_rule_is_silent_about_what_is_right_and_speaks_of_what_is_wrong(id):
    right, changes = TABLE[id]
    rule = next(each for each in catalogue.RULES if each.id == id)
    assert told(id, right) == []
    assert {name for name, is_optional in rule.wants.items() if not is_optional} <= set(right)
    findings = told(id, right | changes)
    assert findings and {each.id for each in findings} == {id}
    assert {each.severity for each in findings} <= set(rule.severities)
    assert all(each.sentence.endswith("。") for each in findings)


@pytest.mark.parametrize("rule", catalogue.RULES, ids=lambda rule: rule.id)
def test_each_row_says_what_where_from_and_at_which_acts_of_the_procedure(rule):
    assert rule.says.endswith("。") and rule.advice.endswith("。") and rule.source and rule.severities
    assert rule.severities in ((ERROR,), (WARNING,), (ERROR, WARNING))
    assert rule.issue or rule.revoke
    for kind in Kind:
        assert set(rule.verbs(kind)) <= {act.verb for act in PROCEDURES[kind]}


def test_every_value_that_a_rule_asks_for_is_gathered_or_given_by_the_act():
    wanted = {name for rule in catalogue.RULES for name in rule.wants}
    assert wanted - set(judgement._GATHERED) == set(judgement.GIVEN)


def test_a_rule_without_its_values_has_nothing_to_say():
    assert told("DN-01", {}) == []


def test_the_table_in_the_documents_is_the_catalogue(repository):
    text = (repository / "docs/rules.md").read_text()
    assert text == document()
    assert re.findall(r"^\| ([A-Z]+-\d\d) \|", text, re.M) == [rule.id for rule in catalogue.RULES]


@pytest.fixture
def asked(monkeypatch):
    """{(kind, verb): ids of the rules that had all their values when the acts asked them}."""
    seen, at, ask = {}, catalogue.at, Rule.ask
    now = []

    def selected(kind, verb):
        now[:] = [(str(kind), verb)]
        return at(kind, verb)

    def answered(rule, values):
        if all(is_optional or values[name] is not ABSENT for name, is_optional in rule.wants.items()):
            seen.setdefault(now[0], set()).add(rule.id)
        return ask(rule, values)

    monkeypatch.setattr(catalogue, "at", selected)
    monkeypatch.setattr(Rule, "ask", answered)
    monkeypatch.setattr(judgement.Case, "_asked", lambda case, rule: rule.ask(case))
    return seen


def test_the_acts_ask_what_the_table_says(case, asked):
    """One walk of each procedure; KEY-01 and KEY-02 are for public CAs only, TIM-01 for a renewal."""
    application = case.delivered()
    delivery.hand_out(application, case.who("鈴木"))
    delivery.accept(application, case.who("佐藤"), True)
    case.revocation("sent", title="別のもの")
    elsewhere = {"KEY-01", "KEY-02", "TIM-01"}
    for kind, verb in (
        ("issue", "attach_csr"),
        ("issue", "submit"),
        ("issue", "examine"),
        ("issue", "seal"),
        ("issue", "dispatch_by_hand"),
        ("issue", "take_delivery"),
        ("issue", "accept"),
        ("revoke", "give_reason"),
        ("revoke", "submit"),
        ("revoke", "examine"),
        ("revoke", "seal"),
        ("revoke", "dispatch_by_hand"),
    ):
        wanted = {rule.id for rule in catalogue.RULES if verb in rule.verbs(kind)} - elsewhere
        assert wanted - asked.get((kind, verb), set()) <= {"AUD-01"}, (kind, verb)
    assert "AUD-01" in asked["issue", "submit"] and "AUD-01" in asked["revoke", "dispatch_by_hand"]
