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
_BETWEEN = r"[\s.+/\u00b7\u2010-\u2013\u2212-]{0,3}"
"""What may stand between two digits of one number."""


def masked_within(text: str, about: str | None = None) -> str:
    """`about`: the number that it is about, however written."""
    if not any(each.isdigit() for each in text):
        return text
    if about and (own := _ways_of(about)) is not None:
        text = own.sub(masked_identity(digits(about)), text)
    today = clock.to_datetime(clock.now()).date()
    for begins, ends in reversed(list(written(text, today))):
        text = f"{text[:begins]}{masked_identity(digits(text[begins:ends]))}{text[ends:]}"
    return text


def masked_whole(text: str, about: str | None) -> str:
    """Of a text that is a number of something, masked where that is the one that it is about."""
    own = _ways_of(about) if about else None
    return masked_identity(digits(about or "")) if own is not None and own.fullmatch(text.strip()) else text


def is_in_link(link: str, about: str | None) -> bool:
    """Whether there is one in its address."""
    said = unquote(link)
    return masked_within(said, about) != said


def _ways_of(number: str) -> re.Pattern[str] | None:
    """None for what is masked already, and for what is too short to be told from others."""
    plain = digits(number)
    if "•" in number or len(plain) < 8:  # noqa: PLR2004 - no country's has fewer
        return None
    if not plain.isdecimal():  # a Finnish one: its sign is part of it
        joined = r"\s?".join(map(re.escape, plain))
        return re.compile(rf"(?<!\d){joined}(?!\w)", re.I)
    bare = plain[_CENTURY:] if len(plain) == _WITH_CENTURY else plain
    return re.compile(rf"(?<!\d)(?:(?:16|18|19|20){_BETWEEN})?{_BETWEEN.join(bare)}(?!\d)")
