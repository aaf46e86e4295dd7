"""Days, weeks, months and moments, as Nordic systems write them. What could be read in two ways isn't read.

A day comes before its month (`03-06-2025`, `3.6.2025`); with slashes it could be either, so that `form` must say it.
A moment that says its zone is the day it is *there*: 22:30 UTC in June is the next day in Stockholm.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from hub.contract.cards import When

MONTHS: Mapping[str, int] = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "maj": 5, "mai": 5, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "okt": 10, "oct": 10, "nov": 11, "dec": 12, "des": 12,
}  # fmt: skip
"""By their first three letters: Swedish, Norwegian, Danish, English."""
FORM = re.compile(r"(?=.*d)(?=.*m)(?=.*y)(?:yyyy|yy|mm?|dd?|[ ./-])+")
"""What a form may be: `dd/mm/yyyy`, `yymmdd`."""
NAMED = re.compile(r"today(?:_(minus|plus)_(\d{1,4}))?")
"""What a day is called that goes with today: `today`, `today_minus_30`, `today_plus_14`, in days."""
NEVER = frozenset({date(1900, 1, 1), date(1970, 1, 1)})
"""Days that systems write for none, beside those before 1900 and those of the year 9999."""
SWEDEN = ZoneInfo("Europe/Stockholm")

_EARLIEST, _LATEST, _MOST = 1900, 9999, 10**14
_WEEKDAYS = "mån|man|tis|tir|ons|tor|fre|lör|lør|sön|søn|mon|tue|wed|thu|fri|sat|sun"
_LEAD = re.compile(rf"(?:(?:{_WEEKDAYS})[a-zåäöø]*\.?,? )?(?:(?:den|d\.?) )?", re.IGNORECASE)
_TIME = r"(?:[T ]\d\d[:.]\d\d.*)?"
_ISO = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d){_TIME}")
_DAY_FIRST = re.compile(rf"(\d\d?)[.-](\d\d?)[.-](\d{{4}}){_TIME}")
_IN_WORDS = re.compile(r"(\d\d?)\.? ([a-zåäö]{3,9})\.? (\d{4})", re.IGNORECASE)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)")
_SECONDS = re.compile(r"\d{9,10}")
_MILLISECONDS = re.compile(r"\d{12,13}")
_WEEK = re.compile(r"(?:v|vecka|week|uge|uke)\.? ?(\d{1,2})(?: ([a-zåäö]{3,9})\.?)?(?:[ ,/-]+(\d{4}))?", re.IGNORECASE)
_ISO_WEEK = re.compile(r"(\d{4})-?W(\d\d)", re.IGNORECASE)
_MONTH = re.compile(r"([a-zåäö]{3,9})\.? (\d{4})", re.IGNORECASE)
_ISO_MONTH = re.compile(r"(\d{4})-(\d\d)")


def named(name: str, today: date) -> date | None:
    """The day of a name as NAMED has it; None for any other name."""
    found = NAMED.fullmatch(name)
    if found is None:
        return None
    return today + timedelta(days=int(f"{'-' if found[1] == 'minus' else ''}{found[2] or 0}"))


def when(written: str, today: date) -> When | None:
    """A day, a week (ISO 8601) or a month; None for what is none of them, or doesn't exist."""
    try:
        return read_when(written, today)
    except ValueError:
        return None


def read_when(value: object, today: date, *, form: str = "", zone: tzinfo = SWEDEN) -> When | None:
    """The same; None where nothing is said. Raises ValueError for what is said and is no day, week or month.

    A week without its year is the next one, this one included.
    """
    text = "" if isinstance(value, date) else _plain(value)
    try:
        if match := _WEEK.fullmatch(text):
            found = _week(int(match[1]), _month(match[2]), int(match[3]) if match[3] else None, today)
        elif match := _ISO_WEEK.fullmatch(text):
            found = _of_year(int(match[2]), int(match[1]))
        elif match := _MONTH.fullmatch(text):
            found = _of_month(int(match[2]), _month(match[1]) or 0)
        elif match := _ISO_MONTH.fullmatch(text):
            found = _of_month(int(match[1]), int(match[2]))
        else:
            day = read_day(value, form=form, zone=zone)
            return When(day, day, "day") if day else None
    except OverflowError as error:  # the year 9999
        raise ValueError("no such date") from error
    if found is None:
        raise ValueError("no such week")
    return found


