"""A world whose incoming channel is answered by mail through a real mail server, which a test can make misbehave."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope, Session

from hub.channels import add
from hub.channels.channel import Channel
from hub.channels.route import reply_route
from hub.doorbell import Doorbell
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.outgoing import File
from hub.inbox.reply import reply
from hub.outbound.connectors import Connectors
from hub.outbound.deliver import OUTBOX, Leased, deliver, lease
from hub.outbound.pipeline import Outbox
from hub.plugin_host.manager import load
from hub.plugin_host.registry import Registry
from hub.proof.stand_ins.smtp_sink import Sink, SinkConversation, serve
from hub.storage.unit import Unit
from tests.flying import fly
from tests.web.conftest import world
from tests.web.world import World, must

__all__ = ["world"]

LEASE = 60
PATIENCE = 60
"""Seconds that the channel waits for an answer."""


class Taking(Sink):
    """Keeps what came. `gate`: closed, it takes the message and keeps its answer back."""

    def __init__(self, ledger: Path) -> None:
        super().__init__(ledger)
        self.arrived: list[bytes] = []
        self.came, self.gate, self.hangs = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.gate.set()

    async def handle_DATA(  # noqa: N802 - aiosmtpd finds it by this name
        self, server: SinkConversation, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self.arrived.append(envelope.content)
        self.came.set()
        await self.gate.wait()
        return await super().handle_DATA(server, session, envelope)

    async def misbehave(self, server: SinkConversation, moment: str) -> str | None:
        if self.plan.get(moment) == "hang":
            self.hangs.set()
        return await super().misbehave(server, moment)

    @property
    def taken(self) -> int:
        """Messages it said yes to, or took without a word."""
        return len(self.ledger.read_text().splitlines()) if self.ledger.exists() else 0

    def messages(self) -> Sequence[EmailMessage]:
        """What arrived, taken or not."""
        return [message_from_bytes(each, policy=policy.default) for each in self.arrived]


class PostOffice:
    """An outbox over the world's database, and the mail server it sends to."""

    def __init__(self, world: World, registry: Registry, sink: Taking, port: int) -> None:
        self.world, self.registry, self.sink = world, registry, sink
        self.channel_id = self.world.do(self._add_channel, port)
        self.outbox = Outbox(world.storage, registry, Doorbell(), LEASE, 20)
        self.connectors = Connectors(world.storage, registry)

    def answer(self, text: str = "Hej! Den är på väg.", undo_seconds: int = 0, **mail: Any) -> int:
        """An agent's answer to a new mail; returns the id of its delivery."""
        return self.world.do(self.answer_to, self.world.mail(**mail), text, undo_seconds)

    def answer_with(self, content: bytes, *, cc: Sequence[str] = (), lost: bool = False, **mail: Any) -> int:
        """An answer with a file, whose content is `lost` before it leaves; the id of its first delivery."""
        sha256 = hashlib.sha256(content).hexdigest()
        blob = f"attachments/{self.world.ids['granvik']}/{sha256}"
        if not lost:
            self.world.storage.blobs.put_many({blob: content})
        file = File("the-file", "blå karta.pdf", "application/pdf", len(content), sha256, blob)
        return self.world.do(self.answer_to, self.world.mail(**mail), "Se bilagan.", 0, cc=cc, files=[file])

    def row(self, delivery_id: int) -> Delivery:
        """As it is committed now."""
        found: Delivery = self.world.do(lambda unit: must(unit.get(Delivery, delivery_id)))
        return found

    def channel(self) -> Channel:
        found: Channel = self.world.do(lambda unit: must(unit.get(Channel, self.channel_id)))
        return found

    def set(self, **config: object) -> None:
        """Other settings of the sending channel."""

        def change(unit: Unit) -> None:
            row = must(unit.get(Channel, self.channel_id))
            row.config = {**row.config, **config}

        self.world.do(change)

    async def lease(self) -> Sequence[Leased]:
        return await self.world.storage.write(OUTBOX, lease, LEASE, 20)

    async def deliver_to_who_hangs(self) -> int:
        """What is due, as `outbox.deliver_due`; once the server answers no more, time flies for who waits for it."""
        trying = asyncio.create_task(self.outbox.deliver_due())
        await self.sink.hangs.wait()
        while not trying.done():
            fly(PATIENCE + 1)
            await asyncio.wait([trying], timeout=0.1)
        return await trying

    async def deliver(self, leased: Leased) -> None:
        await deliver(self.world.storage, self.connectors, leased, LEASE)

    def _add_channel(self, unit: Unit, port: int) -> int:
        values: dict[str, object] = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": PATIENCE}
        kind, config = add.prepare(unit, self.registry, "smtp", values)
        row = add.add(unit, kind.kind, "mail out", config)
        must(unit.get(Channel, self.world.ids["in"])).sends_by_id = row.id
        return row.id

    def answer_to(self, unit: Unit, conversation_id: int, text: str, undo_seconds: int, **options: Any) -> int:
        conversation = must(unit.get(Conversation, conversation_id))
        route = reply_route(unit, conversation)
        reply(unit, conversation, self.world.ids["sara"], text, route, undo_seconds, **options)
        return next(each.id for each in unit.happened if each.kind == "delivery_queued")


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The connectors that are installed."""
    return load()


OpenPostOffice = Callable[[], Any]


@pytest.fixture
def post_office(world: World, registry: Registry, tmp_path: Path) -> OpenPostOffice:
    """Opened inside a test's event loop: `async with post_office() as office`."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[PostOffice]:
        sink = Taking(tmp_path / "sink.jsonl")
        server = await serve(sink)
        try:
            yield PostOffice(world, registry, sink, server.sockets[0].getsockname()[1])
        finally:
            server.close()
            await sink.hang_up()

    return opened
