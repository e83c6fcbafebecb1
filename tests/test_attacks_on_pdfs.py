"""No forgery of our own signed PDF is accepted, whatever its family, and none is met with anything but a refusal."""

import subprocess

import pytest

from tests import attacks_on_pdfs
from webapp.papers.seal_report import SealRefused

ENOUGH = 20


@pytest.fixture(scope="module")
def world():
    return attacks_on_pdfs.World()


@pytest.fixture(scope="module")
def families(world):
    return attacks_on_pdfs.families(world)


def judged(world, make, codes):
    """The code that refuses what `make` makes; None where it is accepted or refused for an odd reason."""
    try:
        world.judge(make())
    except SealRefused as refusal:
        return refusal.code if refusal.code in codes else f"odd: {refusal.code}"
    return "accepted"


def test_the_right_files_are_accepted_which_the_forgers_start_from(world):
    assert [world.judge(pdf).field for _, pdf in world.all] == ["Seal", "Signature1", "Seal"]


@pytest.mark.parametrize("family", attacks_on_pdfs.NAMES)
def test_the_first_of_each_family_is_refused(world, families, family):
    _, make, codes = families[family][0]
    assert judged(world, make, codes) in codes


@pytest.mark.slow
@pytest.mark.parametrize("family", attacks_on_pdfs.NAMES)
def test_every_forgery_of_a_family_is_refused_for_its_reason(world, families, family):
    members = families[family]
    assert len(members) >= ENOUGH and len({name for name, *_ in members}) == len(members)
    found = {name: judged(world, make, codes) for name, make, codes in members}
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
