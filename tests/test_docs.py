"""The documents say what is so."""

import re
from importlib import import_module

from webapp.procedure import PROCEDURES, Stage
from webapp.procedure_document import document


def test_the_table_of_the_procedure_is_the_one_in_the_documents(repository):
    assert (repository / "docs/procedure.md").read_text() == document()


def test_every_room_of_the_architecture_exists(repository):
    named = re.findall(r"^\| `([a-z/_.]+)`", (repository / "docs/architecture.md").read_text(), re.M)
    assert named and all((repository / name).exists() for name in named)


def test_every_name_of_the_glossary_is_used_in_the_code(repository):
    code = "".join(path.read_text() for room in ("webapp", "tokens") for path in (repository / room).rglob("*.py"))
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \|", (repository / "docs/glossary.md").read_text(), re.M)
    names = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert [name for name in names if not re.search(rf"\b{name}\b", code, re.I)] == []


def test_the_acts_of_the_table_are_functions_pages_and_sentences(repository):
    from webapp import sentences

    names = "case confirmation delivery desk dispatch examination forms key_protection key_use keys revocations sealing"
    names += " warnings"
    modules = [import_module(f"webapp.acts.{name}") for name in names.split()]
    for act in (act for table in PROCEDURES.values() for act in table):
        assert any(callable(getattr(module, act.verb, None)) for module in modules), act.verb
        assert act.verb in sentences.EVENTS, act.verb
    assert {act.to for table in PROCEDURES.values() for act in table if act.to} == set(Stage)
    assert [act for table in PROCEDURES.values() for act in table if act.to == Stage("sent")]


def test_the_changelog_and_the_readme_name_the_two_commands(repository):
    readme = (repository / "README.md").read_text()
    assert "bin/run" in readme and "bin/test" in readme


def test_every_button_of_an_act_takes_its_words_from_the_table(repository):
    rooms = (repository / "templates/applications", repository / "templates/revocations")
    templates = "".join(path.read_text() for room in rooms for path in room.glob("*.html"))
    by_system = {"post", "confirm"}
    per_aspect = {"check_identity"}  # its button names the aspect
    for act in (act for table in PROCEDURES.values() for act in table):
        if act.verb not in by_system | per_aspect:
            assert f'"{act.verb}"' in templates, act.verb
            assert f'ui.button("{act.label}"' not in templates, act.label
