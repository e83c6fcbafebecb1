"""CA profiles as data: what one certification authority wants, in a TOML file beside this one, or kept in the register.

A profile holds values, and choices among variants that the code knows; it never changes the stages of the procedure.
What nobody could read in a source is said so in the file and stays changeable (`dataclasses.replace`).
"""

from functools import lru_cache
from pathlib import Path

from webapp.profiles.checking import LARGEST, ProfileRefused, check, read_kept
from webapp.profiles.parts import Validity
from webapp.profiles.profile import Profile
from webapp.profiles.reading import differences, read_aloud

__all__ = [
    "LARGEST",
    "Profile",
    "ProfileRefused",
    "UnknownProfile",
    "Validity",
    "check",
    "differences",
    "load",
    "names",
    "read",
    "read_aloud",
    "text_of",
]

_HERE = Path(__file__).parent


class UnknownProfile(LookupError):
    """There is no profile of this name."""


def names():
    """The names of all profiles that come with the package, sorted."""
    return sorted(path.stem for path in _HERE.glob("*.toml"))


def text_of(name):
    """The text of a profile of the package; UnknownProfile if there is none of this name."""
    if name not in names():
        raise UnknownProfile(name)
    return (_HERE / f"{name}.toml").read_text("utf-8")


def load(name):
    """The Profile of this name ("upki-v2.4", "practice") in the package; raises UnknownProfile."""
    return read(text_of(name), name)


@lru_cache(maxsize=64)
def read(text, name):
    """The Profile that a text of the package or of a kept version says, checked once. Raises ProfileRefused."""
    return read_kept(text, name)
