"""Leftovers: what a process that ended left unread, and what can never be read again."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, update

from hub import clock
from hub.app import Hub
from hub.errors import Unavailable
from hub.inbound.lane import GROUP, Parsed
from hub.inbound.pipeline import FULL_SWEEP, Pipeline
from hub.inbound.raw_event import RawEvent
from hub.inbound.receive import Kept
from hub.live.bridge import Message
from hub.storage.unit import Happening, Unit
from hub.worker import embedded
from tests import line as lines
from tests.inbound.conftest import OpenHub, ReceivingHub
from tests.line import TEST, Line, letter, until


def test_what_an_ended_process_left_is_read_by_the_next_in_its_order(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(tmp_path, database_url)
    with monkeypatch.context() as patched:
        patched.setattr(lines, "Hub", ReceivingHub)
        with line.running():
            for number in range(30):
                before = {"References": f"<{number - 1}@post.example>"} if number % 10 else {}
                line.send(letter(f"del {number}", Message_ID=f"<{number}@post.example>", **before))
            assert set(line.raw_states()) == {"new"}
    with line.running():
        entries = line.entries(30)
    assert [each.text.strip() for each in entries] == [f"del {number}" for number in range(30)]
    assert len({each.conversation_id for each in entries}) == 3
    line.storage.close()


def test_a_missing_blob_sets_its_own_mail_aside_and_no_other(line: Line) -> None:
    line.send(letter("x" * 100_000))
    line.entries(1)
    damaged = line.one(select(RawEvent))
    (blob,) = (path for path in (line.folder / "blobs" / "raw").rglob("*") if path.is_file())
    blob.unlink()
    line.storage.write_now(TEST, unread, damaged.id)
    until(lambda: line.raw_states() == ["quarantined"])
    assert "missing" in (line.one(select(RawEvent.reason)) or "")
    line.send(letter("nästa"))
    line.at_least(2)
    # Reading it again by hand says the same, and does no harm.
    said = replayed(line, damaged.id)
    assert said[0] == "quarantined"
    assert "missing" in str(said[1])
    assert line.raw_states() == ["quarantined", "read"]


def test_what_another_process_keeps_is_read_while_mails_by_the_hundred_wait(
    open_line: tuple[Line, OpenHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    line, hub = open_line
    reads = Pipeline.parse

    async def stands_still_with_mails(pipeline: Pipeline, group: Sequence[Kept]) -> list[Parsed]:
        if any(kept.event.group is None for kept in group):
            await asyncio.Event().wait()
        return await reads(pipeline, group)

    monkeypatch.setattr(Pipeline, "parse", stands_still_with_mails)
    line.send(*(letter(f"{number}") for number in range(FULL_SWEEP + 10)))
    for name in ("ett", "två"):
        raw_id = line.storage.write_now(TEST, keep, line.ids["in"], name, name)
        hub.live.on_heard(Message("another process", happened=(Happening("raw_kept", raw_id),)))
        until(partial(_is_set_aside, line, raw_id))
    assert line.raw_states().count("new") == FULL_SWEEP + 10


def _is_set_aside(line: Line, raw_id: int) -> bool:
    return line.one(select(RawEvent.state).where(RawEvent.id == raw_id)) == "quarantined"


def test_what_comes_by_one_channel_is_read_while_another_s_mails_wait(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both kept by another process: what waits is found by its rows alone."""
    line = Line(tmp_path, database_url)
    reads = Pipeline.parse
    read: list[int] = []

    async def notes(pipeline: Pipeline, group: Sequence[Kept]) -> list[Parsed]:
        read.extend(kept.channel_id for kept in group)
        return await reads(pipeline, group)

    for channel, number in (("in", FULL_SWEEP), ("out", 1)):  # by age alone a sweep has no room for the other
        line.write(keep_all, line.ids[channel], number)
    monkeypatch.setattr(Pipeline, "parse", notes)
    with line.running():
        until(lambda: "new" not in line.raw_states())
    assert read.index(line.ids["out"]) < GROUP
    assert len(read) == FULL_SWEEP + 1
    line.storage.close()


def test_a_database_that_is_away_is_not_asked_again_and_again_for_what_waits(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(tmp_path, database_url, sweep_seconds=300.0)
    looks: list[int] = []

    async def sweep(_: Pipeline, grace: int, *, calls: bool) -> bool:
        if calls:
            return False
        looks.append(grace)
        if len(looks) > 3:
            raise Unavailable("away")
        return True

    monkeypatch.setattr(Pipeline, "sweep", sweep)
    monkeypatch.setattr(embedded, "_LOOK", 0.01)
    with line.running():
        until(lambda: len(looks) == 4)
        time.sleep(0.3)
    assert len(looks) == 4
    line.storage.close()


def keep_all(unit: Unit, channel_id: int, number: int) -> None:
    for name in range(number):
        keep(unit, channel_id, f"{name}", None)


def keep(unit: Unit, channel_id: int, name: str, group: str | None) -> int:
    """As a process does that only keeps; nobody can read what it says."""
    row = RawEvent(
        channel_id=channel_id, source_key=name, group_key=group, sha256=hashlib.sha256(name.encode()).hexdigest(),
        media_type="text/plain", origin={}, body=name.encode(), size=len(name), received_at=clock.now(),
    )  # fmt: skip
    unit.add(row)
    return row.id


def unread(unit: Unit, raw_id: int) -> None:
    unit.change(update(RawEvent).where(RawEvent.id == raw_id).values(state="new"))


def replayed(line: Line, raw_id: int) -> tuple[str, str | None]:
    async def run() -> tuple[str, str | None]:
        hub = Hub(line.settings, serves=False, works=True)
        async with hub.running():
            ended = await hub.replay(raw_id)
            return ended.state, ended.reason

    return asyncio.run(run())
