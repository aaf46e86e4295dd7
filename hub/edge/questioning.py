"""Questioning: whether a mail that opened something closed again asks something new, for every route and page."""

from collections.abc import Sequence

from hub.access import policy
from hub.access.person import Actor
from hub.edge import versions, work
from hub.errors import NotFound
from hub.inbox import queries, question
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.queries import ConversationLine
from hub.inbox.timeline import EntryLine
from hub.storage.unit import Unit

_ANSWERS = frozenset({"question_parted", "question_same"})


def asked(entries: Sequence[EntryLine]) -> str | None:
    """The entry of which somebody has to say whether it is a new question; of a page, the oldest first."""
    found: str | None = None
    opened = False
    for each in entries:
        what = each.body.get("what") if each.kind == "change" and each.body else None
        if what == "reopened":
            opened, found = bool(each.body.get(question.ASKED)), None
        elif what in _ANSWERS:
            opened, found = False, None
        elif opened and each.kind == "mail" and each.author.kind == "citizen":
            opened, found = False, each.id
    return found


def version(unit: Unit, actor: Actor, conversation_id: int) -> int:
    """Of a conversation, to decide on what it is now. Raises NotFound."""
    return policy.require_open(actor, unit.get(Conversation, conversation_id)).version


def part(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, entry_id: int) -> ConversationLine:
    """That mail and what came after it become a conversation of their own, which is returned. Raises NotFound."""
    found = _held(unit, actor, conversation_id, if_match)
    entry = unit.get(Entry, entry_id)
    if entry is None:
        raise NotFound("There is no such mail in this conversation.")
    own = question.part(unit, found, actor.id, entry)
    work.log(unit, actor, "conversation.part", found)
    work.log(unit, actor, "conversation.parted", own)
    return queries.conversation_line(unit, own.id)


def undo(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, own_id: int) -> ConversationLine:
    """It was the same question after all: what became one of its own is part of this one."""
    held = {each: work.held(unit, actor, each) for each in sorted({conversation_id, own_id})}
    found = held[conversation_id]
    versions.expect(found.version, if_match)
    question.undo(unit, found, actor.id, held[own_id])
    work.log(unit, actor, "conversation.merge", found)
    work.log(unit, actor, "conversation.merged", held[own_id])
    return queries.conversation_line(unit, found.id)


def keep(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None) -> ConversationLine:
    """It is the same question: nobody is asked any more."""
    found = _held(unit, actor, conversation_id, if_match)
    question.keep(unit, found, actor.id)
    work.log(unit, actor, "conversation.keep", found)
    return queries.conversation_line(unit, found.id)


def _held(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None) -> Conversation:
    found = work.held(unit, actor, conversation_id)
    versions.expect(found.version, if_match)
    return found
