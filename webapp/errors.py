"""How a refusal speaks.

Refused               422  the wish cannot be granted as it stands
├── Incomplete        422  something is missing; `fields` says where
├── Unreadable        422  a file is not what it should be
├── NotYourAct        403  another person's act
├── Unseen            404  not there, or not for this person to see
└── Overtaken         409  somebody was faster
"""


class Refused(Exception):
    """A refusal a person can act on. `message` says what happened, `advice` what to do next (both Japanese);
    `fields` maps a form field's name to the sentence printed beside it."""

    status = 422

    def __init__(self, message, advice="", fields=None):
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.fields = fields or {}


class Incomplete(Refused):
    """Something that the act needs is missing or wrong; `fields` says which entries."""


class Unreadable(Refused):
    """A file or a text is not what it should be: damaged, of another kind, or too large."""


class NotYourAct(Refused):
    """The act belongs to another person or role."""

    status = 403


class Unseen(Refused):
    """The thing does not exist, or this person may not know that it does."""

    status = 404


class Overtaken(Refused):
    """Somebody else has moved the case on in the meantime."""

    status = 409
