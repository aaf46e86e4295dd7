"""Groups and leftovers: what comes together, what a process that ended left, what two of them have in hand at once."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, update

from hub.app import Hub
from hub.inbound.raw_event import RawEvent
from hub.inbox.conversation import Conversation
from hub.settings import Settings
from hub.storage.unit import Happening, Unit
from tests import line as lines
from tests.line import TEST, Line, letter, until


class ListeningHub(Hub):
    """Asks the database, on a connection of its own, whether what it is told is really there."""

    told: list[tuple[str, bool]]

    def __init__(self, settings: Settings, *, serves: bool, works: bool) -> None:
        super().__init__(settings, serves=serves, works=works)
        self.told.clear()
        self.storage.on_commit(self._hear)

    def _hear(self, happened: Sequence[Happening]) -> None:
        path = self.settings.database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path)) as connection:
            for each in happened:
                table = {"raw_kept": "raw_event", "entry_added": "entry"}.get(each.kind)
                if table is not None:
                    query = f"SELECT count(*) FROM {table} WHERE id = ?"  # noqa: S608 - one of two tables
                    self.told.append((each.kind, connection.execute(query, (each.id,)).fetchone() == (1,)))


def test_what_happened_is_told_after_its_commit(
    sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ListeningHub.told = told = []
    monkeypatch.setattr(lines, "Hub", ListeningHub)
    line = Line(tmp_path, sqlite_database)
    with line.running():
        line.send(letter(), letter(Subject="två"))
        line.entries(2)
    line.storage.close()
    assert sorted(told) == [("entry_added", True)] * 2 + [("raw_kept", True)] * 2


def test_mails_of_one_group_that_answer_each_other_are_one_conversation(line_on_both: Line) -> None:
    """A chain of six among strangers' mail, read in one go after the hub had been away."""
    line = line_on_both
    for number in range(6):
        before = {"In_Reply_To": f"<{number - 1}@post.example>"} if number else {}
        line.send(letter(f"del {number}", Message_ID=f"<{number}@post.example>", **before))
        line.send(letter("annat", From=f"olle{number}@annan.example"), sender=f"olle{number}@annan.example")
    entries = line.entries(12)
    chain = [each for each in entries if each.text.startswith("del")]
    assert len({each.conversation_id for each in chain}) == 1
    assert len(line.all(select(Conversation))) == 7
    newest = line.one(select(Conversation.last_entry_id).where(Conversation.id == chain[0].conversation_id))
    assert newest == chain[-1].id


class ReceivingHub(Hub):
    """Keeps what comes and leaves it to others."""

    def __init__(self, settings: Settings, *, serves: bool, works: bool) -> None:
        super().__init__(settings, serves=serves, works=False)


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
