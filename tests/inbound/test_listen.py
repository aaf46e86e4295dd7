"""Channels that another process adds, pauses and resumes are followed; a bug in one connector ends no other."""

import asyncio
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from connectors.smtp_in import SmtpIn
from hub import clock
from hub.app import Hub
from hub.channels import add
from hub.channels.channel import Channel
from hub.channels.pause import pause, resume
from hub.contract import AuthFailed, Config, Keep, Listens
from hub.plugin_host.registry import Offer
from hub.settings import Settings
from hub.storage.unit import Unit
from tests import line as lines
from tests.connectors.tools import free_port
from tests.line import TEST, Line, letter, reachable, until

calls: list[str] = []


class Nothing(Config, frozen=True):
    """No settings."""


class Buggy(Listens[Nothing]):
    """Its author made a mistake."""

    kind = "buggy"
    title = "A bug"
    Config = Nothing

    async def check(self) -> None:
        """All is well, it says."""

    async def listen(self, keep: Keep) -> None:  # noqa: ARG002 - it never gets that far
        calls.append(self.kind)
        raise KeyError("a mistake")

    parse = staticmethod(SmtpIn.parse)


class LockedOut(Buggy):
    """The other side doesn't know it any more."""

    kind = "locked_out"

    async def listen(self, keep: Keep) -> None:  # noqa: ARG002 - it never gets that far
        calls.append(self.kind)
        raise AuthFailed("The password has expired.")


class Ends(Buggy):
    """It listens for a while, then it is done, as if it might be."""

    kind = "ends"

    async def listen(self, keep: Keep) -> None:  # noqa: ARG002 - nothing comes
        calls.append(self.kind)
        if calls.count(self.kind) == 1:
            await asyncio.sleep(0.6)  # so that it has been said that it listens


class Falls(Buggy):
    """The same, and then a mistake."""

    kind = "falls"

    async def listen(self, keep: Keep) -> None:  # noqa: ARG002 - nothing comes
        calls.append(self.kind)
        if calls.count(self.kind) == 1:
            await asyncio.sleep(0.6)
        raise KeyError("a mistake")


BUGS = (Buggy, LockedOut, Ends, Falls)


class HubWithBugs(Hub):
    """Two kinds of channels more."""

    def __init__(self, settings: Settings, *, serves: bool, works: bool) -> None:
        super().__init__(settings, serves=serves, works=works)
        offer = Offer()
        for kind in BUGS:
            offer.connector(kind)
        self.registry.take("bugs", "1", offer, built_in=False)


@pytest.fixture
def line_with_bugs(sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """With a channel of either kind, older than the good one's first mail."""
    monkeypatch.setattr(lines, "Hub", HubWithBugs)
    calls.clear()
    made = Line(tmp_path, sqlite_database)
    for kind in BUGS:
        made.storage.write_now(TEST, add.add, kind.kind, kind.kind, Nothing())
    with made.running():
        yield made
    made.storage.close()


def test_a_channel_that_another_process_pauses_and_resumes_is_followed(line: Line) -> None:
    assert reachable(line.port)
    said = select(Channel.lease_until).where(Channel.id == line.ids["in"])
    until(lambda: (line.one(said) or 0) > clock.now())
    line.storage.write_now(TEST, pause, line.ids["in"], "The mail server moves tonight")
    until(lambda: not reachable(line.port))
    until(lambda: line.one(said) is None)  # and doesn't say any more that it listens
    line.storage.write_now(TEST, resume, line.registry, line.ids["in"], lambda _: True)
    until(lambda: reachable(line.port))
    line.send(letter())
    line.entries(1)


def test_a_channel_that_another_process_adds_is_opened_and_one_that_it_changes_moves(line: Line) -> None:
    second, third = free_port(), free_port()
    channel_id = line.storage.write_now(TEST, add_listening, line, second)
    until(lambda: reachable(second))
    assert reachable(line.port)
    line.storage.write_now(TEST, move, channel_id, third)
    until(lambda: reachable(third) and not reachable(second))


def test_a_port_in_use_is_the_channels_trouble_until_it_is_free(line_on_both: Line) -> None:
    line = line_on_both
    trouble = select(Channel.trouble).where(Channel.name == "another")
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        line.storage.write_now(TEST, add_listening, line, port)
        until(lambda: line.one(trouble))
    assert line.one(trouble) == f"127.0.0.1 port {port} is in use by another program."
    until(lambda: reachable(port) and line.one(trouble) is None)


def test_a_second_process_on_the_port_is_no_trouble(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    until(lambda: (line.one(select(Channel.lease_until).where(Channel.id == line.ids["in"])) or 0) > clock.now())
    with line.running():
        until(lambda: caplog.text.count("in use by another program") >= 2)
        assert line.all(select(Channel.trouble).where(Channel.trouble.is_not(None))) == []


def test_a_bug_in_one_connector_does_not_stop_the_others(line_with_bugs: Line) -> None:
    line = line_with_bugs
    until(lambda: calls.count("buggy") >= 2)  # and it is tried again
    why = line.one(select(Channel.trouble).where(Channel.kind == "buggy"))
    assert why == "A bug of the program (KeyError); see the log."
    line.send(letter())
    line.entries(1)
    assert line.raw_states() == ["read"]


def test_who_is_locked_out_is_paused_and_says_why(line_with_bugs: Line) -> None:
    line = line_with_bugs
    why = select(Channel.paused_why).where(Channel.kind == "locked_out")
    until(lambda: line.one(why))
    assert line.one(why) == "The password has expired."
    until(lambda: calls.count("buggy") >= 3)
    assert calls.count("locked_out") == 1
    line.send(letter())
    line.entries(1)


def test_a_pause_that_cannot_be_written_is_tried_again(
    sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "Hub", HubWithBugs)
    calls.clear()
    line = Line(tmp_path, sqlite_database)
    line.storage.write_now(TEST, add.add, LockedOut.kind, LockedOut.kind, Nothing())
    refusal = "CREATE TRIGGER no_pause BEFORE UPDATE OF paused_why ON channel BEGIN SELECT RAISE(ABORT, 'no'); END"
    with closing(sqlite3.connect(tmp_path / "torg.db")) as connection:
        connection.execute(refusal)
    with closing(sqlite3.connect(tmp_path / "torg.db")) as connection, line.running():
        until(lambda: len(calls) >= 2)
        connection.execute("DROP TRIGGER no_pause")
        until(lambda: line.all(select(Channel.id).where(Channel.paused_why.is_not(None))))
    line.storage.close()


def add_listening(unit: Unit, line: Line, port: int) -> int:
    addresses = {"kommunen@granvik.example": "granvik/Kundtjänst"}
    _, config = add.prepare(unit, line.registry, "smtp_in", {"port": port, "addresses": addresses})
    return add.add(unit, "smtp_in", "another", config).id


def move(unit: Unit, channel_id: int, port: int) -> None:
    row = unit.lock(Channel, channel_id)
    assert row is not None
    row.config = {**row.config, "port": port}


def test_one_that_ended_says_so_at_once(line_with_bugs: Line) -> None:
    """Not when the word that it listens has run out, as for a process that is gone."""
    line = line_with_bugs
    for kind, why in (
        ("ends", "It stopped listening by itself, and is started again."),
        ("falls", "A bug of the program (KeyError); see the log."),
    ):
        trouble = select(Channel.trouble).where(Channel.kind == kind)
        until(partial(line.one, trouble))
        assert line.one(trouble) == why
    assert set(line.all(select(Channel.lease_until).where(Channel.kind.in_(["ends", "falls"])))) == {None}
