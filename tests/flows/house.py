"""Torg as it is run: processes of the real command, and a mail server at the other end."""

import asyncio
import json
import os
import smtplib
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

from aiosmtpd.smtp import Envelope, Session
from sqlalchemy import Select, select

from hub.access import login, person
from hub.channels import add
from hub.inbound.raw_event import RawEvent
from hub.inbox import municipality, queue
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry
from hub.plugin_host.manager import load
from hub.proof.faults import free_ports
from hub.proof.stand_ins.smtp_sink import Sink, SinkConversation, serve
from hub.settings import Settings
from hub.storage.open import open_storage
from hub.storage.unit import Unit
from tests.architecture.source import ROOT
from tests.line import GRANVIK, HOLMO, TEST, reachable, until

T = TypeVar("T")


class CitizensMailServer(Sink):
    """Takes what Torg sends, and keeps it as it came."""

    def __init__(self, ledger: Path) -> None:
        super().__init__(ledger)
        self.arrived: list[bytes] = []
        self.port = 0

    async def handle_DATA(  # noqa: N802 - aiosmtpd finds it by this name
        self, server: SinkConversation, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self.arrived.append(envelope.content)
        return await super().handle_DATA(server, session, envelope)

    def mails(self, count: int) -> Sequence[EmailMessage]:
        """Waits for `count`; oldest first."""
        until(lambda: len(self.arrived) >= count, 40)
        assert len(self.arrived) == count
        return [message_from_bytes(each, policy=policy.default) for each in self.arrived]


@contextmanager
def citizens_mail_server(folder: Path) -> Iterator[CitizensMailServer]:
    """In a thread of its own."""
    sink, loop, ready = CitizensMailServer(folder / "sink.jsonl"), asyncio.new_event_loop(), threading.Event()
    stop = asyncio.Event()

    async def run() -> None:
        server = await serve(sink)
        sink.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()
        await sink.hang_up()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), name="citizens mail server")
    thread.start()
    assert ready.wait(10)
    try:
        yield sink
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


class House:
    """`storage` is this test's own; Torg's processes have theirs on the same database."""

    def __init__(self, folder: Path, database_url: str, outside: int, **settings: object) -> None:
        self.folder = folder
        self.mail_port, *self.web_ports = free_ports(3)
        files: dict[str, Any] = {"key_file": str(folder / "key"), "blob_folder": str(folder / "blobs")}
        given = {"database_url": database_url, "undo_seconds": 0, "sweep_seconds": 1.0, "log_level": "warning"}
        given |= {**files, "parse_children": 1, **settings}
        own = {f"TORG_{name.upper()}": str(value) for name, value in given.items()}
        plain = {name: value for name, value in os.environ.items() if not name.startswith("TORG_")}
        self.environment = plain | own | {"TORG_CONFIG": os.devnull, "PYTHONPATH": str(ROOT)}
        self.storage = open_storage(Settings(database_url=database_url, **files))
        self.ids: dict[str, int] = {}
        self.token = self.storage.write_now(TEST, self._set_up, outside)

    def _set_up(self, unit: Unit, outside: int) -> str:
        registry = load()
        granvik = municipality.add(unit, "granvik", "Granviks kommun", "SE")
        holmo = municipality.add(unit, "holmo", "Holmö kommun", "SE")
        queue.add(unit, {"sv": "Kundtjänst"}, [granvik, holmo])
        sending = {"host": "127.0.0.1", "port": outside, "security": "none", "timeout": 10}
        _, config = add.prepare(unit, registry, "smtp", sending)
        out = add.add(unit, "smtp", "out", config)
        addresses = {GRANVIK: "granvik/Kundtjänst", HOLMO: "holmo/Kundtjänst"}
        _, config = add.prepare(unit, registry, "smtp_in", {"port": self.mail_port, "addresses": addresses})
        self.ids["in"] = add.add(unit, "smtp_in", "in", config, sends_by_id=out.id).id
        sara = person.add(unit, "sara@granvik.example", "Sara")
        for role in ("agent", "it"):
            person.join(unit, sara, granvik, role)
        return login.add_token(unit, sara, "test")

    @contextmanager
    def process(self, *command: str, **variables: str) -> Iterator["subprocess.Popen[bytes]"]:
        """`torg COMMAND`, ended by SIGTERM if it still runs then. What it said stands in the folder."""
        with (self.folder / "torg.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "hub.cli", *command],
                cwd=self.folder, env=self.environment | variables, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)

    @contextmanager
    def serving(self, web: int = 0, *, listens: bool = True) -> Iterator["subprocess.Popen[bytes]"]:
        """`torg serve` on one of the two ports for the web, once it answers; `listens`: for mail, too."""
        with self.process("serve", TORG_PORT=str(self.web_ports[web])) as process:
            until(lambda: self.healthy(web) and (not listens or reachable(self.mail_port)), 40)
            yield process

    def healthy(self, web: int = 0) -> bool:
        """Whether the web answers at all."""
        try:
            return self.ask("GET", "/conversations", web=web)[0] == 200
        except OSError:
            return False

    def ask(self, method: str, path: str, body: object = None, web: int = 0) -> tuple[int, Any, Any]:
        """As Sara: status, what JSON says, headers."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.web_ports[web]}/api/v1{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own address
                return answer.status, json.load(answer), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error), error.headers

    def send(self, *mails: EmailMessage, to: str = GRANVIK) -> None:
        """One SMTP conversation; raises as smtplib does."""
        with smtplib.SMTP("127.0.0.1", self.mail_port, timeout=40) as client:
            for each in mails:
                client.sendmail("ida@post.example", [to], each.as_bytes())

    def try_to_send(self, mail: EmailMessage) -> int:
        """What the mail was answered at its end, or before; 0 when nobody is there."""
        try:
            self.send(mail)
        except smtplib.SMTPResponseException as error:
            return error.smtp_code
        except smtplib.SMTPRecipientsRefused as error:
            return next(iter(error.recipients.values()))[0]
        except OSError:
            return 0
        return 250

    def all(self, query: Select[T]) -> Sequence[T]:
        return self.storage.read_now(TEST, lambda unit: unit.all(query))

    def entries(self, count: int, seconds: float = 40) -> Sequence[Entry]:
        """Waits until citizens have written `count` mails; oldest first."""
        query = select(Entry).where(Entry.kind == "mail", Entry.author_kind == "citizen").order_by(Entry.id)
        until(lambda: len(self.all(query)) >= count, seconds)
        found = self.all(query)
        assert len(found) == count
        return found

    def raw_states(self) -> set[str]:
        return set(self.all(select(RawEvent.state)))

    def conversations(self) -> Sequence[Conversation]:
        return self.all(select(Conversation).order_by(Conversation.id))

    def sent(self, count: int, seconds: float = 40) -> Sequence[Delivery]:
        """Waits until `count` deliveries are settled."""
        query = select(Delivery).where(Delivery.state == "sent")
        until(lambda: len(self.all(query)) >= count, seconds)
        return self.all(query)

    def reply(self, conversation_id: int, text: str, web: int = 0) -> None:
        """Through the API."""
        status, said, _ = self.ask("POST", f"/conversations/{conversation_id}/replies", {"text": text}, web)
        assert status == 201, said

    def bugs(self) -> list[str]:
        """Lines of the log that speak of one."""
        return [line for line in self.log().splitlines() if " ERROR " in line or "Traceback" in line]

    def log(self) -> str:
        """What the processes wrote."""
        return (self.folder / "torg.log").read_text()
