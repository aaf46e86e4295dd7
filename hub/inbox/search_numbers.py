"""Numbers of a search: a telephone number as people write it is found as Torg writes it down (E.164), too. Pure.

`070-174 06 05` asks for what has those four words, as a text may, or the number +46701740605.
"""

import re
from collections.abc import Iterator, Sequence

from hub.inbox.number import e164
from hub.storage.search_index import LEAST_PREFIX, Group
from hub.storage.words import query_tokens

_PIECE = re.compile(r"[+(]*\d[\d()/.\-\u2010-\u2014]*")
_LEAST, _MOST = 5, 20
"""Figures of a number."""
_LONGEST = 8
"""Pieces of one, as in +46 (0)70 174 06 05."""


def numbers_apart(words: str, country: str) -> tuple[str, list[Group]]:
    """The words without the telephone numbers among them, and each number's groups: as it is written, or as we do."""
    pieces = words.split()
    unfinished = bool(words) and not words[-1].isspace()
    left: list[str] = []
    groups: list[Group] = []
    at = 0
    while at < len(pieces):
        found = next(_numbers(pieces, at, country), None)
        if found is None:
            left.append(pieces[at])
            at += 1
            continue
        end, token = found
        groups += _groups(" ".join(pieces[at:end]), token, unfinished=unfinished and end == len(pieces))
        at = end
    if len(left) == len(pieces):
        return words, []
    goes_on = unfinished and left[-1:] == pieces[-1:]
    return " ".join(left) + ("" if goes_on else " "), groups


def number_token(said: str, country: str) -> str | None:
    """How the index has a number that was written like this; None for what is none."""
    figures = sum(sign.isdecimal() for sign in said)
    number = e164(said, country) if _LEAST <= figures <= _MOST else None
    return None if number is None else number.removeprefix("+")


def _numbers(pieces: Sequence[str], at: int, country: str) -> Iterator[tuple[int, str]]:
    """Where one ends that begins there, the longest first."""
    end = at
    while end < len(pieces) and end - at < _LONGEST and _PIECE.fullmatch(pieces[end]):
        end += 1
    for stop in range(end, at, -1):
        token = number_token(" ".join(pieces[at:stop]), country)
        if token is not None:
            yield stop, token


def _groups(said: str, token: str, *, unfinished: bool) -> list[Group]:
    asked = query_tokens(said)
    groups = [[*((stem, False) for stem in each.stems), (token, False)] for each in asked]
    if unfinished and asked and len(asked[-1].folded) >= LEAST_PREFIX:
        groups[-1].append((asked[-1].folded, True))
    return list(groups)
