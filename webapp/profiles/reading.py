"""A profile read aloud: by groups, each value under its Japanese name, and what differs between two versions."""

from dataclasses import dataclass

from webapp.profiles.profile import GROUPS, SPECS


@dataclass(frozen=True)
class Said:
    """One value as people read it: its `label`, `lines`, `about` (a sentence, or "") and its `key` in the file."""

    key: str
    label: str
    lines: tuple
    about: str


def read_aloud(profile):
    """[(group, [Said, …])] in the order in which an officer would ask."""
    return [(group, [_said(profile, key) for key, spec in SPECS.items() if spec.group == group]) for group in GROUPS]


def _said(profile, key):
    spec = SPECS[key]
    return Said(key, spec.label, tuple(spec.kind.read(getattr(profile, key))), spec.about)


def differences(before, after):
    """[(Said before, Said after)] where two profiles differ."""
    changed = [key for key in SPECS if getattr(before, key) != getattr(after, key)]
    return [(_said(before, key), _said(after, key)) for key in changed]
