"""An installation of a test's own: the proofs' one, on a database that is there, with processes of the real command."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Select

from hub.proof import installation
from tests.started import Forked, Started

T = TypeVar("T")


class Installation(installation.Installation):
    """`storage` is this test's own: whatever of Torg runs beside it has another on the same database."""

    forks = True
    """Whether its processes may be forked from one that has imported Torg; else each starts from nothing."""

    @contextmanager
    def process(
        self, *command: str, program: str = "hub.cli", enter: Sequence[str] = (), **variables: str
    ) -> Iterator[Started]:
        """`torg COMMAND`, ended by SIGTERM if it still runs then. What it said stands in the folder.

        `program`: a module that runs it with something replaced. `enter`: words before the command, as of another host.
        """
        process = self._start(command, program, enter, self.environment | variables)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(90)
            except subprocess.TimeoutExpired:
                process.kill()  # the tests' own process would wait for it at its end
                raise

    def _start(
        self, command: Sequence[str], program: str, enter: Sequence[str], environment: Mapping[str, str]
    ) -> Started:
        log = self.folder / "torg.log"
        log.touch()
        if self.forks and program == "hub.cli" and not enter:
            return Forked(program, command, self.folder, environment, log)
        with log.open("ab") as told:
            return subprocess.Popen(
                [*enter, sys.executable, "-m", program, *command],
                cwd=self.folder, env=environment, stdout=told, stderr=told,
            )  # fmt: skip

    def log(self) -> str:
        """What the processes wrote."""
        return (self.folder / "torg.log").read_text()

    def all(self, query: Select[T]) -> Sequence[T]:
        """Rows, detached."""
        return self.read(lambda unit: unit.all(query))

    def one(self, query: Select[T]) -> T:
        """The only one."""
        rows = self.all(query)
        assert len(rows) == 1, rows
        return rows[0]
