"""Together: raw events of one group (a call) are parsed with all that their channel has of it, read or not."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from sqlalchemy import select

from hub.contract import RawEvent as Event
from hub.inbound.raw_event import RawEvent
from hub.inbound.receive import Kept
from hub.storage.unit import Unit

MOST = 500
"""Events that are parsed together. Of more, the first and the newest: how it began, and how it ended."""
MOST_BYTES = 2_000_000
_FIRST = MOST // 5

Name = tuple[int, str]
"""A channel and its group."""


class Group(Struct, frozen=True):
    """`seen`: how many events the channel has of it, which only grows: what was made of fewer is older."""

    events: Sequence[Event]
    seen: int

    @property
    def origin(self) -> Mapping[str, str]:
        """What its events say of where they come from, all together."""
        return {name: said for event in self.events for name, said in event.origin.items()}


def together(unit: Unit, group: Iterable[Kept]) -> dict[Name, Group]:
    """Of each group that these events are of, in two statements a channel."""
    wanted: dict[int, set[str]] = {}
    for kept in group:
        if kept.event.group is not None:
            wanted.setdefault(kept.channel_id, set()).add(kept.event.group)
    found: dict[Name, Group] = {}
    for channel_id, names in wanted.items():
        found |= {(channel_id, name): each for name, each in _of_channel(unit, channel_id, names).items()}
    return found


def _of_channel(unit: Unit, channel_id: int, names: set[str]) -> dict[str, Group]:
    there: dict[str, list[tuple[int, int]]] = {}
    seen: dict[str, int] = {}
    query = select(RawEvent.group_key, RawEvent.id, RawEvent.size, RawEvent.state)
    for name, row_id, size, state in unit.rows(
        query.where(RawEvent.channel_id == channel_id, RawEvent.group_key.in_(names)).order_by(RawEvent.id)
    ):
        seen[name] = seen.get(name, 0) + 1
        if state != "erased":
            there.setdefault(name, []).append((row_id, size))
    chosen = [row_id for rows in there.values() for row_id in _choose(rows)]
    events: dict[str, list[Event]] = {name: [] for name in seen}
    if chosen:
        bodies = select(RawEvent, RawEvent.body).where(RawEvent.id.in_(chosen)).order_by(RawEvent.id)
        for row, body in unit.rows(bodies):
            said = unit.blobs.get(row.blob) if row.blob else body or b""
            event = Event(
                row.source_key, said, row.media_type, row.group_key, row.origin, row.whole_size, row.received_at
            )
            events[row.group_key].append(event)
    return {name: Group(events[name], count) for name, count in seen.items()}


def _choose(rows: Sequence[tuple[int, int]]) -> list[int]:
    """Ids, of (id, bytes) in the order they came."""
    if len(rows) > MOST:
        rows = [*rows[:_FIRST], *rows[_FIRST - MOST :]]
    chosen: list[int] = []
    size = 0
    for row_id, of in [*rows[:1], *rows[:0:-1]]:
        size += of
        if size > MOST_BYTES and chosen:
            break
        chosen.append(row_id)
    return chosen
