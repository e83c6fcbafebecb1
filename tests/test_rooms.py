"""Which room may import which, read from the imports themselves; the offender is named.

A room of webapp/ is a package or a lone file there; tokens/ is one room, and closed: it knows nothing of the office.
"""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parent.parent
LONGEST_FILE = 400

# Room of webapp/ -> the rooms it may import, besides itself.
ROOMS = {
    "procedure": set(),
    "profiles": set(),
    "clock": set(),
    "errors": set(),
    "settings": set(),
    "sentences": {"procedure", "register"},  # tells events with what lies beside them
    "signing_commands": set(),
    "station_package": set(),
    "papers": {"tokens", "errors"},
    "rules": {"papers", "procedure", "profiles"},
    "register": {"procedure", "clock"},
    "mails": {"settings", "clock", "profiles", "sentences"},
    "posting": {"settings", "register"},
    "fetching": {"settings", "register"},
    "asking": {"errors", "rules"},  # which places the rules let it ask
    "acts": {
        "procedure",
        "profiles",
        "clock",
        "register",
        "rules",
        "papers",
        "mails",
        "sentences",
        "tokens",
        "asking",  # the time-stamp authority, while a seal waits
        "errors",
    },
    "gate": {"settings", "register", "acts", "errors", "procedure"},
    "pages": {"settings", "register", "procedure", "sentences", "clock", "gate"},
    "errors_shown": {"settings", "errors", "pages", "register"},  # the kinds of its outages
    "routes": {
        "acts",
        "register",
        "procedure",
        "profiles",
        "papers",
        "rules",
        "pages",
        "gate",
        "errors",
        "clock",
        "sentences",
        "signing_commands",
        "station_package",
        "settings",
        "charts",
        "tokens",
    },
    "worker": {
        "acts",
        "register",
        "mails",
        "posting",
        "fetching",
        "asking",
        "papers",
        "clock",
        "errors",
        "settings",
        "procedure",
    },
    "questions": {"errors"},
    "charts": set(),
    "profile_commands": {"acts", "errors", "profiles", "register"},
    "smtp_file": {"acts", "errors"},
    "imap_file": {"smtp_file", "errors"},
    "procedure_document": {"procedure", "sentences"},
    "rules_document": {"procedure", "rules"},
    "practice": {"tokens"},
}
# What puts the rooms together may open every door.
ASSEMBLY = {"__init__", "app", "wsgi", "commands", "demo"}

# Outside package -> where it may be imported (a room, or one file).
OUTSIDE = {
    "pkcs11": {
        f"tokens/token_worker/{name}.py"
        for name in ("__main__", "blank", "generation", "operations", "sessions", "signatures", "stored")
    },
    "peewee": {"register"},
    "playhouse": {"register"},
    "openpyxl": {"papers"},
    "python_calamine": {"papers", "practice"},
    "olefile": {"papers"},
    "pyzipper": {"papers", "practice"},
    "pyhanko": {"papers", "tokens"},
    "pyhanko_certvalidator": {"papers", "tokens"},
    "flask": {"app", "gate", "pages", "errors_shown", "routes", "practice"},
    "werkzeug": {"app", "gate", "pages", "errors_shown", "routes", "practice"},
    "smtplib": {"posting", "practice"},
    "imaplib": {"fetching"},
    "aiosmtpd": {"practice"},
    "psycopg": {"register"},
}


def test_tokens_know_nothing_of_the_office():
    assert [each for each in imports() if each.room == "tokens" and each.to_room not in ("tokens", None)] == []


def test_every_room_of_the_office_has_its_row_here():
    rooms = {room_of(path) for path in sources() if path.parts[0] == "webapp"}
    assert rooms - ROOMS.keys() - ASSEMBLY == set()


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_imports_only_what_its_row_allows(room):
    strangers = [each for each in imports() if each.room == room and each.to_room not in {None, room} | ROOMS[room]]
    assert strangers == []


@pytest.mark.parametrize("package", sorted(OUTSIDE))
def test_an_outside_package_stays_where_it_belongs(package):
    users = [each for each in imports() if each.name.split(".")[0] == package]
    assert [each for each in users if not {each.room, each.path.as_posix()} & OUTSIDE[package]] == []


def test_pkcs11_is_loaded_by_the_token_worker_alone():
    """Also not by detours: neither the web nor the worker nor a client of tokend has it in memory."""
    loaded = (
        "tokens.client",
        "tokens.tokend",
        "tokens.__main__",
        "webapp.routes",
        "webapp.worker",
        "webapp.practice.desk",
    )
    code = f"import sys, {', '.join(loaded)}; print([name for name in sys.modules if name.startswith('pkcs11')])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=HOME, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_templates_never_query():
    verbs = r"\.(where|get_by_id|get_or_none|order_by|execute|dicts|tuples)\("
    templates = sorted((HOME / "templates").rglob("*.html"))
    assert templates
    assert [path.relative_to(HOME) for path in templates if re.search(verbs, path.read_text("utf-8"))] == []


def test_no_file_outgrows_its_noun():
    everything = [*sources(), *files_of("tests"), *files_of("bench")]
    lengths = {path.as_posix(): len((HOME / path).read_text("utf-8").splitlines()) for path in everything}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


# Reading the imports


class Import:
    """Someone's import: the file and its room, the dotted name, and the room of ours that it leads to, or None."""

    def __init__(self, path, line, name):
        self.path, self.line, self.name = path, line, name
        self.room, self.to_room = room_of(path), _room_named(name)

    def __repr__(self):
        return f"{self.path}:{self.line} imports {self.name}"


@cache
def imports():
    return [Import(path, line, name) for path in sources() for line, name in names_in(path)]


def names_in(path):
    """(line, full dotted name) of everything a file imports, wherever in the file."""
    for node in ast.walk(ast.parse((HOME / path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = ".".join([*_package(path, node.level), *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def sources():
    return [*files_of("tokens"), *files_of("webapp")]


def files_of(folder):
    return [path.relative_to(HOME) for path in sorted((HOME / folder).rglob("*.py"))]


def room_of(path):
    if path.parts[0] == "tokens":
        return "tokens"
    return path.parts[1] if len(path.parts) > 2 else path.stem


def _room_named(name):
    parts = name.split(".")
    if parts[0] == "webapp":
        inside = parts[1] if len(parts) > 1 else "__init__"
        return inside if inside in ROOMS.keys() | ASSEMBLY else "__init__"
    return "tokens" if parts[0] == "tokens" else None


def _package(path, level):
    """The package that a relative import of this level starts from; nothing for an absolute one."""
    return path.parts[:-level] if level else ()