def read_day(value: object, *, form: str = "", zone: tzinfo = SWEDEN) -> date | None:
    """A day; None where nothing is said, or one that means none. Raises ValueError for what is no day.

    `form`: how they write it, where that isn't one of the ways that can be read in one way only.
    """
    found = _moment_of(value, zone)
    if isinstance(found, datetime):
        if not _EARLIEST <= found.year < _LATEST:  # before its zone: beyond them there is no other
            return None
        day = (found.astimezone(zone) if found.tzinfo else found).date()
    elif isinstance(found, date):
        day = found
    else:
        text = _plain(found)
        if text in {"", "-", "0"} or text.startswith("0000-00-00"):  # MariaDB's and MySQL's none
            return None
        day = _by_form(text, form) if form else _by_itself(text)
    return None if day.year < _EARLIEST or day.year == _LATEST or day in NEVER else day


def read_moment(value: object, *, form: str = "", zone: tzinfo = SWEDEN) -> datetime | None:
    """Aware, UTC; a day is its beginning. As `read_day`."""
    found = _moment_of(value, zone)
    if not isinstance(found, datetime):
        day = read_day(value, form=form, zone=zone)
        found = datetime(day.year, day.month, day.day) if day else None  # noqa: DTZ001 - its zone comes below
    if found is None or found.year < _EARLIEST or found.year == _LATEST or found.date() in NEVER:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _moment_of(value: object, zone: tzinfo) -> object:
    """A datetime where it says one with its time; else what was given."""
    if isinstance(value, date):  # a datetime is one
        return value
    text = _plain(value)
    try:
        if _SECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text), zone)
        if _MILLISECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text) // 1000, zone)
        if _ISO.fullmatch(text) and len(text) > len("2025-06-03"):
            return datetime.fromisoformat(text)
    except (OverflowError, OSError) as error:
        raise ValueError("no such moment") from error
    except ValueError:  # its day can be read all the same
        return value
    return value


def _by_form(text: str, form: str) -> date:
    pattern, order = "", []
    for part in re.findall(r"yyyy|yy|mm?|dd?|.", form):
        if part[0] in "ymd":
            order.append(part[0])
            pattern += {"yyyy": r"(\d{4})", "yy": r"(\d\d)", "m": r"(\d\d?)", "d": r"(\d\d?)"}.get(part, r"(\d\d)")
        else:
            pattern += re.escape(part)
    match = re.fullmatch(pattern + _TIME, text[_lead(text) :])
    if match is None:
        raise ValueError("another form")
    parts = {name: int(match[place]) for place, name in enumerate(order, 1)}
    century = 0 if "yyyy" in form else 2000
    return date(century + parts["y"], parts["m"], parts["d"])


def _by_itself(text: str) -> date:
    text = text[_lead(text) :]
    if match := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        return date(int(match[1]), int(match[2]), int(match[3]))
    if match := _DAY_FIRST.fullmatch(text):
        return date(int(match[3]), int(match[2]), int(match[1]))
    if match := _IN_WORDS.fullmatch(text):
        return date(int(match[3]), _month(match[2]) or 0, int(match[1]))
    raise ValueError("no day")


def _lead(text: str) -> int:
    """How long the weekday before a date is: `Fredag d. `."""
    match = _LEAD.match(text)
    return match.end() if match else 0


def _week(week: int, month: int | None, year: int | None, today: date) -> When | None:
    """Its year may be the calendar's and not the week's: v1 Dec 2024 is of 2025, v53 Jan 2027 of 2026.

    Without a year the next one is meant, this week included; without one in this year or the next there is none.
    """
    if year is None:
        this_year = today.isocalendar().year
        weeks = [found for each in (this_year, this_year + 1) if (found := _of_year(week, each))]
        return next((found for found in weeks if found.last >= today), None) if month is None else None
    if month is None:
        return _of_year(week, year)
    around = _of_month(year, month)
    weeks = [found for each in (year - 1, year, year + 1) if (found := _of_year(week, each))]
    return next((found for found in weeks if found.first <= around.last and found.last >= around.first), None)


def _of_year(week: int, year: int) -> When | None:
    try:
        monday = date.fromisocalendar(year, week, 1)
    except ValueError:
        return None
    return When(monday, monday + timedelta(days=6), "week")


def _of_month(year: int, month: int) -> When:
    first = date(year, month, 1)
    return When(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1), "month")


def _month(name: str | None) -> int | None:
    """Raises ValueError for a word that is no month."""
    if name is None:
        return None
    if name[:3].casefold() not in MONTHS:
        raise ValueError("no month")
    return MONTHS[name[:3].casefold()]


def _plain(value: object) -> str:
    if isinstance(value, Decimal) and not value.is_finite():  # it can't even be compared
        raise ValueError("no number")
    if isinstance(value, float | Decimal) and -_MOST < value < _MOST and value == int(value):
        return str(int(value))
    if value is None or isinstance(value, str | int | float | Decimal):
        return "" if value is None else " ".join(str(value).split())
    raise ValueError("no text")
