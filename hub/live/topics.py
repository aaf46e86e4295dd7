"""Topics: what can be told, of what, and to whom. The policy decides for each listener, by where the conversation lies.

A conversation that moved, or was made confidential, is told to those who had it before, too: its row must go from
their lists. They learn an id that they knew.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Literal

import msgspec
from msgspec import Struct
from sqlalchemy import select

from hub.access import policy
from hub.access.person import Actor, Person
from hub.inbox.chat import Chat
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry
from hub.live.poll import STAND, Stand
from hub.storage.scope import Scope
from hub.storage.unit import Unit

LIVE = Scope.everything("live")
"""Where conversations lie is asked once for all listeners; what each of them may hear, the policy says."""

Name = Literal[
    "row",
    "entry",
    "turn",
    "delivery",
    "glass",
    "channel",
    "presence",
    "typing",
    "chat",
    "ringing",
    "call",
    "ring",
    "phone",
    "resync",
]


class Event(Struct, frozen=True):
    """`id`: the conversation's, of a channel event the channel's, of `phone` the queue's.

    `entry_id`: of entry, turn, delivery, call and ring events.
    """

    name: Name
    id: int | None = None
    entry_id: int | None = None

    @property
    def data(self) -> str:
        """JSON: {"id": "4711"}, perhaps with "entry". Ids and nothing else."""
        ids = {"id": self.id, "entry": self.entry_id}
        return msgspec.json.encode({key: str(value) for key, value in ids.items() if value is not None}).decode()


RESYNC = Event("resync")
"""Something may not have been told: fetch again all that is shown."""


class Place(Struct, frozen=True):
    """Where a conversation lies, as the policy asks it."""

    municipality_id: int
    queue_id: int
    confidential_queue_id: int | None


class Told(Struct, frozen=True):
    """An event and its topic: the places of its conversation, now and before, or a channel's home."""

    event: Event
    places: tuple[Place, ...] = ()
    home_id: int | None = None
    people: Set[int] | None = None
    """These alone, as far as they may open it; None: all who may."""


def may_hear(actor: Actor, told: Told) -> bool:
    """Whoever may open the conversation in one of its places; of channels, who runs them; of a resync, everybody."""
    if told.people is not None and actor.id not in told.people:
        return False
    if told.event.name == "channel":
        return policy.runs_channels(actor, told.home_id)
    return told.event.name == "resync" or any(policy.may_open(actor, place) for place in told.places)


class Sent(Struct, frozen=True):
    """A delivery, as far as it is told: whose it is, and where it stands."""

    conversation_id: int
    entry_id: int
    stand: Stand


class Found(Struct, frozen=True):
    """What the ids of a batch stand for. What is gone by now is missing."""

    places: Mapping[int, Place]
    left: Mapping[int, Sequence[Place]]
    """Where conversations lay before they moved or were limited."""
    broken: Set[int]
    """Confidential conversations that somebody from outside has opened."""
    deliveries: Mapping[int, Sent]
    names: Mapping[int, str]
    taken: Mapping[int, int]
    """Entries that a citizen said in a chat which goes on: who has taken it."""


def find(
    unit: Unit, conversations: Iterable[int], entries: Iterable[int], deliveries: Iterable[int], people: Iterable[int]
) -> Found:
    """One statement for each kind of id that there is, whatever their number."""
    sent = _deliveries(unit, tuple(deliveries))
    wanted = {*conversations, *(each.conversation_id for each in sent.values())}
    places: dict[int, Place] = {}
    if wanted:
        query = select(
            Conversation.id, Conversation.municipality_id, Conversation.queue_id, Conversation.confidential_queue_id
        )
        places = {row_id: Place(*place) for row_id, *place in unit.rows(query.where(Conversation.id.in_(wanted)))}
    left, broken = _changes(unit, tuple(entries), places)
    return Found(places, left, broken, sent, _names(unit, tuple(people)), _taken(unit, tuple(entries)))


def _deliveries(unit: Unit, ids: Sequence[int]) -> Mapping[int, Sent]:
    if not ids:
        return {}
    query = select(Delivery.id, Entry.conversation_id, Entry.id, *STAND).join(
        Entry, (Entry.municipality_id == Delivery.municipality_id) & (Entry.id == Delivery.entry_id)
    )
    rows = unit.rows(query.where(Delivery.id.in_(ids)))
    return {row_id: Sent(conversation_id, entry_id, Stand(*how)) for row_id, conversation_id, entry_id, *how in rows}


def _changes(
    unit: Unit, entries: Sequence[int], places: Mapping[int, Place]
) -> tuple[Mapping[int, Sequence[Place]], Set[int]]:
    """What changes among the entries tell of: where conversations lay before, and whose glass was broken."""
    left: dict[int, list[Place]] = {}
    broken: set[int] = set()
    if not entries:
        return left, broken
    query = select(Entry.conversation_id, Entry.body).where(Entry.id.in_(entries), Entry.kind == "change")
    for conversation_id, body in unit.rows(query):
        place = places.get(conversation_id)
        what, was = str(body.get("what")), body.get("from")
        if place is None:
            continue
        if what == "moved" and was is not None:
            before = Place(place.municipality_id, int(was), place.confidential_queue_id)
            left.setdefault(conversation_id, []).append(before)
        elif what == "confidential":
            before = Place(place.municipality_id, place.queue_id, None if was is None else int(was))
            left.setdefault(conversation_id, []).append(before)
        elif what == "glass":
            broken.add(conversation_id)
    return left, broken


def _taken(unit: Unit, entries: Sequence[int]) -> Mapping[int, int]:
    if not entries:
        return {}
    query = (
        select(Entry.id, Chat.taken_by)
        .join(Chat, (Chat.municipality_id == Entry.municipality_id) & (Chat.conversation_id == Entry.conversation_id))
        .where(
            Entry.id.in_(entries),
            Entry.kind == "chat",
            Entry.author_kind == "citizen",
            Chat.taken_by.is_not(None),
            Chat.ended_at.is_(None),
        )
    )
    return dict(unit.rows(query))


def _names(unit: Unit, ids: Sequence[int]) -> Mapping[int, str]:
    if not ids:
        return {}
    return dict(unit.rows(select(Person.id, Person.name).where(Person.id.in_(ids))))
