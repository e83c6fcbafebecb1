"""How long something takes."""

import statistics
import time


def duration(work):
    """The seconds of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median(rounds, work):
    """The median seconds of one call, after one that warms up."""
    work()
    return statistics.median(duration(work) for _ in range(rounds))
