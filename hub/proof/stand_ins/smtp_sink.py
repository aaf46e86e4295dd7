"""A mail server to send to, with a ledger: one JSON line for each message it took, on the disk before its 250.

    python -m hub.proof.stand_ins.smtp_sink --port 2525 --ledger sink.jsonl --misbehave after_dot=hang

Misbehaving, `moment=deed`: the moments are connect, mail, rcpt, data, body (after 354, before the final dot) and
after_dot; a deed is a reply (450, 550, 421), `hang`, `cut` or `reset` (a cut by RST). At after_dot a message is in the
ledger when it is one of the last three, and isn't when it is a reply: what was refused was not taken, and is written to
the file of `--refused`. `--times N`: only the first N misdeeds.
"""

import argparse
import asyncio
import hashlib
import json
import logging
import os
import signal
import socket
import struct
import sys
from collections.abc import Mapping
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any, AnyStr

from aiosmtpd.smtp import SMTP, Envelope, Session

from hub import clock

HOURS = 3600.0
ROUNDS = 10
"""Of the loop, until a cut connection has told everybody."""
MOMENTS = frozenset({"connect", "mail", "rcpt", "data", "body", "after_dot"})


class Sink:
    """aiosmtpd asks its `handle_…` methods; `plan` is changed by tests while it runs."""

    def __init__(
        self,
        ledger: Path,
        plan: Mapping[str, str] | None = None,
        times: int | None = None,
        refused: Path | None = None,
    ) -> None:
        self.ledger, self.refused = ledger, refused
        self.plan = dict(plan or {})
        self.times = times
        self.conversations: set[SinkConversation] = set()

    async def hang_up(self) -> None:
        """Cut every connection that is open."""
        for conversation in list(self.conversations):
            conversation.abort()
        for _ in range(ROUNDS):
            await asyncio.sleep(0)

    async def misbehave(self, server: "SinkConversation", moment: str) -> str | None:
        """The reply to give instead, when the plan has one for this moment."""
        deed = self.plan.get(moment)
        if deed is None or self.times == 0:
            return None
        if self.times is not None:
            self.times -= 1
        if deed == "hang":
            await asyncio.sleep(HOURS)
        if deed in {"cut", "reset"}:
            server.abort(reset=deed == "reset")
            await asyncio.sleep(HOURS)
        return f"{deed} 4.0.0 as planned"

    async def handle_MAIL(  # noqa: N802 - aiosmtpd finds it by this name
        self, server: "SinkConversation", _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = await self.misbehave(server, "mail")
        if reply is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return reply or "250 OK"

    async def handle_RCPT(  # noqa: N802 - the same
        self, server: "SinkConversation", _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        reply = await self.misbehave(server, "rcpt")
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(  # noqa: N802 - the same
        self, server: "SinkConversation", _session: Session, envelope: Envelope
    ) -> str:
        if self.plan.get("after_dot", "")[:1].isdigit():
            reply = await self.misbehave(server, "after_dot")
            if reply is not None:
                if self.refused is not None:
                    _write(self.refused, envelope)
                return reply
        _write(self.ledger, envelope)
        return await self.misbehave(server, "after_dot") or "250 OK, taken"


class SinkConversation(SMTP):
    """The moments that aiosmtpd has no hook for."""

    def __init__(self, sink: Sink, **options: Any) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(sink, hostname="sink.example", enable_SMTPUTF8=True, loop=loop, **options)
        self.sink = sink
        self.greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.sink.conversations.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.sink.conversations.discard(self)
        super().connection_lost(error)

    def abort(self, *, reset: bool = False) -> None:
        """Without a goodbye. `reset`: the other side gets an RST, where it would have read an end."""
        if isinstance(self.transport, asyncio.WriteTransport):
            if reset:
                at_once = struct.pack("ii", 1, 0)  # linger for no seconds (socket(7))
                self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            self.transport.abort()

    async def push(self, status: AnyStr) -> None:
        """The greeting is the first thing said."""
        if not self.greeted:
            self.greeted = True
            reply = await self.sink.misbehave(self, "connect")
            if reply is not None:
                await super().push(reply)
                return
        await super().push(status)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd finds it by this name
        reply = await self.sink.misbehave(self, "data")
        if reply is not None:
            await self.push(reply)
            return
        if "body" in self.sink.plan:
            await self.push("354 go on")
            await self.push(await self.sink.misbehave(self, "body") or "451 as planned")
            return
        await super().smtp_DATA(arg)


def _write(ledger: Path, envelope: Envelope) -> None:
    """On the disk before it is acknowledged: a ledger that forgets proves nothing."""
    assert isinstance(envelope.content, bytes)
    headers = BytesHeaderParser().parsebytes(envelope.content)
    line = {
        "message_id": str(headers.get("Message-ID", "")).strip(),
        "recipient": ",".join(envelope.rcpt_tos),
        "sha256": hashlib.sha256(envelope.content).hexdigest(),
        "at": clock.now(),
    }
    with ledger.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


async def serve(sink: Sink, host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
    """Listens at once; port 0 takes a free one."""
    return await asyncio.get_running_loop().create_server(lambda: SinkConversation(sink), host, port, backlog=256)


def main() -> None:
    """Serve until SIGTERM; prints the port when it listens."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options.add_argument("--ledger", type=Path, required=True)
    options.add_argument("--misbehave", action="append", default=[], metavar="MOMENT=DEED")
    options.add_argument("--times", type=int)
    options.add_argument("--refused", type=Path, help="ledger of what was refused after its dot")
    given = options.parse_args()
    plan = dict(one.partition("=")[::2] for one in given.misbehave)
    if not plan.keys() <= MOMENTS or not all(plan.values()):
        options.error(f"--misbehave: MOMENT=DEED, with a moment of {', '.join(sorted(MOMENTS))}")
    # aiosmtpd tells its log every line of the conversation.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    asyncio.run(_serve_until_terminated(Sink(given.ledger, plan, given.times, given.refused), given.host, given.port))


async def _serve_until_terminated(sink: Sink, host: str, port: int) -> None:
    server = await serve(sink, host, port)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await stopped.wait()


if __name__ == "__main__":
    main()
