"""Health: how each channel does: its state, what is the matter with it, what came and went today and when."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, structs
from sqlalchemy import select

from hub import clock
from hub.channels.area import area
from hub.channels.channel import Channel
from hub.channels.hourly import HOUR
from hub.channels.mailbox import Mailbox
from hub.channels.trouble import is_listening
from hub.channels.usual import WEEK, WEEKS, Silence, silence
from hub.contract import Connector, Hosts, Listens, Pulls, Receives, Sends, Texts
from hub.inbox.calendar import works
from hub.inbox.municipality import Municipality
from hub.inbox.queries import shown, shown_id
from hub.plugin_host.registry import Registry
from hub.storage.unit import Unit
from hub.watch import figures
from hub.watch.figures import Hours
from hub.watch.trouble import Facts, Trouble, troubles

MayRun = Callable[[int | None], bool]
"""Whether somebody sees the channels of a municipality; None: those that are shared."""
DAY = 24
"""Hours that are shown one by one."""


class MailboxLine(Struct, frozen=True):
    """What a source held when it was last counted: `at_source` = here + waiting + left_out + unexplained."""

    name: str
    at_source: int
    here: int
    waiting: int
    left_out: int
    unexplained: int
    counted_at: datetime


class ChannelLine(Struct, frozen=True):
    """A channel's health. Figures by state, of all whom it works for; `paused_why` null: it runs.

    `state`: running | paused | error (it can't, and `trouble` says why) | waiting (for a process that listens) |
    trouble (it runs, and something is the matter). `troubles`: all that is the matter, the worst first. `hours`: how
    many came, or where nothing comes went, in each of the last 24 hours. `lag_seconds`: from coming to standing in the
    inbox. `came_today` null: nothing comes by it; `gone_today` null: nothing goes. Of a source that is fetched from:
    `retry_at`, `behind` (how many it still has), `fetched` (how many it has brought until now; while it still has
    some), `vanished` (gone before they were fetched), `mailboxes`.
    """

    id: str
    kind: str
    name: str
    municipality_id: str | None
    sends_by_id: str | None
    state: str
    paused_why: str | None
    trouble: str | None
    troubles: Sequence[Trouble]
    last_contact_at: datetime | None
    oldest_unread_at: datetime | None
    lag_seconds: float | None
    came_today: int | None
    gone_today: int | None
    hours: Sequence[int]
    retry_at: datetime | None
    behind: int | None
    fetched: int | None
    vanished: int
    mailboxes: Sequence[MailboxLine]
    raw_events: Mapping[str, int]
    deliveries: Mapping[str, int]


class Seen(Struct, frozen=True):
    """A channel's row with all that was found out about it."""

    row: Channel
    cls: type[Connector[Any]] | None
    facts: Facts
    troubles: Sequence[Trouble]
    mailboxes: Sequence[MailboxLine]


def look(unit: Unit, registry: Registry, may_run: MayRun, channel_id: int | None = None) -> list[Seen]:
    """Those that `may_run` says yes to, in the order they were added; or the one asked for."""
    query = select(Channel).order_by(Channel.id)
    rows = unit.all(query if channel_id is None else query.where(Channel.id == channel_id))
    rows = [row for row in rows if may_run(row.home_id)]
    of, silent = figures.facts(unit), _silences(unit, registry, rows)
    mailboxes = _mailboxes(unit)
    found = []
    for row in rows:
        cls = registry.connectors.get(row.kind)
        boxes = mailboxes.get(row.id, ())
        unexplained = sum(each.unexplained for each in boxes)
        known = structs.replace(of(row.id), silence=silent.get(row.id), unexplained=unexplained)
        found.append(Seen(row, cls, known, troubles(row, cls, known), boxes))
    return found


def channels(unit: Unit, registry: Registry, may_run: MayRun, channel_id: int | None = None) -> list[ChannelLine]:
    """As they are shown: in a unit that sees all, so that a shared one's figures are the same for whoever sees it."""
    seen = look(unit, registry, may_run, channel_id)
    present = figures.present_hour()
    counted = figures.hours(unit, [each.row.id for each in seen], present - 2 * DAY)
    midnights = _Midnights()
    brought = figures.brought(unit, [each.row.id for each in seen if each.row.behind])
    return [
        _line(each, counted[each.row.id], present, midnights.of(unit, each.row), brought.get(each.row.id))
        for each in seen
    ]


def takes_in(cls: type[Connector[Any]] | None) -> bool:
    """Whether something comes by channels of this kind. Of a kind that no plugin brings any more, it may."""
    return cls is None or issubclass(cls, Listens | Pulls | Receives | Hosts)


def needs_a_way_out(cls: type[Connector[Any]] | None) -> bool:
    """Whether what comes by channels of this kind is answered by one that sends: calls aren't, texts go back by it."""
    return takes_in(cls) and (cls is None or not (issubclass(cls, Texts) or "lines" in cls.Config.__struct_fields__))


def takes_out(cls: type[Connector[Any]] | None) -> bool:
    """Whether something leaves by channels of this kind: mails or texts."""
    return cls is None or issubclass(cls, Sends | Texts)


def sends(cls: type[Connector[Any]] | None) -> bool:
    """Mails."""
    return cls is None or issubclass(cls, Sends)


def _line(seen: Seen, hours: Hours, present: int, midnight: int, fetched: int | None) -> ChannelLine:
    row, comes = seen.row, takes_in(seen.cls)
    shown_hours = hours.came if comes else hours.gone
    return ChannelLine(
        id=str(row.id),
        kind=row.kind,
        name=row.name,
        municipality_id=shown_id(row.home_id),
        sends_by_id=shown_id(row.sends_by_id),
        state=_state(seen),
        paused_why=row.paused_why,
        trouble=row.trouble,
        troubles=seen.troubles,
        last_contact_at=shown(row.last_contact_at),
        oldest_unread_at=shown(seen.facts.unread_since),
        lag_seconds=None if hours.lag is None else hours.lag / clock.SECOND,
        came_today=_since(hours.came, midnight) if comes else None,
        gone_today=_since(hours.gone, midnight) if takes_out(seen.cls) else None,
        hours=[shown_hours.get(each, 0) for each in range(present - DAY + 1, present + 1)],
        retry_at=shown(row.retry_at),
        behind=row.behind,
        fetched=fetched,
        vanished=row.vanished or 0,
        mailboxes=seen.mailboxes,
        raw_events=seen.facts.raw_events,
        deliveries=seen.facts.deliveries,
    )


def _state(seen: Seen) -> str:
    if seen.row.paused_why is not None:
        return "paused"
    if seen.cls is None or seen.row.trouble is not None:
        return "error"
    if issubclass(seen.cls, Listens | Pulls) and not is_listening(seen.row):
        return "waiting"
    return "trouble" if seen.troubles else "running"


def _since(counts: Mapping[int, int], midnight: int) -> int:
    return sum(number for hour, number in counts.items() if hour >= midnight)


def _mailboxes(unit: Unit) -> dict[int, list[MailboxLine]]:
    found: dict[int, list[MailboxLine]] = {}
    for row in unit.all(select(Mailbox).order_by(Mailbox.name)):
        at = clock.to_datetime(row.counted_at)
        line = MailboxLine(row.name, row.at_source, row.here, row.waiting, row.left_out, row.unexplained, at)
        found.setdefault(row.channel_id, []).append(line)
    return found


def _silences(unit: Unit, registry: Registry, rows: Sequence[Channel]) -> dict[int, Silence]:
    """Of those by which nothing has come for a whole hour; only of these the weeks before are read."""
    present = figures.present_hour()
    listening = [row for row in rows if row.paused_why is None and takes_in(registry.connectors.get(row.kind))]
    last = figures.last_hours(unit, [row.id for row in listening])
    quiet = [row for row in listening if row.id in last and last[row.id] < present - 1]
    counted = figures.hours(unit, [row.id for row in quiet], present - WEEKS * WEEK - WEEK)
    found = {}
    for row in quiet:
        home = _home(unit, row)
        if home is None:
            continue
        is_working = partial(works, country=home.country)
        told = silence(counted[row.id].came, present, ZoneInfo(home.timezone), is_working)
        if told is not None:
            found[row.id] = told
    return found


def _home(unit: Unit, row: Channel) -> Municipality | None:
    """Whose calendar and time a channel goes by: its own, or of those it works for the one that was first."""
    return unit.get(Municipality, row.home_id) or unit.get(Municipality, min(area(unit, row), default=None))


class _Midnights:
    """The hour at which today began, there where a channel's municipality is."""

    def __init__(self) -> None:
        self._of_zone: dict[str, int] = {}
        self._now = clock.to_datetime(clock.now())

    def of(self, unit: Unit, row: Channel) -> int:
        home = _home(unit, row)
        zone = home.timezone if home else "UTC"
        if zone not in self._of_zone:
            local = self._now.astimezone(ZoneInfo(zone))
            begin = local.replace(hour=0, minute=0, second=0, microsecond=0)
            self._of_zone[zone] = clock.from_datetime(begin) // HOUR
        return self._of_zone[zone]
