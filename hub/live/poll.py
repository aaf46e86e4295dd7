"""Poll: what other processes have committed to the same SQLite file since the last look.

Entries are found by their ids, which are made before their commit: each look goes back some way and leaves out what it
has told. What leaves no entry behind, deliveries, channels and calls that go on, is compared with how it stood at the
last look. A mail that another process reads again leaves neither: it is seen when its page is opened next.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select

from hub import clock
from hub.inbox.call import Call
from hub.inbox.delivery import UNSETTLED, Delivery, is_one_of
from hub.inbox.entry import Entry
from hub.storage import ids
from hub.storage.unit import Happening, Unit

EVERY = 0.5
"""Seconds between looks."""
OVERLAP = 15 * clock.SECOND
"""How much older than the newest known an entry's id may be: whoever waits for SQLite's lock gives up after 10."""
_MOST_SETTLED = 1_000

Standing = Mapping[int, tuple[int | None, Any]]
"""Channels by id: home, and what there is to be seen of them."""


class Stand(Struct, frozen=True):
    """Where a delivery stands; `STAND` are its columns."""

    state: str
    attempt: int = 0
    reason: str | None = None
    delayed_at: int | None = None
    delivered_at: int | None = None
    read_at: int | None = None

    def shown(self) -> "Stand":
        """What an agent sees of it: the steps of one attempt are one."""
        if self.state == "deferred":
            return Stand(self.state, self.attempt)
        return Stand("queued") if self.state in UNSETTLED else replace(self, attempt=0)


STAND = tuple(getattr(Delivery, name) for name in Stand.__struct_fields__)


class Seen(Struct, frozen=True):
    """One look: entries as (id, conversation, municipality, kind)."""

    entries: Sequence[tuple[int, int, int, str]]
    deliveries: Mapping[int, Stand]
    channels: Standing
    calls: Mapping[int, tuple[int, int, str]]
    """Those that go on, by their entries: conversation, municipality, and what there is to be seen of them."""


class Poll:
    """Belongs to the event loop; only `look` runs in storage's thread. `channels` reads how they stand."""

    def __init__(self, channels: Callable[[Unit], Standing]) -> None:
        self._channels = channels
        self._newest = 0
        self._told: set[int] = set()
        self._standing: Standing = {}
        self._deliveries: dict[int, Stand] = {}
        self._calls: Mapping[int, tuple[int, int, str]] = {}
        self._settled: OrderedDict[int, Stand] = OrderedDict()
        self.primed = False
        """Whether it knows how things stood; the first look tells nothing."""

    def forget(self) -> None:
        """Something went untold: the next look begins anew."""
        self.primed, self._newest = False, 0
        self._deliveries.clear()
        self._settled.clear()

    def look(self, unit: Unit) -> Seen:
        """One snapshot."""
        newest = self._newest or unit.first(select(Entry.id).order_by(Entry.id.desc())) or 0
        query = select(Entry.id, Entry.conversation_id, Entry.municipality_id, Entry.kind)
        entries = [tuple(row) for row in unit.rows(query.where(Entry.id > _floor(newest)))]
        stands = select(Delivery.id, *STAND)
        deliveries = {row_id: Stand(*how) for row_id, *how in unit.rows(stands.where(is_one_of(UNSETTLED)))}
        away = tuple(self._deliveries.keys() - deliveries.keys())
        if away:
            deliveries |= {row_id: Stand(*how) for row_id, *how in unit.rows(stands.where(Delivery.id.in_(away)))}
        return Seen(entries, deliveries, self._channels(unit), _calls(unit))

    def news(self, seen: Seen) -> list[Happening]:
        """What it shows that wasn't told. Whether a delivery has changed, `stands` decides in the end."""
        happened: list[Happening] = []
        for entry_id, conversation_id, municipality_id, kind in seen.entries:
            if self.primed and entry_id not in self._told:
                happened.append(Happening("entry_added", entry_id, municipality_id, conversation_id))
                if kind == "call" and entry_id not in seen.calls:
                    # It began and ended between two looks: a page that has asked meanwhile shows it as ringing.
                    happened.append(Happening("call_changed", entry_id, municipality_id, conversation_id))
            self._told.add(entry_id)
        self._newest = max((each[0] for each in seen.entries), default=self._newest)
        floor = _floor(self._newest)
        self._told = {each for each in self._told if each > floor}
        for delivery_id, stand in seen.deliveries.items():
            if self._deliveries.setdefault(delivery_id, stand.shown()) != stand.shown():
                happened.append(Happening("delivery_changed", delivery_id))
        for delivery_id in self._deliveries.keys() - seen.deliveries.keys():
            del self._deliveries[delivery_id]
        if self.primed:
            happened += [
                Happening("channel_changed", channel_id, home_id)
                for channel_id, (home_id, state) in seen.channels.items()
                if self._standing.get(channel_id) != (home_id, state)
            ]
        for entry_id in sorted(self._calls.keys() | seen.calls.keys()) if self.primed else ():
            was, now = self._calls.get(entry_id), seen.calls.get(entry_id)
            of = now or was
            if was != now and of is not None:
                happened.append(Happening("call_changed", entry_id, of[1], of[0]))
                happened.append(Happening("conversation_changed", of[0], of[1], of[0]))
        self._calls = seen.calls
        self._standing, self.primed = seen.channels, True
        return happened

    def mine(self, happened: Sequence[Happening]) -> list[Happening]:
        """Of what this process did itself, what a look hasn't told already."""
        kept = []
        with_entries = {each.conversation_id for each in happened if each.kind == "entry_added"}
        for each in happened:
            if each.kind == "entry_added":
                if each.id in self._told:
                    continue
                self._told.add(each.id)
            elif each.kind == "conversation_changed" and each.conversation_id in with_entries:
                continue  # its entry says so
            elif each.kind == "channel_changed":
                continue  # the next look finds it, whoever changed it
            kept.append(each)
        return kept

    def stands(self, delivery_id: int, stand: Stand) -> bool:
        """Whether that is news; from now on it is known."""
        now = stand.shown()
        known = self._deliveries.get(delivery_id) or self._settled.get(delivery_id)
        if now.state in {"sent", "failed"}:
            self._deliveries.pop(delivery_id, None)
            self._settled[delivery_id] = now
            if len(self._settled) > _MOST_SETTLED:
                self._settled.popitem(last=False)
        else:
            self._deliveries[delivery_id] = now
        return known != now


def _calls(unit: Unit) -> dict[int, tuple[int, int, str]]:
    """What goes on for longer than a working day has lost its end."""
    query = (
        select(Call.entry_id, Entry.conversation_id, Call.municipality_id, Call.state, Call.rings_at, Call.queue_id)
        .join(Entry, (Entry.municipality_id == Call.municipality_id) & (Entry.id == Call.entry_id))
        .where(Call.ended_at.is_(None), Call.offered_at > clock.now() - clock.DAY // 3)
    )
    return {
        entry_id: (conversation_id, municipality_id, f"{state} {rings_at} {queue_id}")
        for entry_id, conversation_id, municipality_id, state, rings_at, queue_id in unit.rows(query)
    }


def _floor(newest: int) -> int:
    """Not above what the clock would make now, should it have been set back."""
    return ids.back(min(newest, ids.id_at(clock.now())), OVERLAP)
