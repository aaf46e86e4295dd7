"""Receive: raw events into storage before anything is made of them. `keep` returns after their commit.

Events of all connections that wait are written in one transaction: while one commits, the next group gathers.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import func, select, update

from hub import clock, faults
from hub.channels import hourly, lease
from hub.channels.channel import Channel
from hub.contract import NotKept, RawEvent
from hub.errors import Unavailable
from hub.formats.glance import glance
from hub.inbound.raw_event import RawEvent as Row
from hub.inbound.raw_event import message_key, sender_key
from hub.inbox.municipality import Municipality
from hub.storage.blobs import IN_ROW
from hub.storage.ids import new_id
from hub.storage.scope import Scope
from hub.storage.unit import Happening, Storage, Unit

MOST_TOGETHER = 200
"""Events in one transaction: a few MB of log."""
MOST_BYTES_TOGETHER = 8 * 1024 * 1024
"""Bytes in one transaction, so that many large mails don't keep the writer to themselves."""
_REMEMBERED = 2 * clock.SECOND
_AT_ONCE = 500
"""Keys in one question."""
_ANSWERED = 0.01
"""Seconds after which a connector has told its source, for the crash point there."""


class Kept(Struct, frozen=True):
    """A raw event that is stored and not yet read. `received_at`: microseconds UTC."""

    id: int
    channel_id: int
    event: RawEvent
    received_at: int


class Mark(Struct, frozen=True):
    """How far a source is fetched, for whoever holds the lease of `fence`: commits with the events, or both don't."""

    fence: int
    cursor: bytes
    behind: int | None = None
    vanished: int = 0
    warning: str | None = None
    renamed: Mapping[str, int] = {}
    """Keys of events that are here already by another, with their ids."""


class _Waiting(Struct):
    channel_id: int
    events: Sequence[RawEvent]
    digests: Sequence[str]
    size: int
    kept: "asyncio.Future[Sequence[str]]"
    mark: Mark | None = None


def digests_of(events: Sequence[RawEvent]) -> Sequence[str]:
    """SHA-256 of each body, in hex."""
    return [hashlib.sha256(each.body).hexdigest() for each in events]


class Receiver:
    """One for a process. `pass_on` is given what was new, after its commit; it must not wait."""

    def __init__(self, storage: Storage, pass_on: Callable[[Sequence[Kept]], None]) -> None:
        self._storage, self._pass_on = storage, pass_on
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._held_over: _Waiting | None = None
        self._memory = _Memory()

    async def keep(
        self,
        channel_id: int,
        events: Sequence[RawEvent],
        mark: Mark | None = None,
        digests: Sequence[str] | None = None,
    ) -> Sequence[str]:
        """A reference per event, after COMMIT. Raises NotKept when storage is in trouble, LostLease for `mark`.

        `digests`: of their bodies, where they have been asked for already.
        """
        faults.point("received")
        digests = digests_of(events) if digests is None else digests
        large = {
            self._storage.blobs.own(_blob(channel_id, digest)): each.body
            for each, digest in zip(events, digests, strict=True)
            if _is_large(each)
        }
        try:
            await self._storage.put_blobs(large)
        except Unavailable as error:
            raise NotKept(str(error)) from error
        size = sum(len(each.body) for each in events)
        waiting = _Waiting(channel_id, events, digests, size, asyncio.get_running_loop().create_future(), mark)
        await self._waiting.put(waiting)
        return await waiting.kept

    async def run(self) -> None:
        """Writes what waits, until cancelled."""
        while True:
            group = await self._gather()
            try:
                references, fresh = await self._storage.write(Scope.everything("intake"), _write, group, self._memory)
            except Unavailable as error:
                for each in group:
                    _settle(each.kept, error=NotKept(str(error)))
                continue
            except Exception as error:  # noqa: BLE001 - one event's bug must not end the intake of all
                if len(group) > 1:
                    await self._one_by_one(group)
                else:
                    _settle(group[0].kept, error=error)
                continue
            faults.point("raw_committed")
            self._answer(group, references, fresh)

    async def _gather(self) -> list[_Waiting]:
        first = self._held_over or await self._waiting.get()
        self._held_over = None
        group, count, size = [first], len(first.events), first.size
        while not self._waiting.empty() and count < MOST_TOGETHER:
            more = self._waiting.get_nowait()
            if size + more.size > MOST_BYTES_TOGETHER:
                self._held_over = more
                break
            group.append(more)
            count, size = count + len(more.events), size + more.size
        return group

    async def _one_by_one(self, group: Sequence[_Waiting]) -> None:
        for each in group:
            try:
                references, fresh = await self._storage.write(Scope.everything("intake"), _write, [each], self._memory)
            except Exception as error:  # noqa: BLE001 - as above: this one is told, the next goes on
                _settle(each.kept, error=NotKept(str(error)) if isinstance(error, Unavailable) else error)
            else:
                self._answer([each], references, fresh)

    def _answer(
        self, group: Sequence[_Waiting], references: Mapping[tuple[int, str], int], fresh: Sequence[Kept]
    ) -> None:
        for each in group:
            _settle(each.kept, [str(references[each.channel_id, event.key]) for event in each.events])
        asyncio.get_running_loop().call_later(_ANSWERED, faults.point, "acknowledged")
        self._pass_on(fresh)


