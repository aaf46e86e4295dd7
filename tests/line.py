"""The whole line in this process: a hub that listens, reads and sends, with two municipalities of one centre on it."""

import asyncio
import smtplib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Select, select

from hub.access import person
from hub.app import Hub
from hub.channels import add
from hub.channels.route import reply_route
from hub.inbound.raw_event import RawEvent
from hub.inbox import municipality, queue
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry, Mail
from hub.inbox.reply import reply
from hub.plugin_host.manager import load
from hub.settings import Settings
from hub.storage.open import open_storage
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.connectors.tools import free_port

T = TypeVar("T")
TEST = Scope.everything("test")
GRANVIK, HOLMO = "kommunen@granvik.example", "kommunen@holmo.example"


class Line:
    """`storage` is this test's own: the hub has another on the same database."""

    def __init__(self, folder: Path, database_url: str, **settings: Any) -> None:
        self.folder = folder
        given = {"undo_seconds": 0, "sweep_seconds": 1.0, "parse_children": 1, **settings}
        self.settings = Settings(
            database_url=database_url, key_file=str(folder / "key"), blob_folder=str(folder / "blobs"), **given
        )
        self.storage = open_storage(self.settings)
        self.registry = load()
        self.port = free_port()
        self.ids: dict[str, int] = self.storage.write_now(TEST, self._set_up)

    def _set_up(self, unit: Unit) -> dict[str, int]:
        granvik = municipality.add(unit, "granvik", "Granviks kommun", "SE")
        holmo = municipality.add(unit, "holmo", "Holmö kommun", "SE")
        desk = queue.add(unit, {"sv": "Kundtjänst"}, [granvik, holmo])
        _, folder = add.prepare(unit, self.registry, "eml_folder", {"folder": str(self.folder / "outgoing")})
        out = add.add(unit, "eml_folder", "out", folder)
        addresses = {GRANVIK: "granvik/Kundtjänst", HOLMO: "holmo/Kundtjänst"}
        given = {"port": self.port, "addresses": addresses, "size_limit": 10_000_000}
        _, listening = add.prepare(unit, self.registry, "smtp_in", given)
        mail = add.add(unit, "smtp_in", "in", listening, sends_by_id=out.id)
        sara = person.add(unit, "sara@granvik.example", "Sara")
        person.join(unit, sara, granvik, "agent")
        return {
            "granvik": granvik.id,
            "holmo": holmo.id,
            "desk": desk.id,
            "out": out.id,
            "in": mail.id,
            "sara": sara.id,
        }

    @contextmanager
    def running(self) -> Iterator["Line"]:
        """The hub, in a thread of its own."""
        ready, ended = threading.Event(), threading.Event()
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()

        async def run() -> None:
            async with Hub(self.settings, serves=True, works=True).running():
                ready.set()
                await stop.wait()

        def thread() -> None:
            try:
                loop.run_until_complete(run())
            finally:
                loop.close()
                ended.set()
                ready.set()

        threading.Thread(target=thread, name="hub").start()
        ready.wait(20)
        until(lambda: reachable(self.port))
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(stop.set)
            assert ended.wait(20)

    def send(
        self, *mails: EmailMessage | bytes, to: Sequence[str] = (GRANVIK,), sender: str = "ida@post.example"
    ) -> None:
        """One SMTP conversation; raises as smtplib does."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
            for each in mails:
                client.sendmail(sender, list(to), each if isinstance(each, bytes) else each.as_bytes())

    def all(self, query: Select[T]) -> Sequence[T]:
        """Rows, detached."""
        return self.storage.read_now(TEST, lambda unit: unit.all(query))

    def one(self, query: Select[T]) -> T:
        """The only one."""
        rows = self.all(query)
        assert len(rows) == 1, rows
        return rows[0]

    def entries(self, count: int) -> Sequence[Entry]:
        """Waits until there are `count` mails from citizens; oldest first."""
        found = self.at_least(count)
        assert len(found) == count
        return found

    def at_least(self, count: int) -> Sequence[Entry]:
        """The same, when more may be on their way."""
        query = select(Entry).where(Entry.kind == "mail", Entry.author_kind == "citizen").order_by(Entry.id)
        until(lambda: len(self.all(query)) >= count)
        return self.all(query)

    def answer(self, conversation_id: int, text: str = "Hej, på torsdag.", cc: Sequence[str] = ()) -> Mail:
        """A reply by Sara, and the mail row that it has."""

        def write(unit: Unit) -> int:
            conversation = unit.lock(Conversation, conversation_id)
            assert conversation is not None
            route = reply_route(unit, conversation)
            return reply(unit, conversation, self.ids["sara"], text, route, self.settings.undo_seconds, cc=cc).id

        entry_id = self.storage.write_now(TEST, write)
        return self.one(select(Mail).where(Mail.entry_id == entry_id))

    def raw_states(self) -> list[str]:
        """Of all raw events, oldest first."""
        return list(self.all(select(RawEvent.state).order_by(RawEvent.id)))

    def deliveries(self) -> Sequence[Delivery]:
        """All, oldest first."""
        return self.all(select(Delivery).order_by(Delivery.id))


def letter(text: str = "Hej, när töms min brunn?", **headers: str) -> EmailMessage:
    """From Ida to Granvik, unless told otherwise; `In_Reply_To=…` for a header with hyphens."""
    mail = EmailMessage()
    given = {"From": "Ida Berg <ida@post.example>", "To": GRANVIK, "Subject": "Slamtömning", **headers}
    for name, value in given.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def until(holds: Callable[[], object], seconds: float = 15) -> None:
    """Waits for it; fails when it doesn't come."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it didn't come"
        time.sleep(0.02)


def reachable(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5):
            return True
    except OSError:
        return False
