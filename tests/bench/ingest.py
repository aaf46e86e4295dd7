"""Mails a second through the whole line: first byte at the SMTP port to the last entry committed and searchable."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from msgspec import Struct
from sqlalchemy import func, select

from hub.inbound.raw_event import RawEvent
from hub.storage.unit import Unit
from tests.bench.gen_mail import mails
from tests.bench.installation import BENCH, Installation

CONNECTIONS = 8


class Ingested(Struct, frozen=True):
    """`seconds`: wall; `client`: processor seconds of the sending side, which shares the machine."""

    count: int
    seconds: float
    client: float

    @property
    def per_second(self) -> float:
        """As the clock saw it."""
        return self.count / self.seconds

    def per_second_without_client(self, cores: int) -> float:
        """With the client's share of the machine's processors given back."""
        return self.count / (self.seconds - self.client / cores)


def ingest(installation: Installation, count: int, seed: int, recipient: str) -> Ingested:
    """Send `count` mails to a serving installation and wait for the last entry."""
    before = installation.storage.read_now(BENCH, _read)
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(
            msgspec.msgpack.encode(
                [mail for _, mail in mails(count, seed, recipient)]  # type: ignore[no-untyped-call]  # copied in unmodified
            )
        )
        client = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.bench.smtp_client",
                str(installation.smtp),
                recipient,
                file.name,
                str(CONNECTIONS),
            ],
            stdout=subprocess.PIPE,
        )
        said, _ = client.communicate()
        sent = json.loads(said)
        while installation.storage.read_now(BENCH, _read) < before + count:
            time.sleep(0.005)
    return Ingested(count, time.time() - sent["started"], sent["cpu"])


def _read(unit: Unit) -> int:
    # Only what was sent has raw events: counting them costs nothing beside a million entries.
    return int(unit.first(select(func.count()).select_from(RawEvent).where(RawEvent.state == "read")) or 0)
