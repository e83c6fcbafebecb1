"""The rule catalogue: one function a rule, grouped by noun; values in, findings out. webapp/rules/catalogue.py reads them
together."""

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

ERROR = "error"
WARNING = "warning"
ABSENT = object()  # a value that is not there (yet): a rule that needs it has nothing to judge


@dataclass(frozen=True)
class Finding:
    """What a rule found. `id` is the catalogue's (CSR-02), `severity` ERROR or WARNING, `field` the form field it
    concerns, `sentence` what is so, `advice` what to do (both Japanese). `point` is what stays the same while the
    sentence counts hours or days."""

    id: str
    severity: str
    field: str
    sentence: str
    advice: str = ""
    point: str = ""

    @property
    def fingerprint(self):
        """What an acceptance is bound to (hex): another sentence is another finding."""
        return hashlib.sha256("\n".join((self.id, self.field, self.point or self.sentence)).encode()).hexdigest()


@dataclass(frozen=True)
class Rule:
    """A row of the catalogue: what it demands, what to do otherwise, where that is written, at which verbs of the
    procedure it is asked, and its function, which takes values by the names of its parameters."""

    id: str
    severities: tuple
    says: str
    advice: str
    source: str
    issue: tuple
    revoke: tuple
    judge: Callable

    @cached_property
    def wants(self):
        """{name: whether it can do without}."""
        parameters = inspect.signature(self.judge).parameters.values()
        return {each.name: each.default is not inspect.Parameter.empty for each in parameters}

    def verbs(self, kind):
        return {"issue": self.issue, "revoke": self.revoke}[kind]

    def ask(self, values):
        """Its findings about a mapping of values, of which those that are not there are ABSENT."""
        given = {name: values[name] for name in self.wants}
        if any(value is ABSENT and not self.wants[name] for name, value in given.items()):
            return []
        return self.judge(**{name: value for name, value in given.items() if value is not ABSENT})


DECLARED = {}


def rule(id, severities, says, advice, source, issue=(), revoke=()):
    """Declare a function to be the rule of this id. ValueError if there is one already."""

    def declared(function):
        if id in DECLARED:
            raise ValueError(f"{id} is declared twice")
        DECLARED[id] = Rule(id, severities, says, advice, source, issue, revoke, function)
        return function

    return declared
