"""The contract's tests for a pigeonhole."""

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

from hub.contract.testing import KeepSentTests, PullTests


class Folder:
    """Letters by number, and marks beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: Mapping[str, Any] = {"folder": str(folder), "password": "hemligt"}
        (folder / "lock").write_text("hemligt")

    def bring(self, body: bytes) -> None:
        number = len(list(self.folder.glob("*.letter"))) + 1
        (self.folder / f"{number}.letter").write_bytes(body)

    def copies(self) -> Sequence[bytes]:
        return [path.read_bytes() for path in self.folder.glob("*.sent")]

    def state(self) -> object:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


class PigeonholeTests(PullTests, KeepSentTests):
    """`connector` is set for each plugin."""

    __test__ = False  # pytest: run by `failures` only
    settings = {"folder": "letters", "password": "hemligt"}  # noqa: RUF012 - a class of tests
    samples: ClassVar[Sequence[Path]] = sorted(Path(__file__).parent.glob("letters/*"))
    media_type = "text/plain"

    @asynccontextmanager
    async def source(self) -> AsyncIterator[Folder]:
        with tempfile.TemporaryDirectory() as name:
            yield Folder(Path(name))

    def sent_folder(self) -> AbstractAsyncContextManager[Folder]:
        return self.source()

    def away(self) -> Mapping[str, Any]:
        return {**self.settings, "folder": "/nowhere/at/all"}

    def refused(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**settings, "password": "another"}
