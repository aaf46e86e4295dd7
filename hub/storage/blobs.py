"""Blobs: bytes too large for a row, by the sha256 of their content, in a folder of their owner's.

Owner is a channel (raw events) or a municipality (attachments): the same bytes in two municipalities are two files, so
that one can be erased. A blob is on disk, flushed, before the row that names it commits. A public face has a part of
the folder that is its own (`PUBLIC`), reads and writes nothing else, and needs no more to be mounted for it.

What no row will name lies apart, by the day that it was put (`passing`), and is forgotten by days: a sweep that looked
which of the others no row names would meet one whose row is just being written.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from hub import clock
from hub.errors import Corrupt, Unavailable
from hub.storage.flush import flush

IN_ROW = 64 * 1024
"""Bytes up to which content lies in its row."""
_AT_ONCE = 8
"""Flushes under way: the disk takes as long for one as for as many as come together."""
PASSING = "passing"
"""The folder of what no row will name."""


PUBLIC = "public"
"""The folder of all that a public face keeps."""


def passing(owner: str, put_at: int) -> str:
    """The owner of what is kept for a while and named by no row. `put_at`: microseconds UTC, whose day it lies with."""
    return f"{PASSING}/{put_at // clock.DAY}/{owner}"


def lasts(name: str) -> bool:
    """Whether it isn't kept to pass."""
    return not name.removeprefix(f"{PUBLIC}/").startswith(f"{PASSING}/")


class Blobs:
    """`root`/<owner>/<first two digits>/<sha256>; `part`: below root, for what this process keeps."""

    def __init__(self, root: Path, part: str = "") -> None:
        self._root, self._part = str(root), f"{part}/" if part else ""
        self._lasting: set[str] = set()
        self._threads = ThreadPoolExecutor(_AT_ONCE, "blobs-flush")

    def own(self, name: str) -> str:
        """`<owner>/<sha256>` as this process names it."""
        return self._part + name

    def put_many(self, contents: Mapping[str, bytes]) -> None:
        """`<owner>/<sha256>` -> content; each flushed, then each folder once. Raises Unavailable when it can't be."""
        # Text, not Path: taking paths apart cost more than all that is done with them.
        fresh: list[tuple[str, bytes]] = []
        flushed: set[str] = set()
        named: set[str] = set()
        try:
            for name, content in contents.items():
                folder, digest = self._place(name)
                path = f"{folder}/{digest}"
                if not os.path.exists(path):  # noqa: PTH110 - see above
                    os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - see above
                    fresh.append((path, content))
                # Also of one that is there: whoever put it may not have come to flushing its folders yet.
                flushed.add(folder)
                named.update(self._unsure(folder))
            self._at_once(_write, fresh)
            self._at_once(flush, [(folder,) for folder in flushed | {each.rpartition("/")[0] for each in named}])
            self._lasting |= named
        except (OSError, RuntimeError) as error:  # the second: no thread is to be had
            raise Unavailable(
                "The disk doesn't take the content of a message. Nothing was stored; try again."
            ) from error

    def get(self, name: str) -> bytes:
        """Raises Corrupt when it is gone or isn't what was stored."""
        try:
            content = Path(*self._place(name)).read_bytes()
        except FileNotFoundError as error:
            raise Corrupt("The blob {name} is missing: restore the blob folder from a backup.", name=name) from error
        if hashlib.sha256(content).hexdigest() != name.rpartition("/")[2]:
            raise Corrupt("The blob {name} isn't what was stored: restore it from a backup.", name=name)
        return content

    def forget_passing(self, before: int) -> None:
        """All that was put to pass before the day of that time. What can't be removed now is tried again next time."""
        for of in (PASSING, f"{PUBLIC}/{PASSING}"):
            try:
                days = [each for each in Path(self._root, of).iterdir() if each.name.isdecimal()]
            except OSError:  # there is none yet, or the disk is in trouble, which whoever writes is told
                continue
            for each in days:
                if int(each.name) < before // clock.DAY:
                    shutil.rmtree(each, ignore_errors=True)

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown()

    def _at_once(self, do: Callable[..., None], each: Iterable[tuple[str | bytes, ...]]) -> None:
        """All of them, to their end, whatever becomes of one; then the first error."""
        under_way = [self._threads.submit(do, *one) for one in each]
        wait(under_way)
        for one in under_way:
            one.result()

    def _unsure(self, folder: str) -> Iterator[str]:
        """Folders on the way to it whose own names this process hasn't flushed yet: once is enough for each."""
        while folder != self._root and folder not in self._lasting:
            yield folder
            folder = folder.rpartition("/")[0]

    def _place(self, name: str) -> tuple[str, str]:
        owner, _, digest = name.rpartition("/")
        return f"{self._root}/{owner}/{digest[:2]}", digest


def _write(path: str, content: bytes) -> None:
    """Flushed before it has its name; on a full disk nothing of it is left."""
    passing = f"{path[: path.rindex('/')]}/.{secrets.token_hex(8)}"
    try:
        with open(passing, "wb") as file:  # noqa: PTH123 - as in put_many
            file.write(content)
            file.flush()
            os.fdatasync(file.fileno())
        os.rename(passing, path)  # noqa: PTH104 - as in put_many
    except OSError:
        Path(passing).unlink(missing_ok=True)
        raise
