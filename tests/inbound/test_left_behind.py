"""Leftovers: what a process that ended left unread, and what can never be read again."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select, update

from hub.app import Hub
from hub.inbound.raw_event import RawEvent
from hub.storage.unit import Unit
from tests import line as lines
from tests.inbound.conftest import ReceivingHub
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


def unread(unit: Unit, raw_id: int) -> None:
    unit.change(update(RawEvent).where(RawEvent.id == raw_id).values(state="new"))


def replayed(line: Line, raw_id: int) -> tuple[str, str | None]:
    async def run() -> tuple[str, str | None]:
        hub = Hub(line.settings, serves=False, works=True)
        async with hub.running():
            ended = await hub.replay(raw_id)
            return ended.state, ended.reason

    return asyncio.run(run())
