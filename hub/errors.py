"""Errors of the hub, named by what the one who made the call shall do. The message is for a person and says what to do.

A sentence that screens show is written out where the error is raised, with names for what differs, so that it can be
translated: `Invalid("file", "this file is larger than {most} MB", most=25)`.

What a plugin may raise stands in `hub.contract.errors`.
"""


class TorgError(Exception):
    """Base of every error that carries a sentence for a person: `sentence`, and `said` for the names in its braces."""

    def __init__(self, sentence: str, **said: object) -> None:
        super().__init__(sentence.format(**said) if said else sentence)
        self.sentence = sentence
        self.said = said


class NotFound(TorgError):
    """It isn't there, or this person may not know that it is: the same answer."""


class NotAllowed(TorgError):
    """The person may know of it, but not do this to it."""


class Invalid(TorgError):
    """The input can't be used. `field` names the part of it, dotted, or is empty."""

    def __init__(self, field: str, sentence: str, **said: object) -> None:
        super().__init__(sentence, **said)
        self.field = field


class Conflict(TorgError):
    """Somebody else changed it since it was read: read again, then decide."""


class Unavailable(TorgError):
    """Storage can't answer now (full disk, database away): try again later.

    A change is not there, unless the answer to its commit was lost: then nobody knows without looking.
    """


class Corrupt(TorgError):
    """What is stored isn't what was stored. Stop, and restore from a backup."""
