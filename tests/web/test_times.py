"""Times, amounts and sizes: each language writes its own."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from hub import clock
from inbox_ui import administered, amounts, rendering, times, words
from inbox_ui.searched import searched

NOW = datetime(2026, 11, 27, 10, 31, tzinfo=ZoneInfo("Europe/Copenhagen"))


@pytest.fixture(autouse=True)
def _there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: clock.from_datetime(NOW))


@pytest.mark.parametrize(
    ("language", "day", "other_year", "full", "at"),
    [
        ("en", "Fri 27 Nov", "3 May 2024", "Friday 27 November 2026 10:31", "10:31"),
        ("sv", "Fre 27 nov", "3 maj 2024", "fredag 27 november 2026 10:31", "10:31"),
        ("nb", "Fre 27. nov", "3. mai 2024", "fredag 27. november 2026 10:31", "10:31"),
        ("nn", "Fr 27. nov", "3. mai 2024", "fredag 27. november 2026 10:31", "10:31"),
        ("da", "Fre 27. nov", "3. maj 2024", "fredag 27. november 2026 10.31", "10.31"),
    ],
)
def test_a_day_and_a_time_are_written_as_the_language_does(
    language: str, day: str, other_year: str, full: str, at: str
) -> None:
    words.speak(language, "Europe/Copenhagen")
    assert times.day(NOW) == day
    assert times.date_short(date(2024, 5, 3)) == other_year
    assert times.full(NOW) == full
    assert (times.when(NOW), times.since(NOW)) == (at, at)
    assert times.month_of(NOW) == "Nov"
    figures = "27.11.2026" if language in {"nb", "nn", "da"} else "2026-11-27"
    assert times.stamp(NOW) == f"{figures} {at}"
    assert times.when(NOW - timedelta(days=365)) == figures.replace("2026", "2025")
    assert searched("before", "2026-11-27").endswith(f": {figures}")
    assert searched("before", "2026-13-40").endswith(": 2026-13-40")


@pytest.mark.parametrize(("language", "said"), [("en", "Swedish"), ("sv", "svenska"), ("da", "svensk")])
def test_a_languages_name_is_small_within_a_sentence_where_it_is(language: str, said: str) -> None:
    words.speak(language, "Europe/Copenhagen")
    assert words.within(administered.languages()["sv"]) == said


@pytest.mark.parametrize(
    ("language", "money", "size", "took"),
    [
        ("en", "DKK 1,486.50", "1.2 MB", "1.3 s"),
        ("sv", "1 486,50 Dkr", "1,2 MB", "1,3 s"),
        ("nb", "1 486,50 DKK", "1,2 MB", "1,3 s"),
        ("nn", "1 486,50 DKK", "1,2 MB", "1,3 s"),
        ("da", "1.486,50 kr.", "1,2 MB", "1,3 s"),
    ],
)
def test_an_amount_and_a_size_have_the_languages_comma(language: str, money: str, size: str, took: str) -> None:
    words.speak(language, "Europe/Copenhagen")
    assert amounts.money(Decimal("1486.50"), "DKK").replace("\u00a0", " ").replace("\u202f", " ") == money
    assert rendering.size(1_234_567) == size
    assert times.took(1_300) == took
