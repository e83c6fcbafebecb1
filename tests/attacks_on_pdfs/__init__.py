"""Forgeries made of our own signed PDF, a family each, at least twenty members (signing.md §10; Mladenov et al. 2019, Mainka et
al. 2021). `families(world)` gives {family: [(id, make, codes)]}: `make()` is the forged file, `codes` what may refuse it."""

from tests.attacks_on_pdfs import bytes_changed, envelopes, objects_changed, shadows, signatures_moved
from tests.attacks_on_pdfs.world import World

__all__ = ["NAMES", "World", "families"]

ROOMS = (objects_changed, shadows, signatures_moved, envelopes, bytes_changed)
NAMES = tuple(name for room in ROOMS for name in room.FAMILIES)


def families(world):
    return {name: list(make(world)) for room in ROOMS for name, make in room.FAMILIES.items()}
