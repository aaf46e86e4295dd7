"""The contract's own tests."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.smtp import Smtp
from hub.contract.testing import Manner, SendTests
from hub.proof.stand_ins.smtp_sink import Sink, serve

PLANS: dict[Manner, dict[str, str]] = {
    "takes": {},
    "away": {"connect": "cut"},
    "refuses": {"rcpt": "550"},
    "defers": {"rcpt": "450"},
    "silent": {"after_dot": "hang"},
}


class Server:
    """A sink, seen as the contract's tests see it."""

    def __init__(self, port: int, ledger: Path, timeout: float) -> None:
        self.settings: Mapping[str, Any] = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": timeout}
        self.ledger = ledger

    def taken(self) -> Sequence[str]:
        lines = self.ledger.read_text().splitlines() if self.ledger.exists() else []
        return [json.loads(line)["message_id"] for line in lines]


class TestSmtp(SendTests):
    connector = Smtp
    settings = {"host": "mail.example", "username": "torg", "password": "lösen"}  # noqa: RUF012 - a class of tests

    @asynccontextmanager
    async def other_side(self, manner: Manner) -> AsyncIterator[Server]:
        with TemporaryDirectory() as folder:
            sink = Sink(Path(folder) / "ledger.jsonl", PLANS[manner])
            server = await serve(sink)
            try:
                yield Server(server.sockets[0].getsockname()[1], sink.ledger, 1.0 if manner == "silent" else 20.0)
            finally:
                server.close()
                await sink.hang_up()
