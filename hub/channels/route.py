"""Route of what we write: by which channel it leaves, and as whom: from the address the citizen wrote to."""

from collections.abc import Sequence

from msgspec import Struct, structs
from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from hub.channels.channel import Channel
from hub.errors import Invalid
from hub.inbox import text
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.inbox.number import takes_texts
from hub.inbox.outgoing import Route
from hub.inbox.participant import taking_part
from hub.inbox.sent_copy import SentCopy
from hub.inbox.text import TextRoute
from hub.storage.unit import Unit


class Sender(Struct, frozen=True):
    """An address of a municipality's that new messages may leave from: what comes to it lands in this queue."""

    channel_id: int
    sends_by_id: int
    address: str
    queue_id: int
    keeps_sent: bool = False


def reply_route(unit: Unit, conversation: Conversation) -> Route:
    """Where no mail was exchanged yet, as for a new message. Raises Invalid when nothing sends for it."""
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
    if newest is None and begun is None and municipality is not None:
        return new_route(unit, municipality, conversation.queue_id)
    if begun is not None and begun.channel_id is not None:  # we wrote first, and go on as we began
        begun_by = begun.channel_id, begun.body["address"], begun.body["name"]
        return Route(*begun_by, kept_in=unit.first(select(SentCopy.channel_id).where(SentCopy.entry_id == begun.id)))
    if newest is None and begun is None and municipality is not None and taking_part(unit, conversation.id, "email"):
        return new_route(unit, municipality, conversation.queue_id)  # of a chat, say: an address was left for answers
    address = newest.body.get("address") if newest is not None else None
    if newest is None or not address:
        raise Invalid("text", "nobody in this conversation has written by mail, so it can't be answered by mail")
    came_by = unit.get(Channel, newest.channel_id)
    if came_by is None or came_by.sends_by_id is None:
        name = came_by.name if came_by else "its channel"
        raise Invalid("text", "the channel {name} sends by nothing: IT names a sending channel for it", name=name)
    name, kept_in = municipality.name if municipality else address, came_by.id if came_by.keeps_sent else None
    return Route(channel_id=came_by.sends_by_id, address=address, name=name, kept_in=kept_in)


def text_route(unit: Unit, conversation: Conversation) -> TextRoute | None:
    """By the channel that the citizen's texts come by, to the number they came from; None when there is no way.

    Who wrote none, but takes part with a mobile telephone, is written to from the municipality's own number; of one
    that was typed in a form it is said that nobody has confirmed it.
    Who wrote under a name has no number to be answered at. What came to another municipality's number is answered from
    this one's own, if it has one: the answer to the other would be read there.
    """
    route = _text_route(unit, conversation)
    claims = route is not None and any(
        each.value == route.number and each.claimed_at is not None
        for each in taking_part(unit, conversation.id, "phone")
    )
    return structs.replace(route, claimed=True) if route is not None and claims else route


def _text_route(unit: Unit, conversation: Conversation) -> TextRoute | None:
    found, municipality = text.newest(unit, conversation), unit.get(Municipality, conversation.municipality_id)
    if found is None:
        return None if municipality is None else notice_route(unit, municipality, _mobile(unit, conversation))
    if not found[0].number.startswith("+"):
        return None
    channel = unit.get(Channel, found[1])
    whose = str(channel.config.get("destination", "")) if channel is not None else ""
    if municipality is not None and whose and not whose.startswith(f"{municipality.code}/"):
        return notice_route(unit, municipality, found[0].number)
    return TextRoute(channel_id=found[1], our_number=found[0].our_number, number=found[0].number)


def why_no_text(unit: Unit, conversation: Conversation) -> Invalid:
    """Of one that has no `text_route`: what is so."""
    found, municipality = text.newest(unit, conversation), unit.get(Municipality, conversation.municipality_id)
    if found is None or municipality is None:
        return Invalid("by", "the citizen has written no text message here that can be answered")
    if not found[0].number.startswith("+"):
        return Invalid("by", "the text message came from a name and not from a number: it can't be answered")
    return Invalid(
        "by",
        "the text message came to another municipality's number, and {name} has none of its own to answer from: "
        "call, write by mail, or have IT add one",
        name=municipality.name,
    )


def _mobile(unit: Unit, conversation: Conversation) -> str | None:
    """The first that takes text messages, of those who take part by telephone."""
    numbers = (each.value for each in taking_part(unit, conversation.id, "phone"))
    return next((each for each in numbers if takes_texts(each)), None)


def notice_route(unit: Unit, municipality: Municipality, number: str | None) -> TextRoute | None:
    """To tell a citizen something at their mobile telephone; None when it is none, or no channel sends texts for it.

    A channel that does says from which `number`, and which queue's its answers are: `destination`.
    """
    if number is None or not takes_texts(number):
        return None
    for channel in unit.all(select(Channel).where(Channel.paused_why.is_(None)).order_by(Channel.id)):
        ours, whose = str(channel.config.get("number", "")), str(channel.config.get("destination", ""))
        if ours.startswith("+") and whose.startswith(f"{municipality.code}/"):
            return TextRoute(channel_id=channel.id, our_number=ours, number=number)
    return None


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
    kept_in = best.channel_id if best.keeps_sent else None
    return Route(channel_id=best.sends_by_id, address=best.address, name=municipality.name, kept_in=kept_in)


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
                found.append(Sender(channel.id, channel.sends_by_id, address, int(queue_id), bool(channel.keeps_sent)))
    return found
