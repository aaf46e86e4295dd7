"""Ringing: the chats that are rung to somebody, as their screen asks; and the round by which chats go on by themselves.

The round runs in each process that serves: what two of them do at once, the row decides.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import Select, false, select

from hub import clock
from hub.access import policy, ring
from hub.access.person import Actor
from hub.access.ring import Rule
from hub.channels.channel import Channel
from hub.channels.chat_place import KIND
from hub.channels.route import new_route
from hub.contract import ChatSettings
from hub.contract.config import read_config
from hub.edge.visits import Visits
from hub.errors import Invalid, TorgError
from hub.inbox import transcript, turn
from hub.inbox.chat import GONE_AFTER, LEFT_AFTER, Chat, has_left
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

EVERY = 1.0
"""Seconds between two looks."""
WRITES_DOWN = 5
"""Looks between two times that signs of visitors' pages are written down."""
_SHOWN = 200
ROUND = Scope.everything("chats by the clock")

log = logging.getLogger(__name__)


class RingingLine(Struct, frozen=True):
    """A chat that is rung to whoever asks. `first`: how it begins; `name`, `topic`: as the visitor said."""

    conversation_id: str
    municipality_id: str
    waits_since: datetime
    first: str
    name: str
    topic: str


def mine(unit: Unit, actor: Actor) -> Sequence[RingingLine]:
    """Those that wait, of which they may open the conversation."""
    query = (
        select(Chat, Conversation)
        .join(
            Conversation,
            (Conversation.municipality_id == Chat.municipality_id) & (Conversation.id == Chat.conversation_id),
        )
        .where(Chat.rung_id == actor.id, Chat.ended_at.is_(None), Chat.taken_at.is_(None))
        .order_by(Chat.id)
    )
    return [_line(unit, row) for row, found in unit.rows(query) if policy.may_open(actor, found)]


def pass_on(unit: Unit, actor: Actor, conversation_id: int) -> None:
    """Not now. That it rings no more, or to another, is all right. Raises NotFound, NotAllowed."""
    found = policy.require_work(actor, unit.get(Conversation, conversation_id))
    row = unit.first(select(Chat).where(Chat.conversation_id == found.id, Chat.rung_id == actor.id).with_for_update())
    if row is not None:
        ring.stop(unit, row)


async def run(storage: Storage, visits: Visits, *, goes_round: bool = True) -> None:
    """Until cancelled: rings, notes who is gone, sends transcripts. Not `goes_round`: signs are only written down."""
    since, looks = clock.now(), 0
    while True:
        try:
            looks += 1
            if visits.is_news or looks % WRITES_DOWN == 0:
                await visits.write_down(storage)
            # After an outage every page has been silent: they have their time to come back.
            may_be_gone = clock.now() - since > GONE_AFTER
            if goes_round and await storage.read(ROUND, _is_due, may_be_gone=may_be_gone):
                await storage.write(ROUND, look, may_be_gone=may_be_gone)
        except TorgError as error:
            log.warning("chats wait: %s", error)
        await asyncio.sleep(EVERY)


def look(unit: Unit, *, may_be_gone: bool) -> None:
    """One round."""
    ring.ring(unit, _rules(unit))
    silent = _silent(may_be_gone=may_be_gone)
    for row in unit.all(silent):
        conversation = unit.lock(Conversation, row.conversation_id)
        # While that was waited for, it may have been opened again or heard of, or ended by another process
        if conversation is not None and unit.first(silent.where(Chat.id == row.id)) is not None:
            turn.leave(unit, row, conversation, "gone" if conversation.closed_at is None else "person")
    for row in unit.all(_wanted().with_for_update(skip_locked=True)):  # another process is at those: it goes once
        _send(unit, row)


def _is_due(unit: Unit, *, may_be_gone: bool) -> bool:
    """Whether there is anything to do: most of the time there isn't, and nobody is kept waiting for a look."""
    waits = select(Chat.id).where(Chat.ended_at.is_(None), Chat.taken_at.is_(None))
    queries = (waits, _silent(may_be_gone=may_be_gone).with_only_columns(Chat.id), _wanted().with_only_columns(Chat.id))
    return any(unit.first(each) is not None for each in queries)


def _silent(*, may_be_gone: bool) -> Select[Chat]:
    silent = (Chat.heard_at < clock.now() - GONE_AFTER) | has_left(clock.now() - LEFT_AFTER)
    gone = silent if may_be_gone else false()
    return (
        select(Chat)
        .join(
            Conversation,
            (Conversation.municipality_id == Chat.municipality_id) & (Conversation.id == Chat.conversation_id),
        )
        .where(Chat.ended_at.is_(None), gone | Conversation.closed_at.is_not(None))
    )


def _wanted() -> Select[Chat]:
    return select(Chat).where(
        Chat.transcript_asked_at.is_not(None), Chat.transcript_sent_at.is_(None), Chat.ended_at.is_not(None)
    )


def _send(unit: Unit, row: Chat) -> None:
    conversation = unit.get(Conversation, row.conversation_id)
    municipality = unit.get(Municipality, row.municipality_id)
    assert conversation is not None  # foreign keys see to it
    assert municipality is not None
    try:
        transcript.send(unit, row, conversation, municipality, new_route(unit, municipality, conversation.queue_id))
    except Invalid as error:  # the channel that sends is gone since it was asked for
        log.warning("the transcript of chat %d isn't sent: %s", row.id, error)
        row.transcript_sent_at = clock.now()


def _rules(unit: Unit) -> Mapping[int, Rule]:
    found = {}
    for row in unit.all(select(Channel).where(Channel.kind == KIND)):
        try:
            settings = read_config(ChatSettings, row.config)
        except msgspec.ValidationError:
            continue
        found[row.id] = Rule(settings.chats_each, settings.ring_seconds)
    return found


def _line(unit: Unit, row: Chat) -> RingingLine:
    first = unit.first(
        select(Entry.text)
        .where(Entry.conversation_id == row.conversation_id, Entry.kind == "chat", Entry.author_kind == "citizen")
        .order_by(Entry.occurred_at)
    )
    started = clock.to_datetime(row.started_at)
    return RingingLine(
        conversation_id=str(row.conversation_id), municipality_id=str(row.municipality_id), waits_since=started,
        first=(first or "")[:_SHOWN], name=row.name, topic=row.topic,
    )  # fmt: skip
