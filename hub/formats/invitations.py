"""Invitations in mails (RFC 5545, 5546): what an agent must see of one, as values. Bounded, never raises."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from hub.contract.messages import Address, Invitation
from hub.formats import charsets
from hub.formats.headers import one_line

_MOST_LINES = 5_000
_MOST = 20
_LONGEST = 1_000
_LINE = re.compile(r"([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:\"[^\"]*\"|[^\";:]*))*):(.*)", re.S)
_PARAMETER = re.compile(r";([A-Za-z0-9-]+)=(?:\"([^\"]*)\"|([^\";:]*))")
_WHEN = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d):?(\d\d)?(Z)?)?")
_DURATION = re.compile(r"([+-]?)P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?")
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)")
_ESCAPED = re.compile(r"\\([\\;,nN:\"])")
_METHODS = frozenset({"request", "cancel", "reply", "publish", "counter", "declinecounter", "refresh", "add"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# As Exchange and Outlook call them (CLDR windowsZones).
_WINDOWS = {
    "w. europe standard time": "Europe/Berlin", "romance standard time": "Europe/Paris",
    "central europe standard time": "Europe/Budapest", "central european standard time": "Europe/Warsaw",
    "fle standard time": "Europe/Helsinki", "gtb standard time": "Europe/Bucharest",
    "e. europe standard time": "Europe/Chisinau",
    "gmt standard time": "Europe/London", "greenwich standard time": "Atlantic/Reykjavik", "utc": "UTC",
    "russian standard time": "Europe/Moscow", "turkey standard time": "Europe/Istanbul",
    "eastern standard time": "America/New_York", "central standard time": "America/Chicago",
    "mountain standard time": "America/Denver", "pacific standard time": "America/Los_Angeles",
    "india standard time": "Asia/Kolkata", "china standard time": "Asia/Shanghai", "tokyo standard time": "Asia/Tokyo",
    "customized time zone": "Europe/Berlin",
}  # fmt: skip

Property = tuple[str, Mapping[str, str], str]


def read(text: str, told_method: str = "") -> list[Invitation]:
    """The meetings in it. `told_method`: of the part's Content-Type, for a calendar that names none."""
    method, zones, events = told_method.lower(), {}, []
    event: list[Property] | None = None
    zone = ""
    depth = 0  # in an alarm or another thing inside a meeting
    for name, parameters, value in _properties(text):
        kind = value.strip().upper()
        if name == "BEGIN":
            if kind == "VEVENT":
                event, depth = [], 0
            elif event is not None:
                depth += 1
        elif name == "END":
            if kind == "VEVENT" and event is not None:
                events.append(event)
                event = None
            elif event is not None:
                depth = max(0, depth - 1)
        elif event is not None:
            if not depth:
                event.append((name, parameters, value))
        elif name == "METHOD":
            method = value.strip().lower()
        elif name == "TZID":
            zone = value.strip()
        elif name == "TZOFFSETTO" and zone and zone not in zones:
            zones[zone] = value.strip()
    method = method if method in _METHODS else ""
    return [_invitation(each, method, zones) for each in events[:_MOST]]


def _properties(text: str) -> Iterator[Property]:
    text = re.sub(r"\r?\n[ \t]", "", text[:2_000_000])
    for line in text.splitlines()[:_MOST_LINES]:
        found = _LINE.match(line.strip())
        if found:
            parameters = {one[1].upper(): one[2] or one[3] or "" for one in _PARAMETER.finditer(found[2])}
            yield found[1].upper(), parameters, found[3]


def _invitation(event: list[Property], method: str, zones: Mapping[str, str]) -> Invitation:
    values: dict[str, tuple[Mapping[str, str], str]] = {}
    for name, parameters, value in event:
        values.setdefault(name, (parameters, value))
    starts, all_day = _when(values.get("DTSTART"), zones)
    ends, _ = _when(values.get("DTEND"), zones)
    if ends is None and starts is not None and "DURATION" in values:
        ends = _later(starts, values["DURATION"][1])
    status = _said(values, "STATUS").lower()
    return Invitation(
        method="cancel" if status == "cancelled" and method in ("", "publish", "request") else method,
        summary=_said(values, "SUMMARY"),
        starts=starts,
        ends=ends,
        all_day=all_day,
        place=_said(values, "LOCATION"),
        organizer=_organizer(values.get("ORGANIZER")),
        repeats="RRULE" in values or "RDATE" in values,
    )


def _said(values: Mapping[str, tuple[Mapping[str, str], str]], name: str) -> str:
    text = _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], values.get(name, ({}, ""))[1])
    return charsets.clean(one_line(text))[:_LONGEST]


def _organizer(value: tuple[Mapping[str, str], str] | None) -> Address:
    if value is None:
        return Address("", "")
    address = re.sub(r"^mailto:", "", value[1].strip(), flags=re.I)
    return Address(
        charsets.clean(one_line(value[0].get("CN", "")))[:_LONGEST], charsets.clean(one_line(address))[:_LONGEST]
    )


def _when(value: tuple[Mapping[str, str], str] | None, zones: Mapping[str, str]) -> tuple[int | None, bool]:
    """Microseconds UTC, and whether it's a day without a time."""
    found = _WHEN.match(value[1].strip()) if value else None
    if value is None or found is None:
        return None, False
    year, month, day, hour, minute, second, utc = found.groups()
    try:
        local = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), min(int(second or 0), 59), tzinfo=UTC
        )
        if hour and not utc:
            local = local.replace(tzinfo=_zone(value[0].get("TZID", ""), zones))
        return (local - _EPOCH) // timedelta(microseconds=1), hour is None
    except (ValueError, OverflowError):
        return None, False


def _zone(name: str, zones: Mapping[str, str]) -> tzinfo:
    """By its name, or by the offset that the calendar gives it. A time of no zone is taken as the Nordic one."""
    wanted = name.strip().strip('"').removeprefix("/")
    wanted = re.sub(
        r"^(?:freeassociation\.sourceforge\.net|mozilla\.org/\w+|citadel\.org/\w+)/(?:Tzfile/)?", "", wanted
    )
    wanted = _WINDOWS.get(wanted.lower(), wanted)
    if re.fullmatch(r"[A-Za-z]+(?:[/_+-][A-Za-z0-9]+){0,4}", wanted):
        try:
            return ZoneInfo(wanted)
        except (ValueError, OSError, KeyError):  # a zone that isn't found is a KeyError
            pass
    found = _OFFSET.match(zones.get(name, ""))
    if found:
        minutes = int(found[2]) * 60 + int(found[3])
        return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))
    return ZoneInfo("Europe/Stockholm")


def _later(starts: int, duration: str) -> int | None:
    found = _DURATION.fullmatch(duration.strip())
    if found is None:
        return None
    weeks, days, hours, minutes, seconds = (int(each or 0) for each in found.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return starts + (-1 if found[1] == "-" else 1) * (length // timedelta(microseconds=1))
