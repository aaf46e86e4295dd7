"""Days away, the hub, the mail server, or Redis and the worker: what waits is done then; none of it is lost or doubled.

TORG_TEST_LARGE=1 has 2,000 mails wait at their source.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import select

from hub import clock
from hub.channels import add
from hub.channels.channel import Channel
from hub.inbound.raw_event import RawEvent
from hub.inbox.entry import Entry
from hub.proof.stand_ins.imap_server import ImapServer
from hub.storage.unit import Unit
from tests.connectors.imap.conftest import letter as imap_letter
from tests.connectors.imap.conftest import settings
from tests.flows.at_work import GAP, Page, cookie
from tests.flows.house import CitizensMailServer, House
from tests.flows.later import Later
from tests.line import Line, letter, until
from tests.servers import Valkey

AWAY = timedelta(hours=96)
LONG = timedelta(hours=72)
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
        server.mailbox.bring(imap_letter(0))
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
        server.mailbox.bring(imap_letter(0))
        line.entries(1)
        server.close()
        until(lambda: line.one(select(Channel.trouble).where(Channel.kind == "imap")))
        _waits(server, later)
        back = ImapServer(server.mailbox, port=server.port)
        assert _subjects(line.entries(1 + WAITING, SECONDS)) == Counter(map(str, range(WAITING + 1)))
        until(lambda: line.one(select(Channel.trouble).where(Channel.kind == "imap")) is None)
    back.close()
    line.storage.close()


@pytest.mark.parametrize(
    "what",
    ["flushed", pytest.param("restarted", marks=pytest.mark.large), pytest.param("gone", marks=pytest.mark.large)],
)
def test_redis_is_away_for_72_hours_and_the_worker_with_it(
    what: str, build: Callable[..., House], postgres_database: str, own_redis: Valkey, outside: CitizensMailServer,
    tmp_path: Path, later: list[timedelta],
) -> None:  # fmt: skip
    """Whatever it kept has expired by then, or is lost with it: of what waits there is nothing in it."""
    on = Later(tmp_path / "later")
    program: Any = {"program": "tests.flows.later", **on.variables}
    house = build(postgres_database, worker="separate", redis_url=own_redis.url, cookie_secure=False)
    with house.serving(**program):
        with house.process("worker", **program):
            house.send(letter(Subject="före", Message_ID="<1@post.example>"))
            (first,) = house.entries(1)
            house.reply(first.conversation_id, "Före")
            outside.mails(1)
        house.send(letter(Subject="under", Message_ID="<2@post.example>"))  # its ring lies in Redis
        house.reply(first.conversation_id, "Under")
        if what != "flushed":
            own_redis.kill()
            house.send(letter(Subject="utan Redis", Message_ID="<3@post.example>"))
            house.reply(first.conversation_id, "Utan Redis")
        on.put_on(int(LONG.total_seconds()))
        later.append(LONG)
        page = Page([f"http://127.0.0.1:{house.web_ports[0]}"], cookie(house), house.token)
        page.start()
        until(lambda: page.connected)
        if what == "flushed":
            with redis.Redis.from_url(own_redis.url) as client:
                client.flushall()
        elif what == "restarted":
            own_redis.start()  # empty
        with house.process("worker", **program):
            came = 2 if what == "flushed" else 3
            house.entries(came)
            outside.mails(came)
            until(lambda: len(page.known) == came, GAP)
            house.send(letter(Subject="efter", Message_ID="<4@post.example>"))
            until(lambda: "efter" in page.known, GAP)
        page.end()
    assert sorted(house.all(select(RawEvent.arrivals))) == [1] * (came + 1)
    assert [(each.state, each.attempt) for each in house.sent(came)] == [("sent", 1)] * came
    assert len(house.conversations()) == came + 1
    assert house.bugs() == []


def _add(unit: Unit, line: Line, port: int) -> None:
    given = settings(port, start="now", addresses={"kommunen@granvik.example": "granvik/Kundtjänst"})
    _, config = add.prepare(unit, line.registry, "imap", given)
    add.add(unit, "imap", "mailbox", config)


def _joined(line: Line) -> None:
    until(lambda: line.one(select(Channel.last_contact_at).where(Channel.kind == "imap")))


def _waits(server: ImapServer, later: list[timedelta]) -> None:
    """Mails over four days, which then have passed."""
    for number in range(1, WAITING + 1):
        server.mailbox.bring(imap_letter(number), at=datetime.now(UTC) + AWAY * number / (WAITING + 1))
    later.append(AWAY)


def _subjects(entries: Sequence[Entry]) -> Counter[str]:
    return Counter(each.body["subject"] for each in entries)
