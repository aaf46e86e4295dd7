"""Orders to a call: each on a connection of its own, for the agent's own channel in that call."""

import asyncio
from collections.abc import Mapping

import pytest

from hub.contract import AuthFailed, CallOrder, CallVerb, Refused, Unreachable
from hub.contract.testing.stage import InThread
from hub.proof.stand_ins.ami_server import AmiServer
from tests.connectors.asterisk_ami.conftest import connector, settings

CALL = "1700000000.1"
CITIZEN = {"Channel": "PJSIP/telia-00000001", "Uniqueid": CALL, "Linkedid": CALL, "ChannelState": "6", "BridgeId": "b"}
OURS = {
    "Channel": "PJSIP/201-00000002",
    "Uniqueid": "1700000001.2",
    "Linkedid": CALL,
    "ChannelState": "6",
    "BridgeId": "b",
}
ANOTHERS = {"Channel": "PJSIP/201-00000009", "Uniqueid": "1700000009.9", "Linkedid": "1700000009.9"}


def order(exchange: AmiServer, verb: CallVerb, **more: str) -> None:
    given = CallOrder(verb=verb, call=CALL, agent="201", **more)
    InThread(lambda: asyncio.run(connector(settings(exchange.port)).control(given))).result()


@pytest.fixture
def exchange_with_a_call(exchange: AmiServer) -> AmiServer:
    exchange.channels = [ANOTHERS, CITIZEN, OURS]
    return exchange


def last(exchange: AmiServer, action: str) -> Mapping[str, str]:
    return exchange.asked(action)[-1]


def test_hanging_up_ends_ones_own_channel(exchange_with_a_call: AmiServer) -> None:
    order(exchange_with_a_call, "hang_up")
    assert last(exchange_with_a_call, "hangup")["channel"] == OURS["Channel"]
    assert last(exchange_with_a_call, "login")["events"] == "off"


def test_handing_on(exchange_with_a_call: AmiServer) -> None:
    order(exchange_with_a_call, "transfer", target="305")
    said = last(exchange_with_a_call, "blindtransfer")
    assert (said["channel"], said["exten"], said["context"]) == (OURS["Channel"], "305", "from-internal")


def test_an_old_exchange_redirects_the_caller(exchange_with_a_call: AmiServer) -> None:
    exchange_with_a_call.manners.answers["blindtransfer"] = "Invalid/unknown command: BlindTransfer."
    order(exchange_with_a_call, "transfer", target="305")
    assert last(exchange_with_a_call, "redirect")["channel"] == CITIZEN["Channel"]


def test_the_telephone_answers_holds_and_goes_on(exchange_with_a_call: AmiServer) -> None:
    exchange_with_a_call.channels = [CITIZEN, {**OURS, "ChannelState": "5"}]
    verbs: tuple[CallVerb, ...] = ("answer", "hold", "resume")
    for verb, event in zip(verbs, ("talk", "hold", "talk"), strict=True):
        order(exchange_with_a_call, verb)
        assert last(exchange_with_a_call, "pjsipnotify")["variable"] == f"Event={event}"
    exchange_with_a_call.channels = [CITIZEN, {**OURS, "Channel": "SIP/201-00000002"}]
    order(exchange_with_a_call, "hold")
    assert last(exchange_with_a_call, "sipnotify")["channel"] == "201"


def test_what_does_not_ring_cannot_be_answered(exchange_with_a_call: AmiServer) -> None:
    with pytest.raises(Refused, match="doesn't ring"):
        order(exchange_with_a_call, "answer")


def test_a_call_that_is_gone_is_refused(exchange: AmiServer) -> None:
    exchange.channels = [ANOTHERS]
    with pytest.raises(Refused, match="no such call"):
        order(exchange, "hang_up")
    assert not exchange.asked("hangup")


@pytest.mark.parametrize("target", ["", "305\r\nAction: Originate", "Local/1@x", "30 5", "9" * 40])
def test_only_a_number_is_dialled(exchange_with_a_call: AmiServer, target: str) -> None:
    with pytest.raises(Refused, match="digits only"):
        order(exchange_with_a_call, "transfer", target=target)
    assert not exchange_with_a_call.ledger


def test_the_exchanges_own_words_are_told(exchange_with_a_call: AmiServer) -> None:
    exchange_with_a_call.manners.answers["hangup"] = "Permission denied"
    with pytest.raises(Refused, match="Permission denied"):
        order(exchange_with_a_call, "hang_up")


def test_an_exchange_that_is_away_or_refuses_us(exchange_with_a_call: AmiServer) -> None:
    exchange_with_a_call.manners.refuses = True
    with pytest.raises(AuthFailed):
        order(exchange_with_a_call, "hang_up")
    exchange_with_a_call.close()
    with pytest.raises(Unreachable):
        order(exchange_with_a_call, "hang_up")
