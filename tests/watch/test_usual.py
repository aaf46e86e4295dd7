"""What is unusual silence, by a channel's own weeks, and what is only a night, a weekend or a holiday."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from zoneinfo import ZoneInfo

import pytest

from hub.channels.usual import Silence, silence
from hub.inbox.calendar import works

STOCKHOLM = ZoneInfo("Europe/Stockholm")
SWEDISH = partial(works, country="SE")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def hour_of(year: int, month: int, day: int, hour: int) -> int:
    """There, as hours since 1970."""
    return int((datetime(year, month, day, hour, tzinfo=STOCKHOLM) - EPOCH) / timedelta(hours=1))


def weeks(until: int, rate: Callable[[datetime], float], number: int = 9) -> dict[int, int]:
    """How many came each hour, by chance about `rate`, until an hour."""
    dice = Random(until)  # noqa: S311 - a made-up past
    found = {}
    for hour in range(until - number * 7 * 24, until):
        often = rate((EPOCH + timedelta(hours=hour)).astimezone(STOCKHOLM))
        found[hour] = max(0, round(dice.gauss(often, often**0.5))) if often else 0
    return found


def office(at: datetime) -> float:
    """Four an hour when offices are open, one now and then else."""
    return 4.0 if SWEDISH(at.date()) and 8 <= at.hour < 17 else 0.1


def asked(counts: Mapping[int, int], hour: int) -> Silence | None:
    return silence(counts, hour, STOCKHOLM, SWEDISH)


def test_three_quiet_hours_on_a_working_day_are_unusual() -> None:
    since = hour_of(2026, 11, 24, 9)
    found = asked(weeks(since, office), since + 3)
    assert found is not None
    assert (found.hours, found.on_working_day) == (3, True)
    assert 9 <= found.usual <= 15


def test_one_quiet_hour_is_not() -> None:
    since = hour_of(2026, 11, 24, 9)
    assert asked(weeks(since, office), since + 1) is None


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ((2026, 11, 24, 17), (2026, 11, 25, 7)),  # a night
        ((2026, 11, 27, 17), (2026, 11, 30, 7)),  # a weekend
        ((2026, 12, 24, 8), (2026, 12, 28, 8)),  # Christmas, a Thursday and a Friday, and what follows
        ((2026, 6, 19, 8), (2026, 6, 22, 8)),  # midsummer's eve, a Friday
    ],
)
def test_nights_weekends_and_holidays_are_quiet(
    since: tuple[int, int, int, int], until: tuple[int, int, int, int]
) -> None:
    began, ends = hour_of(*since), hour_of(*until)
    counts = weeks(began, office)
    assert all(asked(counts, hour) is None for hour in range(began, ends + 1))


def test_the_morning_after_them_counts() -> None:
    since = hour_of(2026, 11, 27, 17)
    counts = weeks(since, office)
    assert asked(counts, hour_of(2026, 11, 30, 8)) is None
    found = asked(counts, hour_of(2026, 11, 30, 11))
    assert found is not None
    assert found.on_working_day is None, "a weekend and a Monday"


def test_a_day_off_is_held_against_days_off() -> None:
    """A chat that is as busy at weekends is silent on a holiday, too."""
    since = hour_of(2026, 12, 25, 9)
    found = asked(weeks(since, lambda at: 4.0 if 8 <= at.hour < 22 else 0.0), since + 6)
    assert found is not None
    assert not found.on_working_day


def test_too_little_is_known_in_the_first_weeks() -> None:
    since = hour_of(2026, 11, 24, 9)
    assert asked(weeks(since, office, number=2), since + 8) is None
    assert asked({}, since) is None


def test_what_comes_in_heaps_now_and_then_is_never_silent() -> None:
    """A hundred each second Monday, nothing between: a mean that says nothing."""

    def heaps(at: datetime) -> float:
        return 100.0 if at.weekday() == 0 and at.isocalendar().week % 2 and at.hour == 9 else 0.0

    since = hour_of(2026, 11, 16, 10)
    counts = weeks(since, heaps)
    assert all(asked(counts, hour) is None for hour in range(since, since + 13 * 24, 5))


def test_a_channel_that_few_write_to_is_never_silent() -> None:
    since = hour_of(2026, 11, 23, 9)
    counts = weeks(since, lambda at: 0.2 if 8 <= at.hour < 17 else 0.0)
    assert all(asked(counts, hour) is None for hour in range(since, since + 10))


def test_an_office_is_rarely_called_silent_when_it_is_not() -> None:
    """A month of ordinary days, asked at each hour: no false alarm."""
    until = hour_of(2026, 11, 24, 9)
    counts = weeks(until, office, number=13)
    alarms = [hour for hour in range(until - 4 * 7 * 24, until) if asked(_until(counts, hour), hour) is not None]
    assert alarms == []


def _until(counts: Mapping[int, int], hour: int) -> dict[int, int]:
    return {each: number for each, number in counts.items() if hour - 9 * 7 * 24 <= each < hour}