def _settle(
    future: "asyncio.Future[Sequence[str]]", references: Sequence[str] = (), error: BaseException | None = None
) -> None:
    if future.done():  # its connection went away
        return
    if error is None:
        future.set_result(references)
    else:
        future.set_exception(error)


def _write(unit: Unit, group: Sequence[_Waiting], memory: "_Memory") -> tuple[dict[tuple[int, str], int], list[Kept]]:
    homes = memory.homes(unit)
    now = clock.now()
    ids: dict[tuple[int, str], int] = {}
    rows, fresh, again = [], [], []
    for each in group:
        if each.mark is not None:
            _move_on(unit, each.channel_id, each.mark, now)
        for event, digest in zip(each.events, each.digests, strict=True):
            place = (each.channel_id, event.key)
            renamed = each.mark.renamed.get(event.key) if each.mark is not None else None
            if renamed is not None:
                ids[place] = renamed
                unit.change(update(Row).where(Row.id == renamed).values(source_key=event.key))
            if place in ids:
                again.append(place)
                continue
            ids[place] = row_id = new_id()
            rows.append(
                _row(row_id, each, event, digest, homes.of(each.channel_id, event.origin), now)
                | {"blob": unit.blobs.own(_blob(each.channel_id, digest)) if _is_large(event) else None}
                | _found_by(unit, event)
            )
            fresh.append(Kept(row_id, each.channel_id, event, now))
    if unit.insert_new(Row, rows, ("channel_id", "source_key")) < len(rows):
        known = _known(unit, ids)
        again += known
        ids |= known
        fresh = [kept for kept in fresh if ids[kept.channel_id, kept.event.key] == kept.id]
    for kept in fresh:
        unit.note(Happening("raw_kept", kept.id))
    for place in again:
        unit.change(update(Row).where(Row.id == ids[place]).values(arrivals=Row.arrivals + 1))
    for channel_id in {each.channel_id for each in group if each.mark is None}:
        if memory.contact_is_old(channel_id, now):
            unit.change(update(Channel).where(Channel.id == channel_id).values(last_contact_at=now))
    # Last, as everybody writes it: many wait for an hour's row, and who has it waits for nobody.
    hourly.count_came(unit, Counter((kept.channel_id, homes.of(kept.channel_id, kept.event.origin)) for kept in fresh))
    faults.point("raw_written")
    return ids, fresh


def _move_on(unit: Unit, channel_id: int, mark: Mark, now: int) -> None:
    """The source has answered: nothing is in the way any more."""
    channel = unit.get(Channel, channel_id)
    shown = None if channel is None else (channel.trouble, channel.warning, channel.behind)
    lease.require(
        unit,
        channel_id,
        mark.fence,
        cursor=mark.cursor,
        behind=mark.behind,
        vanished=func.coalesce(Channel.vanished, 0) + mark.vanished,
        warning=mark.warning,
        trouble=None,
        retry_at=None,
        last_contact_at=now,
    )
    if channel is not None and shown != (None, mark.warning, mark.behind):
        unit.note(Happening("channel_changed", channel_id, channel.home_id))


