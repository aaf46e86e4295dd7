"""A process that pulls a shelf, and is stopped (SIGSTOP) while it has in hand what it fetched: its first pull stops it.

`python -m tests.inbound.stopped_puller SETTINGS.json LETTER.eml`; it goes on when somebody continues it.
"""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import msgspec

from hub.contract import Batch, RawEvent
from hub.settings import Settings
from tests.inbound.test_pull import HubWithShelf, Shelf


class StoppedShelf(Shelf):
    """Fetches one letter; nobody tells this process that it stood still meanwhile."""

    async def pull(self, cursor: bytes | None) -> Batch:
        if self.pulls:
            return await super().pull(cursor)
        self.pulls.append(0)
        event = RawEvent("stale", self.mails["stale"], "message/rfc822")
        os.kill(os.getpid(), signal.SIGSTOP)
        return Batch(events=[event], cursor=b"9", vanished=0, behind=0)


class Stopped(HubWithShelf):
    """Its mails come from that shelf."""

    def __init__(self, settings: Settings, *, serves: bool, works: bool) -> None:
        super().__init__(settings, serves=serves, works=works)
        self.registry._connectors["mail"] = StoppedShelf


async def main(settings: Settings) -> None:
    async with Stopped(settings, serves=True, works=False).running():
        await asyncio.sleep(60)


if __name__ == "__main__":
    logging.basicConfig()
    Shelf.mails["stale"] = Path(sys.argv[2]).read_bytes()
    asyncio.run(main(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Settings)))
