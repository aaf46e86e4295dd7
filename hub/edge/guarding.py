"""Guarding: what is confidential, and its gate for those outside, for every route and page.

They are told that it is there, whose, limited to which queue and since when, when it is due and how many can read it;
never name, text or topic. With a reason they may read it for half an hour, and the head of its queue is told at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.access import glass, members, policy
from hub.access.person import Actor, Person
from hub.access.reading import Reading
from hub.edge import changing, work
from hub.errors import Invalid, NotFound
from hub.inbox import confidential, merge
from hub.inbox.conversation import Conversation
from hub.inbox.queries import ConversationLine, PersonName, shown
from hub.inbox.queue import Queue
from hub.storage.unit import Unit

SHOWN_FOR = 30 * clock.DAY
"""How long a head finds that somebody broke the glass."""


class Gate(Struct, frozen=True):
    """What somebody outside is shown. `queue`: its name by language; `since` null: nobody wrote it down.

    `readers`: how many can read it; `heads`: how many of them are told. `broken_until`: this person may read till then.
    """

    id: str
    municipality_id: str
    queue_id: str
    queue: Mapping[str, str]
    due_at: datetime | None
    since: datetime | None
    readers: int
    heads: int
    broken_until: datetime | None


class Opened(Struct, frozen=True):
    """`until`: so long it may be read."""

    until: datetime


class Breakage(Struct, frozen=True):
    """That somebody outside has read, or reads, a conversation, and why."""

    conversation_id: str
    municipality_id: str
    person: PersonName
    at: datetime
    reason: str


def limit(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, queue_id: int) -> ConversationLine:
    """To the members named for a queue of its municipality; who makes it so may not be able to open it afterwards.

    Whose it was keeps it if they can. Who has broken its glass reads on no longer. What was merged into it goes with
    it: each part names its citizen and what it is part of, and taken out again it has its text back.
    """

    def change(unit: Unit, actor: Actor, conversation: Conversation) -> None:
        conversation.require_whole()
        queue = unit.get(Queue, queue_id)
        if queue is None:
            raise Invalid("queue", "this queue doesn't answer for the conversation's municipality")
        confidential.limit(unit, conversation, actor.id, queue)
        if not members.inside(unit, conversation.municipality_id, queue.id).readers:
            raise Invalid("queue", "nobody is named for this queue, so nobody could read it: choose another one")
        changing.release(unit, actor, conversation)
        for part in _parts(unit, conversation):
            confidential.limit(unit, part, actor.id, queue)
            changing.release(unit, actor, part)
            work.log(unit, actor, "conversation.limit", part)

    return work.change(unit, actor, conversation_id, if_match, "conversation.limit", make=change)


def queues(unit: Unit, actor: Actor, conversation_id: int) -> frozenset[str]:
    """Those that it could be limited to: somebody is named for them. Raises NotFound."""
    found = policy.require_open(actor, unit.get(Conversation, conversation_id))
    return frozenset(str(row_id) for row_id in members.queues(unit, found.municipality_id))


def lift(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None) -> ConversationLine:
    """For all of its own queue again, with its parts."""

    def change(unit: Unit, actor: Actor, conversation: Conversation) -> None:
        conversation.require_whole()
        confidential.lift(unit, conversation, actor.id)
        changing.release(unit, actor, conversation)
        for part in _parts(unit, conversation):
            confidential.lift(unit, part, actor.id)
            changing.release(unit, actor, part)
            work.log(unit, actor, "conversation.lift", part)

    return work.change(unit, actor, conversation_id, if_match, "conversation.lift", make=change)


def _parts(unit: Unit, conversation: Conversation) -> Iterator[Conversation]:
    """Whoever limits or lifts the whole may, whatever queue a part lies in."""
    for each in merge.all_parts(unit, conversation):
        part = unit.lock(Conversation, each.id)
        if part is not None:
            yield part


def gate(unit: Unit, actor: Actor, conversation_id: int) -> Gate:
    """Raises NotFound for what they may not know of, and for what they may open anyway."""
    found = policy.require_gate(actor, unit.get(Conversation, conversation_id))
    queue = unit.get(Queue, found.confidential_queue_id)
    assert queue is not None  # a foreign key sees to it, and the policy that there is one
    inside = members.inside(unit, found.municipality_id, queue.id)
    broken = glass.live(unit, actor, found)
    return Gate(
        id=str(found.id),
        municipality_id=str(found.municipality_id),
        queue_id=str(queue.id),
        queue=queue.words,
        due_at=shown(found.due_at),
        since=shown(confidential.since(unit, found)),
        readers=inside.readers,
        heads=inside.heads,
        broken_until=None if broken is None else clock.to_datetime(broken.until),
    )


def break_glass(unit: Unit, actor: Actor, conversation_id: int, reason: str) -> Opened:
    """To read it from outside, for half an hour. Raises NotFound, NotAllowed, Invalid for what is no reason."""
    found = policy.require_break(actor, unit.lock(Conversation, conversation_id))
    until = glass.break_glass(unit, actor, found, reason)
    work.log(unit, actor, "conversation.break_glass", found, purpose=reason.strip())
    return Opened(clock.to_datetime(until))


def put_back(unit: Unit, actor: Actor, conversation_id: int) -> None:
    """Before its time. Raises NotFound when this person hasn't broken it."""
    found = policy.require_break(actor, unit.lock(Conversation, conversation_id))
    if glass.put_back(unit, actor, found) is None:
        raise NotFound("You haven't broken the glass of this conversation, or its time is over.")
    work.log(unit, actor, "conversation.put_back_glass", found)


def breakages(unit: Unit, actor: Actor) -> Sequence[Breakage]:
    """For the head of a queue: who broke the glass of what is confidential to it, in the last month; newest first."""
    found = []
    for held in actor.memberships:
        if held.role != "lead" or held.queue_id is None or "read" not in actor.grants:
            continue
        rows = unit.rows(
            select(Conversation.id, Conversation.municipality_id, Person.id, Person.name, Reading.at, Reading.reason)
            .join(Reading, Reading.conversation_id == Conversation.id)
            .join(Person, Person.id == Reading.person_id)
            .where(
                Conversation.municipality_id == held.municipality_id,
                Conversation.confidential_queue_id == held.queue_id,
                Reading.kind == "glass",
                Reading.reason.is_not(None),
                Reading.at > clock.now() - SHOWN_FOR,
            )
            .order_by(Reading.at.desc())
            .limit(_MOST_BREAKAGES)
        )
        found += [
            (at, Breakage(str(row_id), str(whose), PersonName(str(by), name), clock.to_datetime(at), reason))
            for row_id, whose, by, name, at, reason in rows
        ]
    return [each for _, each in sorted(found, key=lambda pair: pair[0], reverse=True)]


_MOST_BREAKAGES = 50
