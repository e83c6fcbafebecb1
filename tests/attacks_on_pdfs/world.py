"""What a forger has: our frozen PDF, the head's signature on it, and a key and certificate of the same authority."""

from functools import cached_property

from tests import ca
from tests.papers_pdf import SPOT, frozen_pdf
from tests.papers_seals import AT, Head, like_acrobat, sign
from webapp.papers import seal

FROZEN = frozen_pdf()


class World:
    def __init__(self):
        self.authority = ca.Authority("Practice (練習) S/MIME CA", at=AT)
        self.head = Head(self.authority)
        self.forger = Head(self.authority, certificate=None)
        self.strangers = ca.Authority("Somebody", at=AT)
        self.frozen = FROZEN

    @cached_property
    def sealed(self):
        return sign(FROZEN, self.head)

    @cached_property
    def dragged(self):
        return like_acrobat(FROZEN, self.head)

    @cached_property
    def pades(self):
        return sign(FROZEN, self.head, pades=True)

    @property
    def all(self):
        """[(name, a right PDF)]: our field, a dragged one, PAdES."""
        return [("field", self.sealed), ("dragged", self.dragged), ("pades", self.pades)]

    def signed(self, before=None, **how):
        """The head signs with something else in the same revision."""
        return sign(FROZEN, self.head, before=before, **how)

    def dragged_with(self, change):
        return sign(FROZEN, self.head, field="Signature1", box=SPOT, before=change)

    def judge(self, pdf, frozen=FROZEN):
        roots, others = [ca.der(self.authority.root)], [ca.der(self.authority.issuing)]
        return seal.check(pdf, frozen, roots, others, AT)
