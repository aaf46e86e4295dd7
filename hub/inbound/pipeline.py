"""The way in, told once: keep -> parse in children -> route -> files to the disk -> thread -> rows -> announced.

While one group commits, the next is routed and its files are flushed, and one more is parsed. What a crash leaves
half-way is a raw event in state new: the sweep finds it.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import zip_longest

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import and_, exists, literal_column, select, update

from hub import clock, faults
from hub.channels import hourly
from hub.channels.channel import Channel
from hub.contract import RawEvent as Event
from hub.contract import Router
from hub.due import due_in
from hub.errors import Corrupt, Invalid, Unavailable
from hub.inbound.authentic import Trust, trust
from hub.inbound.call_rows import take_calls
from hub.inbound.child import Job
from hub.inbound.children import Children
from hub.inbound.files import attachment_blobs
from hub.inbound.filled import begin
from hub.inbound.lane import GROUP, MOST_IN_HAND, Lane, Parsed, Placed
from hub.inbound.normalise import normalise
from hub.inbound.raw_event import PARSER_VERSION, RawEvent
from hub.inbound.receive import Kept, Receiver
from hub.inbound.route import Directory, route
from hub.inbound.telling import Telling, tellings
from hub.inbound.text_rows import IncomingReport, IncomingText, incoming, take_texts
from hub.inbound.thread import Incoming
from hub.inbound.together import Group, Name, together
from hub.settings import Settings
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit

FULL_SWEEP = 4 * GROUP
"""Rows that a sweep takes in hand at most."""
_LOOK = 0.05
"""Seconds between two looks at what is in hand."""
_MAILS_WAIT = 0.1
"""Seconds that mails let what people do, and calls, pass them at each step of their way; less what they have waited."""
_LONGEST = 0.5
"""Seconds by which a call that has waited on its way goes before what came later, at most."""
INTAKE = Scope.everything("intake")
_IS_NEW = RawEvent.state == literal_column("'new'")
"""Written into the statement: with a value that is only known later the index of the few new ones may be passed by."""

log = logging.getLogger(__name__)


class Trusts(Struct, frozen=True):
    """How far what comes is trusted, by the settings. `scans`: its files wait for the virus scanner."""

    authserv_ids: Sequence[str] = ()
    scans: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "Trusts":
        return cls(settings.authserv_ids, settings.scanner is not None)


class Pipeline:
    """One for a process that reads. `kinds` gives the kind of a channel by its id."""

    def __init__(
        self,
        storage: Storage,
        children: Children,
        routers: dict[str, Router],
        *,
        trusts: Trusts | None = None,
        reads: bool = True,
    ) -> None:
        self._storage, self._children, self._routers, self._reads = storage, children, routers, reads
        self.trusts = trusts or Trusts()
        # A call is answered while it rings: it doesn't wait behind the mails.
        self._mails, self._calls = Lane(_MAILS_WAIT), Lane()
        self._kinds: dict[int, str] = {}
        self.receiver = Receiver(storage, self._take if reads else _leave_to_others)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.receiver.run())
            if self._reads:
                for lane in (self._mails, self._calls):
                    tasks.create_task(self._parse(lane))
                    tasks.create_task(self._place(lane))
                    tasks.create_task(self._make_entries(lane))

    async def sweep(self, grace: int, *, calls: bool) -> bool:
        """Take in hand the calls, or else the mails, that have lain in state new for `grace` microseconds; whether more
        may wait than there was room for.
        """
        lane = self._calls if calls else self._mails
        limit = min(MOST_IN_HAND - len(lane), FULL_SWEEP)
        if not self._reads or limit <= 0:
            return self._reads
        found = await self._storage.read(INTAKE, _waiting, clock.now() - grace, limit, calls=calls)
        # Read one by one: a thousand large mails at once would fill the memory.
        for row_id in found:
            if lane.is_full():
                return True
            if row_id not in lane:
                try:
                    kept = await self._storage.read(INTAKE, _unread, row_id)
                except Corrupt as error:  # its bytes are gone: this one is set aside, the next goes on
                    await self._storage.write(INTAKE, quarantine, row_id, str(error))
                    continue
                self._take([kept] if kept else [])
        return len(found) >= limit

    async def room(self) -> None:
        """Until whoever can leave its mails at their source may bring more: what isn't in hand is read late."""
        while self._reads and self._mails.is_full(parts=2):  # noqa: ASYNC110 - an event would be set for each mail settled
            await asyncio.sleep(_LOOK)

    def _take(self, fresh: Sequence[Kept]) -> None:
        for kept in fresh:
            (self._mails if kept.event.group is None else self._calls).take(kept)

    async def _parse(self, lane: Lane) -> None:
        while True:
            group = await lane.next_ones()
            try:
                with in_turn(lane, group):
                    parsed = await self.parse(group)
            except Unavailable as error:
                log.warning("intake waits: %s", error)
                lane.let_go(group, unparsed=True)
                continue
            faults.point("parsed")
            await lane.parsed.put(parsed)

    async def parse(self, group: Sequence[Kept]) -> list[Parsed]:
        """In children, a job an event, or a group of them. Raises Unavailable when a channel can't be looked up."""
        unknown = {kept.channel_id for kept in group} - set(self._kinds)
        if unknown:
            self._kinds |= await self._storage.read(INTAKE, _kinds, unknown)
        groups: dict[Name, Group] = {}
        if any(kept.event.group is not None for kept in group):
            groups = await self._storage.read(INTAKE, together, group)
        alone = [kept for kept in group if _name(kept) not in groups]
        jobs = [Job(self._kinds[kept.channel_id], [_dated(kept)]) for kept in alone]
        jobs += [Job(self._kinds[channel_id], each.events) for (channel_id, _), each in groups.items()]
        answers = await self._children.parse(jobs)
        of = dict(zip([*(kept.id for kept in alone), *groups], answers, strict=True))
        return [
            Parsed(kept, of[_name(kept) if _name(kept) in groups else kept.id], groups.get(_name(kept)))
            for kept in group
        ]

    async def _place(self, lane: Lane) -> None:
        while True:
            group = await lane.gather()
            try:
                with in_turn(lane, [each.kept for each in group]):
                    placed = await self.place(group)
            except Unavailable as error:
                log.warning("intake waits: %s", error)
                placed = []
            ready = {each.kept.id for each in placed}
            lane.let_go([each.kept for each in group if each.kept.id not in ready])
            if placed:
                await lane.placed.put(placed)

    async def _make_entries(self, lane: Lane) -> None:
        while True:
            group = await lane.placed.get()
            try:
                with in_turn(lane, [each.kept for each in group]):
                    await self.store(group)
            except Unavailable as error:
                log.warning("intake waits: %s", error)
            finally:
                lane.let_go([each.kept for each in group])
            faults.point("conversation_committed")

    async def settle(self, group: Sequence[Parsed], state: str = "new") -> None:
        """Entries, or quarantine, for those still in `state`. A bug sets one event aside, not its group."""
        await self.store(await self.place(group), state)

    async def place(self, group: Sequence[Parsed]) -> list[Placed]:
        """With their files on disk: whose can't be kept now is left out. Raises Unavailable when nothing is left."""
        placed = await self._route(group)
        try:
            await self._storage.put_blobs(_files(placed))
        except Unavailable as error:
            placed = [each for each in placed if not _files([each])]
            if not placed:
                raise
            log.warning("mails with files wait: %s", error)
        return placed

    async def _route(self, group: Sequence[Parsed]) -> list[Placed]:
        try:
            return await self._storage.read(INTAKE, place, group, self._routers, self.trusts)
        except Unavailable:
            raise
        except Exception as error:  # one of the group brings a bug to light: each on its own then
            if len(group) == 1:
                log.exception("raw event %d is set aside", group[0].kept.id)
                return [Placed(group[0].kept, [], _bug(error))]
            log.exception("a group of %d raw events can't be placed; trying them one by one", len(group))
            return [placed for each in group for placed in await self._route([each])]

    async def store(self, group: Sequence[Placed], state: str = "new") -> None:
        """In one transaction, or where that fails one after the other."""
        try:
            await self._storage.write(INTAKE, settle, group, state)
        except Unavailable:
            raise
        except Exception as error:  # as above
            if len(group) == 1:
                log.exception("raw event %d is set aside", group[0].kept.id)
                await self._storage.write(INTAKE, quarantine, group[0].kept.id, _bug(error), state)
                return
            log.exception("a group of %d raw events failed; trying them one by one", len(group))
            for each in group:
                await self.store([each], state)


