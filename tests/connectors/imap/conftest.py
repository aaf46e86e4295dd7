"""A Dovecot of this run, and the stand-in that misbehaves; a mailbox of each test's own."""

import imaplib
import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from connectors.imap import Imap
from connectors.imap.settings import ImapConfig
from hub.contract import Batch, RawEvent
from hub.contract.config import read_config
from hub.proof.stand_ins.imap_mailbox import Mailbox
from hub.proof.stand_ins.imap_server import ImapServer, Manners, serving
from tests.connectors.tools import TestTools
from tests.dovecot import Dovecot
from tests.servers import Missing

KOMMUNEN = "kommunen@granvik.example"
_users = itertools.count(1)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """One for all; every user has a mailbox of their own."""
    try:
        server = Dovecot()
    except Missing as missing:
        pytest.skip(str(missing))
    with server:
        yield server


@pytest.fixture
def stand_in() -> Iterator[ImapServer]:
    """Empty, and well-behaved until it is told otherwise."""
    with serving(Mailbox(), Manners()) as server:
        yield server


class Real:
    """A user's mailbox on Dovecot, as the user's own client sees it."""

    def __init__(self, server: Dovecot) -> None:
        self.user = f"user{next(_users)}@granvik.example"
        self.settings: Mapping[str, Any] = settings(server.port, username=self.user)
        self.client = imaplib.IMAP4("127.0.0.1", server.port)
        self.client.login(self.user, "hemligt")

    def bring(self, body: bytes, folder: str = "INBOX") -> None:
        self.client.append(folder, "", "", body)

    def ask(self, command: str, *words: str, folder: str = "INBOX", to_change: bool = True) -> list[Any]:
        """UID commands in a folder."""
        self.client.select(f'"{folder}"', readonly=not to_change)
        return self.client.uid(command, *words)[1]

    def copies(self) -> list[bytes]:
        """All that lie in its Sent folder."""
        return [part[1] for part in self.ask("fetch", "1:*", "(BODY.PEEK[])", folder="Sent") if isinstance(part, tuple)]

    def state(self) -> object:
        """All marks of all mails."""
        self.client.select("INBOX", readonly=True)
        return self.client.uid("fetch", "1:*", "(FLAGS)")[1] if self.client.uid("search", "ALL")[1] != [b""] else []


@pytest.fixture
def real(dovecot: Dovecot) -> Iterator[Real]:
    """A new user's."""
    with real_of(dovecot) as made:
        yield made


@contextmanager
def real_of(dovecot: Dovecot) -> Iterator[Real]:
    made = Real(dovecot)
    try:
        yield made
    finally:
        made.client.shutdown()


def settings(port: int, **given: Any) -> dict[str, Any]:
    """Plain values, for a server on this machine."""
    return {
        "host": "127.0.0.1", "port": port, "security": "none", "username": "kommunen", "password": "hemligt",
        "addresses": {KOMMUNEN: "granvik/1"}, "start": "all", "timeout": 5.0, **given,
    }  # fmt: skip


def imap(values: Mapping[str, Any]) -> Imap:
    return Imap(read_config(ImapConfig, dict(values)), TestTools())


def letter(number: int, text: str = "Hej") -> bytes:
    return (
        f"From: anna@exempel.example\r\nTo: {KOMMUNEN}\r\nSubject: {number}\r\n"
        f"Message-ID: <{number}@exempel.example>\r\n\r\n{text} {number}\r\n"
    ).encode()


class Hub:
    """The hub's side of it, as far as a connector notices: keeps what comes with its cursor, finds again what moved."""

    def __init__(self, connector: Imap, cursor: bytes | None = None) -> None:
        self.connector, self.cursor = connector, cursor
        self.kept: dict[str, RawEvent] = {}
        self.vanished = 0
        self.last: Batch | None = None

    async def once(self, *, committed: bool = True) -> Batch:
        batch = await self.connector.pull(self.cursor)
        for event in batch.events:
            alike = {
                key: each.origin for key, each in self.kept.items() if each.body == event.body and key != event.key
            }
            gone = await self.connector.gone(event, alike) if alike and event.key not in self.kept else ()
            if gone:
                del self.kept[gone[0]]
            self.kept[event.key] = event
        self.cursor, self.vanished, self.last = batch.cursor, self.vanished + batch.vanished, batch
        if committed:
            await self.connector.committed([event.key for event in batch.events])
        return batch

    async def all(self, *, committed: bool = True) -> list[bytes]:
        """Until there is nothing more; what is kept by now, sorted."""
        while (await self.once(committed=committed)).more:
            pass
        return self.bodies

    @property
    def bodies(self) -> list[bytes]:
        return sorted(event.body for event in self.kept.values())
