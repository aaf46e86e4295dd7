"""When an answer is due: held against a slow count of working days, with days off and summer time worked out anew."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from hub.clock import from_datetime, to_datetime
from hub.inbox.calendar import due

ZONES = {"SE": "Europe/Stockholm", "NO": "Europe/Oslo", "DK": "Europe/Copenhagen", "FI": "Europe/Helsinki"}
FIXED = {
    "SE": ("1-1", "1-6", "5-1", "6-6", "12-24", "12-25", "12-26", "12-31"),
    "NO": ("1-1", "5-1", "5-17", "12-25", "12-26"),
    "DK": ("1-1", "5-1", "6-5", "12-24", "12-25", "12-26", "12-31"),
    "FI": ("1-1", "1-6", "5-1", "12-6", "12-24", "12-25", "12-26"),
}
GOOD_FRIDAY, EASTER_MONDAY, ASCENSION, WHIT_MONDAY, MAUNDY_THURSDAY = -2, 1, 39, 50, -3
BY_EASTER = {
    "SE": (GOOD_FRIDAY, EASTER_MONDAY, ASCENSION),
    "NO": (MAUNDY_THURSDAY, GOOD_FRIDAY, EASTER_MONDAY, ASCENSION, WHIT_MONDAY),
    "DK": (MAUNDY_THURSDAY, GOOD_FRIDAY, EASTER_MONDAY, ASCENSION, WHIT_MONDAY),
    "FI": (GOOD_FRIDAY, EASTER_MONDAY, ASCENSION),
}
EASTER = {2025: date(2025, 4, 20), 2026: date(2026, 4, 5), 2027: date(2027, 3, 28), 2028: date(2028, 4, 16)}
MIDSUMMER_EVE = {2025: date(2025, 6, 20), 2026: date(2026, 6, 19), 2027: date(2027, 6, 25), 2028: date(2028, 6, 23)}
FIRST, LAST = date(2026, 1, 1), date(2027, 12, 31)


def days_off(country: str) -> set[date]:
    """By the law and by custom, written by hand."""
    found = {date(year, *map(int, each.split("-"))) for year in EASTER for each in FIXED[country]}
    found |= {easter + timedelta(days=each) for easter in EASTER.values() for each in BY_EASTER[country]}
    return found | set(MIDSUMMER_EVE.values()) if country in {"SE", "FI"} else found


def working_days(country: str) -> list[date]:
    off = days_off(country)
    every = [date(2025, 12, 1) + timedelta(days=each) for each in range(800)]
    return [day for day in every if day.weekday() < 5 and day not in off]


def last_sunday(year: int, month: int) -> date:
    return max(day for day in (date(year, month, each) for each in range(25, 32)) if day.weekday() == 6)


def to_local(moment: datetime, country: str) -> datetime:
    """Naive local time, by the rule of the Union: summer from the last Sunday of March to October's, at one UTC."""
    naive = moment.replace(tzinfo=None)
    begins = datetime.combine(last_sunday(naive.year, 3), time(1))
    ends = datetime.combine(last_sunday(naive.year, 10), time(1))
    return naive + timedelta(hours=(2 if country == "FI" else 1) + (begins <= naive < ends))


def to_utc(local: datetime, country: str) -> datetime:
    """The instant that reads so there."""
    for hours in range(4):
        moment = (local - timedelta(hours=hours)).replace(tzinfo=UTC)
        if to_local(moment, country) == local:
            return moment
    raise AssertionError(f"{local} isn't on the clock of {country}")


def slowly(moment: datetime, days: int, country: str, working: list[date]) -> datetime:
    local = to_local(moment, country)
    if local.date() not in working:
        local = datetime.combine(min(day for day in working if day > local.date()), time())
    later = working[working.index(local.date()) + days]
    return to_utc(datetime.combine(later, local.time()), country)


def due_local(country: str, local: str, days: int = 2) -> str:
    """From and to local time, as somebody there reads the clock."""
    at = from_datetime(to_utc(datetime.fromisoformat(local), country))
    return to_local(to_datetime(due(at, days, ZONES[country], country)), country).isoformat(" ", "minutes")


@pytest.mark.parametrize("country", ZONES)
def test_every_arrival_of_two_years_is_due_when_a_slow_count_says(country: str) -> None:
    working = working_days(country)
    moment = datetime.combine(FIRST, time(), UTC)
    while moment.date() <= LAST:
        for days in (0, 1, 2, 5):
            expected = slowly(moment, days, country, working)
            found = to_datetime(due(from_datetime(moment), days, ZONES[country], country))
            assert found == expected, (moment, days)
        moment += timedelta(hours=10, minutes=59, seconds=59, microseconds=999_999)


@pytest.mark.parametrize(
    ("country", "came", "is_due"),
    [
        ("SE", "2026-11-24 14:00", "2026-11-26 14:00"),  # a plain week
        ("SE", "2026-11-27 14:00", "2026-12-01 14:00"),  # over a weekend
        ("SE", "2026-11-28 14:00", "2026-12-02 00:00"),  # on a Saturday: as if on Monday's first minute
        ("SE", "2026-06-18 09:00", "2026-06-23 09:00"),  # midsummer eve
        ("SE", "2026-12-23 09:00", "2026-12-29 09:00"),  # Christmas eve
        ("SE", "2026-12-30 09:00", "2027-01-05 09:00"),  # New Year's eve and the year's end
        ("NO", "2027-12-30 09:00", "2028-01-03 09:00"),  # where that eve is a working day
        ("NO", "2027-05-14 12:00", "2027-05-19 12:00"),  # 17 May and Whit Monday on one day
        ("DK", "2026-06-04 10:00", "2026-06-09 10:00"),  # constitution day
        ("DK", "2026-12-23 10:00", "2026-12-29 10:00"),  # 24 December
        ("DK", "2026-12-30 10:00", "2027-01-05 10:00"),  # New Year's eve, which the library counts as optional too
        ("FI", "2026-12-04 10:00", "2026-12-08 10:00"),  # independence day on a Sunday costs nothing
        ("FI", "2027-12-03 10:00", "2027-12-08 10:00"),  # on a Monday it does
        ("SE", "2026-03-27 23:30", "2026-03-31 23:30"),  # an hour lost in between
        ("SE", "2026-10-23 00:30", "2026-10-27 00:30"),  # an hour won
        ("FI", "2026-10-25 03:30", "2026-10-28 00:00"),  # in the hour that comes twice
    ],
)
def test_days_off_and_summer_time_by_example(country: str, came: str, is_due: str) -> None:
    assert due_local(country, came) == is_due


def test_a_day_off_counts_as_come_when_the_next_working_day_begins() -> None:
    assert due_local("SE", "2026-12-24 16:00", 0) == "2026-12-28 00:00"
    assert due_local("SE", "2026-12-23 16:00", 0) == "2026-12-23 16:00"


def test_the_same_hour_over_the_lost_one_is_47_hours_later() -> None:
    before = from_datetime(datetime(2026, 3, 27, 12, tzinfo=UTC))
    assert to_datetime(due(before, 1, ZONES["SE"], "SE")) == datetime(2026, 3, 30, 11, tzinfo=UTC)
    before = from_datetime(datetime(2026, 10, 23, 12, tzinfo=UTC))
    assert to_datetime(due(before, 1, ZONES["SE"], "SE")) == datetime(2026, 10, 26, 13, tzinfo=UTC)
