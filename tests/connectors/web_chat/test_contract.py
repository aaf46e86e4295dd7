"""The contract's own tests, and what the check refuses of a chat's settings."""

import asyncio
from datetime import date, datetime
from typing import Any

import pytest

from connectors.web_chat import WebChat
from hub.contract import ChatSettings, Misconfigured
from hub.contract.chat import hours_of_week, hours_on, is_within
from hub.contract.config import read_config
from hub.contract.testing import ConnectorTests

QUEUE = {"queue": "granvik/1"}


class TestWebChat(ConnectorTests):
    connector = WebChat
    settings = QUEUE


def settings(**values: Any) -> ChatSettings:
    return read_config(ChatSettings, {**QUEUE, **values})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hours", "mon-thu 8"),
        ("hours", "ma 08:00-16:00"),
        ("hours", "mondag 08:00-16:00"),
        ("other_days", ["2026-12-23 25-26"]),
        ("hours", "mon 16:00-08:00"),
        ("hours", "mon 08:00-25:00"),
        ("other_days", ["2026-02-30"]),
        ("other_days", ["julafton"]),
        ("topic_hours", {"Vatn": "mon 08:00-09:00"}),
        ("topics", {"Vann": "nesoy/2"}),
        ("origins", ["https://www.granvik.example/avfall"]),
        ("origins", ["http://www.granvik.example"]),
        ("origins", ["*"]),
        ("origins", ["https://a.example https://b.example"]),
        ("origins", ["https://a.example; script-src *"]),
        ("privacy_url", "javascript:alert(1)"),
    ],
)
def test_what_cant_be_used_is_named(field: str, value: object) -> None:
    chat = WebChat(settings(**{field: value}), tools=None)
    with pytest.raises(Misconfigured) as refused:
        asyncio.run(chat.check())
    assert refused.value.field == field


def test_what_can_be_used_is() -> None:
    fits = settings(
        origins=["https://www.granvik.example", "http://localhost:8464"],
        hours="mon-thu 08:00-12:00 13:00-16:30; fri 08:00-24:00",
        topics={"Vatten": "granvik/1"},
        topic_hours={"Vatten": "sat 10:00-12:00"},
        other_days=["2026-12-23 08:00-12:00", "2026-12-28"],
    )
    asyncio.run(WebChat(fits, tools=None).check())


def test_hours_of_days_holidays_and_topics() -> None:
    chat = settings(
        hours="mon-thu 08:00-12:00 13:00-16:30",
        topics={"Vatten": "granvik/1"},
        topic_hours={"Vatten": "sat 10:00-12:00"},
        other_days=["2026-12-26 09:00-10:00", "2026-12-28"],
    )
    monday, saturday = date(2026, 11, 30), date(2026, 12, 5)
    assert len(hours_on(chat, None, monday, is_holiday=False)) == 2
    assert hours_on(chat, None, monday, is_holiday=True) == ()
    assert hours_on(chat, None, saturday, is_holiday=False) == ()
    assert len(hours_on(chat, "Vatten", saturday, is_holiday=False)) == 1
    assert len(hours_on(chat, None, date(2026, 12, 26), is_holiday=True)) == 1  # a day of its own goes before a holiday
    assert hours_on(chat, None, date(2026, 12, 28), is_holiday=False) == ()
    hours = hours_on(chat, None, monday, is_holiday=False)
    times = ["07:59", "08:00", "11:59", "12:00", "13:00", "16:29", "16:30"]
    within = [is_within(hours, datetime.fromisoformat(f"2026-11-30 {each}")) for each in times]
    assert within == [False, True, True, False, True, True, False]


@pytest.mark.parametrize(
    "said",
    ["mon-fri 08:00-16:00", "mån-fre 8-16", "mandag–fredag 8.00–16.00", "Mån-Fre 08-16", "måndag 8-16; tys-fre 8-16"],
)
def test_days_by_their_names_in_any_of_the_languages(said: str) -> None:
    week = hours_of_week("hours", said)
    assert {day: [(str(begins), str(ends)) for begins, ends in hours] for day, hours in week.items()} == {
        day: [("08:00:00", "16:00:00")] for day in range(5)
    }


def test_a_span_may_go_over_the_weeks_end() -> None:
    assert set(hours_of_week("hours", "lör-mån 10-12:30")) == {5, 6, 0}
    assert set(hours_of_week("hours", "lau 10-12; sun 10-12")) == {5, 6}
