"""What `torg channel list` shows of the channels: health, settings without secrets, and what went through them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import func, select

from hub import clock
from hub.channels.channel import Channel
from hub.cli import named
from hub.cli.output import counts
from hub.contract.config import MASK, secret_fields
from hub.inbound.raw_event import RawEvent
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry  # noqa: F401 - delivery refers to its table
from hub.inbox.sent_copy import SentCopy
from hub.plugin_host.registry import Registry
from hub.storage.unit import Unit
from hub.watch import health

TITLES = (
    "id", "kind", "name", "municipality", "sends by", "state", "what to do", "last contact", "lag", "today",
    "raw events", "deliveries", "settings",
)  # fmt: skip


def all_channels(unit: Unit, registry: Registry) -> list[dict[str, Any]]:
    """Oldest first."""
    codes = named.municipality_codes(unit)
    raw_events = _by_state(unit, RawEvent)
    deliveries, copies = _by_state(unit, Delivery), _by_state(unit, SentCopy)
    rows = {str(row.id): row for row in unit.all(select(Channel))}
    with_secrets = set(unit.all(select(Channel.id).where(Channel.secrets.is_not(None))))
    return [
        {
            "id": line.id,
            "kind": line.kind,
            "name": line.name,
            "municipality": codes[int(line.municipality_id)] if line.municipality_id is not None else None,
            "sends_by": line.sends_by_id,
            "state": line.state,
            "paused_why": line.paused_why,
            "trouble": line.trouble if line.kind in registry.connectors else _no_plugin(line.kind),
            "troubles": [msgspec.to_builtins(each) for each in line.troubles],
            "warning": rows[line.id].warning,
            "retry_at": _iso(line.retry_at),
            "behind": line.behind,
            "vanished": line.vanished,
            "mailboxes": [msgspec.to_builtins(each) for each in line.mailboxes],
            "last_contact_at": _iso(line.last_contact_at),
            "oldest_unread_at": _iso(line.oldest_unread_at),
            "lag_seconds": line.lag_seconds,
            "came_today": line.came_today,
            "gone_today": line.gone_today,
            "per_minute": rows[line.id].per_minute,
            "keeps_sent": bool(rows[line.id].keeps_sent),
            "sent_copies": copies.get(int(line.id), {}),
            "raw_events": raw_events.get(int(line.id), {}),
            "deliveries": deliveries.get(int(line.id), {}),
            "config": rows[line.id].config | (_dots(registry, line.kind) if int(line.id) in with_secrets else {}),
        }
        for line in health.channels(unit, registry, lambda _: True)
    ]


def cells(row: Mapping[str, Any]) -> Sequence[object]:
    """Of one of those, as a line of a table for people."""
    return [
        row["id"], row["kind"], row["name"], row["municipality"], row["sends_by"], _said(row), _advice(row),
        row["last_contact_at"], _lag(row), _today(row), _raw(row), counts(row["deliveries"]),
        " ".join(f"{name}={_shown(value)}" for name, value in row["config"].items()),
    ]  # fmt: skip


def _no_plugin(kind: str) -> str:
    return f"No plugin brings the kind {kind}: torg plugins list tells why."


def _said(row: Mapping[str, Any]) -> str:
    """The state and what is the matter, in one breath."""
    why = [row["paused_why"]] if row["paused_why"] else []
    why += [row["trouble"]] if row["trouble"] else []
    fetched = sum(row["raw_events"].values())
    why += [f"{fetched} of {fetched + row['behind']} are fetched."] if row["behind"] else []
    said_already = {"refused", "unattended", "stopped", "plugin"}
    why += [each["sentence"] for each in row["troubles"] if each["kind"] not in said_already]
    why += [f"Tried again at {row['retry_at'][:19]}Z."] if row["retry_at"] else []
    state = "waiting for torg serve" if row["state"] == "waiting" else row["state"]
    return ": ".join(filter(None, (state, " ".join(why))))


def _advice(row: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (each["advice"] for each in row["troubles"])))


def _raw(row: Mapping[str, Any]) -> str:
    """What came, by state; and what a person deleted at the source when it was listed and not yet fetched."""
    return counts(row["raw_events"] | ({"gone before it was fetched": row["vanished"]} if row["vanished"] else {}))


def _lag(row: Mapping[str, Any]) -> str | None:
    return None if row["lag_seconds"] is None else f"{row['lag_seconds']:.1f} s"


def _today(row: Mapping[str, Any]) -> str:
    said = [(row["came_today"], "in"), (row["gone_today"], "out")]
    return ", ".join(f"{number} {way}" for number, way in said if number is not None)


def _iso(at: Any) -> str | None:
    return None if at is None else clock.to_iso(clock.from_datetime(at))


def _shown(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _by_state(unit: Unit, cls: type[RawEvent] | type[Delivery] | type[SentCopy]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    query = select(cls.channel_id, cls.state, func.count()).group_by(cls.channel_id, cls.state).order_by(cls.state)
    for channel_id, state, number in unit.rows(query):
        found.setdefault(channel_id, {})[state] = number
    return found


def _dots(registry: Registry, kind: str) -> dict[str, str]:
    """A kind whose plugin is gone still has its secrets."""
    cls = registry.connectors.get(kind)
    return dict.fromkeys(secret_fields(cls.Config) if cls else ["secrets"], MASK)
