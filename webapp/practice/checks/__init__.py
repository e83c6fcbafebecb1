"""What the desk looks at, and what it found: a sentence each, and by which tool."""

from dataclasses import dataclass

GOOD = "good"
FAULT = "fault"
LOOK = "look"


@dataclass(frozen=True)
class Finding:
    """`result` GOOD, FAULT (the packet goes back) or LOOK (a person should look; no reason to refuse). `sentence` is
    Japanese, for the letter as well; `tool` is the program that said so, "" for the desk's own comparison."""

    result: str
    sentence: str
    tool: str = ""

    @property
    def urgency(self):
        """0 for what sends the packet back, 1 for what a person should look at, 2 for the rest."""
        return (FAULT, LOOK, GOOD).index(self.result)


def judged(right, good, fault, tool="") -> Finding:
    """GOOD with the sentence `good` if `right`, else FAULT with the sentence `fault`."""
    return Finding(GOOD, good, tool) if right else Finding(FAULT, fault, tool)
