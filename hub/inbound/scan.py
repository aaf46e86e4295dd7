"""Scan: what is attached to what came is shown to the virus scanner once it is kept, where `scanner` names one.

A file waits unopened until then, however long that takes: a scanner that is down delays, and loses nothing. What it
finds something in stays where it is, shown as such and opened by nobody, until IT releases it.
"""

import asyncio
import logging
from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import func, select, update

from hub import clock
from hub.doorbell import SCAN, Doorbell
from hub.errors import Corrupt, NotFound, TorgError
from hub.inbound.scanner import NotScanned, OutOfReach, scan
from hub.inbox.entry import FOUND, WAITS, Attachment, Entry
from hub.storage.scope import Scope
from hub.storage.unit import Happening, Storage, Unit

SCANS = Scope.everything("files for the virus scanner")
_GROUP = 16
_AT_ONCE = 4
_LEASE = 5 * clock.MINUTE
"""After which another process may try, and after which one that the scanner doesn't take is tried again."""

log = logging.getLogger(__name__)


class Scans:
    """One for a process that works."""

    def __init__(self, storage: Storage, bell: Doorbell, address: str, sweep_seconds: float) -> None:
        self._storage, self._bell, self._address, self._sweep = storage, bell, address, sweep_seconds

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                while await self.once():
                    pass
            except TorgError as error:
                log.warning("files wait for the virus scanner: %s", error)
            await self._bell.heard(SCAN, self._sweep)

    async def once(self) -> int:
        """A group; how many there were. Raises OutOfReach when the scanner is away: then all wait as they did."""
        if not await self._storage.read(SCANS, any_due):
            return 0
        leased = await self._storage.write(SCANS, lease)
        room = asyncio.Semaphore(_AT_ONCE)

        async def one(file_id: int) -> None:
            async with room:
                await self._one(file_id)

        ended = await asyncio.gather(*(one(each) for each in leased), return_exceptions=True)
        away = next((each for each in ended if isinstance(each, OutOfReach)), None)
        if away is not None:
            await self._storage.write(SCANS, put_off, leased, str(away))
        for each in ended:
            if isinstance(each, BaseException):
                raise each
        return len(leased)

    async def _one(self, file_id: int) -> None:
        try:
            content = await self._storage.read(SCANS, content_of, file_id)
            found = None if content is None else await scan(self._address, content)
        except OutOfReach:
            raise
        except (NotScanned, Corrupt) as error:  # of this one: the others are tried
            log.warning("file %d isn't scanned: %s", file_id, error)
            await self._storage.write(SCANS, note_trouble, file_id, str(error))
            return
        if found is not None:
            log.warning("file %d is shut away: the virus scanner found something in it", file_id)
        await self._storage.write(SCANS, settle, file_id, found)


class ShutAway(Struct, frozen=True):
    """A file that isn't opened. `said`: what was found in it, or why nobody knows yet. Times in microseconds."""

    id: int
    municipality_id: int
    conversation_id: int
    name: str
    size: int
    state: str
    said: str | None
    came_at: int


def any_due(unit: Unit) -> bool:
    """Whether there is anything to take."""
    due = select(Attachment.id).where(Attachment.scan == WAITS, Attachment.scan_at <= clock.now())
    return unit.first(due.limit(1)) is not None


def lease(unit: Unit) -> Sequence[int]:
    """Files that wait, the longest first: nobody else takes them for a while."""
    now = clock.now()
    due = (
        select(Attachment.id)
        .where(Attachment.scan == WAITS, Attachment.scan_at <= now)
        .order_by(Attachment.scan_at)
        .limit(_GROUP)
        .with_for_update(skip_locked=True)
        .cte("due")  # as a subquery PostgreSQL may ask it anew for each row, and then its limit is none
    )
    return [
        row.id
        for row in unit.changed(
            update(Attachment)
            .where(Attachment.id.in_(select(due.c.id)))
            .values(scan_at=now + _LEASE)
            .returning(Attachment.id)
        )
    ]


def content_of(unit: Unit, file_id: int) -> bytes | None:
    """None: it is gone."""
    row = unit.get(Attachment, file_id)
    return None if row is None else (row.body if row.blob is None else unit.blobs.get(row.blob)) or b""


def settle(unit: Unit, file_id: int, found: str | None) -> None:
    """It may be opened, or it is shut away; whoever has it before them is told."""
    state = None if found is None else FOUND
    values = {"scan": state, "scan_said": found, "scan_at": None if found is None else clock.now()}
    if unit.change(update(Attachment).where(Attachment.id == file_id, Attachment.scan == WAITS).values(values)):
        _tell(unit, file_id)


def note_trouble(unit: Unit, file_id: int, why: str) -> None:
    """It waits on, as long as its lease."""
    unit.change(update(Attachment).where(Attachment.id == file_id, Attachment.scan == WAITS).values(scan_said=why))


def put_off(unit: Unit, file_ids: Sequence[int], why: str) -> None:
    """They wait as before: the next look may take them."""
    those = Attachment.id.in_(file_ids), Attachment.scan == WAITS
    unit.change(update(Attachment).where(*those).values(scan_said=why, scan_at=clock.now()))


def counts(unit: Unit) -> dict[str, int]:
    """How many wait, and how many are shut away."""
    query = select(Attachment.scan, func.count()).where(Attachment.scan.is_not(None)).group_by(Attachment.scan)
    return {WAITS: 0, FOUND: 0} | {state: number for state, number in unit.rows(query) if state}


def shut_away(unit: Unit) -> Sequence[ShutAway]:
    """All that isn't opened, oldest first."""
    query = (
        select(
            Attachment.id, Attachment.municipality_id, Entry.conversation_id, Attachment.name, Attachment.size,
            Attachment.scan, Attachment.scan_said, Entry.recorded_at,
        )
        .join(Entry, (Entry.municipality_id == Attachment.municipality_id) & (Entry.id == Attachment.entry_id))
        .where(Attachment.scan.is_not(None))
        .order_by(Attachment.id)
    )  # fmt: skip
    return [ShutAway(*fields) for fields in unit.rows(query)]


def release(unit: Unit, file_id: int) -> Attachment:
    """Opened from now on, whatever the scanner said or would say. Raises NotFound."""
    row = unit.first(select(Attachment).where(Attachment.id == file_id, Attachment.scan.is_not(None)))
    if row is None:
        raise NotFound("No file of that number is shut away: torg scan list shows them.")
    row.scan = row.scan_said = row.scan_at = None
    _tell(unit, row.id)
    return row


def release_waiting(unit: Unit, most: int) -> Sequence[Attachment]:
    """The same of those that wait, `most` at a time, where there is no scanner any more."""
    rows = unit.all(select(Attachment).where(Attachment.scan == WAITS).order_by(Attachment.id).limit(most))
    for row in rows:
        row.scan = row.scan_said = row.scan_at = None
        _tell(unit, row.id)
    return rows


def scan_again(unit: Unit) -> int:
    """What was shut away, and what waits, is shown to the scanner at the next look; how many."""
    anew = {"scan": WAITS, "scan_said": None, "scan_at": clock.now()}
    return unit.change(update(Attachment).where(Attachment.scan.is_not(None)).values(anew))


def _tell(unit: Unit, file_id: int) -> None:
    query = select(Entry.id, Entry.municipality_id, Entry.conversation_id).join(
        Attachment, (Entry.municipality_id == Attachment.municipality_id) & (Entry.id == Attachment.entry_id)
    )
    for entry_id, *where in unit.rows(query.where(Attachment.id == file_id)):
        unit.note(Happening("entry_changed", entry_id, *where))
