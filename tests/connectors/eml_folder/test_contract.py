"""The contract's own tests."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from email import message_from_bytes
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.eml_folder import EmlFolder
from hub.contract.testing import Manner, SendTests


class Folder:
    """A folder, seen as the contract's tests see it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: Mapping[str, Any] = {"folder": str(folder)}

    def taken(self) -> Sequence[str]:
        return [message_from_bytes(file.read_bytes())["Message-ID"] for file in self.folder.glob("*.eml")]


class TestEmlFolder(SendTests):
    connector = EmlFolder
    settings = {"folder": "var/outgoing"}  # noqa: RUF012 - a class of tests
    manners = frozenset({"takes", "away"})

    @asynccontextmanager
    async def other_side(self, manner: Manner) -> AsyncIterator[Folder]:
        with TemporaryDirectory() as name:
            folder = Path(name) / "outgoing"
            if manner == "away":
                folder.write_text("a file is in the way")
            yield Folder(folder)
