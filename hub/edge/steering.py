"""Steering: what an agent wants done to a call, where its exchange can be told: answer, hold, transfer, hang up.

Whether it may be is asked in one unit, and written down; then the exchange is told. What comes of it, it tells itself.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct
from sqlalchemy import select

from hub import clock
from hub.access.person import Actor, Membership, Person
from hub.channels.channel import Channel
from hub.channels.open import close_connector, open_channel
from hub.contract import AuthFailed, CallOrder, CallVerb, Controls, Misconfigured, Refused, Unreachable
from hub.edge import contacting, work
from hub.edge.desk import Desk
from hub.errors import Conflict, Invalid, Unavailable
from hub.inbound.calls import CHANNELS
from hub.inbox import contact
from hub.inbox.conversation import Conversation
from hub.plugin_host.registry import Registry
from hub.storage.unit import Unit

Number = Annotated[str, Meta(max_length=60, pattern=r"^[0-9A-Za-z+*#@._ -]*$")]


class NewOrder(Struct, forbid_unknown_fields=True):
    """`target`: of a transfer, an extension or a number; or `person`, one of ours, by id."""

    verb: CallVerb
    target: Number = ""
    person: Annotated[str, Meta(pattern="^[1-9][0-9]{0,18}$")] | None = None


class Colleague(Struct, frozen=True):
    """Whom a call can be handed on to."""

    id: str
    name: str
    phone: str


class _Told(Struct):
    channel_id: int
    order: CallOrder


def can_steer(registry: Registry, kind: str | None) -> bool:
    """Whether this kind of channel can be told."""
    cls = registry.connectors.get(kind or "")
    return cls is not None and issubclass(cls, Controls)


def kind_of(unit: Unit, actor: Actor, conversation_id: int, entry_id: int) -> str | None:
    """Of the channel that told of a call; None: people alone tell of it, or whoever asks has no telephone."""
    conversation = unit.get(Conversation, conversation_id)
    work.readable(unit, actor, conversation)
    assert conversation is not None  # else it is not readable
    entry = contacting.entry_of(unit, conversation, entry_id)
    if entry.channel_id is None or not unit.first(select(Person.phone).where(Person.id == actor.id)):
        return None
    return unit.first(select(Channel.kind).where(Channel.id == entry.channel_id))


def colleagues(unit: Unit, actor: Actor) -> list[Colleague]:
    """Those who have a telephone and work where this person does, but not whoever asks."""
    now = clock.now()
    here = select(Membership.person_id).where(
        Membership.municipality_id.in_(actor.municipality_ids),
        Membership.since <= now,
        Membership.until.is_(None) | (Membership.until > now),
    )
    rows = unit.all(
        select(Person)
        .where(Person.id.in_(here), Person.phone.is_not(None), Person.disabled_at.is_(None), Person.id != actor.id)
        .order_by(Person.name)
        .limit(200)
    )
    return [Colleague(str(row.id), row.name, row.phone or "") for row in rows]


async def steer(desk: Desk, registry: Registry, conversation_id: int, entry_id: int, said: NewOrder) -> None:
    """Returns when the exchange has taken it. Raises NotFound, Invalid, Conflict, Unavailable."""
    told = await desk.write(_ordered, conversation_id, entry_id, said)
    connector = await desk.storage.read(CHANNELS, _opened, told.channel_id, registry)
    try:
        await connector.control(told.order)
    except Refused as error:
        raise Conflict("The telephone exchange says no: {words}", words=str(error)) from error
    except (Unreachable, AuthFailed, Misconfigured) as error:
        raise Unavailable("The telephone exchange can't be told just now. Use the telephone itself.") from error
    finally:
        await close_connector(connector)


def _ordered(unit: Unit, actor: Actor, conversation_id: int, entry_id: int, said: NewOrder) -> _Told:
    """Written down before it is done."""
    conversation = work.held(unit, actor, conversation_id)
    entry = contacting.entry_of(unit, conversation, entry_id)
    call = contact.call_of(unit, entry)
    phone = unit.first(select(Person.phone).where(Person.id == actor.id))
    if entry.channel_id is None or call is None or entry.item_key is None or call.ended_at is not None:
        raise Conflict("This call has ended, or no exchange tells of it.")
    if not phone:
        raise Invalid("verb", "your telephone isn't known here: an admin sets it with torg person phone")
    target = said.target.strip()
    if said.person is not None:
        target = next((each.phone for each in colleagues(unit, actor) if each.id == said.person), "")
    if said.verb == "transfer" and not target:
        raise Invalid("target", "say to whom: a colleague, or a number")
    work.log(unit, actor, f"call.{said.verb}", conversation, entry)
    order = CallOrder(verb=said.verb, call=entry.item_key, agent=phone, target=target or None)
    return _Told(entry.channel_id, order)


def _opened(unit: Unit, channel_id: int, registry: Registry) -> Controls[Any]:
    channel = unit.get(Channel, channel_id)
    if channel is None or not can_steer(registry, channel.kind):
        raise Conflict("This call's exchange can't be told what to do: use the telephone itself.")
    if channel.paused_why is not None:
        raise Unavailable("The telephone's channel is paused: use the telephone itself.")
    connector = open_channel(channel, registry, unit.keys)
    assert isinstance(connector, Controls)  # by its kind
    return connector
