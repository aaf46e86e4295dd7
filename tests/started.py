"""`torg` forked from a process that has imported it: to import it takes a second and a half of a processor.

It is the command as it is, with its own environment, folder, signals and end; only its modules are there before it.
"""

import importlib
import multiprocessing
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Protocol

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["tests.preloaded"])
_POLLED = threading.Lock()
"""How a process ended can be read once, and whoever starts another reads it of all."""


class Started(Protocol):
    """What tests do with a process, whichever way it was started; as of subprocess.Popen."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


def start(process: ForkServerProcess) -> None:
    with _POLLED:
        process.start()


def ended(process: ForkServerProcess) -> int | None:
    """As subprocess.Popen.poll."""
    with _POLLED:
        return process.exitcode


class Forked:
    """`main` of a module, given these words. `log` is a file that is there: what it says is added to it.

    `own_children`: what it parses in is started by itself, from nothing; else they are forked as it is.
    """

    def __init__(
        self,
        program: str,
        words: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        *,
        own_children: bool = False,
    ) -> None:
        forkserver.ensure_running()
        server = None if own_children else _server()._forkserver_address
        given = (program, list(words), folder, dict(environment), log, server)
        self._process = FORKED.Process(target=_run, args=given, name=" ".join((program, *words)))
        start(self._process)

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return ended(self._process)

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        wait([self._process.sentinel], timeout)
        status = self.poll()
        if status is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return status

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended, and isn't known to have yet
                os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _server() -> Any:
    """Of this process: where all others are forked from."""
    return forkserver.ensure_running.__self__  # type: ignore[attr-defined]  # a method of its only one


def _run(
    program: str, words: list[str], folder: Path, environment: dict[str, str], log: Path, server: str | None
) -> None:
    from hub import faults  # noqa: PLC0415 - there, by now, in this process alone
    from hub.inbound import children  # noqa: PLC0415 - as above
    from tests import forked_child  # noqa: PLC0415 - as above

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    said = os.open(log, os.O_WRONLY | os.O_APPEND)
    for each in (1, 2):
        os.dup2(said, each)
    os.close(said)
    if server is not None:  # the one that it was forked from itself: no need to start another
        vars(_server()).update(_forkserver_address=server, ensure_running=lambda: None)
        vars(children).update(begin=forked_child.begin)
    faults.arm()
    importlib.import_module(program).main(words)
