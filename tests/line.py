"""Granvik and Holmö, one centre; and the whole line in this process: a hub that listens, reads and sends for them."""

import asyncio
import os
import smtplib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

from sqlalchemy import func, select

from hub.access import login, person
from hub.app import Hub
from hub.channels import add
from hub.channels.route import reply_route
from hub.inbound.raw_event import RawEvent
from hub.inbox import municipality, queue
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry, Mail
from hub.inbox.reply import reply
from hub.proof import processes
from hub.proof.ports import free_ports
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.installation import Installation

TEST = Scope.everything("test")
PATIENCE = 90.0
"""Seconds until what should come counts as never coming: a machine may be ten times as slow as usual."""
GRANVIK, HOLMO = "kommunen@granvik.example", "kommunen@holmo.example"


class JointCentre(Installation):
    """Two municipalities that share a queue, mail for both on `port`, and Sara, agent and IT of Granvik alone.

    `sends`: the kind of the channel that answers leave by, with its settings. `web_ports`: for servers, if any.
    """

    def __init__(
        self, folder: Path, database_url: str, sends: str, sending: Mapping[str, object], **settings: object
    ) -> None:
        super().__init__(
            folder, database_url, {"undo_seconds": 0, "sweep_seconds": 1.0, "parse_children": 1, **settings}
        )
        self.port, *self.web_ports = free_ports(3)
        self.ids: dict[str, int] = {}
        self.token = self.write(self._set_up, sends, sending)

    def _set_up(self, unit: Unit, sends: str, sending: Mapping[str, object]) -> str:
        granvik = municipality.add(unit, "granvik", "Granviks kommun", "SE")
        holmo = municipality.add(unit, "holmo", "Holmö kommun", "SE")
        desk = queue.add(unit, {"sv": "Kundtjänst"}, [granvik, holmo])
        _, config = add.prepare(unit, self.registry, sends, sending)
        out = add.add(unit, sends, "out", config)
        addresses = {GRANVIK: "granvik/Kundtjänst", HOLMO: "holmo/Kundtjänst"}
        _, config = add.prepare(unit, self.registry, "smtp_in", {"port": self.port, "addresses": addresses})
        mail = add.add(unit, "smtp_in", "in", config, sends_by_id=out.id)
        sara = person.add(unit, "sara@granvik.example", "Sara")
        for role in ("agent", "it"):
            person.join(unit, sara, granvik, role)
        rows = {"granvik": granvik, "holmo": holmo, "desk": desk, "out": out, "in": mail, "sara": sara}
        self.ids |= {name: row.id for name, row in rows.items()}
        return login.add_token(unit, sara, "test")

    def send(
        self,
        *mails: EmailMessage | bytes,
        to: Sequence[str] = (GRANVIK,),
        sender: str = "ida@post.example",
        host: str = "127.0.0.1",
        seconds: float = PATIENCE,
    ) -> None:
        """One SMTP conversation; raises as smtplib does. `seconds`: for each answer."""
        with smtplib.SMTP(host, self.port, timeout=seconds) as client:
            for each in mails:
                client.sendmail(sender, list(to), each if isinstance(each, bytes) else each.as_bytes())

    def entries(self, count: int, seconds: float = PATIENCE) -> Sequence[Entry]:
        """Waits until citizens have written `count` mails; oldest first."""
        found = self.at_least(count, seconds)
        assert len(found) == count
        return found

    def at_least(self, count: int, seconds: float = PATIENCE) -> Sequence[Entry]:
        """The same, when more may be on their way."""
        query = select(Entry).where(Entry.kind == "mail", Entry.author_kind == "citizen").order_by(Entry.id)
        many = query.with_only_columns(func.count()).order_by(None)
        until(lambda: self.one(many) >= count, seconds)
        return self.all(query)

    def raw_states(self) -> list[str]:
        """Of all raw events, oldest first."""
        return list(self.all(select(RawEvent.state).order_by(RawEvent.id)))


class Line(JointCentre):
    """The hub in this process; what it sends lies in a folder."""

    def __init__(self, folder: Path, database_url: str, **settings: object) -> None:
        super().__init__(folder, database_url, "eml_folder", {"folder": str(folder / "outgoing")}, **settings)

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
        assert ready.wait(PATIENCE)
        assert not ended.is_set(), "it has ended"
        try:
            until(lambda: reachable(self.port))
            yield self
        finally:
            loop.call_soon_threadsafe(stop.set)
            assert ended.wait(PATIENCE)

    def answer(self, conversation_id: int, text: str = "Hej, på torsdag.", cc: Sequence[str] = ()) -> Mail:
        """A reply by Sara, and the mail row that it has."""

        def write(unit: Unit) -> int:
            conversation = unit.lock(Conversation, conversation_id)
            assert conversation is not None
            route = reply_route(unit, conversation)
            return reply(unit, conversation, self.ids["sara"], text, route, self.settings.undo_seconds, cc=cc).id

        entry_id = self.storage.write_now(TEST, write)
        return self.one(select(Mail).where(Mail.entry_id == entry_id))

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


def until(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Waits for it; fails when it doesn't come."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it didn't come"
        time.sleep(0.02)


def parsing_children() -> list[int]:
    """The processes in which this one has mails read."""
    of = {each: Path(f"/proc/{each}/cmdline") for each in processes.children(os.getpid())}
    return [each for each, command in of.items() if b"hub.inbound.child" in _read(command)]


def _read(file: Path) -> bytes:
    """Nothing, of a process that has ended since it was listed."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


def reachable(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5):
            return True
    except OSError:
        return False
