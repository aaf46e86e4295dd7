"""One deliberately broken plugin for each rule of keeping what was sent: a pigeonhole with one thing wrong."""

from contextlib import suppress

from hub.contract import Unreachable
from tests.plugin_host.pigeonhole import Pigeonhole


class Trimming(Pigeonhole):
    async def keep_sent(self, message: bytes, message_id: str) -> None:
        await super().keep_sent(message.strip(), message_id)


class Doubling(Pigeonhole):
    """It knows only what it kept itself."""

    async def keep_sent(self, message: bytes, message_id: str) -> None:
        kept: set[str] = self.__dict__.setdefault("kept", set())
        if message_id not in kept:
            kept.add(message_id)
            await super().keep_sent(message, f"{message_id}{id(self)}")


class Silent(Pigeonhole):
    async def keep_sent(self, message: bytes, message_id: str) -> None:
        with suppress(Unreachable):
            await super().keep_sent(message, message_id)


BROKEN_KEEPERS: dict[type[Pigeonhole], set[str]] = {
    Trimming: {"test_a_copy_is_the_mail_as_it_left", "test_a_mail_is_kept_once_by_whichever_process"},
    Doubling: {"test_a_mail_is_kept_once_by_whichever_process"},
    Silent: {"test_a_folder_that_is_away_is_unreachable"},
}
"""plugin -> the tests that it must fail, and no others."""
