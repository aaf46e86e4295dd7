"""A connector that keeps every rule, over the simplest of protocols: a length, so many bytes, a line in answer.

The plugins in `broken_plugins.py` are this one with one thing wrong.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence

from hub.contract import (
    Address,
    Config,
    Deferred,
    Keep,
    Listens,
    OutgoingMessage,
    RawEvent,
    Receipt,
    ReceivedAttachment,
    ReceivedMessage,
    Refused,
    Secret,
    Sends,
    Unreachable,
    Unreadable,
)


class LetterboxConfig(Config, frozen=True):
    """Where it listens, and where it sends to."""

    port: int
    password: Secret = Secret("")
    timeout: float = 10


class Letterbox(Listens[LetterboxConfig], Sends[LetterboxConfig]):
    """A letter is `sender|text`, and `|file` if something is enclosed."""

    kind = "letterbox"
    title = "Letterbox"
    Config = LetterboxConfig

    @staticmethod
    def parse(group: Sequence[RawEvent]) -> Sequence[ReceivedMessage]:
        once = {event.key: event for event in group}
        return [read_letter(once[key]) for key in sorted(once)]

    async def listen(self, keep: Keep) -> None:
        async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                body = await reader.readexactly(int(await reader.readline()))
                writer.write(await self.receive(body, keep))
            finally:
                writer.close()

        server = await asyncio.start_server(converse, "127.0.0.1", self.config.port)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()

    async def receive(self, body: bytes, keep: Keep) -> bytes:
        try:
            await keep([self.event(body)])
        except Exception:  # noqa: BLE001 - whatever it was, the letter isn't kept
            return b"no\n"
        return b"yes\n"

    def event(self, body: bytes) -> RawEvent:
        return RawEvent(hashlib.sha256(body).hexdigest(), body, "text/plain", origin={"peer": "127.0.0.1"})

    async def send(self, message: OutgoingMessage, handing_over: Callable[[], Awaitable[None]]) -> Receipt:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.config.port)
        except OSError as error:
            raise Unreachable("Nobody is there.") from error
        try:
            await handing_over()
            return await self.hand_over(message, reader, writer)
        finally:
            writer.close()

    async def hand_over(
        self, message: OutgoingMessage, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Receipt:
        body = message.message_id.encode()
        writer.write(b"%d\n%s" % (len(body), body))
        answer = await asyncio.wait_for(reader.readline(), self.config.timeout)
        if answer == b"no\n":
            raise Refused("no")
        if answer == b"later\n":
            raise Deferred("later")
        return Receipt(answer.decode().strip())


def read_letter(event: RawEvent) -> ReceivedMessage:
    sender, bar, rest = event.body.partition(b"|")
    if not bar:
        raise Unreadable("No bar in it.")
    text, _, enclosed = rest.partition(b"|")
    digest = hashlib.sha256(enclosed).hexdigest()
    file = ReceivedAttachment("file", "text/plain", len(enclosed), digest, False, None, enclosed)
    return ReceivedMessage(
        key=event.key,
        sender=Address("", clean(sender)),
        text=clean(text),
        attachments=[file] if enclosed else [],
    )


def clean(text: bytes) -> str:
    return text.decode("utf-8", "replace").replace("\0", "\ufffd")
