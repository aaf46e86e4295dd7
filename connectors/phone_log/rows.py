"""A row of a log as a raw event, with all of the settings that its reading needs, and as the steps of its call."""

import csv
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from msgspec import Struct

from connectors.phone_log.settings import PhoneLogConfig
from connectors.phone_log.table import cells
from connectors.phone_log.times import Counted, Span, second_hours, spans
from hub.contract import CallStep, Cause, RawEvent, StepKind, Unreadable
from hub.contract.dialled import destination

MEDIA_TYPE = "text/csv"
SECOND = "second"
"""In `origin`: the hour of the two that a row is likelier of."""
_CLOCK = re.compile(r"^(?:(\d+):)?(\d{1,2}):(\d{2})(?:[.,]\d+)?$")


class _Row(Struct, frozen=True):
    """What one says; what it means by its times, the likelier by itself first."""

    said: Mapping[str, str]
    counted: Counted
    spans: Sequence[Span]


def events(
    config: PhoneLogConfig, header: Sequence[str], rows: Sequence[bytes], begun: int, done: int
) -> list[RawEvent]:
    """Those rows of a file; all of it says which of the hour that the clock shows twice are likelier of the second."""
    found = [event_of(config, header, row) for row in rows[begun:done]]
    if not any(len(_spans_of(each)) > 1 for each in found):
        return found
    whole = [(place, spans) for place, row in enumerate(rows) if (spans := _spans_of(event_of(config, header, row)))]
    second = second_hours([spans for _, spans in whole])
    late = {whole[place][0] for place in second}
    return [
        event_of(config, header, row, second=True) if place in late else each
        for place, (row, each) in enumerate(zip(rows[begun:done], found, strict=True), begun)
    ]


def event_of(config: PhoneLogConfig, header: Sequence[str], row: bytes, *, second: bool = False) -> RawEvent:
    """A row of a file with this header, with all that `parse` must know of the settings. `second`: of two hours that
    its times may be of, it is likelier the second."""
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
        **({"hour": SECOND} if second else {}),
    }
    said = said_of(row, origin)
    route = destination(config.lines, [said.get("queue"), said.get("called"), said.get("number")])
    key = hashlib.sha256(origin["header"].encode() + b"\n" + row.rstrip(b"\r\n")).hexdigest()
    return RawEvent(key, row, MEDIA_TYPE, _name(said, origin), origin | ({"route": route} if route else {}))


def said_of(row: bytes, origin: Mapping[str, str]) -> dict[str, str]:
    """What the columns say, by their meaning. A row that is cut off says less."""
    header, columns = json.loads(origin["header"]), json.loads(origin["columns"])
    row_cells = cells(row, origin["encoding"], origin["separator"])
    by_column = dict(zip(header, row_cells, strict=False))
    return {name: by_column.get(column, "") for name, column in columns.items()}


def _name(said: Mapping[str, str], origin: Mapping[str, str]) -> str:
    """The exchange's own, else one that the same row has again."""
    if said.get("id"):
        return said["id"]
    about = "\n".join([*(said.get(name, "") for name in ("start", "number", "called", "direction")), *_hour(origin)])
    return "log " + hashlib.sha256(about.encode("utf-8", "replace")).hexdigest()[:32]


def steps_of(event: RawEvent) -> list[CallStep]:
    """Of the call; those of one in the hour that the clock shows twice may have two times. Raises Unreadable."""
    row = _read(event)
    first, *other = row.spans[::-1] if SECOND in _hour(event.origin) else row.spans
    said, counted = row.said, row.counted
    out = said.get("direction", "").casefold() in _words(event, "outgoing")
    common: dict[str, Any] = {
        "call": _name(said, event.origin),
        "direction": "out" if out else "in",
        "caller": said.get("number", "") if not out else said.get("called") or None,
        "called": said.get("called") or None if not out else said.get("number", ""),
        "queue": said.get("queue") or None,
        "route": event.origin.get("route"),
    }

    def step(kind: StepKind, when: Callable[[Span], datetime | None], **more: Any) -> CallStep:
        at, *or_at = [_microseconds(moment) for each in (first, *other) if (moment := when(each)) is not None]
        return CallStep(
            key=kind, kind=kind, at=at, or_at=next((each for each in or_at if each != at), None), **common, **more
        )

    steps = [step("offered", _start)]
    if said.get("queue"):
        steps.append(step("queued", _start))
    if first.answered is not None:
        told = {"wait_seconds": counted.wait, "talk_seconds": counted.talk}
        steps.append(step("answered", lambda span: span.answered, agent=said.get("agent") or None, **told))
    is_busy, is_rejected = (said.get("result", "").casefold() in _words(event, name) for name in ("busy", "rejected"))
    cause: Cause | None = (
        "completed" if first.answered is not None else "busy" if is_busy else "rejected" if is_rejected else None
    )
    waited = None if first.answered is not None else counted.wait
    return [*steps, step("ended", lambda span: span.ended, cause=cause, wait_seconds=waited)]


def _start(span: Span) -> datetime:
    return span.start


def _read(event: RawEvent) -> _Row:
    try:
        said = said_of(event.body, event.origin)
        counted = Counted(_seconds(said, "wait"), _seconds(said, "talk"))
        found = spans(said, event.origin, counted)
        answers = _words(event, "answered")
    except (KeyError, LookupError, ValueError, csv.Error, ZoneInfoNotFoundError) as error:
        raise Unreadable("It is no row of a log of calls.") from error
    result = said.get("result", "").casefold()
    # An agent is named of who was rung, too: without a result only a talk, or when it began, says that it was answered.
    is_answered = result in answers if result else found[0].answered is not None or bool(counted.talk)
    return _Row(said, counted, [_whole(each, counted, is_answered=is_answered) for each in found])


def _whole(span: Span, counted: Counted, *, is_answered: bool) -> Span:
    """With what it doesn't say itself, as far as the exchange has counted it. Who wasn't answered has no answer."""
    wait, talk = timedelta(seconds=counted.wait or 0), timedelta(seconds=counted.talk or 0)
    answered = (span.answered or span.start + wait) if is_answered else None
    ended = span.ended or (answered + talk if answered is not None else span.start + wait)
    return Span(span.start, answered, ended)


def _spans_of(event: RawEvent) -> Sequence[Span]:
    """None of a row that can't be read: it is set aside when it is."""
    try:
        return _read(event).spans
    except Unreadable:
        return ()


def _hour(origin: Mapping[str, str]) -> Sequence[str]:
    return [origin["hour"]] if "hour" in origin else []


def _words(event: RawEvent, name: str) -> set[str]:
    """Of a setting; a row that was kept before there was such a one has none."""
    return {str(each).casefold() for each in json.loads(event.origin.get(name, "[]"))}


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
