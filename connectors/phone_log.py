"""The exchange's own log of calls: CSV files that it puts into a folder, mostly one a day, a row a call.

We read the folder; nothing is moved or deleted there. A file counts when nobody has written to it for a while; one that
has grown or come anew is read again, and its rows are known by what they say. The columns are the settings'. Rows are
matched by the hub to the calls that were told of live: by the exchange's own name for the call where the log has it,
else by number, direction and time.
"""

import asyncio
import csv
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct, field

from hub.contract import (
    Batch,
    CallStep,
    Cause,
    Config,
    Destination,
    Misconfigured,
    Pulls,
    RawEvent,
    Register,
    Unreachable,
    Unreadable,
    hook_impl,
)
from hub.contract.dialled import destination

MEDIA_TYPE = "text/csv"
_LOOK = 5.0
"""Seconds between two looks at the folder."""
MOST_ROWS = 500
"""Of a batch."""
MOST_FILES = 400
"""That are remembered: more than a year's."""
MOST_BYTES = 50_000_000
FIELDS = (
    "id", "start", "number", "called", "queue", "agent", "direction", "result", "wait", "talk", "answered", "ended",
)  # fmt: skip
"""What a column can say: the keys of the setting `columns`."""
_NEEDED = ("start", "number")
_UNREAD = "\N{REPLACEMENT CHARACTER}"
"""What stands for bytes that aren't of the encoding."""
_CLOCK = re.compile(r"^(?:(\d+):)?(\d{1,2}):(\d{2})(?:[.,]\d+)?$")


class PhoneLogConfig(Config, frozen=True):
    """Where the files are, and what their columns say."""

    folder: Annotated[str, Meta(title="Folder", description="that the exchange puts its log into", min_length=1)]
    columns: Annotated[
        dict[str, str],
        Meta(
            title="Columns",
            description="start = Starttid, number = A-nummer; also id, called, queue, agent, direction, result, wait, "
            "talk, answered, ended",
        ),
    ]
    lines: Annotated[
        dict[str, Destination],
        Meta(title="Lines", description="number that is dialled, or the exchange's queue = municipality/queue"),
    ] = field(default_factory=dict)
    exchange: Annotated[
        str,
        Meta(
            title="Channel of the exchange", description="id of the one that tells of its calls live", pattern=r"^\d*$"
        ),
    ] = ""
    files: Annotated[str, Meta(title="Files", description="by name, as samtal-*.csv", min_length=1)] = "*.csv"
    separator: Annotated[str, Meta(title="Separator", description="; , or \\t", min_length=1, max_length=2)] = ";"
    encoding: Annotated[str, Meta(title="Encoding", description="utf-8, cp1252 …")] = "utf-8-sig"
    timezone: Annotated[str, Meta(title="Time zone", description="of the times in it")] = "Europe/Stockholm"
    time_format: Annotated[str, Meta(title="How times are written", description="in the codes of strftime")] = (
        "%Y-%m-%d %H:%M:%S"
    )
    answered: Annotated[
        tuple[str, ...], Meta(title="Answered", description="what the column result says of an answered call")
    ] = ("answered", "besvarat", "besvarad", "ja", "1")
    busy: Annotated[
        tuple[str, ...], Meta(title="Busy", description="what the column result says of a call that met a busy line")
    ] = ("busy", "upptaget", "upptagen", "opptatt", "optaget")
    rejected: Annotated[
        tuple[str, ...],
        Meta(title="Rejected", description="what the column result says of a call that was turned away"),
    ] = ("rejected", "declined", "avvisat", "avvisad", "avvist", "afvist")
    outgoing: Annotated[
        tuple[str, ...], Meta(title="Outgoing", description="what the column direction says of a call out")
    ] = ("out", "outgoing", "utgående", "ut")
    settled: Annotated[
        int, Meta(title="Seconds that a file lies still", description="before it is read", ge=0, le=3600)
    ] = 10


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
        if missing := [name for name in _NEEDED if name not in config.columns]:
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
            begun = read.rows if read is not None and _digest(header, rows[: read.rows]) == read.digest else 0
            done = min(len(rows), begun + MOST_ROWS - len(events))
            events += [_event(self.config, header, row) for row in rows[begun:done]]
            known[path.name] = _File(stamp, done, _digest(header, rows[:done]), whole=done == len(rows))
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
        """Header, and rows as they stand there; one that is quoted may have several lines."""
        try:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES)
        except OSError as error:
            raise Unreachable(f"{path.name} can't be read: {error.strerror}.") from error
        lines: list[bytes] = []
        rows: list[bytes] = []
        for row in csv.reader(
            _lines(content, self.config.encoding, lines), delimiter=_separator(self.config.separator)
        ):
            if any(row):
                rows.append(b"".join(lines))
            lines.clear()
        header = _cells(rows[0], self.config.encoding, self.config.separator) if rows else []
        return header, rows[1:]

    @classmethod
    def anew(cls, config: PhoneLogConfig, event: RawEvent) -> RawEvent:
        """As the settings say by now what its columns are."""
        try:
            return _event(config, _mended(json.loads(event.origin["header"]), config.columns), event.body)
        except (LookupError, ValueError, csv.Error) as error:
            raise Unreadable("It is no row of a log of calls.") from error

    @staticmethod
    def parse(group: Sequence[RawEvent]) -> Sequence[CallStep]:
        found: dict[str, CallStep] = {}
        for event in sorted(group, key=lambda each: (each.received_at, each.key)):  # a row may come again, corrected
            for step in _steps(event):
                found[step.key] = step
        return list(found.values())


