"""Held open: logged in, kept in order, made anew after a break, and nobody rings for ever."""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence

import pytest

from connectors.asterisk_ami import AsteriskAmi, listening
from hub.contract import AuthFailed, Misconfigured, NotKept, Unreachable
from hub.contract.testing.stage import InThread
from hub.proof.stand_ins.ami_dialogue import Dialogue, Line
from hub.proof.stand_ins.ami_server import AmiServer
from tests.connectors.asterisk_ami.conftest import Listener, connector, settings, soon
from tests.connectors.asterisk_ami.conftest import listening as held
from tests.connectors.asterisk_ami.test_samples import FOLDER, calls
from tests.connectors.tools import TestTools


@pytest.fixture(autouse=True)
def _soon_sure(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(listening, "_SURE", 0.2)
    yield
    AsteriskAmi._known.clear()


def sample(name: str) -> bytes:
    """What the exchange says in it, from its first event on."""
    data = (FOLDER / f"{name}.txt").read_bytes()
    return data[data.index(b"Event: Newchannel") :]


@pytest.mark.parametrize(("login", "says"), [("md5", "authtype"), ("plain", "username")])
def test_it_logs_in(exchange: AmiServer, login: str, says: str) -> None:
    with held(exchange, login=login):
        last = exchange.asked("login")[-1]
        assert says in last
        assert last["username"] == "torg"


@pytest.mark.parametrize("login", ["md5", "plain"])
def test_a_refused_log_in_says_what_the_exchange_says(exchange: AmiServer, login: str) -> None:
    exchange.manners.refuses = True
    listener = Listener(settings(exchange.port, login=login))
    with pytest.raises(AuthFailed, match="Authentication failed"):
        listener.thread.result()


def test_what_is_no_manager_is_said(exchange: AmiServer) -> None:
    import hub.proof.stand_ins.ami_server as stand_in  # noqa: PLC0415 - its banner is changed

    banner, stand_in.BANNER = stand_in.BANNER, b"220 mail.example ESMTP\r\n"
    try:
        with pytest.raises(Misconfigured, match="no Asterisk manager"):
            Listener(settings(exchange.port)).thread.result()
    finally:
        stand_in.BANNER = banner


def test_where_nothing_is_encrypted_nothing_is_said(exchange: AmiServer) -> None:
    with pytest.raises(Unreachable, match="No encrypted connection"):
        asyncio.run(connector(settings(exchange.port, security="tls")).check())
    assert not exchange.ledger


def test_ids_that_are_no_channels_make_no_calls(exchange: AmiServer) -> None:
    with held(exchange) as listener:
        long = "9" * 3000
        exchange.say(f"Event: Newchannel\r\nChannel: SIP/1-1\r\nUniqueid: {long}\r\nLinkedid: {long}\r\n\r\n")
        exchange.say(b"Event: Newchannel\r\nChannel: SIP/x\0y-1\r\nUniqueid: \xff\xfe1.2\r\n\r\n" + sample("busy"))
        assert soon(lambda: [call["hangup_cause"] for call in calls(listener.kept)] == ["busy"])
    assert all(len(event.key) < 200 for event in listener.kept)


def test_a_dialogue_comes_as_the_recording_of_it_does(exchange: AmiServer) -> None:
    said = sample("queue_answered")
    with held(exchange) as listener:
        exchange.say(said)
        assert soon(lambda: calls(listener.kept) != [] and calls(listener.kept)[0]["state"] == "ended")
    (call,) = calls(listener.kept)
    assert (call["from"], call["queue"], call["answered_by"]) == ("0701234567", "bygg", "202")
    assert {event.group for event in listener.kept} == {"1700000000.1"}
    assert len(listener.kept) < said.count(b"Event: "), "what tells nothing is not kept"


def test_the_same_events_from_two_connections_are_the_same(exchange: AmiServer) -> None:
    said = sample("attended_transfer")
    with held(exchange) as one, held(exchange) as two:
        assert exchange.wait_for(lambda server: server.clients == 2)
        exchange.say(said)
        assert soon(lambda: len(one.kept) == len(two.kept) > 30)
    assert {event.key for event in one.kept} == {event.key for event in two.kept}


def test_who_hung_up_while_the_connection_was_away_has_hung_up(exchange: AmiServer) -> None:
    said = sample("rang_only")
    with held(exchange) as listener:
        exchange.say(said[: said.index(b"Event: HangupRequest")])
        assert soon(lambda: [call["state"] for call in calls(listener.kept)] == ["ringing"])
        exchange.drop()
        assert soon(lambda: [call["state"] for call in calls(listener.kept)] == ["ended"])
    (call,) = calls(listener.kept)
    assert (call["hangup_cause"], call["answered_by"]) == ("no-answer", None)


def test_who_is_still_there_goes_on(exchange: AmiServer) -> None:
    said = sample("answered")
    middle = said.index(b"Event: HangupRequest")
    names = {"1700000000.1": "PJSIP/telia-00000001", "1700000001.2": "PJSIP/201-00000002"}
    with held(exchange) as listener:
        exchange.say(said[:middle])
        assert soon(lambda: [call["state"] for call in calls(listener.kept)] == ["answered"])
        exchange.channels = [
            {"Channel": name, "Uniqueid": uid, "Linkedid": "1700000000.1"} for uid, name in names.items()
        ]
        exchange.drop()
        assert exchange.wait_for(lambda server: len(server.asked("coreshowchannels")) > 1)
        assert not soon(lambda: calls(listener.kept)[0]["state"] == "ended", 0.6)
        exchange.say(said[middle:])
        assert soon(lambda: calls(listener.kept)[0]["state"] == "ended")


def test_after_trouble_that_was_told_the_calls_of_before_are_known_yet(exchange: AmiServer) -> None:
    said = sample("rang_only")
    with held(exchange) as before:
        exchange.say(said[: said.index(b"Event: HangupRequest")])
        assert soon(lambda: len(before.kept) > 3)
    with held(exchange) as after:
        assert soon(lambda: len(after.kept) > 0)
    assert [call["state"] for call in calls([*before.kept, *after.kept])] == ["ended"]


def test_what_ended_while_no_process_of_ours_was_there_has_ended(
    exchange: AmiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub says which calls it has; those that the exchange doesn't list are over, whoever's lines are kept."""
    said = sample("rang_only")
    with held(exchange) as before:
        exchange.say(said[: said.index(b"Event: HangupRequest")])
        assert soon(lambda: [call["state"] for call in calls(before.kept)] == ["ringing"])
    AsteriskAmi._known.clear()  # another process knows nothing of it

    async def open_calls(_: TestTools) -> Sequence[str]:
        return ("1700000000.1", "1700000009.9")

    monkeypatch.setattr(TestTools, "open_calls", open_calls)
    goes_on = {"Uniqueid": "1700000009.10", "Linkedid": "1700000009.9", "Context": "from-pstn", "ChannelState": "6"}
    exchange.channels = [{"Channel": "PJSIP/telia-9", "CallerIDNum": "0701234569", **goes_on}]
    with held(exchange, only_these=True, lines={"bygg": "holmo/1"}) as after:
        assert soon(lambda: [call["state"] for call in calls([*before.kept, *after.kept])][:1] == ["ended"])
    assert {event.group for event in after.kept if b"Hangup" in event.body} == {"1700000000.1"}


def test_a_call_that_was_there_before_us_is_known_by_its_channel(exchange: AmiServer) -> None:
    here = {"Uniqueid": "1700000000.1", "Linkedid": "1700000000.1", "Context": "from-pstn", "Exten": "0101000000"}
    exchange.channels = [{"Channel": "PJSIP/telia-1", "CallerIDNum": "0701234567", "ChannelState": "6", **here}]
    with held(exchange) as listener:
        assert soon(lambda: len(calls(listener.kept)) == 1)
    assert calls(listener.kept)[0]["from"] == "0701234567"


def test_cut_at_random_every_call_ends_and_none_is_doubled(exchange: AmiServer) -> None:
    chance = random.Random(11)  # noqa: S311 - the same on every run
    names = ["answered", "queue_abandoned", "queue_answered", "rang_only", "busy", "blind_transfer"]
    exchange.manners.cuts = lambda said: chance.randrange(len(said)) if chance.random() < 0.02 else None
    with held(exchange) as listener:
        for count, name in enumerate(names, 1):
            for block in sample(name).replace(b"17000000", b"17000%03d" % count).split(b"\r\n\r\n"):
                if block:
                    exchange.wait_for(lambda server: server.clients > 0)
                    exchange.say(block + b"\r\n\r\n")
                    time.sleep(0.002)
        exchange.manners.cuts = lambda _: None
        exchange.drop()
        assert soon(lambda: bool(listener.kept) and all(call["state"] == "ended" for call in calls(listener.kept)))
    ids = [call["call_id"] for call in calls(listener.kept)]
    assert len(set(ids)) == len(ids) > len(names) - 2, "what an exchange says before a break may be lost, not more"
    assert len(exchange.asked("login")) > 3, "it was cut"


def test_what_could_not_be_kept_is_tried_until_it_is(exchange: AmiServer) -> None:
    with held(exchange) as listener:
        listener.keeping.error = NotKept("a full disk")
        exchange.say(sample("answered"))
        assert not soon(lambda: bool(listener.kept), 0.3)
        listener.keeping.error = None
        assert soon(lambda: bool(calls(listener.kept)) and calls(listener.kept)[0]["state"] == "ended")


def test_silence_is_asked_about_and_ended(exchange: AmiServer) -> None:
    with held(exchange, ping_seconds=0.2):
        assert exchange.wait_for(lambda server: len(server.asked("ping")) > 1)
        exchange.manners.silent = True
        before = len(exchange.asked("login"))
        assert exchange.wait_for(lambda server: len(server.asked("login")) > before)
        exchange.manners.silent = False


def test_a_call_goes_where_its_queue_or_its_number_says(exchange: AmiServer) -> None:
    lines = {"0101000000": "granvik/1", "bygg": "granvik/2"}
    with held(exchange, lines=lines) as listener:
        exchange.say(sample("queue_answered"))
        assert soon(lambda: bool(calls(listener.kept)) and calls(listener.kept)[0]["state"] == "ended")
    assert {event.origin["route"] for event in listener.kept} == {"granvik/1", "granvik/2"}
    assert listener.kept[-1].origin["route"] == "granvik/2"


def test_of_calls_that_are_not_ours_nothing_is_kept(exchange: AmiServer) -> None:
    with held(exchange, lines={"bygg": "granvik/2"}, only_these=True) as listener:
        exchange.say(sample("answered").replace(b"17000000", b"17000555"))
        exchange.say(sample("queue_answered"))
        assert soon(lambda: bool(calls(listener.kept)) and calls(listener.kept)[0]["state"] == "ended")
    (call,) = calls(listener.kept)
    assert (call["queue"], call["from"], call["to"]) == ("bygg", "0701234567", "0101000000")


def test_calls_between_extensions_are_left_out_unless_they_are_wanted(exchange: AmiServer) -> None:
    for wanted, count in ((False, 0), (True, 1)):
        with held(exchange, internal_calls=wanted) as listener:
            exchange.say(sample("internal"))
            assert soon(lambda listener=listener: len(listener.kept) > 8)  # type: ignore[misc]  # mypy can't infer a lambda with a default
        assert len(calls(listener.kept)) == count


def test_what_is_asked_before_it_is_saved(exchange: AmiServer) -> None:
    InThread(lambda: asyncio.run(connector(settings(exchange.port)).check())).result()
    exchange.manners.may_list = False
    with pytest.raises(Misconfigured, match=r"manager\.conf"):
        asyncio.run(connector(settings(exchange.port)).check())
    with pytest.raises(Misconfigured, match="open line"):
        asyncio.run(connector(settings(exchange.port, host="pbx.example", login="plain")).check())


def test_many_calls_at_once_are_kept_apart(exchange: AmiServer) -> None:
    dialogue, lines = Dialogue(), list[Line]()
    for count in range(300):
        number = f"07{count:08d}"
        lines.append(dialogue.make(f"PJSIP/telia-{count:08x}", number, "0101000000", "from-pstn", state=4))
        dialogue.noise(lines[-1])
    for line in lines:
        dialogue.hang_up(line, cause=17)
    with held(exchange) as listener:
        exchange.say(dialogue.text)
        assert soon(lambda: len(listener.kept) == 600)
    found = calls(listener.kept)
    assert len(found) == 300
    assert {call["hangup_cause"] for call in found} == {"busy"}
