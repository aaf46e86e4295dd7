"""Replying: an answer to the citizen, by mail or text message, in one unit of work. Asked for twice it leaves once."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from hub.access.person import Actor
from hub.channels.route import reply_route, text_route, why_no_text
from hub.edge import settling, versions, work
from hub.edge.idempotency import Answer, Asked, Made, once
from hub.edge.parameters import IdText, Said, id_of, instant_of
from hub.edge.settling import Settled
from hub.edge.writing import Addresses, Instant, Uploads, made
from hub.errors import Invalid
from hub.inbox import draft, reply, text
from hub.inbox.conversation import Conversation
from hub.inbox.text import TextRoute
from hub.storage.unit import Unit


class NewReply(Struct, forbid_unknown_fields=True):
    """`cc`: whom the writer names, nobody else is copied. `uploads`: the files of the draft that go along.

    `seen_entry_id`: the newest entry the writer has seen; 409 when somebody else wrote a newer one, unless `over`.
    `then`: close the conversation, or wait until `until`, with the answer. `by`: null goes as the citizen wrote last.
    """

    text: Said
    by: Literal["mail", "sms"] | None = None
    cc: Addresses = ()
    uploads: Uploads = ()
    seen_entry_id: IdText | None = None
    over: bool = False
    then: Literal["close", "wait"] | None = None
    until: Instant | None = None


def send_reply(
    unit: Unit,
    actor: Actor,
    conversation_id: int,
    said: NewReply,
    creation: Asked,
    *,
    undo_seconds: int,
    outcomes: Sequence[tuple[int, Settled]] = (),
) -> Answer:
    """An answer to the citizen. Raises reply.Overtaken when somebody else was faster.

    `outcomes`: of its questions, by id, that are said with it: where it can't be sent, neither are they.
    """
    found = work.held(unit, actor, conversation_id)

    def create() -> Made:
        found.require_whole()
        for matter_id, settled in outcomes:
            settling.settle_matter(unit, actor, found.id, versions.etag(found.version), matter_id, settled)
        if said.seen_entry_id is not None and not said.over:
            reply.expect_seen(unit, found, actor.id, id_of("seen_entry_id", said.seen_entry_id))
        files = draft.take(unit, draft.of(found, actor.id, "reply"), said.uploads)
        until = None if said.until is None else instant_of("until", said.until)
        if (said.by or found.contact_kind) == "sms":
            if files or said.cc:
                raise Invalid("by", "a text message takes no files and goes to one number: write by mail for that")
            told = _text_route(unit, found)
            entry = text.answer(unit, found, actor.id, said.text, told, undo_seconds, then=said.then, until=until)
        else:
            route = reply_route(unit, found)
            entry = reply.reply(
                unit,
                found,
                actor.id,
                said.text,
                route,
                undo_seconds,
                cc=said.cc,
                files=files,
                then=said.then,
                until=until,
            )
        return made(unit, actor, "conversation.reply", found, entry, undo_seconds)

    return once(unit, actor, creation, create)


def _text_route(unit: Unit, conversation: Conversation) -> TextRoute:
    found = text_route(unit, conversation)
    if found is None:
        raise why_no_text(unit, conversation)
    return found
