"""Damage by chance, of a seed that stands here: 500 flipped bits, truncations and appendices."""

import random

from tests.attacks_on_pdfs.signatures_moved import ANY

SEED, COUNT = 20261123, 500


def damage(world):
    dice = random.Random(SEED)
    for number in range(COUNT):
        name, pdf = world.all[number % 3]
        kind = ("flip", "flip", "cut", "append")[dice.randrange(4)]
        place = dice.randrange(len(pdf))
        if number % 2:  # half of them in what the signer added
            place = dice.randrange(len(world.frozen), len(pdf))
        bit, more = 1 << dice.randrange(8), dice.randbytes(dice.randrange(1, 400))
        make = {"flip": _flipped, "cut": lambda p, at, *_: p[:at], "append": lambda p, at, bit, more: p + more}[kind]
        yield (
            f"{number:03}-{name}-{kind}",
            lambda m=make, p=pdf, a=place, b=bit, e=more: m(p, a, b, e),
            ANY | {"another_document"},
        )


def _flipped(pdf, place, bit, _):
    made = bytearray(pdf)
    made[place] ^= bit
    return bytes(made)


FAMILIES = {"damage": damage}
