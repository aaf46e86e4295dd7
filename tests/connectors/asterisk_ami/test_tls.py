"""The manager's TLS port: logged in, listened to and told what to do over it, and not by whoever isn't trusted."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.contract import CallOrder, CallVerb, Misconfigured, Unreachable
from hub.contract.testing.stage import InThread
from hub.proof.stand_ins.ami_server import AmiServer
from tests.connectors.asterisk_ami.conftest import connector, listening, settings, soon
from tests.connectors.asterisk_ami.test_control import CALL, CITIZEN, OURS
from tests.connectors.asterisk_ami.test_listening import sample
from tests.connectors.smtp.certificates import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def exchange(authority: Authority) -> Iterator[AmiServer]:
    """As manager.conf has it with `tlsenable`."""
    server = AmiServer(tls=authority.serving())
    yield server
    server.close()


def test_it_is_listened_to_and_comes_back_after_a_break(exchange: AmiServer, authority: Authority) -> None:
    with listening(exchange, **_over_tls(authority)) as listener:
        exchange.say(sample("answered"))
        assert soon(lambda: len(listener.kept) > 5)
        exchange.drop()
        assert exchange.wait_for(lambda server: len(server.asked("login")) == 2)
        before = len(listener.kept)
        exchange.say(sample("busy"))
        assert soon(lambda: len(listener.kept) > before)
    assert {each["authtype"].lower() for each in exchange.asked("login")} == {"md5"}


@pytest.mark.parametrize(
    ("verb", "event", "state"), [("answer", "talk", "5"), ("hold", "hold", "6"), ("resume", "talk", "6")]
)
def test_the_telephone_is_told_over_it(
    exchange: AmiServer, authority: Authority, verb: CallVerb, event: str, state: str
) -> None:
    exchange.channels = [CITIZEN, {**OURS, "ChannelState": state}]
    _control(exchange, authority, CallOrder(verb=verb, call=CALL, agent="201"))
    (said,) = exchange.asked("pjsipnotify")
    assert (said["channel"], said["variable"]) == (OURS["Channel"], f"Event={event}")
    exchange.manners.answers["pjsipnotify"] = "No such channel"  # an older one knows endpoints only, and not this one
    with pytest.raises(Exception, match="No such channel"):
        _control(exchange, authority, CallOrder(verb=verb, call=CALL, agent="201"))
    assert exchange.asked("pjsipnotify")[-1]["endpoint"] == "201"


def test_an_exchange_that_is_not_who_it_says_is_not_logged_in_to(exchange: AmiServer, authority: Authority) -> None:
    for more in ({"authorities": ""}, {"host": "127.0.0.1"}):  # signed by nobody we know, for another name
        with pytest.raises(Unreachable, match=r"No encrypted connection .* certificate isn't trusted"):
            _check(exchange, {**_over_tls(authority), **more})
    assert not exchange.ledger
    with pytest.raises(Misconfigured, match="can't be read as certificates"):
        _check(exchange, {**_over_tls(authority), "authorities": "/nowhere.pem"})


def test_what_speaks_no_tls_is_said(authority: Authority) -> None:
    plain = AmiServer()
    try:
        with pytest.raises(Unreachable, match="doesn't speak TLS there"):
            _check(plain, _over_tls(authority))
    finally:
        plain.close()


def _over_tls(authority: Authority) -> dict[str, object]:
    return {"host": "localhost", "security": "tls", "authorities": str(authority.trusted)}


def _check(exchange: AmiServer, more: dict[str, object]) -> None:
    InThread(lambda: asyncio.run(connector(settings(exchange.port, **more)).check())).result()


def _control(exchange: AmiServer, authority: Authority, order: CallOrder) -> None:
    over_tls = settings(exchange.port, **_over_tls(authority))
    InThread(lambda: asyncio.run(connector(over_tls).control(order))).result()
