"""The rules of the catalogue, asked about values as an act asks them."""

from collections import defaultdict

from webapp.rules import ABSENT, catalogue


def asked(*nouns, **values):
    """What the rules of these nouns ("DN", "CSR") find, in the order of the catalogue; a value that is not given is absent."""
    given = defaultdict(lambda: ABSENT, values)
    return [found for rule in catalogue.RULES if rule.id.split("-")[0] in nouns for found in rule.ask(given)]
