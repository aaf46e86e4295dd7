"""`torg` on a clock that a test puts on: `python -m tests.flows.later COMMAND…`.

TORG_TEST_LATER names a file of eight bytes: by how many seconds. Whatever asks for the time is told that of then: the
hub, the client of Redis, certificates. What waits waits no shorter.
"""

import mmap
import os
import runpy
import struct
import time
from collections.abc import Callable
from pathlib import Path

_SECONDS = struct.Struct("q")
VARIABLE = "TORG_TEST_LATER"


class Later:
    """The file, as its test holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.write_bytes(_SECONDS.pack(0))
        self.variables = {VARIABLE: str(path)}

    def put_on(self, seconds: int) -> None:
        """For every process that looks at it, from now on."""
        with self._path.open("r+b") as file:
            file.write(_SECONDS.pack(seconds))


def _on(path: Path) -> Callable[[], int]:
    with path.open("rb") as file:
        seen = mmap.mmap(file.fileno(), _SECONDS.size, access=mmap.ACCESS_READ)
    return lambda: int(_SECONDS.unpack_from(seen)[0])


def main() -> None:
    """The command line, later."""
    later, now, now_ns = _on(Path(os.environ[VARIABLE])), time.time, time.time_ns
    time.time = lambda: now() + later()
    time.time_ns = lambda: now_ns() + later() * 1_000_000_000
    runpy.run_module("hub.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
