"""A connector that keeps every rule of `Controls`, over the simplest of exchanges: a file with its calls.

The plugins in `broken_switchboards.py` are this one with one thing wrong.
"""

import re
from pathlib import Path
from typing import Any

import msgspec

from hub.contract import CallOrder, Config, Controls, Refused, Unreachable


class SwitchboardConfig(Config, frozen=True):
    """Where the board is."""

    board: str = "board.json"


class Switchboard(Controls[SwitchboardConfig]):
    """`calls` of the board: whose each is. `taken`: what was done. `refuses`: words."""

    kind = "switchboard"
    title = "Switchboard"
    Config = SwitchboardConfig

    async def control(self, order: CallOrder) -> None:
        board = self.read()
        self.look(board, order)
        if order.verb == "transfer" and not re.fullmatch(r"\d{1,20}", order.target or ""):
            raise Refused("Digits only.")
        if board["refuses"]:
            raise Refused(self.words(board))
        self.write(board, order)

    def read(self) -> dict[str, Any]:
        try:
            board: dict[str, Any] = msgspec.json.decode(Path(self.config.board).read_bytes())
        except FileNotFoundError as error:
            raise Unreachable("There is no board.") from error
        return board

    def look(self, board: dict[str, Any], order: CallOrder) -> None:
        if board["calls"].get(order.call) != order.agent:
            raise Refused("There is no such call.")

    def words(self, board: dict[str, Any]) -> str:
        return str(board["refuses"])

    def write(self, board: dict[str, Any], order: CallOrder) -> None:
        board["taken"].append(f"{order.verb} {order.call} {order.target or ''}")
        Path(self.config.board).write_bytes(msgspec.json.encode(board))
