"""What everyone keeps who can be told what to do with a call: once, to that call, and told when it can't be done."""

import asyncio
from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol

import pytest

from hub.contract.calls import CallOrder, CallVerb
from hub.contract.errors import Refused, Unreachable
from hub.contract.testing.connector import ConnectorTests
from hub.contract.testing.stage import PATIENCE

WORDS = "Not while the line is down"
TARGETS = ("", "305\r\nAction: Originate", "305;Hangup", "a" * 300)
"""That nobody dials."""


class ControlledSide(Protocol):
    """An exchange, played by the connector's author."""

    settings: dict[str, Any]
    """That make a Config for it."""
    call: str
    agent: str
    """Who has that call, by their extension."""

    def ring(self, ringing: bool) -> None:
        """The call rings at the agent's; else they speak."""
        ...

    def taken(self) -> int:
        """How many orders it has carried out."""
        ...

    def end(self) -> None:
        """The call is gone."""
        ...

    def refuse(self, words: str) -> None:
        """Every order, from now on, with these words."""
        ...

    def leave(self) -> None:
        """Nobody is there any more."""
        ...


class ControlTests(ConnectorTests):
    """An order is carried out once, or somebody hears why not."""

    verbs: ClassVar[Collection[CallVerb]] = ("answer", "hold", "resume", "transfer", "hang_up")

    def controlled(self) -> AbstractContextManager[ControlledSide]:
        """An exchange with a call that an agent has."""
        raise NotImplementedError

    def test_an_order_is_carried_out_once(self) -> None:
        with self.controlled() as side:
            for count, verb in enumerate(self.verbs, 1):
                side.ring(verb == "answer")
                self._order(side, verb)
                assert side.taken() == count, f"{verb} is carried out once, by the time that it returns"

    def test_a_call_that_is_gone_is_refused(self) -> None:
        with self.controlled() as side:
            side.end()
            for verb in self.verbs:
                with pytest.raises(Refused):
                    self._order(side, verb)
            assert side.taken() == 0, "nothing is done to another call"

    def test_the_other_sides_words_are_told(self) -> None:
        with self.controlled() as side:
            side.refuse(WORDS)
            with pytest.raises(Refused, match=WORDS):
                self._order(side, "hang_up")

    def test_only_what_can_be_dialled_is_dialled(self) -> None:
        with self.controlled() as side:
            for target in TARGETS if "transfer" in self.verbs else ():
                with pytest.raises(Refused):
                    self._order(side, "transfer", target)
            assert side.taken() == 0, "a line break or a command in a number goes nowhere"

    def test_an_exchange_that_is_away_is_unreachable(self) -> None:
        with self.controlled() as side:
            side.leave()
            with pytest.raises(Unreachable):
                self._order(side, "hang_up")

    def _order(self, side: ControlledSide, verb: CallVerb, target: str = "305") -> None:
        order = CallOrder(verb=verb, call=side.call, agent=side.agent, target=target if verb == "transfer" else None)
        connector = self._connector(side.settings)
        asyncio.run(asyncio.wait_for(connector.control(order), PATIENCE))
