"""Blobs: bytes too large for a row, by the sha256 of their content, in a folder of their owner's.

Owner is a channel (raw events) or a municipality (attachments): the same bytes in two municipalities are two files, so
that one can be erased. A blob is on disk, flushed, before the row that names it commits.
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from hub.errors import Corrupt, Unavailable

IN_ROW = 64 * 1024
"""Bytes up to which content lies in its row."""


class Blobs:
    """`root`/<owner>/<first two digits>/<sha256>."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lasting: set[Path] = set()

    def put_many(self, contents: Mapping[str, bytes]) -> None:
        """`<owner>/<sha256>` -> content; each flushed, then each folder once. Raises Unavailable when it can't be."""
        folders: set[Path] = set()
        try:
            for name, content in contents.items():
                path = self._path(name)
                if not path.exists():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    _write(path, content)
                # Also of one that is there: whoever put it may not have come to flushing its folders yet.
                folders.add(path.parent)
                folders.update(each.parent for each in self._unsure(path))
            for folder in folders:
                _flush(folder)
            self._lasting.update(each for name in contents for each in self._unsure(self._path(name)))
        except OSError as error:
            raise Unavailable(
                "The disk doesn't take the content of a message. Nothing was stored; try again."
            ) from error

    def get(self, name: str) -> bytes:
        """Raises Corrupt when it is gone or isn't what was stored."""
        try:
            content = self._path(name).read_bytes()
        except FileNotFoundError as error:
            raise Corrupt("The blob {name} is missing: restore the blob folder from a backup.", name=name) from error
        if hashlib.sha256(content).hexdigest() != name.rpartition("/")[2]:
            raise Corrupt("The blob {name} isn't what was stored: restore it from a backup.", name=name)
        return content

    def _unsure(self, path: Path) -> list[Path]:
        """Folders on the way to it whose own names this process hasn't flushed yet: once is enough for each."""
        return [
            each
            for each in path.parents
            if each != self._root and each.is_relative_to(self._root) and each not in self._lasting
        ]

    def _path(self, name: str) -> Path:
        owner, _, digest = name.rpartition("/")
        return self._root / owner / digest[:2] / digest


def _write(path: Path, content: bytes) -> None:
    """Flushed before it has its name; on a full disk nothing of it is left."""
    passing = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with passing.open("wb") as file:
            file.write(content)
            file.flush()
            os.fdatasync(file.fileno())
        passing.rename(path)
    except OSError:
        passing.unlink(missing_ok=True)
        raise


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
