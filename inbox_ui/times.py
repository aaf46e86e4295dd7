"""Times as a person reads them: in their language, in the centre's timezone, as near words as can be."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from msgspec import Struct

from hub import clock
from inbox_ui.words import gettext as _
from inbox_ui.words import language, ngettext, timezone

_SOON = timedelta(hours=2)
_FAR = timedelta(hours=16)
_HOUR = 60
_DAY = 24 * _HOUR
_WEEK = 6
_MORNING = 8


class Due(Struct, frozen=True):
    """When an answer is due: `state` (ok | soon | late), the words, and how much of the ring is left, 0 to 100."""

    state: str
    words: str
    left: int


def now() -> datetime:
    """Aware, from the hub's clock."""
    return clock.to_datetime(clock.now())


def local(at: datetime) -> datetime:
    """In the reader's timezone."""
    return at.astimezone(ZoneInfo(timezone()))


def due(at: datetime) -> Due:
    """Late by, due in, or due on a day."""
    left = at - now()
    minutes = int(abs(left).total_seconds() // 60)
    if left < timedelta():
        return Due("late", _("%(time)s over") % {"time": span(minutes)}, 100)
    share = max(4, min(100, int(100 * left / _FAR)))
    if left < timedelta(days=1):
        return Due("soon" if left < _SOON else "ok", span(minutes), share)
    return Due("ok", day(at), 100)


def due_whole(at: datetime, waiting: bool) -> str:
    """The same as a sentence, for where nothing beside it says what is meant."""
    left = at - now()
    minutes = int(abs(left).total_seconds() // 60)
    if left < timedelta():
        return _("Late by %(time)s") % {"time": span(minutes)}
    if waiting:
        return _("Waits until %(day)s") % {"day": f"{day_within(at)} {clock_time(at)}"}
    if left < timedelta(days=1):
        return _("Answer within %(time)s") % {"time": span(minutes)}
    return _("Answer by %(day)s") % {"day": day_within(at)}


def span(minutes: int) -> str:
    """24 min, 3 h, 2 d."""
    if minutes < _HOUR:
        return _("%(n)s min") % {"n": minutes}
    if minutes < _DAY:
        return _("%(n)s h") % {"n": minutes // _HOUR}
    return ngettext("%(n)s day", "%(n)s days", minutes // _DAY) % {"n": minutes // _DAY}


def edges() -> list[tuple[datetime, str]]:
    """The list's groups, each with the time before which it ends: overdue, hour, today, tomorrow, week."""
    here = now()
    midnight = local(here).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [(midnight + timedelta(days=n)).astimezone(UTC) for n in (1, 2, _WEEK + 1)]
    return list(
        zip((here, here + timedelta(hours=1), *days), ("overdue", "hour", "today", "tomorrow", "week"), strict=True)
    )


def bucket(at: datetime | None, ends: Sequence[tuple[datetime, str]]) -> str:
    """The group of a due time, by `edges`: one of theirs, later or never."""
    if at is None:
        return "never"
    return next((name for end, name in ends if at < end), "later")


def when(at: datetime) -> str:
    """As short as can be told apart: the time today, the weekday this week, the date else."""
    there = local(at)
    days = (local(now()).date() - there.date()).days
    if days == 0:
        return format_time(there, "HH:mm", locale=language())
    if 0 < days <= _WEEK:
        return _capital(format_date(there, "EEE", locale=language()).rstrip("."))
    return format_date(there, "d MMM" if days < 300 else "yyyy-MM-dd", locale=language()).rstrip(".")  # noqa: PLR2004 - most of a year


def day(at: datetime) -> str:
    """Fri 13 Nov."""
    return _capital(day_within(at))


def day_within(at: datetime) -> str:
    """The same within a sentence: Swedish writes its weekdays small there."""
    return format_date(local(at), "EEE d MMM", locale=language()).replace(".", "")


def heading(at: datetime) -> str:
    """A day of the timeline."""
    there = local(at)
    days = (local(now()).date() - there.date()).days
    if days in {0, 1}:
        return _("Today") if days == 0 else _("Yesterday")
    pattern = "EEEE d MMMM" if there.year == local(now()).year else "EEEE d MMMM y"
    said = format_date(there, pattern, locale=language())
    return _capital(said)


def clock_time(at: datetime) -> str:
    """10:31."""
    return format_time(local(at), "HH:mm", locale=language())


def full(at: datetime) -> str:
    """Date and time, for titles."""
    return format_datetime(local(at), "EEEE d MMMM y HH:mm", locale=language())


class Choice(Struct, frozen=True):
    """A time that something can wait until: `until` in ISO 8601 with an offset, the words, and when that is."""

    until: str
    words: str
    shown: str


def waits() -> list[Choice]:
    """What is chosen most: tomorrow morning, Monday morning, in a week."""
    here = local(now())
    morning = here.replace(hour=_MORNING, minute=0, second=0, microsecond=0)
    tomorrow, monday, week = (morning + timedelta(days=n) for n in (1, _WEEK + 1 - here.weekday(), _WEEK + 1))
    named = [(tomorrow, _("Tomorrow morning")), (monday, _("Monday morning")), (week, _("In a week"))]
    found = dict(reversed(named))  # on a Sunday tomorrow is Monday: the first name counts
    return [Choice(at.isoformat(), words, f"{day(at)} {clock_time(at)}") for at, words in sorted(found.items())]


def morning_of(date: str) -> str:
    """Eight o'clock of a date (ISO 8601) in the reader's timezone, with its offset. Raises ValueError."""
    return datetime.fromisoformat(f"{date}T{_MORNING:02d}:00").replace(tzinfo=ZoneInfo(timezone())).isoformat()


def tomorrow() -> str:
    """Its date, ISO 8601: the first that something can wait until."""
    return (local(now()) + timedelta(days=1)).date().isoformat()


def _capital(said: str) -> str:
    """Begins with a capital; the rest stays as the language has it."""
    return said[:1].upper() + said[1:]
