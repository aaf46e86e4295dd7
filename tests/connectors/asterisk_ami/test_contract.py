"""The contract's own tests."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from connectors.asterisk_ami import AsteriskAmi
from hub.contract.testing import ControlledSide, ControlTests, ListenTests
from hub.proof.stand_ins.ami_server import AmiServer
from tests.connectors.tools import free_port

CALL = "1700000000.1"
SAMPLES = Path(__file__).parent / "samples"
LONG = 6.0
"""Seconds in which it would ask ten times."""
NAMES = ("let_in_and_nobody_rung", "queue_answered", "attended_transfer_1_8")
"""The first has events that tell something each on its own."""
ORDERS = {"hangup", "blindtransfer", "redirect", "pjsipnotify", "sipnotify"}


class TestAsteriskAmi(ListenTests, ControlTests):
    connector = AsteriskAmi
    samples: ClassVar[Sequence[Path]] = [SAMPLES / f"{name}.txt" for name in NAMES]
    settings = {"host": "127.0.0.1", "username": "torg", "secret": "hemligt", "ping_seconds": 0.2}  # noqa: RUF012 - a class of tests, as pytest has it
    media_type = "text/x-asterisk-manager"

    def listening(self) -> Mapping[str, Any]:
        return {**self.settings, "port": free_port()}

    def bring(self, settings: Mapping[str, Any], body: bytes) -> bool:
        """The manager acknowledges nothing: who asks whether it is there for the second time has kept all that it said
        before the first.
        """
        exchange = AmiServer(port=settings["port"])
        try:
            if not exchange.wait_for(lambda server: server.clients > 0):
                return False
            exchange.say(body[body.index(b"Event: Newchannel") :])
            twice = len(exchange.asked("ping")) + 2
            return exchange.wait_for(lambda server: len(server.asked("ping")) >= twice, LONG)
        finally:
            exchange.close()

    @contextmanager
    def controlled(self) -> Iterator[ControlledSide]:
        exchange = AmiServer()
        try:
            yield Played(exchange, {**self.settings, "port": exchange.port})
        finally:
            exchange.close()


class Played:
    """A call of the citizen's that 201 has."""

    call, agent = CALL, "201"

    def __init__(self, exchange: AmiServer, settings: dict[str, Any]) -> None:
        self._exchange, self.settings = exchange, settings
        self.ring(False)

    def ring(self, ringing: bool) -> None:
        both = {"Linkedid": CALL, **({} if ringing else {"BridgeId": "b"})}
        ours = {"Channel": "PJSIP/201-00000002", "Uniqueid": "1700000001.2", "ChannelState": "5" if ringing else "6"}
        citizen = {"Channel": "PJSIP/telia-00000001", "Uniqueid": CALL, "ChannelState": "6"}
        self._exchange.channels = [{**citizen, **both}, {**ours, **both}]

    def taken(self) -> int:
        return sum(1 for each in self._exchange.ledger if each.get("action", "").lower() in ORDERS)

    def end(self) -> None:
        another = {"Channel": "PJSIP/201-00000003", "Uniqueid": "1700000009.9", "Linkedid": "1700000009.9"}
        self._exchange.channels = [another]

    def refuse(self, words: str) -> None:
        self._exchange.manners.answers.update(dict.fromkeys(ORDERS, words))

    def leave(self) -> None:
        self._exchange.close()
