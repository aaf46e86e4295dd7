"""The exchange's own log of calls: CSV files that it puts into a folder, mostly one a day, a row a call.

We read the folder; nothing is moved or deleted there. A file counts when nobody has written to it for a while; one that
has grown or come anew is read again, and its rows are known by what they say. The columns are the settings'. Rows are
matched by the hub to the calls that were told of live: by the exchange's own name for the call where the log has it,
else by number, direction and time.
"""

import asyncio
import csv
import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct

from connectors.phone_log import guessed
from connectors.phone_log.rows import SECOND, event_of, steps_of
from connectors.phone_log.rows import events as rows_of
from connectors.phone_log.settings import FIELDS, NEEDED, PhoneLogConfig
from connectors.phone_log.table import digest, mended, table
from hub.contract import (
    Batch,
    CallStep,
    Misconfigured,
    Pulls,
    RawEvent,
    Register,
    Unreachable,
    Unreadable,
    hook_impl,
)

_LOOK = 5.0
"""Seconds between two looks at the folder."""
MOST_ROWS = 500
"""Of a batch."""
MOST_FILES = 400
"""That are remembered: more than a year's."""
MOST_BYTES = 50_000_000


class _File(Struct):
    """How far one is read: `rows`, which are known again by `digest` when it has grown. `whole`: all there was."""

    stamp: str
    rows: int = 0
    digest: str = ""
    whole: bool = False


class PhoneLog(Pulls[PhoneLogConfig]):
    """Calls that an exchange has logged."""

    kind = "phone_log"
    title = "Telephone exchange (daily log, CSV)"
    Config = PhoneLogConfig

    @classmethod
    def fetches(cls, config: PhoneLogConfig) -> Sequence[str]:
        return (f"{Path(config.folder)}/{config.files}",)

    async def check(self) -> None:
        config = self.config
        for name in config.columns:
            if name not in FIELDS:
                raise Misconfigured(
                    "columns", f"{name} is nothing that a column can say; there is: {', '.join(FIELDS)}."
                )
        if missing := [name for name in NEEDED if name not in config.columns]:
            raise Misconfigured("columns", f"Say which column is {missing[0]}.")
        try:
            ZoneInfo(config.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise Misconfigured("timezone", f"There is no time zone {config.timezone}.") from error
        try:
            "".encode(config.encoding)
        except LookupError as error:
            raise Misconfigured("encoding", f"There is no encoding {config.encoding}.") from error
        await self.tools.block(self._look)

    def _look(self) -> None:
        """The newest file, if there is one, has the columns."""
        files = self._files()
        if files:
            newest = files[-1][1]
            self._require_columns(newest, self._read(newest)[0])

    def _require_columns(self, path: Path, header: Sequence[str]) -> None:
        """Rows of a file without one would be read as though its calls had none of it, and nobody would know."""
        if header and (gone := [name for name in self.config.columns.values() if name not in header]):
            raise Misconfigured("columns", f"{path.name} has no column {gone[0]}; it has: {', '.join(header)}.")

    async def pull(self, cursor: bytes | None) -> Batch:
        known = msgspec.json.decode(cursor, type=dict[str, _File]) if cursor else {}
        return await self.tools.block(lambda: self._pull(known))

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, _LOOK))

    def _pull(self, known: dict[str, _File]) -> Batch:
        events: list[RawEvent] = []
        more = False
        now = self.tools.now().timestamp()
        for stamp, path in self._files():
            read = known.get(path.name)
            if read is not None and read.stamp == stamp and read.whole:
                continue
            if path.stat().st_mtime > now - self.config.settled:
                continue
            header, rows = self._read(path)
            try:
                self._require_columns(path, header)
            except Misconfigured:
                if events:  # what other files had is kept first: at the next look this one is come to again
                    break
                raise
            begun = read.rows if read is not None and digest(header, rows[: read.rows]) == read.digest else 0
            done = min(len(rows), begun + MOST_ROWS - len(events))
            events += rows_of(self.config, header, rows, begun, done)
            known[path.name] = _File(stamp, done, digest(header, rows[:done]), whole=done == len(rows))
            if done < len(rows) or len(events) >= MOST_ROWS:
                more = True
                break
        newest = dict(list(known.items())[-MOST_FILES:])
        return Batch(events=events, cursor=msgspec.json.encode(newest), more=more)

    def _files(self) -> list[tuple[str, Path]]:
        """Oldest first, with what changes when one is written to."""
        try:
            found = [each for each in Path(self.config.folder).iterdir() if fnmatchcase(each.name, self.config.files)]
            stats = [(each.stat(), each) for each in found if each.is_file()]
        except OSError as error:
            raise Unreachable(f"The folder {self.config.folder} can't be read: {error.strerror}.") from error
        stats.sort(key=lambda pair: (pair[0].st_mtime_ns, pair[1].name))
        return [(f"{stat.st_mtime_ns} {stat.st_size}", path) for stat, path in stats]

    def _read(self, path: Path) -> tuple[list[str], list[bytes]]:
        """Header, and rows."""
        try:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES)
        except OSError as error:
            raise Unreachable(f"{path.name} can't be read: {error.strerror}.") from error
        return table(content, self.config.encoding, self.config.separator)

    @staticmethod
    def split(recording: bytes, given: Mapping[str, object]) -> Sequence[RawEvent]:
        """A whole file as raw events, a row each. What isn't given of its columns is told by their usual names."""
        return guessed.events(recording, given)

    @classmethod
    def anew(cls, config: PhoneLogConfig, event: RawEvent) -> RawEvent:
        """As the settings say by now what its columns are."""
        try:
            header = mended(json.loads(event.origin["header"]), config.columns.values())
            return event_of(config, header, event.body, second=event.origin.get("hour") == SECOND)
        except (LookupError, ValueError, csv.Error) as error:
            raise Unreadable("It is no row of a log of calls.") from error

    @staticmethod
    def parse(group: Sequence[RawEvent]) -> Sequence[CallStep]:
        found: dict[str, CallStep] = {}
        for event in sorted(group, key=lambda each: (each.received_at, each.key)):  # a row may come again, corrected
            for step in steps_of(event):
                found[step.key] = step
        return list(found.values())


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(PhoneLog)