def _event(config: PhoneLogConfig, header: Sequence[str], row: bytes) -> RawEvent:
    """A row of a file with this header, with all that `parse` must know of the settings."""
    origin = {
        "header": json.dumps(header, ensure_ascii=False),
        "columns": json.dumps(config.columns, ensure_ascii=False),
        "separator": config.separator,
        "encoding": config.encoding,
        "timezone": config.timezone,
        "time_format": config.time_format,
        "answered": json.dumps(config.answered),
        "outgoing": json.dumps(config.outgoing),
        "busy": json.dumps(config.busy),
        "rejected": json.dumps(config.rejected),
        **({"exchange": config.exchange} if config.exchange else {}),
    }
    said = _said(row, origin)
    route = destination(config.lines, [said.get("queue"), said.get("called"), said.get("number")])
    key = hashlib.sha256(origin["header"].encode() + b"\n" + row.rstrip(b"\r\n")).hexdigest()
    return RawEvent(key, row, MEDIA_TYPE, _name(said), origin | ({"route": route} if route else {}))


def _mended(header: Sequence[str], columns: Mapping[str, str]) -> list[str]:
    """Names that were read in the wrong encoding, where one column alone can be meant: its own letters stand there,
    with U+FFFD for those that couldn't be read."""
    found = list(header)
    for name in set(columns.values()) - set(header):
        like = [
            place for place, each in enumerate(header)
            if _UNREAD in each and re.fullmatch(re.escape(each).replace(_UNREAD, ".+"), name)
        ]  # fmt: skip
        if len(like) == 1:
            found[like[0]] = name
    return found


def _lines(content: bytes, encoding: str, lines: list[bytes]) -> Iterator[str]:
    """As text; `lines` gets each as it is. A NUL, which csv can't read, is a blank."""
    for number, line in enumerate(content.splitlines(keepends=True)):
        lines.append(line)
        yield line.decode(encoding if number == 0 else _plain(encoding), "replace").replace("\0", " ")


def _digest(header: Sequence[str], rows: Sequence[bytes]) -> str:
    return hashlib.sha256("\n".join(header).encode("utf-8", "replace") + b"".join(rows)).hexdigest()


def _plain(encoding: str) -> str:
    return "utf-8" if encoding.lower().replace("_", "-") == "utf-8-sig" else encoding


def _separator(written: str) -> str:
    return "\t" if written == "\\t" else written[:1]


def _cells(row: bytes, encoding: str, separator: str) -> list[str]:
    lines = _lines(row, encoding, [])
    return [each.strip()[:500] for each in next(csv.reader(lines, delimiter=_separator(separator)), [])]


def _said(row: bytes, origin: Mapping[str, str]) -> dict[str, str]:
    """What the columns say, by their meaning. A row that is cut off says less."""
    header, columns = json.loads(origin["header"]), json.loads(origin["columns"])
    cells = _cells(row, origin["encoding"], origin["separator"])
    by_column = dict(zip(header, cells, strict=False))
    return {name: by_column.get(column, "") for name, column in columns.items()}