def content_key(digest: str) -> int:
    """Of a sha256 in hex: enough of it to find those that may be the same."""
    return int.from_bytes(bytes.fromhex(digest[:16]), signed=True)


def _row(
    row_id: int, waiting: _Waiting, event: RawEvent, digest: str, municipality_id: int | None, now: int
) -> dict[str, Any]:
    return {
        "id": row_id,
        "municipality_id": municipality_id,
        "channel_id": waiting.channel_id,
        "source_key": event.key,
        "group_key": event.group,
        "sha256": digest,
        "content_key": None if waiting.mark is None else content_key(digest),
        "media_type": event.media_type,
        "origin": dict(event.origin),
        "body": None if _is_large(event) else event.body,
        "size": len(event.body),
        "whole_size": event.whole_size,
        "received_at": now,
        "arrivals": 1,
        "state": "new",
        "attempts": 0,
        "reason": None,
        "parser": None,
    }


def _found_by(unit: Unit, event: RawEvent) -> dict[str, Any]:
    """Though it may never be read: who says to have sent it, else who its envelope says, and its Message-ID."""
    sender, message_id = glance(event.body) if event.media_type == "message/rfc822" else ("", "")
    return {
        "sender_key": sender_key(unit.keys, sender or event.origin.get("from", "")),
        "message_key": message_key(unit.keys, message_id),
    }


def _known(unit: Unit, ids: Mapping[tuple[int, str], int]) -> dict[tuple[int, str], int]:
    """Those of `ids` that had come before, with the id they got then."""
    found: dict[tuple[int, str], int] = {}
    for channel_id in {channel_id for channel_id, _ in ids}:
        keys = [key for of, key in ids if of == channel_id]
        rows = unit.rows(select(Row.source_key, Row.id).where(Row.channel_id == channel_id, Row.source_key.in_(keys)))
        found |= {(channel_id, key): row_id for key, row_id in rows if row_id != ids[channel_id, key]}
    return found


def keys_here(unit: Unit, channel_id: int, keys: Sequence[str]) -> frozenset[str]:
    """Those of them that the channel has raw events of, erased ones as well."""
    found: set[str] = set()
    for first in range(0, len(keys), _AT_ONCE):
        some = keys[first : first + _AT_ONCE]
        found.update(unit.all(select(Row.source_key).where(Row.channel_id == channel_id, Row.source_key.in_(some))))
    return frozenset(found)


def _is_large(event: RawEvent) -> bool:
    return len(event.body) > IN_ROW


def _blob(channel_id: int, digest: str) -> str:
    return f"raw/{channel_id}/{digest}"


class _Memory:
    """What needs no query for every group. Written and read in storage's writing threads only."""

    def __init__(self) -> None:
        self._homes: _Homes | None = None
        self._contacts: dict[int, int] = {}

    def homes(self, unit: Unit) -> "_Homes":
        if self._homes is None or clock.now() - self._homes.read_at > _REMEMBERED:
            self._homes = _Homes(unit)
        return self._homes

    def contact_is_old(self, channel_id: int, now: int) -> bool:
        """And is new from now on; a unit that fails afterwards loses a second of it."""
        if now - self._contacts.get(channel_id, 0) < clock.SECOND:
            return False
        self._contacts[channel_id] = now
        return True


class _Homes:
    """Whose a raw event is, as far as its envelope or its channel tells; else None, until it is routed."""

    def __init__(self, unit: Unit) -> None:
        self.read_at = clock.now()
        self._of_channel = {row.id: row.home_id for row in unit.rows(select(Channel.id, Channel.home_id))}
        self._by_code = {row.code: row.id for row in unit.rows(select(Municipality.code, Municipality.id))}

    def of(self, channel_id: int, origin: Mapping[str, str]) -> int | None:
        routed = self._by_code.get(origin.get("route", "").partition("/")[0])
        return routed if routed is not None else self._of_channel.get(channel_id)
