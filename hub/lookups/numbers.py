"""Numbers: identity numbers within what a source says, masked in its texts, whosever they are.

That of whom an answer is about in whatever way it is written; others where they are written as one, with a check digit
that is right: an invoice's number or a telephone's stays.
"""

import re
from urllib.parse import unquote

from hub import clock
from hub.formats.identity_numbers import written
from hub.inbox.points import masked_identity
from hub.lookups.question import digits

_CENTURY, _WITH_CENTURY = 2, 12
_FEWEST = 8
"""Digits: no country's has fewer."""
_BETWEEN = r"[\s.+/\u00b7\u2010-\u2013\u2212-]{0,3}"
"""What may stand between two digits of one number."""


class Mask:
    """For all texts of one card. `about`: the number that it is about, however written."""

    def __init__(self, about: str | None) -> None:
        self._own = _ways_of(about) if about else None
        self._shown = masked_identity(digits(about)) if about and self._own is not None else ""

    def within(self, text: str) -> str:
        """With the numbers that stand in it masked."""
        if sum(map(str.isdigit, text)) < _FEWEST:
            return text
        if self._own is not None:
            text = self._own.sub(self._shown, text)
        today = clock.to_datetime(clock.now()).date()
        for begins, ends in reversed(list(written(text, today))):
            text = f"{text[:begins]}{masked_identity(digits(text[begins:ends]))}{text[ends:]}"
        return text

    def whole(self, text: str) -> str:
        """Of a text that is a number of something, masked where that is the one that it is about."""
        return self._shown if self._own is not None and self._own.fullmatch(text.strip()) else text

    def is_in(self, link: str) -> bool:
        """Whether there is one in its address."""
        said = unquote(link)
        return self.within(said) != said


def _ways_of(number: str) -> re.Pattern[str] | None:
    """None for what is masked already, and for what is too short to be told from others."""
    plain = digits(number)
    if "•" in number or len(plain) < _FEWEST:
        return None
    if not plain.isdecimal():  # a Finnish one: its sign is part of it
        joined = r"\s?".join(map(re.escape, plain))
        return re.compile(rf"(?<!\d){joined}(?!\w)", re.I)
    bare = plain[_CENTURY:] if len(plain) == _WITH_CENTURY else plain
    return re.compile(rf"(?<!\d)(?:(?:16|18|19|20){_BETWEEN})?{_BETWEEN.join(bare)}(?!\d)")
