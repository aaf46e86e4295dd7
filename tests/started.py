"""`torg` forked from a process that has imported it: to import it takes a second and a half of a processor.

It is the command as it is, with its own environment, folder, signals and end; only its modules are there before it.
"""

import importlib
import multiprocessing
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["tests.preloaded"])


class Started(Protocol):
    """What tests do with a process, whichever way it was started; as of subprocess.Popen."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Forked:
    """`main` of a module, given these words. `log` is a file that is there: what it says is added to it."""

    def __init__(
        self, program: str, words: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path
    ) -> None:
        given = (program, list(words), folder, dict(environment), log)
        self._process = _FORKED.Process(target=_run, args=given, name=" ".join((program, *words)))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return self._process.exitcode

    def send_signal(self, sig: int) -> None:
        if self._process.exitcode is None:
            with suppress(ProcessLookupError):  # it has ended, and isn't known to have yet
                os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(program: str, words: list[str], folder: Path, environment: dict[str, str], log: Path) -> None:
    from hub import faults  # noqa: PLC0415 - there, by now, in this process alone

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    said = os.open(log, os.O_WRONLY | os.O_APPEND)
    for each in (1, 2):
        os.dup2(said, each)
    os.close(said)
    faults.arm()
    importlib.import_module(program).main(words)
