"""Knock: how often strangers send something, by the address and the network they come from, for all processes at once.

An hour's knocks, or a minute's, are counted by a keyed hash of either: whose address it is stands nowhere.
"""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped

from hub import clock
from hub.errors import TorgError
from hub.storage.base import Row
from hub.storage.unit import Unit

_HOUR = clock.DAY // 24
_KEPT = 2
"""Hours that are remembered."""
_FLOOD = 2
"""Times what is taken."""


class Knock(Row):
    """So many in an hour, from one place; or in a part of it, whose beginning the place is hashed with."""

    __tablename__ = "knock"
    __table_args__ = (UniqueConstraint("hour", "place"),)
    hour: Mapped[int]
    place: Mapped[int]
    number: Mapped[int]


class TooManyKnocks(TorgError):
    """From one place. What was sent wasn't taken; `minutes`, or `seconds`: until some more is. `flood`: far too many:
    a program's.
    """

    def __init__(self, seconds: int, *, flood: bool = False) -> None:
        self.seconds, self.flood = seconds, flood
        self.minutes = minutes = max(1, -(-seconds // 60))
        super().__init__("Too much was sent from your network. Try again in {minutes} minutes.", minutes=minutes)


class Limit(Struct, frozen=True):
    """`place`: an address or a network; `most`: knocks in `seconds`, of which an hour is a multiple."""

    place: str
    most: int
    seconds: int = 3600


def knock(unit: Unit, door: str, limits: Sequence[Limit]) -> TooManyKnocks | None:
    """Counts one for each. To be raised after the commit: who is refused is counted, too."""
    now = clock.now()
    hour = now // _HOUR
    most, wait = 0.0, 0
    for limit in limits:
        window = limit.seconds * clock.SECOND
        part = f" {now // window}" if window != _HOUR else ""
        place = int.from_bytes(unit.keys.mac(f"knock-{door}", f"{limit.place}{part}".encode())[:8], signed=True)
        share = _count(unit, hour, place) / limit.most
        if share > most:
            most, wait = share, window - now % window
    unit.change(delete(Knock).where(Knock.hour < hour - _KEPT))
    return TooManyKnocks(-(-wait // clock.SECOND), flood=most > _FLOOD) if most > 1 else None


def _count(unit: Unit, hour: int, place: int) -> int:
    here = (Knock.hour == hour, Knock.place == place)
    if not unit.change(update(Knock).where(*here).values(number=Knock.number + 1)):
        unit.add(Knock(hour=hour, place=place, number=1))
        return 1
    return unit.first(select(Knock.number).where(*here)) or 1
