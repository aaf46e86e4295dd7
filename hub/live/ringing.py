"""Ringing: who is told of a call that changes: at whose telephone it rings, or who is on duty where it waits.

Of a chat that rings, whoever it rings to, and whoever it rang to before.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence, Set

from msgspec import Struct
from sqlalchemy import select

from hub.access import duty
from hub.inbox.call import Call
from hub.inbox.chat import Chat
from hub.inbox.entry import Entry
from hub.live.topics import Event, Place, Told
from hub.storage.unit import Unit

_MOST = 2_000
"""Calls, and chats, of which it is known who was told last."""


class Ringing(Struct, frozen=True):
    """A call that has changed. `people`: to whom it matters at once; of one that nobody can take, nobody."""

    conversation_id: int
    municipality_id: int
    queue_id: int | None
    people: Set[int]
    live: bool


def find_calls(unit: Unit, entries: Collection[int]) -> Mapping[int, Ringing]:
    """By their entries: a statement, and one for each queue where one waits."""
    if not entries:
        return {}
    query = (
        select(
            Entry.id, Entry.conversation_id, Call.municipality_id, Call.queue_id, Call.rings_at, Call.direction,
            Call.ended_at, Call.answered_at,
        )
        .join(Call, (Call.municipality_id == Entry.municipality_id) & (Call.entry_id == Entry.id))
        .where(Entry.id.in_(entries))
    )  # fmt: skip
    there: dict[int, Set[int]] = {}
    found: dict[int, Ringing] = {}
    for entry_id, conversation_id, municipality_id, queue_id, rings_at, direction, ended_at, answered_at in unit.rows(
        query
    ):
        waits = direction == "in" and ended_at is None and answered_at is None
        if waits and not rings_at and queue_id is not None and queue_id not in there:
            there[queue_id] = {each.person_id for each in duty.on_duty(unit, queue_id)}
        people = frozenset(rings_at or there.get(queue_id or 0, ())) if waits else frozenset()
        found[entry_id] = Ringing(conversation_id, municipality_id, queue_id, people, waits)
    return found


class RingingChat(Struct, frozen=True):
    """`at`: whom it rings to; `were`: all whom it rang to, in turn."""

    at: int | None
    were: Sequence[str]


def find_chats(unit: Unit, conversations: Collection[int]) -> Mapping[int, RingingChat]:
    """By their conversations."""
    query = select(Chat.conversation_id, Chat.rung_id, Chat.rung).where(Chat.conversation_id.in_(conversations))
    return {conversation_id: RingingChat(*rung) for conversation_id, *rung in unit.rows(query)}


class Rung:
    """Who was told that it rings, so that they hear when it doesn't any more."""

    def __init__(self) -> None:
        self._told: OrderedDict[int, Set[int]] = OrderedDict()
        self._chats: OrderedDict[int, int | None] = OrderedDict()

    def chat_news(self, chats: Mapping[int, RingingChat], places: Mapping[int, tuple[Place, ...]]) -> Iterator[Told]:
        """Of each that rings to another than before. `places`: where its conversation lies, and where it lay.

        Of one that wasn't known here all hear it who may be shown it as ringing.
        """
        for conversation_id, chat in chats.items():
            known = conversation_id in self._chats
            before = self._chats.pop(conversation_id, None)
            self._chats[conversation_id] = chat.at
            if conversation_id not in places or (known and before == chat.at):
                continue
            people = {chat.at, before, *(() if known else map(int, chat.were))} - {None}
            yield Told(Event("ringing", conversation_id), places[conversation_id], people=frozenset(people) or None)
        while len(self._chats) > _MOST:
            self._chats.popitem(last=False)

    def news(self, calls: Mapping[int, Ringing], places: Mapping[int, Place]) -> Iterator[Told]:
        """Of each call that its entry changed, that it rings, and that its queue's strip did."""
        strips: dict[Event, set[Place]] = {}
        for entry_id, call in calls.items():
            place = places.get(call.conversation_id)
            if place is None:
                continue
            yield Told(Event("call", call.conversation_id, entry_id), (place,))
            people = call.people | self._told.pop(entry_id, frozenset())
            if call.live:
                self._told[entry_id] = call.people
            if people:
                yield Told(Event("ring", call.conversation_id, entry_id), (place,), people=frozenset(people))
            if call.queue_id is not None:
                strip = strips.setdefault(Event("phone", call.queue_id), set())
                strip.add(Place(call.municipality_id, call.queue_id, None))
        while len(self._told) > _MOST:
            self._told.popitem(last=False)
        yield from (Told(event, tuple(of)) for event, of in strips.items())
