"""The way in, told once: keep -> parse in children -> route -> thread -> rows -> announced.

While one group commits, the next is parsed. What a crash leaves half-way is a raw event in state new: the sweep
finds it.
"""

import asyncio
import logging
from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import select, update

from hub import clock, faults
from hub.channels.channel import Channel
from hub.contract import RawEvent as Event
from hub.contract import Router
from hub.errors import Corrupt, Invalid, Unavailable
from hub.inbound.child import Answer, Job
from hub.inbound.children import Children
from hub.inbound.normalise import attachment_blobs, normalise
from hub.inbound.raw_event import PARSER_VERSION, RawEvent
from hub.inbound.receive import Kept, Receiver
from hub.inbound.route import Directory, route
from hub.inbound.thread import Incoming
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

GROUP = 50
"""Mails that are made entries of in one transaction."""
LINGER = 0.1
"""Seconds that a group waits for more: ten statements a group cost the same for one mail as for fifty."""
GLANCE = 0.02
"""Seconds that it waits when nothing more is in hand."""
MOST_IN_HAND = 1000
"""Raw events held in memory; the others wait in their rows."""
MOST_BYTES_IN_HAND = 128 * 1024 * 1024
"""Their bytes: parsing copies each a few times."""
INTAKE = Scope.everything("intake")

log = logging.getLogger(__name__)


class Parsed(Struct):
    """A raw event with what its parser made of it."""

    kept: Kept
    answer: Answer


class Placed(Struct):
    """A raw event's messages with whose they are; none, and the reason, when it is to be quarantined."""

    kept: Kept
    mails: list[Incoming]
    reason: str | None


class Pipeline:
    """One for a process that reads. `kinds` gives the kind of a channel by its id."""

    def __init__(self, storage: Storage, children: Children, routers: dict[str, Router], *, reads: bool = True) -> None:
        self._storage, self._children, self._routers, self._reads = storage, children, routers, reads
        self._fresh: asyncio.Queue[Kept] = asyncio.Queue()
        self._parsed: asyncio.Queue[list[Parsed]] = asyncio.Queue(maxsize=4)
        self._in_hand: dict[int, int] = {}
        self._kinds: dict[int, str] = {}
        self.receiver = Receiver(storage, self._take if reads else _leave_to_others)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.receiver.run())
            if self._reads:
                tasks.create_task(self._parse())
                tasks.create_task(self._make_entries())

    async def sweep(self, grace: int) -> int:
        """Take in hand what has lain in state new for `grace` microseconds; returns how many."""
        room = MOST_IN_HAND - len(self._in_hand)
        if not self._reads or room <= 0:
            return 0
        found = await self._storage.read(INTAKE, _waiting, clock.now() - grace, room)
        # Read one by one: a thousand large mails at once would fill the memory.
        for row_id in found:
            if self._is_full():
                break
            if row_id not in self._in_hand:
                try:
                    kept = await self._storage.read(INTAKE, load, row_id)
                except Corrupt as error:  # its bytes are gone: this one is set aside, the next goes on
                    await self._storage.write(INTAKE, quarantine, row_id, str(error))
                    continue
                self._take([kept] if kept else [])
        return len(found)

    def _take(self, fresh: Sequence[Kept]) -> None:
        for kept in fresh:
            if not self._is_full() and kept.id not in self._in_hand:
                self._in_hand[kept.id] = len(kept.event.body)
                self._fresh.put_nowait(kept)

    async def _parse(self) -> None:
        while True:
            group = [await self._fresh.get()]
            while len(group) < GROUP and not self._fresh.empty():
                group.append(self._fresh.get_nowait())
            try:
                parsed = await self.parse(group)
            except Unavailable as error:
                log.warning("intake waits: %s", error)
                self._let_go(group)
                continue
            faults.point("parsed")
            await self._parsed.put(parsed)

    async def parse(self, group: Sequence[Kept]) -> list[Parsed]:
        """In children, a job an event. Raises Unavailable when a channel can't be looked up."""
        unknown = {kept.channel_id for kept in group} - set(self._kinds)
        if unknown:
            self._kinds |= await self._storage.read(INTAKE, _kinds, unknown)
        answers = await self._children.parse([Job(self._kinds[kept.channel_id], [kept.event]) for kept in group])
        return [Parsed(kept, answer) for kept, answer in zip(group, answers, strict=True)]

    async def _make_entries(self) -> None:
        while True:
            group = await self._gather()
            try:
                await self.settle(group)
            except Unavailable as error:
                log.warning("intake waits: %s", error)
            finally:
                self._let_go([each.kept for each in group])
            faults.point("conversation_committed")

    async def _gather(self) -> list[Parsed]:
        group = await self._parsed.get()
        now = asyncio.get_running_loop().time
        end = now() + LINGER
        try:
            while len(group) < GROUP:
                more_in_hand = len(self._in_hand) > len(group)
                async with asyncio.timeout_at(end if more_in_hand else min(end, now() + GLANCE)):
                    group += await self._parsed.get()
        except TimeoutError:
            pass
        return group

    async def settle(self, group: Sequence[Parsed], state: str = "new") -> None:
        """Entries, or quarantine, for those still in `state`. A bug sets one event aside, not its group."""
        try:
            await self._settle(group, state)
        except Unavailable:
            raise
        except Exception:  # one of the group brings a bug to light: each on its own then
            log.exception("a group of %d raw events failed; trying them one by one", len(group))
            for each in group:
                await self._settle_alone(each, state)

    async def _settle(self, group: Sequence[Parsed], state: str) -> None:
        placed = await self._storage.read(INTAKE, place, group, self._routers)
        await self._storage.put_blobs(attachment_blobs(mail for each in placed for mail in each.mails))
        await self._storage.write(INTAKE, settle, placed, state)

    async def _settle_alone(self, parsed: Parsed, state: str) -> None:
        try:
            await self._settle([parsed], state)
        except Unavailable:
            raise
        except Exception as error:  # this one is set aside with its trace, the next goes on
            log.exception("raw event %d is set aside", parsed.kept.id)
            reason = f"A bug of the program ({type(error).__name__}) keeps it from being read; see the log."
            await self._storage.write(INTAKE, quarantine, parsed.kept.id, reason, state)

    def _let_go(self, group: Sequence[Kept]) -> None:
        for kept in group:
            self._in_hand.pop(kept.id, None)

    def _is_full(self) -> bool:
        return len(self._in_hand) >= MOST_IN_HAND or sum(self._in_hand.values()) >= MOST_BYTES_IN_HAND


