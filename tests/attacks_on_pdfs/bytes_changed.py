"""Damage by chance, of a seed that stands here: 500 flipped bits, truncations and appendices."""

import random

from tests.attacks_on_pdfs.signatures_moved import ANY

SEED, COUNT = 20261123, 500


def damage(world):
    dice, made = random.Random(SEED), {}
    while len(made) < COUNT:
        name, pdf = world.all[len(made) % 3]
        kind = ("flip", "flip", "cut", "append")[dice.randrange(4)]
        start = len(world.frozen) if len(made) % 2 else 0  # half of them in what the signer added
        place, bit, more = dice.randrange(start, len(pdf)), dice.randrange(8), dice.randbytes(dice.randrange(1, 400))
        if kind == "flip":
            made[_flipped(pdf, place, bit)] = f"{name}-flip-{place}-{bit}"
        elif kind == "cut":
            made[pdf[:place]] = f"{name}-cut-{place}"
        else:
            made[pdf + more] = f"{name}-append-{len(more)}-{more[:4].hex()}"
    for pdf, name in made.items():
        yield name, lambda p=pdf: p, ANY | {"another_document"}


def _flipped(pdf, place, bit):
    made = bytearray(pdf)
    made[place] ^= 1 << bit
    return bytes(made)


FAMILIES = {"damage": damage}
