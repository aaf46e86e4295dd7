"""How far a mailbox is fetched: the channel's cursor. UIDs as ranges, so that a hundred thousand are a few bytes."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct

Ranges = list[tuple[int, int]]
"""From, to; both in it; ascending, apart."""


class Folder(Struct, kw_only=True):
    """`joined`: the first UID that came after the channel was made; all from there on are wanted.

    `next`: the first that wasn't looked at yet. `pending`: older ones that are wanted and not fetched yet.
    `gaps`: UIDs that were there and couldn't be fetched, with when that is tried again. `not_before`: of one that was
    renumbered, when the channel was made, where only what came since is wanted. `late`: UIDs below `next` that weren't
    shown when others above them were: looked for again at `late_at`, those below `late_below` until `late_until`. Times
    are seconds since 1970.
    """

    validity: int
    joined: int
    next: int
    pending: Ranges = []
    gaps: dict[int, int] = {}
    not_before: int | None = None
    late: Ranges = []
    late_at: int = 0
    late_until: int = 0
    late_below: int = 0


class Cursor(Struct, kw_only=True):
    """`begun`: when the channel was made, `renewed`: when its refresh token was given; seconds since 1970."""

    begun: int
    renewed: int
    folders: dict[str, Folder] = {}


def read(cursor: bytes | None, now: int) -> Cursor:
    """A new one for a channel that never fetched anything."""
    if cursor is None:
        return Cursor(begun=now, renewed=now)
    return msgspec.json.decode(cursor, type=Cursor)


def write(cursor: Cursor) -> bytes:
    return msgspec.json.encode(cursor)


def ranges(uids: Iterable[int]) -> Ranges:
    """Of any UIDs."""
    found: Ranges = []
    for uid in sorted(set(uids)):
        if found and uid == found[-1][1] + 1:
            found[-1] = (found[-1][0], uid)
        else:
            found.append((uid, uid))
    return found


def first(some: Ranges, most: int) -> Sequence[int]:
    """The lowest UIDs of it, at most so many."""
    found: list[int] = []
    for low, high in some:
        found += range(low, min(high, low + most - len(found) - 1) + 1)
        if len(found) >= most:
            break
    return found


def without(some: Ranges, uids: Iterable[int]) -> Ranges:
    """The rest of it; of a long one only the ranges that change are taken apart."""
    gone = sorted(set(uids))
    found: Ranges = []
    at = 0
    for low, high in some:
        while at < len(gone) and gone[at] < low:
            at += 1
        start = low
        while at < len(gone) and gone[at] <= high:
            if gone[at] > start:
                found.append((start, gone[at] - 1))
            start = gone[at] + 1
            at += 1
        if start <= high:
            found.append((start, high))
    return found


def size(some: Ranges) -> int:
    return sum(high - low + 1 for low, high in some)


def holds(some: Ranges) -> "Within":
    """Whether a UID is in it, asked often."""
    return Within(some)


class Within:
    """By halving."""

    def __init__(self, some: Ranges) -> None:
        self._some = some

    def __contains__(self, uid: int) -> bool:
        low, high = 0, len(self._some)
        while low < high:
            middle = (low + high) // 2
            if self._some[middle][1] < uid:
                low = middle + 1
            else:
                high = middle
        return low < len(self._some) and self._some[low][0] <= uid

    def __iter__(self) -> Iterator[int]:
        for low, high in self._some:
            yield from range(low, high + 1)