def place(unit: Unit, group: Sequence[Parsed], routers: dict[str, Router]) -> list[Placed]:
    """Whose each message is; or the reason why it can't be read or placed."""
    directory = Directory(unit)
    placed = []
    for each in group:
        reason = each.answer.unreadable or (each.answer.bug and f"The parser failed:\n{each.answer.bug}")
        mails: list[Incoming] = []
        if not reason:
            try:
                mails = _incoming(routers, directory, each)
            except Invalid as error:
                reason = f"It can't be placed: {error}"
        placed.append(Placed(each.kept, mails, reason))
    return placed


def settle(unit: Unit, group: Sequence[Placed], state: str) -> None:
    """One transaction: what could be read and placed becomes entries, the rest is quarantined with its reason."""
    for each in group:
        if each.reason:
            quarantine(unit, each.kept.id, each.reason, state)
        elif not each.mails:
            quarantine(unit, each.kept.id, "The parser found nothing in it.", state)
    normalise(unit, [mail for each in group for mail in each.mails], state)


def _incoming(routers: dict[str, Router], directory: Directory, parsed: Parsed) -> list[Incoming]:
    kept = parsed.kept
    envelope = [address for address in kept.event.origin.get("to", "").split(",") if address]
    return [
        Incoming(
            raw_id=kept.id,
            channel_id=kept.channel_id,
            received_at=kept.received_at,
            place=route(routers, directory, kept.channel_id, [kept.event], read.message),
            message=read.message,
            language=read.language,
            tokens=read.tokens,
            our_address=_without_tag(envelope[0]) if envelope else "",
            envelope=envelope,
        )
        for read in parsed.answer.items
    ]


def quarantine(unit: Unit, raw_id: int, reason: str, state: str = "new") -> None:
    """Visible, downloadable, replayable; the next goes on."""
    unit.change(
        update(RawEvent)
        .where(RawEvent.id == raw_id, RawEvent.state == state)
        .values(state="quarantined", reason=reason, parser=PARSER_VERSION, attempts=RawEvent.attempts + 1)
    )


def load(unit: Unit, raw_id: int) -> Kept | None:
    """A raw event with its bytes; None when it is erased or gone."""
    row = unit.get(RawEvent, raw_id)
    if row is None or row.state == "erased":
        return None
    body = unit.blobs.get(row.blob) if row.blob else row.body or b""
    event = Event(row.source_key, body, row.media_type, row.group_key, row.origin, row.whole_size)
    return Kept(row.id, row.channel_id, event, row.received_at)


def _waiting(unit: Unit, before: int, limit: int) -> Sequence[int]:
    return unit.all(
        select(RawEvent.id)
        .where(RawEvent.state == "new", RawEvent.received_at <= before)
        .order_by(RawEvent.id)
        .limit(min(limit, 4 * GROUP))
    )


def _kinds(unit: Unit, channel_ids: set[int]) -> dict[int, str]:
    return {row.id: row.kind for row in unit.rows(select(Channel.id, Channel.kind).where(Channel.id.in_(channel_ids)))}


def _without_tag(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _leave_to_others(_: Sequence[Kept]) -> None:
    """A process that only receives: its workers are woken by the doorbell, and sweep."""
