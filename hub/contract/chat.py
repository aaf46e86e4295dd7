"""Chat: the settings of a web chat and its opening hours. The hub itself is the other side: pages of its own."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from hub.contract.config import Config, Destination
from hub.contract.errors import Misconfigured

LANGUAGES = ("sv", "nb", "nn", "da", "en")
"""That the widget speaks."""
DAYS = (
    ("monday", "måndag", "mandag"),
    ("tuesday", "tisdag", "tirsdag", "tysdag"),
    ("wednesday", "onsdag"),
    ("thursday", "torsdag"),
    ("friday", "fredag"),
    ("saturday", "lördag", "lørdag", "laurdag"),
    ("sunday", "söndag", "søndag", "sundag"),
)
"""From Monday on, in the languages that the widget speaks; three letters of one will do."""
_SHORTEST_DAY = 3
_TIME = r"\d{1,2}(?:[:.]\d\d)?"
_FROM_TO = rf"\s+{_TIME}[-–]{_TIME}"
_SPAN = re.compile(rf"([^\W\d_]+)(?:[-–]([^\W\d_]+))?((?:{_FROM_TO})+)\Z")
_TIMES = re.compile(r"(\d{1,2})(?:[:.](\d\d))?[-–](\d{1,2})(?:[:.](\d\d))?")
_DATED = re.compile(rf"(\d{{4}}-\d\d-\d\d)((?:{_FROM_TO})*)\Z")
_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})

Hours = tuple[tuple[time, time], ...]
"""Of one day: from and to, local time; none: closed."""
Asked = Literal["no", "may", "must"]
"""Whether a field is shown before a chat begins, and whether it has to be filled in."""


class ChatSettings(Config, frozen=True):
    """Of one web chat: whose, on which pages, when it is open, what is asked before, and its limits."""

    queue: Annotated[Destination, Meta(title="Queue", description="municipality/queue that chats land in")]
    origins: Annotated[
        tuple[str, ...],
        Meta(title="Pages", description="addresses that may show it, as in https://www.granvik.example; no other can"),
    ] = ()
    hours: Annotated[
        str, Meta(title="Opening hours", description="as in: mon-thu 08:00-16:30; fri 08:00-12:00 13:00-15:00")
    ] = "mon-fri 08:00-16:00"
    holidays: Annotated[
        Literal["closed", "open"], Meta(title="Holidays", description="of the municipality's country")
    ] = "closed"
    other_days: Annotated[
        tuple[str, ...],
        Meta(
            title="Other days",
            description="days with hours of their own: 2026-12-23 08:00-12:00, or closed: 2026-12-28",
        ),
    ] = ()
    topics: Annotated[
        Mapping[str, Destination],
        Meta(title="Topics", description="what the citizen chooses = municipality/queue that answers it"),
    ] = {}
    topic_hours: Annotated[
        Mapping[str, str], Meta(title="Hours of topics", description="a topic above = opening hours of its queue")
    ] = {}
    languages: Annotated[
        tuple[Literal["sv", "nb", "nn", "da", "en"], ...],
        Meta(title="Languages", description="sv, nb, nn, da or en; none: the municipality's"),
    ] = ()
    greeting: Annotated[
        str, Meta(title="Greeting", description="the first line of the chat; empty: none", max_length=500)
    ] = ""
    privacy_url: Annotated[
        str, Meta(title="About personal data", description="an https address; empty: no link", max_length=500)
    ] = ""
    name: Annotated[Asked, Meta(title="Ask for a name")] = "may"
    email: Annotated[Asked, Meta(title="Ask for an e-mail address")] = "may"
    after_hours: Annotated[
        Literal["message", "closed"], Meta(title="When closed", description="whether a message can be left then")
    ] = "message"
    transcripts: Annotated[bool, Meta(title="Send transcripts by e-mail")] = True
    files: Annotated[bool, Meta(title="Take files")] = True
    file_megabytes: Annotated[int, Meta(title="Largest file, MB", ge=1, le=25)] = 10
    chats_each: Annotated[int, Meta(title="Chats that a colleague holds at once", ge=1, le=20)] = 3
    ring_seconds: Annotated[int, Meta(title="Seconds that one colleague is rung", ge=5, le=600)] = 30
    starts_an_hour: Annotated[
        int, Meta(title="New chats an hour from one network", description="a library is one network", ge=1, le=1000)
    ] = 30


def check(settings: ChatSettings) -> None:
    """What no type says. Raises Misconfigured with the field."""
    for field, origin in (("origins", each) for each in settings.origins):
        _check_origin(field, origin)
    hours_of_week("hours", settings.hours)
    home = settings.queue.partition("/")[0]
    for topic, queue in settings.topics.items():
        if queue.partition("/")[0] != home:
            raise Misconfigured(
                "topics",
                f"topics: {topic} = {queue} lies in another municipality than the chat, which is of {home}: name a"
                " queue that answers for it, or add a chat of its own there",
            )
    for topic, said in settings.topic_hours.items():
        if topic not in settings.topics:
            known = ", ".join(settings.topics) or "none"
            raise Misconfigured("topic_hours", f"topic_hours: there is no topic {topic}; there is: {known}")
        hours_of_week("topic_hours", said)
    days_apart(settings.other_days)
    if settings.privacy_url and not settings.privacy_url.startswith("https://"):
        raise Misconfigured(
            "privacy_url", f"privacy_url = {settings.privacy_url!r} can't be used: it begins with https://"
        )


def hours_of_week(field: str, said: str) -> Mapping[int, Hours]:
    """Weekday (Monday 0) -> its hours. Raises Misconfigured, naming what can't be read."""
    found: dict[int, Hours] = {}
    for part in filter(None, (each.strip().lower() for each in said.replace("\n", ";").split(";"))):
        match = _SPAN.match(part)
        first, last = (_day(match[1]), _day(match[2] or match[1])) if match is not None else (None, None)
        if match is None or first is None or last is None:
            raise Misconfigured(field, f"{part!r} can't be read: write mon-fri 08:00-16:00, with ; between")
        for day in ((first + more) % 7 for more in range((last - first) % 7 + 1)):
            found[day] = (*found.get(day, ()), *_times(field, match[3]))
    return found


