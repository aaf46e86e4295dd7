"""Copies: what `torg backup` and `torg restore` take for each GB of rows and of files.

`python -m tests.bench.copies --conversations 100000 --mails 2000 --engine sqlite postgresql`. Twice: of an installation
that has rows alone, and when mails with files have come; the files' part is what the second takes more.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec import Struct

from hub.proof import processes
from tests.bench.__main__ import RECIPIENT, database
from tests.bench.fill import fill, whole
from tests.bench.ingest import ingest
from tests.bench.installation import Installation, serving, set_up
from tests.bench.meter import server_of
from tests.recycled import own_database
from tests.servers import Postgres

GIGA = 1000


class Taken(Struct, frozen=True):
    """Seconds by the clock, and of processor: the commands with what they start, and the database server's."""

    wall: float
    processor: float

    def per_giga(self, megabytes: float, but: "Taken | None" = None) -> str:
        """`but`: what of it is something else's."""
        wall, processor = self.wall - (but.wall if but else 0), self.processor - (but.processor if but else 0)
        return f"{wall * GIGA / megabytes:.1f} s, {processor * GIGA / megabytes:.1f} s of processor a GB"


def main() -> None:
    """Prints a line for each engine and part."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.copies")
    asked.add_argument("--conversations", type=int, default=100_000)
    asked.add_argument("--mails", type=int, default=2_000)
    asked.add_argument("--engine", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    options = asked.parse_args()
    for engine in options.engine:
        with tempfile.TemporaryDirectory() as folder, database(engine, Path(folder)) as url, ExitStack() as stack:
            installation = set_up(Path(folder), url, municipalities=30)
            stack.callback(installation.storage.close)
            fill(installation, options.conversations, 0, lambda _: None)
            rows, _ = whole(installation)
            plain = _there_and_back(installation)
            with serving(installation):
                ingest(installation, options.mails, 7, RECIPIENT)
            more, files = whole(installation)
            both = _there_and_back(installation)
            for what, first, second in zip(("backup", "restore"), plain, both, strict=True):
                scaled = Taken(first.wall * more / rows, first.processor * more / rows)
                _say(f"{engine}: {what} of {rows:.0f} MB of rows: {first.per_giga(rows)}")
                _say(f"{engine}: {what} of {files:.0f} MB of files: {second.per_giga(files, but=scaled)}")


def _there_and_back(installation: Installation) -> Sequence[Taken]:
    """A backup, and that put back beside the installation."""
    folder = installation.folder / "copy"
    try:
        with _beside(installation) as variables:
            return [
                _timed(installation, ["backup", str(folder)], {}),
                _timed(installation, ["restore", str(folder)], variables),
            ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _timed(installation: Installation, command: Sequence[str], variables: Mapping[str, str]) -> Taken:
    server = server_of(installation.database_url)
    begun, taken = time.monotonic(), _processor(server)
    subprocess.run(
        [sys.executable, "-m", "hub.cli", *command],
        cwd=installation.folder, env={**_with_programs(installation), **variables}, check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return Taken(time.monotonic() - begun, _processor(server) - taken)


def _with_programs(installation: Installation) -> dict[str, str]:
    """`pg_dump` and `pg_restore` of the server's own version."""
    path = installation.environment["PATH"]
    if installation.storage.engines.embedded is None:
        path = f"{Postgres.locate().parent}{os.pathsep}{path}"
    return {**installation.environment, "PATH": path}


def _processor(server: int | None) -> float:
    """Seconds so far, of what this process has started and waited for, and of the server's family."""
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ours.ru_utime + ours.ru_stime + (0.0 if server is None else processes.used(server))


@contextmanager
def _beside(installation: Installation) -> Iterator[dict[str, str]]:
    """Settings of an installation with the same key that has nothing yet."""
    with tempfile.TemporaryDirectory(dir=installation.folder) as folder, ExitStack() as stack:
        url = f"sqlite:///{folder}/torg.db"
        if installation.storage.engines.embedded is None:
            url = stack.enter_context(own_database(installation.database_url, "torg_copy"))
        yield {"TORG_DATABASE_URL": url, "TORG_BLOB_FOLDER": f"{folder}/blobs"}


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
