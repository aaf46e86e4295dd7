"""`make bench`: one table of ratios, ours beside the floor of this machine in the same run.

ARGS="--conversations 1000 100000 1000000 --engine sqlite postgresql --rounds 3" are the defaults but for the last size,
which takes half an hour: it is asked for by name.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.api import measure
from tests.bench.dovecot import floor
from tests.bench.fill import fill, settle
from tests.bench.ingest import ingest
from tests.bench.installation import Installation, serving, set_up
from tests.servers import Postgres

CORES = 2
MAILS = 1000
MUNICIPALITIES = 30


def main() -> None:
    """Prints as it goes: each line is a figure that was measured."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench")
    asked.add_argument("--conversations", type=int, nargs="+", default=[1000, 100_000])
    asked.add_argument("--engine", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    asked.add_argument("--rounds", type=int, default=3)
    options = asked.parse_args()
    for engine in options.engine:
        with tempfile.TemporaryDirectory() as folder, _database(engine, Path(folder)) as url:
            installation = set_up(Path(folder), url, MUNICIPALITIES)
            there = 0
            for size in sorted(options.conversations):
                fill(installation, size, there)
                there = size
                _report(engine, size, installation, options.rounds)


def _report(engine: str, size: int, installation: Installation, rounds: int) -> None:
    with serving(installation):
        # The first mails pay for imports. Another seed each time: the very same mails would be counted, not stored.
        ingest(installation, 200, size, "post@m30.example")
        floors, ours, without = [], [], []
        for number in range(rounds):
            floors.append(floor(MAILS))
            done = ingest(installation, MAILS, 1000 + size % 9973 + number, "post@m30.example")
            ours.append(done.per_second)
            without.append(done.per_second_without_client(CORES))
        known = [each for each in floors if each is not None]
        ratio = f"{statistics.median(without) / statistics.median(known):.2f}" if known else "? (no Dovecot)"
        _say(
            f"{engine} {size:>9,} conversations: {statistics.median(ours):.0f} mails/s"
            f" ({statistics.median(without):.0f} without the client's processor time), floor"
            f" {statistics.median(known) if known else 0:.0f}, ratio {ratio}"
        )
        settle(installation)
        figures = measure(installation)
        _say(f"{engine} {size:>9,} conversations, ms: " + ", ".join(f"{what} {ms:.1f}" for what, ms in figures.items()))


@contextmanager
def _database(engine: str, folder: Path) -> Iterator[str]:
    if engine == "sqlite":
        yield f"sqlite:///{folder}/torg.db"
        return
    with Postgres() as server:
        yield server.url


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