def _day(said: str) -> int | None:
    """Monday 0."""
    if len(said) < _SHORTEST_DAY:
        return None
    return next((number for number, names in enumerate(DAYS) if any(name.startswith(said) for name in names)), None)


def days_apart(said: Sequence[str]) -> Mapping[date, Hours]:
    """Days with hours of their own. Raises Misconfigured."""
    found: dict[date, Hours] = {}
    for each in said:
        match = _DATED.match(each.strip())
        try:
            day = date.fromisoformat(match[1]) if match else None
        except ValueError:
            day = None
        if match is None or day is None:
            raise Misconfigured(
                "other_days", f"{each!r} can't be read: write 2026-12-23 08:00-12:00, or 2026-12-28 alone"
            )
        found[day] = _times("other_days", match[2])
    return found


def hours_on(settings: ChatSettings, topic: str | None, day: date, is_holiday: bool) -> Hours:
    """When it is open on that day, for that topic; None: for those that have none of their own."""
    apart = days_apart(settings.other_days)
    if day in apart:
        return apart[day]
    if is_holiday and settings.holidays == "closed":
        return ()
    said = settings.topic_hours.get(topic or "", settings.hours)
    return hours_of_week("hours", said).get(day.weekday(), ())


def is_within(hours: Hours, at: datetime) -> bool:
    """A local time within them."""
    return any(begins <= at.time() < ends for begins, ends in hours)


def _times(field: str, said: str) -> Hours:
    found = []
    for match in _TIMES.finditer(said):
        try:
            begins, ends = time(int(match[1]), int(match[2] or 0)), _end(int(match[3]), int(match[4] or 0))
        except ValueError:
            raise Misconfigured(field, f"{match[0]} is no time of day") from None
        if begins >= ends:
            raise Misconfigured(field, f"{match[0]} ends before it begins")
        found.append((begins, ends))
    return tuple(sorted(found))


def _end(hour: int, minute: int) -> time:
    """24:00 is the day's last moment."""
    return time.max if (hour, minute) == (24, 0) else time(hour, minute)


def _check_origin(field: str, origin: str) -> None:
    parts = urlsplit(origin)
    try:
        port = parts.port
    except ValueError:
        port = 0
    named = f"{parts.scheme}://{parts.hostname or ''}{f':{port}' if port else ''}"
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.netloc.rpartition(":")[0] in _LOCAL)
    if not secure or port == 0 or origin != named or not re.fullmatch(r"[a-z0-9.-]+", parts.hostname or ""):
        raise Misconfigured(
            field,
            f"{field}: {origin!r} is no address of a page's host: write https://www.granvik.example, nothing more",
        )
