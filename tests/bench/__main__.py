"""`make bench`: the ledger of scale. One table: ours beside the floor of this machine and beside what others take;
below it what was aimed at.

    make bench                                          1,000 conversations, both engines
    make bench ARGS="--conversations 1000 100000 1000000 --keep figures.jsonl" > table.md

Progress goes to standard error, with an estimate of the time; the table to standard output. What `--keep` names holds
each column as soon as it is measured, and isn't measured again: a run that was broken off goes on from there.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ClassVar

import msgspec

from hub.proof import processes, speed
from tests.bench import answers, web
from tests.bench.aims import aims
from tests.bench.dovecot import floor
from tests.bench.fill import entries, fill, settle, whole
from tests.bench.ingest import Ingested, fetch, ingest
from tests.bench.installation import Installation, mail_server, serving, set_up
from tests.bench.ledger import Cell, table
from tests.bench.meter import Meter
from tests.servers import Postgres

CORES = 2
MAILS = 1000
WAITING = 3000
"""Mails in the mailbox: of fewer, the log-in and the last group are a tenth of the time."""
MUNICIPALITIES = 30
RECIPIENT = "post@m30.example"
_FILLED = {"sqlite": 1500, "postgresql": 1000}
"""Conversations a second, and below the seconds of a column besides: for the estimate alone."""
_COLUMN = 300.0


def main() -> None:
    """Prints the table also of a run that was broken off."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench")
    asked.add_argument("--conversations", type=int, nargs="+", default=[1000])
    asked.add_argument("--engine", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--keep", type=Path, help="a file of figures: what it holds isn't measured again")
    options = asked.parse_args()
    cells = Kept(options.keep)
    wanted = [(engine, size) for engine in options.engine for size in sorted(options.conversations)]
    left = [each for each in wanted if each not in cells]
    _say(f"{len(left)} columns, about {_estimate(left):.0f} minutes on two quiet cores")
    try:
        for engine in options.engine:
            _engine(engine, [size for each, size in left if each == engine], options.rounds, cells)
    finally:
        measured = [cells[each] for each in wanted if each in cells]
        sys.stdout.write(table(measured) + (f"\n{aims(measured)}" if measured else ""))


class Kept(dict[tuple[str, int], Cell]):
    """By engine and size; written down as they come."""

    def __init__(self, file: Path | None) -> None:
        super().__init__()
        self._file = file
        if file is not None and file.exists():
            for line in file.read_bytes().splitlines():
                self._take(msgspec.json.decode(line, type=Cell))

    def add(self, cell: Cell) -> None:
        self._take(cell)
        if self._file is not None:
            with self._file.open("ab") as file:
                file.write(msgspec.json.encode(cell) + b"\n")

    def _take(self, cell: Cell) -> None:
        self[cell.engine, cell.size] = cell


def _estimate(left: list[tuple[str, int]]) -> float:
    """Minutes."""
    most = {engine: max(size for each, size in left if each == engine) for engine, _ in left}
    return (sum(size / _FILLED[engine] for engine, size in most.items()) + _COLUMN * len(left)) / 60


def _engine(engine: str, sizes: list[int], rounds: int, cells: Kept) -> None:
    """Each size in the same database, filled up from the one before."""
    if not sizes:
        return
    with tempfile.TemporaryDirectory() as folder, database(engine, Path(folder)) as url, ExitStack() as stack:
        installation = set_up(Path(folder), url, MUNICIPALITIES)
        stack.callback(installation.storage.close)
        stack.enter_context(mail_server(installation))
        there = 0
        for size in sizes:
            before, begun = whole(installation)[0], time.monotonic()
            fill(installation, size, there, lambda line: _say(f"{engine}: {line}"))
            filled = {"filled": (size - there) / (time.monotonic() - begun)}
            filled["plain"] = 1000 * (whole(installation)[0] - before) / entries(size, there)
            there = size
            figures = Column(engine, size, installation, rounds).measure()
            cells.add(Cell(engine, size, figures | filled))


class Column:
    """One engine at one size."""

    def __init__(self, engine: str, size: int, installation: Installation, rounds: int) -> None:
        self._name = f"{engine} {size:,}"
        self._size, self._installation, self._rounds = size, installation, rounds

    def measure(self) -> dict[str, float]:
        self._say(f"of the machine {speed.said([speed.probe() for _ in range(20)])}")
        begun = time.perf_counter()
        with serving(self._installation) as process:
            with web.desk(self._installation) as client:
                client.get("/inbox?view=open").raise_for_status()
            found = {"start": time.perf_counter() - begun, "memory": processes.memory(process.pid)}
            found["memory web"] = processes.memory(process.pid, alone=True)
            meter = Meter(process.pid, self._installation.database_url)
            self._say("mails come in")
            found |= self._ingest(meter)
            self._say("answers leave")
            found |= answers.send(self._installation, meter)
            settle(self._installation)
            self._say("pages")
            found |= web.measure(self._installation, meter, self._rounds)
        self._say(f"of the machine {speed.said([speed.probe() for _ in range(20)])}")
        return found

    def _ingest(self, meter: Meter) -> dict[str, float]:
        # The first mails pay for imports. Another seed each time: the very same mails would be counted, not stored.
        ingest(self._installation, 200, self._size, RECIPIENT)
        before = whole(self._installation)
        floors: list[float] = []
        found: dict[str, list[float]] = {}
        count = 0
        for number in range(self._rounds):
            known = floor(MAILS)
            if known is not None:
                floors.append(known)
                meter.begin()
                _note(
                    found, "fetched", fetch(self._installation, WAITING, self._seed(50_000, number), RECIPIENT), meter
                )
                count += WAITING
            meter.begin()
            _note(found, "came", ingest(self._installation, MAILS, self._seed(1000, number), RECIPIENT), meter)
            count += MAILS
            self._say(f"round {number + 1} of {self._rounds}, {found['came'][-1]:.0f} mails/s by SMTP")
        after = whole(self._installation)
        figures = {name: statistics.median(each) for name, each in found.items()}
        figures |= {"rows": 1000 * (after[0] - before[0]) / count, "files": 1000 * (after[1] - before[1]) / count}
        figures["whole"] = after[0]
        if floors:
            figures["floor"] = statistics.median(floors)
            for what in ("fetched", "came"):
                figures[f"{what} ratio"] = figures[f"{what} free"] / figures["floor"]
        return figures

    def _seed(self, base: int, number: int) -> int:
        return base + self._size % 9973 + number

    def _say(self, line: str) -> None:
        _say(f"{self._name}: {line}")


def _note(found: dict[str, list[float]], what: str, done: Ingested, meter: Meter) -> None:
    """`… free`: a second, without the client's processor time."""
    figures = {what: done.per_second, f"{what} free": done.per_second_without_client(CORES)}
    figures |= {f"{what} {who}": each for who, each in meter.each(done.count).items()}
    for name, figure in figures.items():
        found.setdefault(name, []).append(figure)


class Durable(Postgres):
    """What it committed survives the machine's fall, too, as where it runs for real."""

    more: ClassVar[list[str]] = ["-c", "fsync=on", "-c", "full_page_writes=on"]

    def command(self) -> list[str | Path]:
        return [*super().command(), *self.more]


@contextmanager
def database(engine: str, folder: Path) -> Iterator[str]:
    """An empty one's address."""
    if engine == "sqlite":
        yield f"sqlite:///{folder}/torg.db"
        return
    with Durable() as server:
        yield server.url


def _say(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
