"""Time: whole microseconds there and back, and never without a zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import clock

YEAR_9999 = 253_402_300_799 * clock.SECOND


@pytest.fixture
def replaced() -> Iterator[None]:
    """The machine's time again afterwards."""
    yield
    clock.set_source(None)


@given(st.integers(-60_000_000_000 * clock.SECOND, YEAR_9999))
def test_a_time_comes_back_to_the_microsecond(at: int) -> None:
    assert clock.from_datetime(clock.to_datetime(at)) == at


@given(st.datetimes(timezones=st.timezones()))
def test_any_zone_means_the_same_instant(value: datetime) -> None:
    try:
        in_utc = value.astimezone(UTC)
    except OverflowError:
        return  # the first or last hours of the calendar
    assert clock.to_datetime(clock.from_datetime(value)) == in_utc


def test_it_is_utc_and_aware() -> None:
    moment = clock.to_datetime(1_795_484_293 * clock.SECOND + 7)
    assert moment == datetime(2026, 11, 24, 1, 38, 13, 7, UTC)
    assert moment.utcoffset() == timedelta(0)


def test_an_offset_is_taken_off() -> None:
    value = datetime(2026, 6, 1, 12, 0, 0, 5, timezone(timedelta(hours=3)))
    assert clock.from_datetime(value) == clock.from_datetime(datetime(2026, 6, 1, 9, 0, 0, 5, UTC))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        clock.from_datetime(datetime(2026, 6, 1))  # noqa: DTZ001 - the very thing that is refused


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (1_795_484_293 * clock.SECOND, "2026-11-24T01:38:13Z"),
        (None, None),
        (clock.NEVER, None),
        (clock.NEVER + 1, None),
    ],
)
def test_iso_is_utc_with_a_z_and_never_is_null(at: int | None, said: str | None) -> None:
    assert clock.to_iso(at) == said


def test_never_comes_after_every_time_and_fits_64_bits() -> None:
    assert YEAR_9999 < clock.NEVER < 2**63


def test_the_source_can_be_replaced_and_given_back(replaced: None) -> None:
    clock.set_source(lambda: 42)
    assert clock.now() == 42
    clock.set_source(None)
    now = datetime.now(UTC)
    assert abs(clock.to_datetime(clock.now()) - now) < timedelta(minutes=1)
