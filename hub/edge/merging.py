"""Merging: one conversation becomes part of another, and is taken out again, for every route and page."""

from collections.abc import Sequence

from sqlalchemy import select

from hub.access import policy
from hub.access.person import Actor
from hub.edge import versions, work
from hub.errors import NotFound
from hub.inbox import merge as verbs
from hub.inbox import queries
from hub.inbox.conversation import Conversation
from hub.inbox.queries import ConversationLine, Filter
from hub.storage.unit import Unit

MOST = 20
"""Conversations that are offered."""


def candidates(unit: Unit, actor: Actor, conversation_id: int) -> Sequence[ConversationLine]:
    """What may be the same exchange: what it may be related to, then the citizen's other open ones, by due time.

    Only of what this person may open, and what can become part of it. Raises NotFound.
    """
    found = policy.require_open(actor, unit.get(Conversation, conversation_id))
    same = Filter(municipality_id=found.municipality_id, citizen_id=found.citizen_id)
    ids = list(queries.ids_of(unit, policy.within(actor), same, None, MOST)[0])
    if found.related_id is not None and found.related_id not in ids:
        ids.insert(0, found.related_id)
    rows = {row.id: row for row in unit.all(select(Conversation).where(Conversation.id.in_(ids)))}
    return [
        queries.conversation_line(unit, each)
        for each in ids
        if each in rows and policy.may_open(actor, rows[each]) and verbs.fits(found, rows[each])
    ]


def merge(
    unit: Unit,
    actor: Actor,
    conversation_id: int,
    if_match: str | None,
    other_id: int,
    other_version: int | None = None,
) -> ConversationLine:
    """The other one becomes part of it. `other_version`: as that one was read, too; None: whatever it is now."""
    into, other = _both(unit, actor, conversation_id, if_match, other_id)
    if other_version is not None:
        other.expect(other_version)
    verbs.merge(unit, into, actor.id, other)
    work.log(unit, actor, "conversation.merge", into)
    work.log(unit, actor, "conversation.merged", other)
    return queries.conversation_line(unit, into.id)


def split(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, other_id: int) -> ConversationLine:
    """The other one is on its own again, with everything that was its own."""
    into, other = _both(unit, actor, conversation_id, if_match, other_id)
    verbs.split(unit, into, actor.id, other)
    work.log(unit, actor, "conversation.split", into)
    work.log(unit, actor, "conversation.split_off", other)
    return queries.conversation_line(unit, into.id)


def parts(unit: Unit, actor: Actor, conversation_id: int) -> Sequence[ConversationLine]:
    """Those that are part of it now, and that this person may open: what can be taken out again."""
    found = policy.require_open(actor, unit.get(Conversation, conversation_id))
    rows = verbs.parts(unit, found)
    return [queries.conversation_line(unit, row.id) for row in rows if policy.may_open(actor, row)]


def _both(
    unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, other_id: int
) -> tuple[Conversation, Conversation]:
    """Locked in one order, whoever merges which into which."""
    held = {each: work.held(unit, actor, each) for each in sorted({conversation_id, other_id})}
    into = held[conversation_id]
    versions.expect(into.version, if_match)
    if into.id == other_id:
        raise NotFound("A conversation is no part of itself.")
    return into, held[other_id]
