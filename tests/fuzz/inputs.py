"""From specimens to hostile inputs, with a random.Random or with Hypothesis, which can make a failing one smaller."""

from functools import cache

from hypothesis import strategies

from tests.fuzz import mutations
from tests.fuzz.readers import READERS


@cache
def specimens(name):
    return [bytes(each) for each in READERS[name].specimens()]


def spoilt(name, random):
    """One input for the reader: a specimen changed one to four times, mostly with respect for its structure."""
    reader = READERS[name]
    data = random.choice(specimens(name))
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 4))):
        data = (reader.spoil if random.random() < 0.7 else mutations.raw)(data, random)[: mutations.MOST]
    return reader.finish(data)


def inputs(name):
    """A Hypothesis strategy for the reader: spoilt specimens, and now and then bytes of Hypothesis's own."""
    random = strategies.randoms(use_true_random=False)
    return strategies.one_of(random.map(lambda source: spoilt(name, source)), strategies.binary(max_size=300))
