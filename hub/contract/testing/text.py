"""What everyone keeps who sends text messages: the same as for mail, by `text`."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec.structs import replace

from hub.contract.messages import Receipt
from hub.contract.testing.send import SendTests
from hub.contract.texts import OutgoingText

TEXT = OutgoingText(sender="+46766861004", recipient="+46700000001", text="Vi plogar i natt.")


class TextTests(SendTests):
    """`taken` of the other side: the text of each message that it has taken."""

    def test_its_setting_number_is_ours(self) -> None:
        number = getattr(self._config(self.settings), "number", None)
        assert re.fullmatch(r"\+[1-9]\d{6,14}", str(number)), "answers come back to the setting `number`, in E.164"

    @property
    def _name(self) -> str:
        return TEXT.text

    def _copies(self) -> Sequence[Any]:
        return [TEXT, replace(TEXT, recipient="+46700000002")]

    def _hand(self, connector: Any, message: Any, handing_over: Callable[[], Awaitable[None]]) -> Awaitable[Receipt]:
        sending: Awaitable[Receipt] = connector.text(message, handing_over)
        return sending
