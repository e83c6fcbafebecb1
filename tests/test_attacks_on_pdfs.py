"""No forgery of our own signed PDF is accepted, whatever its family, and none is met with anything but a refusal."""

import subprocess

import pytest

from tests import attacks_on_pdfs
from tests.attacks_on_pdfs import evidence
from webapp.papers.seal_report import SealRefused

ENOUGH = 20


@pytest.fixture(scope="module")
def world():
    return attacks_on_pdfs.World()


@pytest.fixture(scope="module")
def families(world):
    return attacks_on_pdfs.families(world)


def judged(world, pdf, codes):
    """The code that refuses a PDF; "accepted", or "odd" where it is refused for another reason than it should."""
    try:
        world.judge(pdf)
    except SealRefused as refusal:
        return refusal.code if refusal.code in codes else f"odd: {refusal.code}"
    return "accepted"


def test_the_right_files_are_accepted_which_the_forgers_start_from(world):
    assert [world.judge(pdf).field for _, pdf in world.all] == ["Seal", "Signature1", "Seal"]


@pytest.mark.parametrize("family", attacks_on_pdfs.NAMES)
def test_the_first_of_each_family_is_refused(world, families, family):
    _, make, codes = families[family][0]
    assert judged(world, make(), codes) in codes


@pytest.mark.slow
@pytest.mark.parametrize("family", attacks_on_pdfs.NAMES)
def test_every_forgery_of_a_family_is_refused_for_its_reason(world, families, family, tmp_path):
    """And each is a forgery: no two are the same, and another reader sees in it what is in no right file."""
    right = [pdf for _, pdf in world.all]
    made = {name: (make(), codes) for name, make, codes in families[family]}
    assert (
        ENOUGH <= len(made) == len(families[family]) == len({*right, *(pdf for pdf, _ in made.values())}) - len(right)
    )
    shown = [evidence.seen(family, pdf, tmp_path / "right.pdf") for pdf in right]
    assert [
        name for name, (pdf, _) in made.items() if evidence.seen(family, pdf, tmp_path / "forged.pdf") in shown
    ] == []
    found = {name: judged(world, pdf, codes) for name, (pdf, codes) in made.items()}
    assert {name: code for name, code in found.items() if code == "accepted" or code.startswith("odd")} == {}


@pytest.mark.slow
def test_pdfsig_calls_some_of_them_valid_which_we_refuse(world, families, tmp_path, capsys):
    """Printed with -s: how many of each family pdfsig calls valid, and of those as the total document."""
    path, total = tmp_path / "forged.pdf", 0
    for family, members in families.items():
        if family == "damage":
            continue
        valid = whole = 0
        for _, make, _ in members:
            path.write_bytes(make())
            said = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, timeout=20).stdout
            valid += b"Signature is Valid" in said
            whole += b"Signature is Valid" in said and b"Total document signed" in said
        total += valid
        with capsys.disabled():
            print(
                f"\n  {family}: pdfsig calls {valid} of {len(members)} valid, {whole} as the total document; we none",
                end="",
            )
    assert total > 0
