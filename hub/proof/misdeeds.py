"""Mail servers to send to, as processes: one that behaves, one for each way not to; each with its ledger."""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from hub.proof.ledgers import read_lines

PER_DEED = 2
"""Answers that go to each of them."""


class Deed(Struct, frozen=True):
    """What a server does wrong, and what must become of each delivery to it.

    `times`: how often, None: always. `ends`: the state in the end; `first`: the one before, when it is tried again.
    `copies`: how many the server has then.
    """

    moment: str
    deed: str
    ends: str
    copies: int
    times: int | None = None
    first: str | None = None

    @property
    def name(self) -> str:
        return f"{self.moment}={self.deed}"

    @property
    def slug(self) -> str:
        """For addresses and file names."""
        return f"{self.moment.replace('_', '-')}-{self.deed}"


DEEDS = (
    Deed("rcpt", "450", "sent", 1, PER_DEED, "deferred"),
    Deed("connect", "reset", "sent", 1, PER_DEED, "deferred"),
    Deed("after_dot", "450", "sent", 1, PER_DEED, "deferred"),
    Deed("after_dot", "550", "failed", 0),
    Deed("rcpt", "550", "failed", 0),
    Deed("after_dot", "hang", "uncertain", 1),
    Deed("after_dot", "reset", "uncertain", 1),
    Deed("body", "reset", "uncertain", 0),
)


class SinkProcess:
    """A stand-in for a mail server. It listens on `port` when the constructor returns."""

    def __init__(self, folder: Path, environment: Mapping[str, str], deed: Deed | None = None) -> None:
        name = deed.slug if deed else "well-behaved"
        self._ledger, self._refused = folder / f"sink-{name}.jsonl", folder / f"refused-{name}.jsonl"
        command = [sys.executable, "-m", "hub.proof.stand_ins.smtp_sink"]
        command += ["--ledger", str(self._ledger), "--refused", str(self._refused)]
        if deed is not None:
            command += ["--misbehave", deed.name]
            command += [] if deed.times is None else ["--times", str(deed.times)]
        self._process = subprocess.Popen(  # noqa: S603 - our own stand-in
            command, cwd=folder, env=dict(environment), stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def copies(self) -> Counter[str]:
        """How often it took each Message-ID."""
        return Counter(line["message_id"] for line in read_lines(self._ledger))

    def refused(self) -> Sequence[str]:
        """Message-IDs that it read to the dot and didn't take."""
        return [line["message_id"] for line in read_lines(self._refused)]

    def stop(self) -> None:
        """SIGTERM."""
        self._process.terminate()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
