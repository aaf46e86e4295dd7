"""Dialled: whose a line of an exchange is, by the number that was dialled or the queue that a call waits in.

A connector's setting says so (`lines`: number or queue = municipality/queue). What `destination` finds goes into an
event's `origin` as `route`, as a mail's does, and from there into its steps.
"""

from collections.abc import Iterable, Mapping

_SHORTEST = 5
"""Digits that two ways of writing a number have to share."""


def destination(lines: Mapping[str, str], names: Iterable[str | None]) -> str | None:
    """Where the first of these names (a queue, a number) leads that a line has."""
    found = (_of(lines, name.strip().casefold()) for name in names if name)
    return next((each for each in found if each is not None), None)


def same_number(one: str, other: str) -> bool:
    """Whether both are one number, however each is written: +46191234500, 019-123 45 00."""
    first, second = _digits(one), _digits(other)
    long_enough = min(len(first), len(second)) >= _SHORTEST
    return one.strip() == other.strip() or (long_enough and (first.endswith(second) or second.endswith(first)))


def _of(lines: Mapping[str, str], name: str) -> str | None:
    for line, there in lines.items():
        if line.strip().casefold() == name:
            return there
    return next((there for line, there in lines.items() if same_number(line, name)), None)


def _digits(name: str) -> str:
    """Of a number, without what the one who writes it puts before it: +, 00, 0. Empty for anything else."""
    plain = "".join(sign for sign in name if sign not in " +-()/.")
    return plain.lstrip("0") if plain.isdecimal() and plain.isascii() else ""
