"""Times as a person reads them: in their language, in the centre's timezone, as near words as can be."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from msgspec import Struct

from hub import clock
from inbox_ui.words import gettext as _
from inbox_ui.words import language, ngettext, timezone

_SOON = timedelta(hours=2)
_FAR = timedelta(hours=16)
_HOUR = 60
_DAY = 24 * _HOUR
_WEEK = 6
_MOST_OF_A_YEAR = 300
_MORNING = 8
_A_SECOND = 1000
_ORDINAL = {"nb", "nn", "da"}
"""Where the day of a month has a dot after it: 27. nov."""
_FIGURES = "dd.MM.yyyy"
"""Theirs."""
_CLOCK = {"da": "HH.mm"}
_SHORTENED = re.compile(r"(?<!\d)\.")
"""The dot of a word that is shortened, which these times are shown without."""


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
        return clock_time(at)
    if 0 < days <= _WEEK:
        return weekday_of(there)
    return _written(there, "d MMM") if days < _MOST_OF_A_YEAR else in_figures(there)


def day(at: datetime) -> str:
    """Fri 13 Nov."""
    return _capital(day_within(at))


def day_within(at: datetime) -> str:
    """The same within a sentence: Swedish writes its weekdays small there."""
    return on_day(local(at))


def on_day(on: date) -> str:
    """The same of a date."""
    return _written(on, "EEE d MMM")


def date_short(on: date) -> str:
    """31 Oct, of another year 31 Oct 2024: a day that has no time."""
    other = on.year != local(now()).year
    return _written(on, "d MMM y" if other else "d MMM")


def date_long(on: date, code: str) -> str:
    """14 December 2026, in a language."""
    return format_date(on, "long", locale=code)


def days_short(first: date, last: date) -> str:
    """29 Jun – 5 Jul."""
    begins = _written(first, "d MMM") if first.year == last.year else None
    return f"{begins or date_short(first)} – {date_short(last)}"


def month_of(on: date) -> str:
    """Nov."""
    return _capital(_written(on, "LLL"))


def month_and_year(on: date) -> str:
    """June 2025, within a sentence."""
    return format_date(on, "LLLL y", locale=language())


def weekday_of(on: date) -> str:
    """Thu."""
    return _capital(_written(on, "EEE"))


def since(at: datetime) -> str:
    """When something was so, within a sentence: the time today, the day and the time else."""
    return clock_time(at) if local(at).date() == local(now()).date() else f"{day_within(at)} {clock_time(at)}"


def heading(at: datetime) -> str:
    """A day of the timeline."""
    there = local(at)
    days = (local(now()).date() - there.date()).days
    if days in {0, 1}:
        return _("Today") if days == 0 else _("Yesterday")
    pattern = "EEEE d MMMM" if there.year == local(now()).year else "EEEE d MMMM y"
    return _capital(_written(there, pattern))


def clock_time(at: datetime) -> str:
    """10:31; a Dane writes 10.31."""
    there = local(at)
    return _clock(there.hour, there.minute, language())


def took(milliseconds: int | None) -> str:
    """370 ms, 1.3 s; nothing of what took no time that is known."""
    if milliseconds is None:
        return ""
    if milliseconds < _A_SECOND:
        return f"{milliseconds} ms"
    return f"{format_decimal(milliseconds / _A_SECOND, '0.0', locale=language())} s"


def stamp(at: datetime) -> str:
    """2026-11-26 10:31: of a list that goes back for years."""
    return f"{in_figures(local(at))} {clock_time(at)}"


def in_figures(on: date) -> str:
    """2026-11-26, which is 26.11.2026 to a Dane or a Norwegian."""
    return format_date(on, _FIGURES if language() in _ORDINAL else "yyyy-MM-dd", locale=language())


def full(at: datetime) -> str:
    """Date and time, for titles."""
    return f"{_written(local(at), 'EEEE d MMMM y')} {clock_time(at)}"


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


def _written(on: date, pattern: str) -> str:
    """A date in the reader's language by CLDR's letters, nothing in it shortened with a dot."""
    return _dated(on.year, on.month, on.day, pattern, language())


# A list writes a hundred of them, of few days: by Babel they were a fifth of what a search takes.
@lru_cache(maxsize=8_192)
def _dated(year: int, month: int, day: int, pattern: str, code: str) -> str:
    pattern = pattern.replace("d ", "d. " if code in _ORDINAL else "d ")
    return _SHORTENED.sub("", format_date(date(year, month, day), pattern, locale=code))


@lru_cache(maxsize=8_192)
def _clock(hour: int, minute: int, code: str) -> str:
    return format_time(time(hour, minute), _CLOCK.get(code, "HH:mm"), locale=code)


def _capital(said: str) -> str:
    """Begins with a capital; the rest stays as the language has it."""
    return said[:1].upper() + said[1:]
