"""The book: what the load did, heard and was shown, as JSON lines, by the clock that a machine's processes share."""

from pathlib import Path
from typing import Any

import msgspec

_TOGETHER = 500
"""Lines that are written at once."""


class Book:
    """Of one process."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._lines: list[bytes] = []
        self._encode = msgspec.json.Encoder().encode

    def write(self, **line: Any) -> None:
        self._lines.append(self._encode(line) + b"\n")
        if len(self._lines) >= _TOGETHER:
            self.flush()

    def fault(self, sentence: str) -> None:
        """What the load couldn't do, in words."""
        self.write(does="fault", sentence=sentence)

    def flush(self) -> None:
        self._file.write(b"".join(self._lines))
        self._lines = []

    def close(self) -> None:
        self.flush()
        self._file.close()
