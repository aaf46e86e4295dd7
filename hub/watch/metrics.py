"""Metrics: what waits, what went wrong and how long it takes, as Prometheus reads it. Numbers by kind; nobody's name.

Gauges of the whole installation, whichever process is asked; what one process has answered is `edge/meter.py`'s.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import func, select

from hub import clock
from hub.access.audit import Audit
from hub.channels.channel import Channel
from hub.channels.trouble import is_listening
from hub.contract import Listens, Pulls
from hub.inbound import scan
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import UNSETTLED, Delivery, is_one_of
from hub.inbox.municipality import Municipality
from hub.lookups.looked import IS_ANSWER, of_lookups
from hub.outbound import freeze
from hub.plugin_host.registry import Registry
from hub.storage import ids
from hub.storage.unit import Unit
from hub.watch import figures

HOUR = 3600 * clock.SECOND
_HOURS = 24

Sample = tuple[str, Mapping[str, str], float]
"""A name, its labels, a number."""
HELP = {
    "torg_channels": "Channels by kind and state; stopped: it can't run, unattended: no process runs it.",
    "torg_raw_events": "What came and is not in the inbox: new (waits to be read), quarantined (couldn't be read).",
    "torg_oldest_unread_seconds": "Since when the oldest of those that wait to be read has waited.",
    "torg_lag_seconds": "From coming to standing in the inbox, of what was read last.",
    "torg_came_day": "What came in the last 24 hours.",
    "torg_gone_day": "What was taken by the other side in the last 24 hours.",
    "torg_deliveries": "Messages on their way out, and those that went wrong, by state.",
    "torg_oldest_due_seconds": "How long the oldest message has waited that should have left.",
    "torg_outbox_frozen": "1: nothing is sent since a restore, until torg outbox release.",
    "torg_late_conversations": "Open conversations that are past their due time.",
    "torg_lookup_answers_hour": "Questions to other systems in the last hour, by what came of them.",
    "torg_files": "Files of mails that can't be opened: waits (for the virus scanner), found (it found something).",
    "torg_plugins_broken": "Plugins that were left out at the start, for they are broken.",
}


def samples(unit: Unit, registry: Registry) -> Sequence[Sample]:
    """All of them, in one unit, by partial indexes and counts that are kept anyway."""
    rows = unit.all(select(Channel))
    kinds = {row.id: row.kind for row in rows}
    return [
        *_channels(registry, rows),
        *_what_waits(unit, kinds),
        *_by_the_hour(unit, kinds),
        ("torg_outbox_frozen", {}, float(freeze.present(unit) is not None)),
        ("torg_late_conversations", {}, _late(unit)),
        *(("torg_files", {"state": state}, number) for state, number in sorted(scan.counts(unit).items())),
        *_lookups(unit),
        ("torg_plugins_broken", {}, len(registry.broken)),
    ]


def _channels(registry: Registry, rows: Sequence[Channel]) -> Iterator[Sample]:
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        cls = registry.connectors.get(row.kind)
        state = "running"
        if row.paused_why is not None:
            state = "paused"
        elif cls is None or row.trouble is not None:
            state = "stopped"
        elif issubclass(cls, Listens | Pulls) and not is_listening(row):
            state = "unattended"
        found[row.kind, state] += 1
    for (kind, state), number in sorted(found.items()):
        yield "torg_channels", {"kind": kind, "state": state}, number


def _what_waits(unit: Unit, kinds: Mapping[int, str]) -> Iterator[Sample]:
    of, now = figures.facts(unit), clock.now()
    raw: Counter[tuple[str, str]] = Counter()
    out: Counter[tuple[str, str]] = Counter()
    oldest: dict[str, int] = {}
    for channel_id, kind in kinds.items():
        facts = of(channel_id)
        for state, number in facts.raw_events.items():
            raw[kind, state] += number
        for state, number in facts.deliveries.items():
            out[kind, state] += number
        if facts.unread_since is not None:
            oldest[kind] = min(facts.unread_since, oldest.get(kind, now))
    for name, counted in (("torg_raw_events", raw), ("torg_deliveries", out)):
        for (kind, state), number in sorted(counted.items()):
            yield name, {"kind": kind, "state": state}, number
    for kind in sorted(set(kinds.values())):
        yield "torg_oldest_unread_seconds", {"kind": kind}, _seconds(now - oldest.get(kind, now))
    due = unit.first(
        select(func.min(Delivery.not_before)).where(is_one_of(UNSETTLED), Delivery.state.in_(("queued", "deferred")))
    )
    yield "torg_oldest_due_seconds", {}, _seconds(max(0, now - due)) if due else 0.0


def _by_the_hour(unit: Unit, kinds: Mapping[int, str]) -> Iterator[Sample]:
    came: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    lag: dict[str, int] = defaultdict(int)
    since = figures.present_hour() - _HOURS + 1
    for channel_id, hours in figures.hours(unit, sorted(kinds), since).items():
        kind = kinds[channel_id]
        came[kind] += sum(hours.came.values())
        gone[kind] += sum(hours.gone.values())
        lag[kind] = max(lag[kind], hours.lag or 0)
    for kind in sorted(came):
        yield "torg_came_day", {"kind": kind}, came[kind]
        yield "torg_gone_day", {"kind": kind}, gone[kind]
        yield "torg_lag_seconds", {"kind": kind}, _seconds(lag[kind])


def _late(unit: Unit) -> int:
    query = select(func.count()).where(Conversation.closed_at.is_(None), Conversation.due_at < clock.now())
    return int(unit.rows(query)[0][0])


def _lookups(unit: Unit) -> Iterator[Sample]:
    """By the audit's own word: found, nothing, error, of another, protected."""
    homes = unit.all(select(Municipality.id))
    lately = Audit.id >= ids.first_at(clock.now() - HOUR)
    query = select(Audit.outcome, func.count()).where(of_lookups(), Audit.municipality_id.in_(homes), lately, IS_ANSWER)
    found: Counter[str] = Counter()
    for outcome, number in unit.rows(query.group_by(Audit.outcome)):
        found[outcome.partition(":")[0]] += number
    for outcome, number in sorted(found.items()):
        yield "torg_lookup_answers_hour", {"outcome": outcome}, number


def _seconds(microseconds: int) -> float:
    return round(microseconds / clock.SECOND, 3)
