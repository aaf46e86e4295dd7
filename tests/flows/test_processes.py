"""Several processes on one database, and a database that goes away: nothing is lost, nothing happens twice."""

import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.inbound.raw_event import RawEvent
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.proof.ledgers import read_lines
from tests.flows.house import CitizensMailServer, House
from tests.line import PATIENCE, letter, until
from tests.servers import Postgres

Build = Callable[..., House]


def test_a_second_serve_waits_for_the_mail_port_and_takes_over(
    build: Build, sqlite_database: str, outside: CitizensMailServer
) -> None:
    house = build(sqlite_database)
    with house.serving(0) as first, house.serving(1) as second:
        house.send(letter("ett"), letter("två", Subject="två"))
        first_entry, _ = house.entries(2)
        # Both answer, both send: who leases a delivery first.
        house.reply(first_entry.conversation_id, "Svar av den andra", web=1)
        house.sent(1)
        first.kill()
        until(lambda: house.try_to_send(letter("tre", Subject="tre")) == 250)
        house.reply(house.entries(3)[2].conversation_id, "Svar", web=1)
        house.sent(2)
        assert second.poll() is None
    outside.mails(2)
    assert set(house.raw_states()) == {"read"}
    assert "is in use" in house.log()
    assert house.bugs() == []


def test_two_workers_make_each_entry_and_each_delivery_once(
    build: Build, postgres_database: str, outside: CitizensMailServer, tmp_path: Path
) -> None:
    """Nobody rings, and both look for all that waits twenty times a second."""
    nobody = f"unix://{tmp_path}/nobody"
    house = build(postgres_database, worker="separate", redis_url=nobody, sweep_seconds=0.05)
    with house.serving():
        house.send(*(letter(f"brev {n}", Subject=f"{n}", Message_ID=f"<{n}@post.example>") for n in range(60)))
        assert set(house.raw_states()) == {"new"}
        with house.process("worker") as one, house.process("worker") as other:
            for entry in house.entries(60)[:20]:
                house.reply(entry.conversation_id, "Hej")
            house.send(*(letter(f"igen {n}", Subject=f"{n}", References=f"<{n}@post.example>") for n in range(20)))
            entries = house.entries(80)
            deliveries = house.sent(20)
            assert one.poll() is other.poll() is None
    assert set(house.raw_states()) == {"read"}
    assert Counter(Counter(entry.raw_event_id for entry in entries).values()) == {1: 80}
    assert Counter(Counter(entry.conversation_id for entry in entries).values()) == {1: 40, 2: 20}
    sent = [line["message_id"] for line in read_lines(outside.ledger)]
    assert sorted(sent) == sorted(each.message_id for each in deliveries)
    assert {each.attempt for each in deliveries} == {1}
    assert set(house.all(select(RawEvent.attempts))) == {1}
    assert house.bugs() == []


def test_a_database_server_that_goes_away_costs_nobody_a_mail(
    build: Build, own_postgres: Postgres, outside: CitizensMailServer
) -> None:
    house = build(own_postgres.url)
    with house.serving() as process:
        house.send(letter("före"))
        (entry,) = house.entries(1)
        own_postgres.stop()
        during = letter("under", Subject="under")
        assert 400 <= house.try_to_send(during) < 500
        for method, path, body in (
            ("GET", "/conversations", None),
            ("POST", f"/conversations/{entry.conversation_id}/replies", {"text": "Under"}),
        ):
            status, said, headers = house.ask(method, path, body)
            assert (status, said["status"]) == (503, 503)
            assert headers["Retry-After"]
        time.sleep(2.5)  # sweeps, listeners and the outbox meet the outage as well
        assert process.poll() is None
        own_postgres.start()
        until(lambda: house.try_to_send(during) == 250)
        house.send(during)
        until(house.healthy)
        house.reply(entry.conversation_id, "Efter")
        assert [each.text.strip() for each in house.entries(2)] == ["före", "under"]
        house.sent(1)
        assert process.poll() is None
    assert len(outside.arrived) == 1
    assert len(house.all(select(Delivery))) == 1
    assert sorted(house.all(select(RawEvent.arrivals))) == [1, 2]
    assert len(house.conversations()) == 2
    assert house.bugs() == []


def test_a_database_server_that_dies_while_mail_pours_in(
    build: Build, own_postgres: Postgres, outside: CitizensMailServer
) -> None:
    """What was answered 250 is there once; what wasn't is sent again, as a mail server does."""
    house = build(own_postgres.url)
    mails = [letter(f"brev {n}", Subject=f"{n}") for n in range(60)]
    with house.serving():
        for number, mail in enumerate(mails):
            if number == 20:
                own_postgres.kill()
                assert 400 <= house.try_to_send(mail) < 500
                own_postgres.start()
            until(lambda mail=mail: house.try_to_send(mail) == 250)  # type: ignore[misc]  # bound now
        entries = house.entries(60)
    assert sorted(each.text.strip() for each in entries) == sorted(f"brev {n}" for n in range(60))
    assert set(house.raw_states()) == {"read"}


def test_an_upgrade_that_was_forgotten_is_a_sentence(build: Build, sqlite_database: str, tmp_path: Path) -> None:
    house = build(sqlite_database)
    with closing(sqlite3.connect(tmp_path / "torg.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0'")
    for command in ("serve", "worker"):
        with house.process(command) as process:
            assert process.wait(PATIENCE) == 1
    assert "torg db" in house.log()
    assert house.bugs() == []


def test_sigterm_ends_both_within_seconds(build: Build, sqlite_database: str) -> None:
    house = build(sqlite_database)
    with house.serving() as serving, house.process("worker") as working:
        house.send(letter())
        house.entries(1)
        for process in (serving, working):
            process.terminate()
            try:
                assert process.wait(PATIENCE) in {0, -signal.SIGTERM}  # uvicorn ends by the signal it was given
            except subprocess.TimeoutExpired:
                pytest.fail("it didn't end")
    assert len(house.all(select(Conversation))) == 1
    assert house.bugs() == []
