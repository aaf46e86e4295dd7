"""Route of a reply: by which channel an answer leaves, and as whom: from the address the citizen wrote to."""

from sqlalchemy import select

from hub.channels.channel import Channel
from hub.errors import Invalid
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.inbox.reply import Route
from hub.storage.unit import Unit


def reply_route(unit: Unit, conversation: Conversation) -> Route:
    """Raises Invalid when the citizen never wrote by mail, or their channel has none to send by."""
    newest = unit.first(
        select(Entry)
        .where(Entry.conversation_id == conversation.id, Entry.kind == "mail", Entry.author_kind == "citizen")
        .order_by(Entry.occurred_at.desc(), Entry.id.desc())
    )
    address = newest.body.get("address") if newest is not None else None
    if newest is None or not address:
        raise Invalid("text", "nobody in this conversation has written by mail, so it can't be answered by mail")
    came_by = unit.get(Channel, newest.channel_id)
    if came_by is None or came_by.sends_by_id is None:
        name = came_by.name if came_by else "its channel"
        raise Invalid("text", f"the channel {name} sends by nothing: IT names a sending channel for it")
    municipality = unit.get(Municipality, conversation.municipality_id)
    return Route(channel_id=came_by.sends_by_id, address=address, name=municipality.name if municipality else address)
