"""What everyone keeps who keeps what was sent: a mail once, as it left, however often and by whomever it is called."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import pytest

from hub.contract.errors import Unreachable
from hub.contract.testing.connector import ConnectorTests
from hub.contract.testing.stage import PATIENCE


class SentFolder(Protocol):
    """Where a connector keeps copies, played by its author."""

    settings: Mapping[str, Any]
    """That make a Config for it."""

    def copies(self) -> Sequence[bytes]:
        """All that lie there, byte for byte. Blocks; runs in a thread."""
        ...


class KeepSentTests(ConnectorTests):
    """A copy more or less changes nothing of the mail, and shall be none."""

    def sent_folder(self) -> AbstractAsyncContextManager[SentFolder]:
        """Empty, and ready."""
        raise NotImplementedError

    def away(self) -> Mapping[str, Any]:
        """Settings of a place where nobody is."""
        raise NotImplementedError

    def test_a_copy_is_the_mail_as_it_left(self) -> None:
        assert asyncio.run(self._keep([[1, 2]])) == sorted([_mail(1), _mail(2)]), "each mail, as it is"

    def test_a_mail_is_kept_once_by_whichever_process(self) -> None:
        assert asyncio.run(self._keep([[1, 1], [1]])) == [_mail(1)], "called again, it is there already"

    def test_a_folder_that_is_away_is_unreachable(self) -> None:
        async def story() -> None:
            with pytest.raises(Unreachable):  # it is tried again
                await asyncio.wait_for(self._connector(self.away()).keep_sent(_mail(1), _id(1)), PATIENCE)

        asyncio.run(story())

    async def _keep(self, by_each: Sequence[Sequence[int]]) -> Sequence[bytes]:
        """One object after the other, as processes follow each other; what lies there then."""
        async with self.sent_folder() as folder:
            for numbers in by_each:
                connector = self._connector(folder.settings)
                for number in numbers:
                    await asyncio.wait_for(connector.keep_sent(_mail(number), _id(number)), PATIENCE)
                if hasattr(connector, "close"):
                    await asyncio.wait_for(connector.close(), PATIENCE)
            return sorted(await asyncio.to_thread(folder.copies))


def _id(number: int) -> str:
    return f"<{number}.contract@torg.example>"


def _mail(number: int) -> bytes:
    return (
        f"From: kommunen@granvik.example\r\nTo: anna@exempel.example\r\nSubject: Svar\r\nMessage-ID: {_id(number)}\r\n"
        f"\r\nHej!\r\n.\r\nFrom oss alla {number}\r\n"
    ).encode()