def in_turn(lane: Lane, group: Sequence[Kept]) -> AbstractContextManager[None]:
    """What it asks of storage is due from when the first of them came, as what somebody clicks is from the click. Mails
    go before nothing that came earlier than their step: in a storm all of them have waited.
    """
    waited = (clock.now() - min(kept.received_at for kept in group)) / clock.SECOND
    return due_in(max(0.0, lane.waits - waited) if lane.waits else -min(waited, _LONGEST))


def _files(group: Sequence[Placed]) -> dict[str, bytes]:
    return attachment_blobs(mail for each in group for mail in each.mails)


def _bug(error: Exception) -> str:
    return f"A bug of the program ({type(error).__name__}) keeps it from being read; see the log."


def _name(kept: Kept) -> Name:
    return kept.channel_id, kept.event.group or ""


def _dated(kept: Kept) -> Event:
    return replace(kept.event, received_at=kept.received_at)


def place(unit: Unit, group: Sequence[Parsed], routers: dict[str, Router], trusts: Trusts) -> list[Placed]:
    """Whose each message is; or the reason why it can't be read or placed."""
    directory = Directory(unit)
    trusted = trust(unit, trusts.authserv_ids, [read.message for each in group for read in each.answer.items])
    placed = []
    for each in group:
        reason = each.answer.unreadable or (each.answer.bug and f"The parser failed:\n{each.answer.bug}")
        mails: list[Incoming] = []
        calls: Sequence[Telling] = ()
        texts: Sequence[IncomingText | IncomingReport] = ()
        if not reason:
            try:
                mails = _incoming(routers, directory, trusted, each, to_scan=trusts.scans)
                calls = tellings(routers, directory, each.kept, each.group, each.answer)
                texts = incoming(routers, directory, each.kept, each.answer)
            except Invalid as error:
                reason = f"It can't be placed: {error}"
        placed.append(Placed(each.kept, mails, reason, calls, texts))
    return placed


