"""A connector that keeps every rule of pulling and of keeping what was sent, from the simplest of sources.

A folder of letters, numbered, and a lock that its password opens. `broken_pigeonholes.py` and `broken_keepers.py` have
this one with one thing wrong.
"""

from collections.abc import Sequence
from pathlib import Path

from hub.contract import AuthFailed, Batch, Config, KeepsSent, Pulls, RawEvent, ReceivedMessage, Secret, Unreachable
from tests.plugin_host.letterbox import Letterbox

AT_ONCE = 2


class PigeonholeConfig(Config, frozen=True):
    """Where the letters lie."""

    folder: str
    password: Secret = Secret("")


class Pigeonhole(Pulls[PigeonholeConfig], KeepsSent[PigeonholeConfig]):
    """Its cursor is the number of the last letter."""

    kind = "pigeonhole"
    title = "Pigeonhole"
    Config = PigeonholeConfig

    @staticmethod
    def parse(group: Sequence[RawEvent]) -> Sequence[ReceivedMessage]:
        return Letterbox.parse(group)

    async def check(self) -> None:
        with self.tools.step("Opened"):
            self.letters()

    async def pull(self, cursor: bytes | None) -> Batch:
        after = int(cursor or b"0")
        found = [path for path in self.letters() if int(path.stem) > after]
        events = [self.event(path) for path in found[:AT_ONCE]]
        last = events[-1].key.encode() if events else b"%d" % after
        return Batch(events=events, cursor=last, more=len(found) > AT_ONCE)

    def letters(self) -> list[Path]:
        folder = Path(self.config.folder)
        if not folder.is_dir():
            raise Unreachable("The pigeonhole is gone.")
        lock = folder / "lock"
        if lock.exists() and lock.read_text() != self.config.password.reveal():
            raise AuthFailed("The pigeonhole doesn't open.")
        return sorted(folder.glob("*.letter"), key=lambda path: int(path.stem))

    def event(self, path: Path) -> RawEvent:
        return RawEvent(path.stem, path.read_bytes(), "text/plain", origin={"name": path.name})

    async def committed(self, keys: Sequence[str]) -> None:
        for key in keys:
            (Path(self.config.folder) / f"{key}.read").touch()

    async def keep_sent(self, message: bytes, message_id: str) -> None:
        try:
            (Path(self.config.folder) / f"{message_id.strip('<>')}.sent").write_bytes(message)
        except FileNotFoundError as error:
            raise Unreachable("The pigeonhole is gone.") from error
