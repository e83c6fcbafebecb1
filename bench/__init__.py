"""Measurements: ratios within one run, because seconds differ from machine to machine.

A measurement is a function in a file of this folder, marked `@measurement`, that returns or yields Measured values.
"""

from dataclasses import dataclass

MEASUREMENTS = {}
limits = {"certificates": 1_000_000}  # how far `bin/bench register` goes


@dataclass(frozen=True)
class Measured:
    """`value` in `unit`; `ratio` is value : the value of the thing named `against`, measured in the same run."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    against: str = ""


def measurement(function):
    """Register a function under the name of its file: bench/tokend.py is `bin/bench tokend`."""
    name = function.__module__.rpartition(".")[2]
    MEASUREMENTS.setdefault(name, []).append(function)
    return function
