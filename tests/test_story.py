"""The whole procedure, told by bin/story."""

import subprocess
import sys

import pytest

SECTIONS = ("1-1-1", "1-1-2", "1-1-3", "1-1-4", "1-1-5", "1-1-6")


@pytest.mark.slow
def test_the_story_is_told_to_its_end_and_names_every_section(repository):
    told = subprocess.run(
        [sys.executable, "-m", "tests.story"], cwd=repository, capture_output=True, text=True, timeout=300
    )
    assert told.returncode == 0, told.stdout + told.stderr
    for section in SECTIONS:
        assert told.stdout.count(f"\n{section} ") == 2, f"{section} is not told twice:\n{told.stdout}"
