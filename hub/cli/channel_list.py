"""What `torg channel list` shows of the channels: state, settings without secrets, and what went through them."""

from typing import Any

from sqlalchemy import func, select

from hub import clock
from hub.channels.channel import Channel
from hub.channels.trouble import is_listening
from hub.cli import named
from hub.cli.setting_values import secret_fields
from hub.contract import Listens
from hub.contract.config import MASK
from hub.inbound.raw_event import RawEvent
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry  # noqa: F401 - delivery refers to its table
from hub.plugin_host.registry import Registry
from hub.storage.unit import Unit


def all_channels(unit: Unit, registry: Registry) -> list[dict[str, Any]]:
    """Oldest first."""
    codes = named.municipality_codes(unit)
    raw_events = _by_state(unit, RawEvent)
    deliveries = _by_state(unit, Delivery)
    with_secrets = set(unit.all(select(Channel.id).where(Channel.secrets.is_not(None))))
    return [
        {
            "id": str(row.id),
            "kind": row.kind,
            "name": row.name,
            "municipality": codes[row.home_id] if row.home_id is not None else None,
            "sends_by": str(row.sends_by_id) if row.sends_by_id is not None else None,
            "state": _state(row, registry),
            "paused_why": row.paused_why,
            "trouble": _trouble(row, registry),
            "last_contact_at": clock.to_iso(row.last_contact_at),
            "raw_events": raw_events.get(row.id, {}),
            "deliveries": deliveries.get(row.id, {}),
            "config": row.config | (_dots(registry, row.kind) if row.id in with_secrets else {}),
        }
        for row in unit.all(select(Channel).order_by(Channel.id))
    ]


def _state(row: Channel, registry: Registry) -> str:
    if row.paused_why is not None:
        return "paused"
    if _trouble(row, registry):
        return "error"
    listens = issubclass(registry.connector(row.kind), Listens)
    return "waiting" if listens and not is_listening(row) else "running"


def _trouble(row: Channel, registry: Registry) -> str | None:
    if row.kind not in registry.connectors:
        return f"No plugin brings the kind {row.kind}: torg plugins list tells why."
    return row.trouble


def _by_state(unit: Unit, cls: type[RawEvent] | type[Delivery]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    query = select(cls.channel_id, cls.state, func.count()).group_by(cls.channel_id, cls.state).order_by(cls.state)
    for channel_id, state, number in unit.rows(query):
        found.setdefault(channel_id, {})[state] = number
    return found


def _dots(registry: Registry, kind: str) -> dict[str, str]:
    """A kind whose plugin is gone still has its secrets."""
    cls = registry.connectors.get(kind)
    return dict.fromkeys(secret_fields(cls.Config) if cls else ["secrets"], MASK)
