"""Writes each outgoing mail to a folder as an .eml file (RFC 5322): for the demo, or a mail server's pickup folder.

Nobody is called. A file has its final name only when it is whole and on the disk. The name follows from the message and
its recipient, so a message written again lands on itself. It sends nothing and deletes nothing.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from hub.contract import (
    Config,
    Deferred,
    Misconfigured,
    OutgoingMessage,
    Receipt,
    Register,
    Sends,
    Unreachable,
    hook_impl,
)
from hub.formats.compose import compose

PRIVATE = 0o700
"""Mode of the folder: the files are citizens' mail."""


class EmlFolderConfig(Config, frozen=True):
    """The folder."""

    folder: Annotated[str, Meta(title="Folder", description="is made if it isn't there", min_length=1)]


class EmlFolder(Sends[EmlFolderConfig]):
    """Mail out as files."""

    kind = "eml_folder"
    title = "Mail out to a folder (.eml)"
    Config = EmlFolderConfig

    async def check(self) -> None:
        try:
            await self.tools.block(self._try_folder)
        except OSError as error:
            raise Misconfigured("folder", f"{self.config.folder} can't be written to: {error.strerror}.") from error

    def _try_folder(self) -> None:
        folder = self._folder
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"Torg")

    async def send(self, message: OutgoingMessage, handing_over: Callable[[], Awaitable[None]]) -> Receipt:
        name = file_name(message)
        part, final = self._folder / f".{name}.part", self._folder / name
        try:
            await self.tools.block(lambda: _write(part, compose(message)))
        except OSError as error:
            raise Unreachable(f"The folder of outgoing mail can't be written to: {error.strerror}.") from error
        await handing_over()
        try:
            await self.tools.block(lambda: part.replace(final))
        except OSError as error:  # not renamed is not sent: no doubt about it
            raise Deferred(f"The file could not get its name: {error.strerror}.") from error
        await self.tools.block(lambda: _flush(self._folder))
        return Receipt(outside_id=name)

    @property
    def _folder(self) -> Path:
        return Path(self.config.folder)


def file_name(message: OutgoingMessage) -> str:
    """Sorts by time, says which message it is, and is safe whatever the message id holds."""
    written = datetime.fromtimestamp(message.written_at / 1_000_000, UTC).strftime("%Y%m%dT%H%M%S")
    readable = re.sub(r"[^A-Za-z0-9@_-]+", "_", message.message_id.strip("<>"))[:80]
    digest = hashlib.sha256(f"{message.message_id} {message.recipient.address}".encode()).hexdigest()[:8]
    return f"{written}_{readable}_{digest}.eml"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    """A rename is on the disk when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(EmlFolder)
