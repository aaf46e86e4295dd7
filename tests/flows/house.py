"""Torg as it is run: processes of the real command, and a mail server at the other end."""

import asyncio
import smtplib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from socket import socket
from typing import Any

import httpx
from aiosmtpd.smtp import Envelope, Session
from sqlalchemy import select

from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.proof.stand_ins.smtp_sink import Sink, SinkConversation, serve
from tests import asking
from tests.line import PATIENCE, JointCentre, reachable, until
from tests.started import Started


class CitizensMailServer(Sink):
    """Takes what Torg sends, and keeps it as it came: for whom, and what."""

    def __init__(self, ledger: Path) -> None:
        super().__init__(ledger)
        self.arrived: list[tuple[list[str], bytes]] = []
        self.port = 0

    async def handle_DATA(  # noqa: N802 - aiosmtpd finds it by this name
        self, server: SinkConversation, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self.arrived.append(([str(each) for each in envelope.rcpt_tos], envelope.content))
        return await super().handle_DATA(server, session, envelope)

    def mails(self, count: int) -> Sequence[tuple[list[str], EmailMessage]]:
        """Waits for `count`; oldest first."""
        until(lambda: len(self.arrived) >= count)
        assert len(self.arrived) == count
        return [(to, message_from_bytes(content, policy=policy.default)) for to, content in self.arrived]


@contextmanager
def citizens_mail_server(folder: Path, host: str = "127.0.0.1") -> Iterator[CitizensMailServer]:
    """In a thread of its own."""
    sink, loop, ready = CitizensMailServer(folder / "sink.jsonl"), asyncio.new_event_loop(), threading.Event()
    stop = asyncio.Event()

    async def run() -> None:
        server = await serve(sink, host)
        sink.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()
        await sink.hang_up()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), name="citizens mail server")
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield sink
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        loop.close()


class House(JointCentre):
    """What it sends goes to a mail server on the port `outside`."""

    def __init__(self, folder: Path, database_url: str, outside: int, **settings: object) -> None:
        sending = {"host": "127.0.0.1", "port": outside, "security": "none", "timeout": 10}
        super().__init__(folder, database_url, "smtp", sending, **settings)

    @contextmanager
    def serving(self, web: int = 0, *, listens: bool = True, **options: Any) -> Iterator[Started]:
        """`torg serve` on one of the two ports for the web, once it answers; `listens`: for mail, too.

        Options as those of `process`.
        """
        with self.process("serve", TORG_PORT=str(self.web_ports[web]), **options) as process:
            until(lambda: self.healthy(web) and (not listens or reachable(self.port)))
            yield process

    def healthy(self, web: int = 0) -> bool:
        """Whether the web answers at all. Whether anybody is there is looked at first: a request takes far more."""
        with socket() as knocking:
            if knocking.connect_ex(("127.0.0.1", self.web_ports[web])) != 0:
                return False
        try:
            return self.ask("GET", "/conversations", web=web)[0] == 200
        except httpx.TransportError:
            return False

    def ask(self, method: str, path: str, body: object = None, web: int = 0, **options: Any) -> tuple[int, Any, Any]:
        """The API, as Sara: status, what JSON says, headers."""
        answer = asking.request(
            method,
            f"http://127.0.0.1:{self.web_ports[web]}/api/v1{path}",
            headers={"Authorization": f"Bearer {self.token}"},
            json=body,
            timeout=PATIENCE,
            **options,
        )
        return answer.status_code, answer.json(), answer.headers

    def look(self, path: str) -> Any:
        """What is shown there."""
        status, said, _ = self.ask("GET", path)
        assert status == 200, said
        return said

    def make(self, path: str, body: object = None, web: int = 0, **options: Any) -> Any:
        """What a creation answers."""
        status, said, _ = self.ask("POST", path, body, web, **options)
        assert status == 201, said
        return said

    def reply(self, conversation_id: int, text: str, web: int = 0, **options: object) -> None:
        self.make(f"/conversations/{conversation_id}/replies", {"text": text, **options}, web)

    def try_to_send(self, mail: EmailMessage | bytes, **options: Any) -> int:
        """What the mail was answered at its end, or before; 0 when nobody is there. Options as those of `send`."""
        try:
            self.send(mail, **options)
        except smtplib.SMTPResponseException as error:
            return error.smtp_code
        except smtplib.SMTPRecipientsRefused as error:
            return next(iter(error.recipients.values()))[0]
        except OSError:
            return 0
        return 250

    def conversations(self) -> Sequence[Conversation]:
        return self.all(select(Conversation).order_by(Conversation.id))

    def sent(self, count: int, seconds: float = PATIENCE) -> Sequence[Delivery]:
        """Waits until `count` deliveries are settled."""
        query = select(Delivery).where(Delivery.state == "sent")
        until(lambda: len(self.all(query)) >= count, seconds)
        return self.all(query)

    def bugs(self) -> list[str]:
        """Lines of the log that speak of one."""
        return [line for line in self.log().splitlines() if " ERROR " in line or "Traceback" in line]
