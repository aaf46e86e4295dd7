"""One deliberately broken plugin for each rule of controlling calls: a switchboard with one thing wrong."""

from contextlib import suppress
from typing import Any

from hub.contract import CallOrder, Unreachable
from tests.plugin_host.switchboard import Switchboard


class Twice(Switchboard):
    def write(self, board: dict[str, Any], order: CallOrder) -> None:
        super().write(board, order)
        super().write(board, order)


class Anybodys(Switchboard):
    """The first call of that agent will do."""

    def look(self, board: dict[str, Any], order: CallOrder) -> None:
        """Nothing."""


class Wordless(Switchboard):
    def words(self, board: dict[str, Any]) -> str:  # noqa: ARG002 - the base class's
        return "It doesn't work."


class Dialling(Switchboard):
    """Whatever it is."""

    async def control(self, order: CallOrder) -> None:
        board = self.read()
        self.look(board, order)
        if order.verb != "transfer":
            await super().control(order)
        else:
            self.write(board, order)


class Silent(Switchboard):
    async def control(self, order: CallOrder) -> None:
        with suppress(Unreachable):
            await super().control(order)


BROKEN_SWITCHBOARDS: dict[type[Switchboard], set[str]] = {
    Twice: {"test_an_order_is_carried_out_once"},
    Anybodys: {"test_a_call_that_is_gone_is_refused"},
    Wordless: {"test_the_other_sides_words_are_told"},
    Dialling: {"test_only_what_can_be_dialled_is_dialled"},
    Silent: {"test_an_exchange_that_is_away_is_unreachable"},
}
"""plugin -> the tests that it must fail, and no others."""
