"""A row of a log as a raw event, with all of the settings that its reading needs, and as the steps of its call."""

import csv
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.phone_log.settings import PhoneLogConfig
from connectors.phone_log.table import cells
from hub.contract import CallStep, Cause, RawEvent, Unreadable
from hub.contract.dialled import destination

MEDIA_TYPE = "text/csv"
_CLOCK = re.compile(r"^(?:(\d+):)?(\d{1,2}):(\d{2})(?:[.,]\d+)?$")


def event_of(config: PhoneLogConfig, header: Sequence[str], row: bytes) -> RawEvent:
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
    said = said_of(row, origin)
    route = destination(config.lines, [said.get("queue"), said.get("called"), said.get("number")])
    key = hashlib.sha256(origin["header"].encode() + b"\n" + row.rstrip(b"\r\n")).hexdigest()
    return RawEvent(key, row, MEDIA_TYPE, _name(said), origin | ({"route": route} if route else {}))


def said_of(row: bytes, origin: Mapping[str, str]) -> dict[str, str]:
    """What the columns say, by their meaning. A row that is cut off says less."""
    header, columns = json.loads(origin["header"]), json.loads(origin["columns"])
    row_cells = cells(row, origin["encoding"], origin["separator"])
    by_column = dict(zip(header, row_cells, strict=False))
    return {name: by_column.get(column, "") for name, column in columns.items()}


def _name(said: Mapping[str, str]) -> str:
    """The exchange's own, else one that the same row has again."""
    if said.get("id"):
        return said["id"]
    about = "\n".join(said.get(name, "") for name in ("start", "number", "called", "direction"))
    return "log " + hashlib.sha256(about.encode("utf-8", "replace")).hexdigest()[:32]


def steps_of(event: RawEvent) -> list[CallStep]:
    try:
        said = said_of(event.body, event.origin)
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