def _name(said: Mapping[str, str]) -> str:
    """The exchange's own, else one that the same row has again."""
    if said.get("id"):
        return said["id"]
    about = "\n".join(said.get(name, "") for name in ("start", "number", "called", "direction"))
    return "log " + hashlib.sha256(about.encode("utf-8", "replace")).hexdigest()[:32]


def _steps(event: RawEvent) -> list[CallStep]:
    try:
        said = _said(event.body, event.origin)
        answers, outs, busy, rejected = (_words(event, name) for name in ("answered", "outgoing", "busy", "rejected"))
        zone = ZoneInfo(event.origin.get("timezone", "UTC"))
    except (KeyError, LookupError, ValueError, csv.Error, ZoneInfoNotFoundError) as error:
        raise Unreadable("It is no row of a log of calls.") from error
    start = _moment(said, "start", event, zone)
    if start is None:
        raise Unreadable("The row doesn't say when the call began.")
    wait, talk = _seconds(said, "wait"), _seconds(said, "talk")
    answered_at, ended_at = (_moment(said, name, event, zone) for name in ("answered", "ended"))
    result = said.get("result", "").casefold()
    # An agent is named of who was rung, too: without a result only a talk, or when it began, says that it was answered.
    is_answered = result in answers if result else answered_at is not None or bool(talk)
    if is_answered and answered_at is None:
        answered_at = start + timedelta(seconds=wait or 0)
    if ended_at is None:
        ended_at = (answered_at if is_answered and answered_at else start) + timedelta(
            seconds=(talk or 0) if is_answered else (wait or 0)
        )
    out = said.get("direction", "").casefold() in outs
    common: dict[str, Any] = {
        "call": _name(said),
        "direction": "out" if out else "in",
        "caller": said.get("number", "") if not out else said.get("called") or None,
        "called": said.get("called") or None if not out else said.get("number", ""),
        "queue": said.get("queue") or None,
        "route": event.origin.get("route"),
    }
    steps = [CallStep(key="offered", kind="offered", at=_microseconds(start), **common)]
    if said.get("queue"):
        steps.append(CallStep(key="queued", kind="queued", at=_microseconds(start), **common))
    if is_answered and answered_at is not None:
        steps.append(
            CallStep(
                key="answered", kind="answered", at=_microseconds(answered_at), agent=said.get("agent") or None,
                wait_seconds=wait, talk_seconds=talk, **common,
            )
        )  # fmt: skip
    cause: Cause | None = (
        "completed" if is_answered else "busy" if result in busy else "rejected" if result in rejected else None
    )
    waited = None if is_answered else wait
    steps.append(
        CallStep(key="ended", kind="ended", at=_microseconds(ended_at), cause=cause, wait_seconds=waited, **common)
    )
    return steps


def _words(event: RawEvent, name: str) -> set[str]:
    """Of a setting; a row that was kept before there was such a one has none."""
    return {str(each).casefold() for each in json.loads(event.origin.get(name, "[]"))}


def _moment(said: Mapping[str, str], name: str, event: RawEvent, zone: ZoneInfo) -> datetime | None:
    written = said.get(name, "")
    if not written:
        return None
    try:
        found = datetime.strptime(written, event.origin.get("time_format", ""))  # noqa: DTZ007 - its zone comes next
        return (found if found.tzinfo is not None else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"The row's {name} can't be read: it isn't as the setting time_format says.") from error


def _seconds(said: Mapping[str, str], name: str) -> int | None:
    """Of 75, 75,4, 1:15 and 0:01:15."""
    written = said.get(name, "")
    if not written:
        return None
    if found := _CLOCK.match(written):
        hours, minutes, seconds = (int(each or 0) for each in found.groups())
        return min(hours * 3600 + minutes * 60 + seconds, 7 * 86_400)
    whole = written.partition(",")[0].partition(".")[0]
    if not (whole.isascii() and whole.isdigit()):
        raise Unreadable(f"The row's {name} can't be read: it is no number of seconds.")
    return min(int(whole[:9]), 7 * 86_400)


def _microseconds(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(PhoneLog)
