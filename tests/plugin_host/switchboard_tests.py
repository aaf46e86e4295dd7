"""The contract's tests for a switchboard."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from hub.contract.testing import ControlledSide, ControlTests


class Board:
    """The file."""

    call, agent = "c1", "201"

    def __init__(self, folder: str) -> None:
        self._file = Path(folder) / "board.json"
        self.settings: dict[str, Any] = {"board": str(self._file)}
        self._change(calls={self.call: self.agent}, taken=[], refuses="")

    def ring(self, ringing: bool) -> None:
        """It is the same to it."""

    def taken(self) -> int:
        return len(msgspec.json.decode(self._file.read_bytes())["taken"])

    def end(self) -> None:
        self._change(calls={"c2": self.agent})

    def refuse(self, words: str) -> None:
        self._change(refuses=words)

    def leave(self) -> None:
        self._file.unlink()

    def _change(self, **values: Any) -> None:
        board = msgspec.json.decode(self._file.read_bytes()) if self._file.exists() else {}
        self._file.write_bytes(msgspec.json.encode({**board, **values}))


class SwitchboardTests(ControlTests):
    """`connector` is set for each plugin."""

    __test__ = False  # pytest: run by `failures` only

    @contextmanager
    def controlled(self) -> Iterator[ControlledSide]:
        with tempfile.TemporaryDirectory() as folder:
            yield Board(folder)
