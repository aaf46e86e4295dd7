"""What a mailbox holds against what is here: by command, and by itself."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select, update

from connectors.imap import Imap
from hub.channels import add, settings
from hub.channels.channel import Channel
from hub.channels.mailbox import Mailbox
from hub.channels.open import close_connector, open_channel
from hub.channels.pause import pause, resume
from hub.errors import Conflict, Invalid
from hub.inbound.raw_event import RawEvent
from hub.inbound.reconcile import reconcile
from hub.proof.stand_ins.imap_server import ImapServer, serving
from hub.storage.unit import Unit
from tests.line import GRANVIK, TEST, Line, letter, until


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with serving() as made:
        yield made


@pytest.fixture
def mailbox_line(sqlite_database: str, tmp_path: Path, server: ImapServer) -> Iterator[Line]:
    """With a mailbox of Granvik's, not running yet."""
    made = Line(tmp_path, sqlite_database)
    made.ids["mailbox"] = made.storage.write_now(TEST, add_mailbox, made, server.port)
    yield made
    made.storage.close()


def add_mailbox(unit: Unit, line: Line, port: int, /, **more: object) -> int:
    given = {
        "host": "127.0.0.1", "port": port, "security": "none", "username": "a", "password": "b", "start": "all",
        "addresses": {GRANVIK: "granvik/Kundtjänst"}, "poll_seconds": 1, **more,
    }  # fmt: skip
    _, config = add.prepare(unit, line.registry, "imap", given)
    return add.add(unit, "imap", "Mailbox", config, None, line.ids["out"]).id


def everybody(_: int | None) -> bool:
    return True


def nobody(_: int | None) -> bool:
    return False


def count(line: Line) -> Sequence[Mailbox]:
    async def ask() -> Sequence[Mailbox]:
        connector = line.storage.read_now(TEST, open_mailbox, line)
        try:
            return await reconcile(line.storage, connector, line.ids["mailbox"])
        finally:
            await connector.close()
            await close_connector(connector)

    return asyncio.run(ask())


def open_mailbox(unit: Unit, line: Line) -> Imap:
    channel = unit.get(Channel, line.ids["mailbox"])
    assert channel is not None
    connector = open_channel(channel, line.registry, unit.keys)
    assert isinstance(connector, Imap)
    return connector


def test_a_mailbox_is_fetched_answered_and_counted(mailbox_line: Line, server: ImapServer) -> None:
    for number in range(3):
        server.mailbox.bring(letter(f"Hej {number}", Message_ID=f"<{number}@post.example>").as_bytes())
    with mailbox_line.running():
        entries = mailbox_line.entries(3)
        until(lambda: mailbox_line.all(select(Mailbox)))  # nobody had counted yet
        (counted,) = mailbox_line.all(select(Mailbox))
        assert (counted.name, counted.at_source, counted.here, counted.unexplained) == ("INBOX", 3, 3, 0)
        mailbox_line.answer(entries[0].conversation_id)  # by the channel that sends for the mailbox
        until(lambda: [each.state for each in mailbox_line.deliveries()] == ["sent"])
        (delivery,) = mailbox_line.deliveries()
        assert delivery.channel_id == mailbox_line.ids["out"]
    server.mailbox.bring(b"Subject: new\r\n\r\nHej")
    (counted,) = count(mailbox_line)
    assert (counted.at_source, counted.here, counted.waiting, counted.unexplained) == (4, 3, 1, 0)


def test_what_is_missing_here_is_unexplained(mailbox_line: Line, server: ImapServer) -> None:
    for number in range(2):
        server.mailbox.bring(letter(f"Hej {number}", Message_ID=f"<{number}@post.example>").as_bytes())
    with mailbox_line.running():
        mailbox_line.entries(2)
    lose = update(RawEvent).where(RawEvent.source_key == "INBOX/1/2").values(source_key="elsewhere")
    mailbox_line.storage.write_now(TEST, lambda unit: unit.change(lose))
    (counted,) = count(mailbox_line)
    assert (counted.at_source, counted.here, counted.unexplained) == (2, 1, 1)


def test_what_one_channel_fetches_no_other_does(mailbox_line: Line, server: ImapServer) -> None:
    """Everything would come twice, and citizens be answered twice."""
    first, write = mailbox_line.ids["mailbox"], mailbox_line.storage.write_now
    with pytest.raises(Invalid, match="already") as twice:
        write(TEST, add_mailbox, mailbox_line, server.port)
    assert (twice.value.field, twice.value.said) == ("folders", {"id": first, "name": "Mailbox"})
    other = write(TEST, lambda unit: add_mailbox(unit, mailbox_line, server.port, folders={"Fel": GRANVIK}))
    with pytest.raises(Invalid, match="already"):
        write(TEST, settings.draft, mailbox_line.registry, other, {"folders": {"INBOX": GRANVIK}})
    write(TEST, settings.draft, mailbox_line.registry, other, {"poll_seconds": 5})
    write(TEST, pause, first, "it moves")
    second = write(TEST, add_mailbox, mailbox_line, server.port)
    for may_know, named in ((everybody, second), (nobody, None)):
        with pytest.raises(Conflict, match="fetches this by now") as taken:
            write(TEST, resume, mailbox_line.registry, first, may_know)
        assert taken.value.said.get("id") == named
    write(TEST, pause, second, "it moves")
    assert write(TEST, resume, mailbox_line.registry, first, everybody).paused_why is None
