"""Turns: what pages fetch again by themselves leaves room for what somebody has asked for."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import hub.due
from inbox_ui import turns
from tests.web.world import application

CLICK: dict[str, str] = {}
Made = Callable[[str, dict[str, str]], Coroutine[Any, Any, None]]


class Route:
    """As Litestar hands it to a middleware."""

    def __init__(self, opt: dict[str, str]) -> None:
        self.opt = opt


def pages(work: Callable[[Made, Sequence[str], asyncio.Event], Awaitable[None]]) -> None:
    """`work` is given what makes a page, the names of those that were begun, and what lets all end."""

    async def run() -> None:
        begun, go_on = list[str](), asyncio.Event()

        async def made(name: str, opt: dict[str, str]) -> None:
            async def app(*_: Any) -> None:
                begun.append(name)
                await go_on.wait()

            scope: Any = {"route_handler": Route(opt)}
            nothing: Any = None
            await turns.in_turn(app)(scope, nothing, nothing)

        await work(made, begun, go_on)

    asyncio.run(run())


async def settle() -> None:
    """All have come as far as they may."""
    for _ in range(5):
        await asyncio.sleep(0)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        for _ in range(30_000):
            if holds():
                return
            await asyncio.sleep(0.001)


def test_figures_wait_for_figures_and_rows_for_no_figures() -> None:
    async def work(made: Made, begun: Sequence[str], go_on: asyncio.Event) -> None:
        figures, rows = turns.FIGURES, turns.ROWS
        names = ["one", "two", "three", "four", "five"]
        those = [("rail", figures), ("phone", figures), *((name, rows) for name in names)]
        tasks = [asyncio.create_task(made(*each)) for each in those]
        await settle()
        assert begun == ["rail", *names[:4]]
        go_on.set()
        await asyncio.gather(*tasks)
        assert sorted(begun) == sorted(["phone", "rail", *names])

    pages(work)


def test_what_is_clicked_waits_for_nobody_and_news_wait_for_it() -> None:
    async def work(made: Made, begun: Sequence[str], go_on: asyncio.Event) -> None:
        tasks = [asyncio.create_task(made(f"click {number}", CLICK)) for number in range(3)]
        await settle()
        tasks.append(asyncio.create_task(made("news", turns.ROWS)))
        await settle()
        assert begun == ["click 0", "click 1", "click 2"]
        go_on.set()
        await asyncio.gather(*tasks)
        assert begun[-1] == "news"

    pages(work)


def test_what_is_clicked_is_due_in_storage_before_news_that_were_asked_for_earlier() -> None:
    due: dict[str, float] = {}

    async def run() -> None:
        for name, opt in (("news", turns.ROWS), ("rail", turns.FIGURES), ("click", CLICK)):

            async def app(*_: Any, name: str = name) -> None:
                due[name] = hub.due.due()

            scope: Any = {"route_handler": Route(opt)}
            nothing: Any = None
            await turns.in_turn(app)(scope, nothing, nothing)

    before = time.monotonic()
    asyncio.run(run())
    assert sorted(due, key=lambda name: due[name]) == ["click", "news", "rail"]
    assert before <= due["click"] <= time.monotonic()


def test_where_somebody_clicks_all_the_time_news_come_all_the_same() -> None:
    async def work(made: Made, begun: Sequence[str], go_on: asyncio.Event) -> None:
        tasks = [asyncio.create_task(made("click", CLICK)), asyncio.create_task(made("news", turns.ROWS))]
        await until(lambda: "news" in begun)
        go_on.set()
        await asyncio.gather(*tasks)

    pages(work)


def test_a_stream_that_stays_open_is_no_click() -> None:
    async def work(made: Made, begun: Sequence[str], go_on: asyncio.Event) -> None:
        tasks = [asyncio.create_task(made("events", turns.STREAM)), asyncio.create_task(made("news", turns.ROWS))]
        await settle()
        assert begun == ["events", "news"]
        go_on.set()
        await asyncio.gather(*tasks)

    pages(work)


def test_each_route_that_pages_ask_by_themselves_says_so() -> None:
    found = {
        (path, handler.opt["turn"])
        for route in application(pages=True).routes
        for handler in getattr(route, "route_handlers", ())
        if "turn" in handler.opt
        for path in handler.paths
    }
    assert found == {
        ("/inbox/news", "rows"), ("/inbox/list", "rows"), ("/inbox/rail", "figures"), ("/phone", "figures"),
        ("/events", "stream"),
    }  # fmt: skip
