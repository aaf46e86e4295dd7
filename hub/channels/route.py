"""Route of what we write: by which channel it leaves, and as whom: from the address the citizen wrote to."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from hub.channels.channel import Channel
from hub.errors import Invalid
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.inbox.outgoing import Route
from hub.storage.unit import Unit


class Sender(Struct, frozen=True):
    """An address of a municipality's that new messages may leave from: what comes to it lands in this queue."""

    channel_id: int
    sends_by_id: int
    address: str
    queue_id: int


def reply_route(unit: Unit, conversation: Conversation) -> Route:
    """Raises Invalid when no mail was exchanged with the citizen, or their channel has none to send by."""
    first = aliased(Conversation)
    mails = (
        select(Entry)
        .join(first, first.id == Entry.first_conversation_id)
        .where(Entry.conversation_id == conversation.id, Entry.kind == "mail", Entry.visibility == "public")
        .order_by(Entry.occurred_at.desc(), Entry.id.desc())
    )
    # What was misdirected names an address of the municipality it came to, which isn't ours to write from.
    here = mails.where(or_(first.moved_from.is_(None), Entry.raw_event_id.is_not(None)))
    municipality = unit.get(Municipality, conversation.municipality_id)
    newest = unit.first(here.where(Entry.author_kind == "citizen"))
    begun = unit.first(here.where(Entry.author_kind == "person")) if newest is None else None
    if newest is None and begun is None and municipality is not None and unit.first(mails) is not None:
        return new_route(unit, municipality, conversation.queue_id)
    if begun is not None and begun.channel_id is not None:  # we wrote first, and go on as we began
        return Route(channel_id=begun.channel_id, address=begun.body["address"], name=begun.body["name"])
    address = newest.body.get("address") if newest is not None else None
    if newest is None or not address:
        raise Invalid("text", "nobody in this conversation has written by mail, so it can't be answered by mail")
    came_by = unit.get(Channel, newest.channel_id)
    if came_by is None or came_by.sends_by_id is None:
        name = came_by.name if came_by else "its channel"
        raise Invalid("text", "the channel {name} sends by nothing: IT names a sending channel for it", name=name)
    return Route(channel_id=came_by.sends_by_id, address=address, name=municipality.name if municipality else address)


def new_route(unit: Unit, municipality: Municipality, queue_id: int, channel_id: int | None = None) -> Route:
    """For a message that answers none: by an address whose answers come to this queue, else to the municipality.

    `channel_id`: of a channel that mail comes in by. Raises Invalid when there is none.
    """
    best = sender_for([each for each in senders(unit, municipality) if channel_id in {None, each.channel_id}], queue_id)
    if best is None:
        raise Invalid(
            "channel",
            "no channel of {name} has an address to write from: IT names one that sends for it",
            name=municipality.name,
        )
    return Route(channel_id=best.sends_by_id, address=best.address, name=municipality.name)


def sender_for(found: Sequence[Sender], queue_id: int) -> Sender | None:
    """The queue's own; else the first."""
    return next((each for each in found if each.queue_id == queue_id), found[0] if found else None)


def senders(unit: Unit, municipality: Municipality) -> Sequence[Sender]:
    """The addresses that its mail comes to by channels that have one to send by, in the order they were configured.

    A channel that lists addresses says so in its setting `addresses`: address = municipality/queue.
    """
    channels = unit.all(
        select(Channel)
        .where(Channel.sends_by_id.is_not(None), Channel.home_id.is_(None) | (Channel.home_id == municipality.id))
        .order_by(Channel.id)
    )
    found = []
    for channel in channels:
        listed = channel.config.get("addresses")
        for address, destination in listed.items() if isinstance(listed, dict) else ():
            code, _, queue_id = str(destination).partition("/")
            if code == municipality.code and queue_id.isdecimal() and channel.sends_by_id is not None:
                found.append(Sender(channel.id, channel.sends_by_id, address, int(queue_id)))
    return found
