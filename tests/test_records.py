"""What the auditor reads: every act has its sentence and every thing its name, in Japanese."""

import ast
import re
from pathlib import Path

from tests.administering import kept, newcomer
from webapp import sentences
from webapp.acts import accounts, anchors, documents, institution, people
from webapp.procedure import PROCEDURES
from webapp.register import Document, Event, IdentityMethod, Person, TrustAnchor
from webapp.register.database import Row

WEBAPP = Path(__file__).resolve().parent.parent / "webapp"

# Where the verb is handed on: the file, what stands for the verb, and the verbs that it may be.
HANDED_ON = {
    ("acts/__init__.py", "verb"): {act.verb for acts in PROCEDURES.values() for act in acts},  # performing
    ("acts/house.py", "act"): {  # note, and end: end_role, end_document, …
        f"end_{table._meta.table_name.removeprefix('person_')}"
        for table in Row.__subclasses__()
        if "until_on" in table._meta.fields
    },
    ("acts/incoming.py", "verb"): {"settle_mail", "dismiss_mail"},
    ("acts/visits.py", "act"): {"sign_in", "sign_in_as"},
    ("acts/delivery.py", "verb"): {"accept", "accept_for"},
    ("acts/form_templates.py", "act"): {"bind_form_template", "import_form_mapping"},
    ("acts/gates.py", "act"): set(),  # their own _note, whose callers are read too
    ("acts/stocktaking_items.py", "act"): set(),
    ("acts/station_jobs.py", "act"): set(),
    ("acts/signatures.py", "act"): {"prove_signature", "register_signature"},
}
CALLS = {
    "Event.write": 0,
    "house.note": 0,
    "note": 0,
    "_note": 0,
    "performing": 0,
    "begin": 2,
    "visits.begin": 2,
}  # the verb's place
OWN = {  # names that write events in these files alone
    "begin": {"acts/visits.py"},
    "_note": {"acts/form_templates.py", "acts/gates.py", "acts/station_jobs.py", "acts/stocktaking_items.py"},
}


def test_every_act_that_is_written_anywhere_has_a_sentence():
    written = set(verbs())
    known = {verb for _, verb in written if isinstance(verb, str)}
    assert {(path, verb.id) for path, verb in written if not isinstance(verb, str)} == HANDED_ON.keys()
    assert known | set().union(*HANDED_ON.values()) == sentences.EVENTS.keys()
    assert [each for each in sentences.EVENTS.values() if not re.search(r"[ぁ-ん].*。$", each)] == []


def test_no_way_of_writing_an_act_is_overlooked():
    assert {"open", "found", "open_account", "set_password", "sign_in_as", "tried_mail", "examine", "freeze"} <= {
        verb for _, verb in verbs() if isinstance(verb, str)
    }


def verbs():
    """(file, verb) of every call that writes an event: its text, or the node that stands for it."""
    for path in sorted(WEBAPP.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else None
            if name in CALLS and not (name in OWN and path.relative_to(WEBAPP).as_posix() not in OWN[name]):
                verb = node.args[CALLS[name]]
                yield path.relative_to(WEBAPP).as_posix(), verb.value if isinstance(verb, ast.Constant) else verb


def test_the_auditor_reads_what_each_event_is_about_in_japanese(house, browser, case, kobayashi, ito, by):
    admin, application = by(kobayashi), case.draft()
    institution.change(admin, kept() | {"officer_hours": "平日 10時から16時"})
    people.add_person(admin, newcomer())
    accounts.open_account(admin, Person.get(Person.name == "渡辺 実"), {"login": "watanabe"})
    for end, table in (
        (documents.end_method, IdentityMethod),
        (documents.end_document, Document),
        (anchors.end, TrustAnchor),
    ):
        end(admin, table.get(), "2099-12-31")
    browser.sign_in_as(ito)
    abouts = {cell_of(row) for row in browser.see("/records").tree.iter("tr")} - {None}
    assert {"機関の情報", "人", "アカウント", "本人確認の方法", "承認する文書", "信頼する認証局"} <= abouts
    assert abouts - set(sentences.OBJECTS.values()) == {application.number}
    assert {event.object for event in Event.select()} <= sentences.OBJECTS.keys() | {"application"}
    assert sentences.OBJECTS.keys() <= {table._meta.table_name for table in Row.__subclasses__()}


def cell_of(row):
    """What stands under 対象 in a row of the table, or None in its head."""
    cells = ["".join(cell.itertext()).strip() for cell in row.iter("td")]
    return cells[1] if cells else None
