"""Text: a short message (SMS), to and from a number. From the same number the same conversation goes on."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Index, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped

from hub import clock
from hub.errors import Invalid
from hub.formats import sms
from hub.inbox import reply, reported
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry
from hub.storage import search_index
from hub.storage.base import MunicipalityRow, own, partial_index, same_municipality
from hub.storage.unit import Happening, Unit
from hub.storage.words import marks, tokens

MOST_PARTS = 10
"""What is longer is a letter: nobody reads it on a telephone, and each part is paid for."""


class Text(MunicipalityRow):
    """What only a text message has. `number`: the citizen's in E.164, a hint; a name, where a name wrote.

    `outside_id`: what the other side calls one of ours, once it has taken it. What it said of its parts and cost stands
    in the entry's body.
    """

    __tablename__ = "text"
    __table_args__ = (
        own(),
        same_municipality("entry_id", "entry"),
        UniqueConstraint("municipality_id", "entry_id"),
        Index("ix_text_number", "municipality_id", "number", "our_number", "id"),
        partial_index("ix_text_outside", "outside_id", where="outside_id IS NOT NULL"),
    )
    entry_id: Mapped[int]
    number: Mapped[str]
    our_number: Mapped[str]
    outside_id: Mapped[str | None]


_LOOKED_BACK = 30
_COUNTRY = slice(0, 3)
"""Of +46701740699: enough to tell countries apart, whose prices differ."""


class Price(Struct, frozen=True):
    """Of one message, as the last one to that country was paid for. `currency`: ISO 4217."""

    amount: Decimal
    currency: str


class TextRoute(Struct, frozen=True):
    """By which channel a text leaves, from which number of ours, to whom. `claimed`: their number was only typed."""

    channel_id: int
    our_number: str
    number: str
    claimed: bool = False


def answer(
    unit: Unit,
    conversation: Conversation,
    by_id: int,
    text: str,
    route: TextRoute,
    undo_seconds: int,
    *,
    then: reply.Then | None = None,
    until: int | None = None,
) -> Entry:
    """The conversation's answer as a text message, held back for `undo_seconds`; the rest as `reply.reply`."""
    reply.require_sound(text, then, until)
    before = reply.state(conversation)
    entry = send(unit, conversation, text, route, undo_seconds, by_id=by_id, body={"before": before})
    reply.conclude(unit, conversation, by_id, entry, then, until)
    return entry


def send(
    unit: Unit,
    conversation: Conversation,
    text: str,
    route: TextRoute,
    undo_seconds: int,
    *,
    by_id: int | None = None,
    body: dict[str, object] | None = None,
) -> Entry:
    """An entry and its delivery. `by_id` None: the hub's own. Raises Invalid for one that is too long."""
    length = sms.length(text)
    if length.parts > MOST_PARTS:
        raise Invalid(
            "text",
            "it would be {parts} text messages, and {most} are the most: shorten it, or write by mail",
            parts=length.parts,
            most=MOST_PARTS,
        )
    entry = conversation.append(
        unit,
        Entry(
            kind="sms",
            author_kind="hub" if by_id is None else "person",
            author_id=by_id,
            channel_id=route.channel_id,
            visibility="public",
            language=conversation.language,
            text=text,
            body={"number": route.number, "our_number": route.our_number, "parts": length.parts, **(body or {})},
        ),
    )
    where = {"municipality_id": conversation.municipality_id, "entry_id": entry.id}
    unit.add(Text(number=route.number, our_number=route.our_number, **where))
    delivery = Delivery(
        channel_id=route.channel_id,
        recipient=route.number,
        message_id=f"{entry.id:x}",
        not_before=clock.now() + undo_seconds * clock.SECOND,
        **where,
    )
    unit.add(delivery)
    unit.note(Happening("delivery_queued", delivery.id, entry.municipality_id, entry.conversation_id))
    found_by = [*tokens(text, conversation.language), *marks("sms", files=False)]
    search_index.write(unit, [(entry.id, entry.municipality_id, found_by)])
    return entry


def price(unit: Unit, municipality_id: int, route: TextRoute) -> Price | None:
    """What a message on that way will cost, about; None: none of late says so."""
    sent = (
        select(Text.number, Text.our_number, Entry.body)
        .join(Entry, (Entry.municipality_id == Text.municipality_id) & (Entry.id == Text.entry_id))
        .where(Text.municipality_id == municipality_id, Text.outside_id.is_not(None))
        .order_by(Text.id.desc())
        .limit(_LOOKED_BACK)
    )
    same_way = (route.number[_COUNTRY], route.our_number)
    bodies = (body for number, ours, body in unit.rows(sent) if (number[_COUNTRY], ours) == same_way)
    return next(filter(None, map(_price, bodies)), None)


def _price(body: Mapping[str, Any]) -> Price | None:
    amount, _, currency = str(body.get("cost") or "").partition(" ")
    try:
        each = Decimal(amount) / int(body["parts"])
    except (ArithmeticError, KeyError, TypeError, ValueError):
        return None
    return Price(each, currency) if each.is_finite() else None


def newest(unit: Unit, conversation: Conversation) -> tuple[Text, int] | None:
    """The conversation's newest text message and the channel it came or went by."""
    found = unit.rows(_NEWEST, conversation=conversation.id)
    return (found[0][0], found[0][1]) if found else None


_NEWEST = (
    select(Text, Entry.channel_id)
    .join(Entry, (Entry.municipality_id == Text.municipality_id) & (Entry.id == Text.entry_id))
    .where(Entry.conversation_id == bindparam("conversation"), Entry.channel_id.is_not(None), Entry.undone_at.is_(None))
    .order_by(Entry.occurred_at.desc(), Entry.id.desc())
    .limit(1)
)
Reported = Literal["sent", "delivered", "failed"]


def report(unit: Unit, channel_id: int, outside_id: str, action: Reported, at: int, words: str) -> bool:
    """What became of one of ours, by whom the channel gave it to; False when it knows none of that name.

    Reports come late, doubled and in any order: they only ever add to what is known.
    """
    query = (
        select(Delivery, Entry)
        .join(Text, (Text.municipality_id == Delivery.municipality_id) & (Text.entry_id == Delivery.entry_id))
        .join(Entry, (Entry.municipality_id == Delivery.municipality_id) & (Entry.id == Delivery.entry_id))
        .where(Text.outside_id == outside_id, Delivery.channel_id == channel_id)
        .limit(1)
    )
    known = unit.rows(query)
    if not known:
        return False
    entry: Entry = known[0].Entry
    unit.lock(Conversation, entry.conversation_id)  # before its delivery, as everybody does who locks both
    row = unit.lock(Delivery, known[0].Delivery.id)
    if row is None:
        return False
    if row.state in {"queued", "leased", "deferred"} or (row.again_at is not None and at < row.again_at):
        return True  # it tells of what was sent before a person sent it again
    if action == "delivered" and row.delivered_at is None:
        row.state, row.reason, row.delivered_at = "sent", None, at
    elif action == "failed" and row.delivered_at is None and row.state != "failed":
        row.state, row.settled_at, row.reason = "failed", at, words or "The operator couldn't deliver it."
    else:
        return True
    unit.note(Happening("delivery_changed", row.id, row.municipality_id))
    if row.state == "failed":
        reported.failed(unit, entry)
    return True
