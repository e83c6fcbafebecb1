"""What a newcomer's machine meets: scripts, requirements, licences, and nothing that belongs to one machine alone."""

import os
import re
import subprocess
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parent.parent
REQUIREMENTS = sorted(HOME.glob("requirements*.txt"))

# Registries and mirrors, and folders of one machine. (A pattern does not match its own spelling here.)
FOREIGN = re.compile(
    r"pypi\.org|pythonhosted\.|npmjs\.|debian\.org/debian|index[-]url|find[-]links"
    r"|(?<![\w./$}-])/(work|root|home)/[\w.]|/opt/(wheels|pypi)",
    re.IGNORECASE,
)


def scripts():
    """Every shell script of the repository, by its first line; bin/setup.sh is sourced and has none."""
    candidates = [*(HOME / "bin").iterdir(), *(HOME / ".ci").iterdir()]
    return [path for path in sorted(candidates) if path.suffix == ".sh" or _speaks_bash(path)]


def _speaks_bash(path):
    return path.is_file() and path.read_bytes().startswith(b"#!/usr/bin/env bash\n")


@pytest.mark.parametrize("script", scripts(), ids=lambda path: path.name)
def test_a_script_can_be_read_by_bash(script):
    subprocess.run(["bash", "-n", script], check=True)


@pytest.mark.parametrize("name", ["run", "test", "check", "bench", "story"])
def test_a_command_can_be_started(name):
    assert (HOME / "bin" / name).stat().st_mode & 0o111


@pytest.mark.parametrize("requirements", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_is_one_version_with_hashes_and_no_address(requirements):
    text = requirements.read_text()
    assert "//" not in text
    entries = text.replace("\\\n", " ").splitlines()
    assert [line for line in entries if not re.match(r"[\w.\[\],-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


def test_the_tests_use_the_very_versions_that_run():
    assert set(versions(HOME / "requirements.txt")) <= set(versions(HOME / "requirements-dev.txt"))
    assert set(versions(HOME / "requirements-station.txt")) <= set(versions(HOME / "requirements.txt"))


def versions(requirements):
    return re.findall(r"^(\S+)==([^\s;]+)", requirements.read_text(), re.MULTILINE)


def test_no_file_names_a_registry_or_a_place_on_one_machine():
    assert [found for path in tracked() for found in _foreign_in(path)] == []


def tracked():
    """Every file that is, or may soon be, in the repository."""
    ignored = {".git", *(line.strip("/") for line in (HOME / ".gitignore").read_text().split())}
    for folder, folders, names in os.walk(HOME):
        folders[:] = sorted(set(folders) - ignored)
        yield from (Path(folder, name) for name in sorted(set(names) - ignored))


def _foreign_in(path):
    text = path.read_bytes().decode("utf-8", "replace")
    return [f"{path.relative_to(HOME)}: {match.group()}" for match in FOREIGN.finditer(text)]


def test_what_others_made_comes_with_its_licence():
    vendored = [path for path in (HOME / "static" / "vendor").iterdir() if path.suffix != ".LICENSE"]
    assert vendored
    assert [path.name for path in vendored if not _licence(path).is_file()] == []


def _licence(path):
    """htmx-2.0.11.min.js -> htmx-2.0.11.LICENSE"""
    return path.with_name(re.sub(r"(\.min)?\.\w+$", "", path.name) + ".LICENSE")
