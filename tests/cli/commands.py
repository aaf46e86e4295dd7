"""Runs `torg` in this process, in a folder and with settings of the test's own."""

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hub.cli import main
from hub.settings import load_settings
from hub.storage.open import open_storage
from hub.storage.unit import Storage
from tests.architecture.source import ROOT


class Ran(NamedTuple):
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Torg:
    """`torg("queue", "list")` fails the test unless it ends with `status`; `said` is its standard input."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        # The children that parse are started in the folder, where no checkout is.
        self.environment = {"TORG_DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)}

    def __call__(self, *arguments: str, said: str | bytes = b"", status: int = 0) -> Ran:
        with self._in_place(said if isinstance(said, bytes) else said.encode()) as (out, err):
            try:
                main(list(arguments))
                ended = 0
            except SystemExit as end:
                ended = end.code if isinstance(end.code, int) else int(end.code is not None)
        ran = Ran(ended, _text(out), _text(err))
        assert ran.status == status, ran
        return ran

    def set_up(self) -> None:
        """Granvik with a queue, and Sara who may do everything there."""
        self("db", "upgrade")
        self("municipality", "add", "granvik", "--name", "Granviks kommun", "--country", "SE")
        self("queue", "add", "--municipality", "granvik", "--name", "Kundtjänst")
        self("person", "add", "sara@granvik.example", "--name", "Sara Lind")
        for role in ("agent", "it"):
            self("membership", "add", "sara@granvik.example", "--municipality", "granvik", "--role", role)

    @contextlib.contextmanager
    def storage(self) -> Iterator[Storage]:
        """What the commands wrote to."""
        with contextlib.chdir(self.folder):
            storage = open_storage(load_settings(self.environment))
            try:
                yield storage
            finally:
                storage.close()

    @contextlib.contextmanager
    def _in_place(self, said: bytes) -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
        streams = sys.stdin, os.environ.copy()
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        sys.stdin = io.TextIOWrapper(io.BytesIO(said), "utf-8")
        _set(self.environment)
        try:
            with contextlib.chdir(self.folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                yield out, err
        finally:
            sys.stdin = streams[0]
            _set(streams[1])


def _set(environment: Mapping[str, str]) -> None:
    """The environment's TORG_ variables are these and no others; the rest of it stays."""
    for name in [name for name in os.environ if name.startswith("TORG_") and name not in environment]:
        if not name.startswith("TORG_TEST_"):
            del os.environ[name]
    os.environ.update(environment)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    content = stream.buffer
    assert isinstance(content, io.BytesIO)
    return content.getvalue().decode()
