"""Four days away, the hub or the mail server: mail waits at its source, and none of it is lost, doubled or left out.

TORG_TEST_LARGE=1 has 2,000 mails wait.
"""

import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from hub import clock
from hub.channels import add
from hub.channels.channel import Channel
from hub.inbox.entry import Entry
from hub.proof.stand_ins.imap_server import ImapServer
from hub.storage.unit import Unit
from tests.connectors.imap.conftest import letter, settings
from tests.line import Line, until

AWAY = timedelta(hours=96)
WAITING = 2_000 if os.environ.get("TORG_TEST_LARGE") else 60
SECONDS = 40 + WAITING / 10


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[timedelta]:
    """What is put in is added to the time that it is."""
    added: list[timedelta] = []
    machine = clock._machine
    clock.set_source(lambda: machine() + sum(int(each.total_seconds()) for each in added) * clock.SECOND)
    return added


def test_a_hub_that_was_away_finds_all_that_came_meanwhile(
    database_url: str, tmp_path: Path, later: list[timedelta]
) -> None:
    line, server = Line(tmp_path, database_url), ImapServer()
    line.write(_add, line, server.port)
    with line.running():
        _joined(line)
        server.mailbox.bring(letter(0))
        line.entries(1, 20)  # well before its minute: also what came between a look and the wait for more
    _waits(server, later)
    with line.running():
        assert _subjects(line.entries(1 + WAITING, SECONDS)) == Counter(map(str, range(WAITING + 1)))
    server.close()
    line.storage.close()


def test_a_mail_server_that_was_away_is_asked_again_until_it_answers(
    sqlite_database: str, tmp_path: Path, later: list[timedelta]
) -> None:
    line, server = Line(tmp_path, sqlite_database), ImapServer()
    line.write(_add, line, server.port)
    with line.running():
        _joined(line)
        server.mailbox.bring(letter(0))
        line.entries(1)
        server.close()
        until(lambda: line.one(select(Channel.trouble).where(Channel.kind == "imap")))
        _waits(server, later)
        back = ImapServer(server.mailbox, port=server.port)
        assert _subjects(line.entries(1 + WAITING, SECONDS)) == Counter(map(str, range(WAITING + 1)))
        until(lambda: line.one(select(Channel.trouble).where(Channel.kind == "imap")) is None)
    back.close()
    line.storage.close()


def _add(unit: Unit, line: Line, port: int) -> None:
    given = settings(port, start="now", addresses={"kommunen@granvik.example": "granvik/Kundtjänst"})
    _, config = add.prepare(unit, line.registry, "imap", given)
    add.add(unit, "imap", "mailbox", config)


def _joined(line: Line) -> None:
    until(lambda: line.one(select(Channel.last_contact_at).where(Channel.kind == "imap")))


def _waits(server: ImapServer, later: list[timedelta]) -> None:
    """Mails over four days, which then have passed."""
    for number in range(1, WAITING + 1):
        server.mailbox.bring(letter(number), at=datetime.now(UTC) + AWAY * number / (WAITING + 1))
    later.append(AWAY)


def _subjects(entries: Sequence[Entry]) -> Counter[str]:
    return Counter(each.body["subject"] for each in entries)
