"""Mails a second through the whole line: by SMTP from the first byte, out of a mailbox from its taking up, to the last
entry committed and searchable."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from msgspec import Struct
from sqlalchemy import func, select

from hub.channels import add, pause
from hub.channels.channel import Channel
from hub.channels.hourly import ChannelHour
from hub.inbound.raw_event import RawEvent
from hub.storage.unit import Unit
from tests.bench.dovecot import mailbox
from tests.bench.gen_mail import mails
from tests.bench.installation import BENCH, Installation

CONNECTIONS = 8
LOOK = 0.02
"""Seconds between two looks at how many are read."""


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
            time.sleep(LOOK)
    return Ingested(count, time.time() - sent["started"], sent["cpu"])


def fetch(installation: Installation, count: int, seed: int, recipient: str) -> Ingested:
    """The same out of a mailbox, from the moment that the channel is taken up. Its server's share is in the figure."""
    with mailbox(count, seed, recipient) as (port, _):
        before = installation.storage.read_now(BENCH, _read)
        channel_id = installation.write(_add_mailbox, installation, port, recipient)
        taken = select(Channel.fence).where(Channel.id == channel_id)
        while not installation.storage.read_now(BENCH, lambda unit: unit.first(taken)):
            time.sleep(0.002)
        started = time.time()
        while installation.storage.read_now(BENCH, _read) < before + count:
            time.sleep(LOOK)
        seconds = time.time() - started
        installation.write(pause.pause, channel_id, "measured")
    return Ingested(count, seconds, 0.0)


def _add_mailbox(unit: Unit, installation: Installation, port: int, recipient: str) -> int:
    """`security` none: on this machine the floor's client has no TLS either."""
    code = recipient.partition("@")[2].partition(".")[0]
    settings = {
        "host": "127.0.0.1", "port": port, "security": "none", "username": "bench", "password": "bench", "start": "all",
        "addresses": {recipient: f"{code}/Kundtjänst"},
    }  # fmt: skip
    _, config = add.prepare(unit, installation.registry, "imap", settings)
    return add.add(unit, "imap", f"mailbox {port}", config).id


def _read(unit: Unit) -> int:
    return int(unit.first(_HOW_MANY) or 0)


# Whoever measures has the machine, too: counting the read ones themselves took a fifth of what reading them takes.
_CAME = select(func.coalesce(func.sum(ChannelHour.came), 0)).scalar_subquery()
_UNREAD, _ASIDE = (
    select(func.count()).where(RawEvent.state == state).scalar_subquery() for state in ("new", "quarantined")
)
_HOW_MANY = select(_CAME - _UNREAD - _ASIDE)
