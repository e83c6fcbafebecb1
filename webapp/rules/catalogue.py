"""The catalogue read together (domain.md §18): every rule, in its order, and which of them an act asks. Importing the nouns
declares their rules."""

from webapp.rules import (  # noqa: F401  each declares its rules
    DECLARED,
    certificate,
    characters,
    comment,
    csr,
    documents,
    extensions,
    gates,
    institution,
    key_protection,
    password,
    people,
    revocation,
    seal,
    subject,
    use,
)

ORDER = "ORG ACT ID DN CSR KEY ATT SIG AGR PWD TEL DUP CRT ACC REV USE TIM AUD CHR".split()
RULES = tuple(sorted(DECLARED.values(), key=lambda each: (ORDER.index(each.id.split("-")[0]), each.id)))


def at(kind, verb):
    """The rules that an act asks, in the order of the catalogue."""
    return [each for each in RULES if verb in each.verbs(kind)]