def settle(unit: Unit, group: Sequence[Placed], state: str) -> None:
    """One transaction: what could be read and placed becomes entries, the rest is quarantined with its reason."""
    for each in group:
        if each.reason:
            quarantine(unit, each.kept.id, each.reason, state)
        elif not each.mails and not each.tellings and not each.texts:
            if each.kept.event.group is None:
                quarantine(unit, each.kept.id, "The parser found nothing in it.", state)
            else:  # not every event of a call says something of it
                note_read(unit, each.kept.id, state)
    mails = [mail for each in group for mail in each.mails]
    normalise(unit, [each for each in mails if each.message.form is None], state)
    begin(unit, [each for each in mails if each.message.form is not None], state)
    take_calls(unit, [telling for each in group if not each.reason for telling in each.tellings], state)
    take_texts(unit, [text for each in group if not each.reason for text in each.texts], state)
    if state == "new":  # what is read again came long ago
        hourly.note_read(unit, _oldest(group))


def _oldest(group: Sequence[Placed]) -> dict[tuple[int, int], int]:
    oldest: dict[tuple[int, int], int] = {}
    for each in group:
        at, of = each.kept.received_at, (each.kept.channel_id, hourly.hour_of(each.kept.received_at))
        oldest[of] = min(at, oldest.get(of, at))
    return oldest


def _incoming(
    routers: dict[str, Router], directory: Directory, trusted: Trust, parsed: Parsed, *, to_scan: bool
) -> list[Incoming]:
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
            tokens=[read.tokens],
            our_address=_without_tag(envelope[0]) if envelope else "",
            envelope=envelope,
            envelope_sender=kept.event.origin.get("from"),
            authentication=trusted.of(read.message),
            conversation_id=int(kept.event.origin.get("conversation", "0")) or None,
            to_scan=to_scan and read.message.form is None,  # a form's were looked at as they were sent
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


def note_read(unit: Unit, raw_id: int, state: str = "new") -> None:
    """Though nothing follows from it."""
    unit.change(
        update(RawEvent)
        .where(RawEvent.id == raw_id, RawEvent.state == state)
        .values(state="read", reason=None, parser=PARSER_VERSION, attempts=RawEvent.attempts + 1)
    )


def load(unit: Unit, raw_id: int) -> Kept | None:
    """A raw event with its bytes; None when it is erased or gone."""
    row = unit.get(RawEvent, raw_id)
    if row is None or row.state == "erased":
        return None
    body = unit.blobs.get(row.blob) if row.blob else row.body or b""
    event = Event(row.source_key, body, row.media_type, row.group_key, row.origin, row.whole_size)
    return Kept(row.id, row.channel_id, event, row.received_at)


def _unread(unit: Unit, raw_id: int) -> Kept | None:
    """The same of one that is still to be read: since it was found it may have been."""
    row = unit.get(RawEvent, raw_id)
    return load(unit, raw_id) if row is not None and row.state == "new" else None


def _waiting(unit: Unit, before: int, limit: int, *, calls: bool) -> Sequence[int]:
    """The oldest of each channel, in turns: what comes now by one isn't held up by what another brought by the
    thousand.
    """
    of_calls = RawEvent.group_key.is_not(None) if calls else RawEvent.group_key.is_(None)
    waits = and_(_IS_NEW, of_calls, RawEvent.received_at <= before)
    channels = unit.all(select(Channel.id).where(exists().where(RawEvent.channel_id == Channel.id, waits)))
    oldest = select(RawEvent.id).where(waits).order_by(RawEvent.id).limit(limit)
    by_channel = [unit.all(oldest.where(RawEvent.channel_id == each)) for each in channels]
    in_turns = zip_longest(*by_channel)
    return [row_id for turn in in_turns for row_id in turn if row_id is not None][:limit]


def _kinds(unit: Unit, channel_ids: set[int]) -> dict[int, str]:
    return {row.id: row.kind for row in unit.rows(select(Channel.id, Channel.kind).where(Channel.id.in_(channel_ids)))}


def _without_tag(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _leave_to_others(_: Sequence[Kept]) -> None:
    """A process that only receives: its workers are woken by the doorbell, and sweep."""
