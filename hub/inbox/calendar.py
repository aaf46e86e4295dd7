"""Working days: when an answer is due, in the municipality's own calendar."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hub.clock import from_datetime, to_datetime

ANSWER_DAYS = 2
"""Working days within which a contact is answered, unless its queue says otherwise."""
_SATURDAY = 5


def due(at: int, days: int, timezone: str, country: str) -> int:
    """`days` working days after `at` (microseconds UTC), at the same time of day there.

    What comes on a day off counts as come when the next working day begins.
    """
    zone = _zone(timezone)
    local = to_datetime(at).astimezone(zone)
    day, of_day = local.date(), local.time()
    if not works(day, country):
        day, of_day = _next(day, country), time()
    for _ in range(days):
        day = _next(day, country)
    return from_datetime(datetime.combine(day, of_day, zone).astimezone(UTC))


def _next(day: date, country: str) -> date:
    day += timedelta(days=1)
    while not works(day, country):
        day += timedelta(days=1)
    return day


def works(day: date, country: str) -> bool:
    """A working day of that country's offices."""
    return day.weekday() < _SATURDAY and not is_holiday(day, country)


@lru_cache(maxsize=4096)
def is_holiday(day: date, country: str) -> bool:
    """A day off there, were it no weekend."""
    import holidays  # noqa: PLC0415 - 0.3 s: only where a due time is worked out

    # Swedish eves and the Danish 1 May, 5 June, 24 and 31 December are days off in offices, but not in the law.
    categories = {"SE": ("public", "de_facto"), "DK": ("public", "optional")}
    wanted = categories.get(country, ("public",))
    return day in holidays.country_holidays(country, categories=wanted, years=day.year)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
