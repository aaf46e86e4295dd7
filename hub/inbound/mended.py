"""Mended: raw events that are read again are what their channel's settings of today would bring, where those decide.

A call to a number that no line named, or a log whose times were said to be written otherwise, is set aside; whoever
mends the setting and replays it has the call.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select, update

from hub.channels.channel import Channel
from hub.channels.open import read_settings, values_of
from hub.contract import Config, Connector, Unreadable
from hub.contract import RawEvent as Event
from hub.errors import Corrupt, Invalid
from hub.inbound.raw_event import RawEvent
from hub.inbound.receive import Kept
from hub.plugin_host.registry import Registry
from hub.storage.unit import Unit

log = logging.getLogger(__name__)


class Mended(Struct, frozen=True):
    """What a raw event says of where it comes from, and which group it is of, by the settings of today."""

    raw_id: int
    origin: Mapping[str, str]
    group: str | None


def mended(unit: Unit, registry: Registry, kept: Kept) -> Sequence[Mended]:
    """Of this one and of those of its group that change by the settings of today.

    What was read has its place: that one's group and route stay as they are, as a replay leaves them.
    """
    settings = _settings(unit, registry, kept.channel_id)
    if settings is None:
        return ()
    rows = select(RawEvent).where(RawEvent.channel_id == kept.channel_id, RawEvent.state != "erased")
    if kept.event.group is None:
        rows = rows.where(RawEvent.id == kept.id)
    else:
        rows = rows.where(RawEvent.group_key == kept.event.group)
    anew = [_anew(unit, settings, row, body) for row, body in unit.rows(rows.add_columns(RawEvent.body))]
    return [each for each in anew if each is not None]


def put(unit: Unit, changed: Sequence[Mended]) -> None:
    """Into their rows."""
    for each in changed:
        unit.change(
            update(RawEvent).where(RawEvent.id == each.raw_id).values(origin=dict(each.origin), group_key=each.group)
        )


def _settings(unit: Unit, registry: Registry, channel_id: int) -> tuple[type[Connector[Any]], Config] | None:
    channel = unit.get(Channel, channel_id)
    cls = registry.connectors.get(channel.kind) if channel is not None else None
    if channel is None or cls is None:
        return None
    try:
        return cls, read_settings(cls, values_of(channel, unit.keys))
    except (Invalid, Corrupt):  # they can't be used: that is its trouble, and what was said before holds
        return None


def _anew(
    unit: Unit, settings: tuple[type[Connector[Any]], Config], row: RawEvent, body: bytes | None
) -> Mended | None:
    cls, config = settings
    event = Event(row.source_key, body or b"", row.media_type, row.group_key, row.origin, row.whole_size)
    try:
        anew = cls.anew(config, replace(event, body=unit.blobs.get(row.blob)) if row.blob else event)
    except (Unreadable, Corrupt):  # as its parser, or whoever loads it, will say
        return None
    except Exception:  # a connector's bug: this event keeps what was said before, the others are replayed
        log.exception("what raw event %d says by today's settings can't be told", row.id)
        return None
    if row.state == "read":
        route = {name: row.origin[name] for name in ("route",) if name in row.origin}
        others = {name: value for name, value in anew.origin.items() if name != "route"}
        anew = replace(anew, origin={**others, **route}, group=event.group)
    same = dict(anew.origin) == dict(event.origin) and anew.group == event.group
    return None if same else Mended(row.id, anew.origin, anew.group)
