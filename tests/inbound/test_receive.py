"""Kept together: of what many connections bring at once, each is stored once, told apart from what came before."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from hub.contract import RawEvent
from hub.inbound.raw_event import RawEvent as Row
from hub.inbound.receive import Kept, Receiver
from tests.line import Line


def event(key: str) -> RawEvent:
    return RawEvent(key=key, body=f"Subject: {key}\r\n".encode(), media_type="message/rfc822", origin={})


def keep(line: Line, *connections: Sequence[RawEvent]) -> tuple[list[Sequence[str]], list[Kept]]:
    """In one transaction; the references of each connection, and what is passed on to be read."""
    fresh: list[Kept] = []

    async def together() -> list[Sequence[str]]:
        receiver = Receiver(line.storage, fresh.extend)
        waiting = [asyncio.ensure_future(receiver.keep(line.ids["in"], events)) for events in connections]
        await asyncio.sleep(0.05)
        running = asyncio.ensure_future(receiver.run())
        try:
            return list(await asyncio.gather(*waiting))
        finally:
            running.cancel()

    return asyncio.run(together()), fresh


def stored(line: Line) -> dict[str, tuple[str, int]]:
    """key -> (id, arrivals)."""
    return {row.source_key: (str(row.id), row.arrivals) for row in line.all(select(Row))}


def test_each_of_many_is_kept_and_passed_on(database_url: str, tmp_path: Path) -> None:
    line = Line(tmp_path, database_url)
    references, fresh = keep(line, [event("a"), event("b")], [event("c")])
    rows = stored(line)
    assert references == [[rows["a"][0], rows["b"][0]], [rows["c"][0]]]
    assert [kept.event.key for kept in fresh] == ["a", "b", "c"]
    assert {arrivals for _, arrivals in rows.values()} == {1}
    line.storage.close()


def test_what_came_before_is_counted_and_not_read_again(database_url: str, tmp_path: Path) -> None:
    line = Line(tmp_path, database_url)
    keep(line, [event("a")])
    before = stored(line)["a"][0]
    references, fresh = keep(line, [event("b")], [event("a")], [event("b")], [event("a")])
    rows = stored(line)
    assert rows["a"] == (before, 3)
    assert rows["b"][1] == 2
    assert references == [[rows["b"][0]], [before], [rows["b"][0]], [before]]
    assert [(str(kept.id), kept.event.key) for kept in fresh] == [(rows["b"][0], "b")]
    line.storage.close()
