"""What 46elks is told to do with a call, and what its calls add up to."""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest

from connectors.elks import Elks
from hub.contract import CallStep, Misconfigured, RawEvent, ReceivedText, TextReport
from hub.contract.config import read_config
from hub.contract.testing.stage import TestTools
from hub.inbox.call import Told, told
from tests.connectors.elks.test_contract import SETTINGS, called, recorded
from tests.stand_ins import elks

SAMPLES = Path(__file__).parent / "samples"
EVERYBODY = "+46101000001,+46101000002,+46101000003"


def channel(**changes: Any) -> Elks:
    config = read_config(Elks.Config, {**SETTINGS, **changes})
    assert isinstance(config, Elks.Config)
    return Elks(config, TestTools(places=Elks.places(config)))


def then(do: str, said: Mapping[str, str], tried: str = "", **changes: Any) -> Any:
    """What the call does next."""
    call = called(do, {"callid": "c1", **said})
    answer = channel(**changes).answer(msgspec.structs.replace(call, query={**call.query, "tried": tried}), ["1"])
    return msgspec.json.decode(answer.content) if answer.content else None


def sum_of(name: str) -> Told:
    steps = Elks.parse(recorded(SAMPLES / f"{name}.json"))
    return told([step for step in steps if isinstance(step, CallStep)])


def test_a_call_hears_the_menu_and_rings_what_was_chosen() -> None:
    menu = then("voice", {})
    assert menu["ivr"] == SETTINGS["menu"]
    assert menu["next"].startswith("https://torg.granvik.example/calls/1?key=")
    assert menu["next"].endswith("do=menu")
    assert menu["whenhangup"].endswith("do=ended")
    chosen = then("menu", {"result": "2"})
    assert chosen["connect"] == "+46101000002,+46101000003"
    assert chosen["next"].endswith("do=rang&tried=some")


def test_nothing_chosen_rings_everybody_and_the_first_who_is_free_has_it() -> None:
    for pressed in ("failed", "", "9"):
        assert then("menu", {"result": pressed})["connect"] == EVERYBODY
    assert then("voice", {}, menu="")["connect"] == EVERYBODY


def test_a_group_in_which_nobody_is_free_is_followed_by_everybody_once() -> None:
    again = then("rang", {"result": "failed"}, tried="some")
    assert again["connect"] == EVERYBODY
    assert again["next"].endswith("do=rang&tried=all")
    assert then("rang", {"result": "failed"}, tried="all") is None
    assert then("rang", {"result": "success"}, tried="some") is None
    assert then("voice", {}, menu="", choices={}, queues={})["hangup"] == "busy"


def test_what_is_brought_again_has_the_key_it_had() -> None:
    ours = channel()
    for do, said in (("voice", {"callid": "c1"}), ("sms", {"id": "s1"}), ("report", {"id": "s1", "status": "sent"})):
        assert ours.accept(called(do, said))[0].key == ours.accept(called(do, said))[0].key
    sent, delivered = (
        ours.accept(called("report", {"id": "s1", "status": each}))[0].key for each in ("sent", "delivered")
    )
    assert sent != delivered


def test_a_choice_has_the_queue_that_is_set_for_it() -> None:
    for pressed, route in (("2", "granvik/2"), ("1", "granvik/1"), ("failed", "granvik/1")):
        (event,) = channel().accept(called("menu", {"callid": "c1", "result": pressed}))
        assert event.origin["route"] == route


def test_the_choice_decides_whose_a_call_is_whatever_came_after_it() -> None:
    said = {"callid": "c1", "from": "+46706861004", "to": "+46766861004"}
    deeds: Sequence[tuple[str, Mapping[str, str]]]
    deeds = (("voice", {}), ("menu", {"result": "2"}), ("rang", {"result": "failed"}), ("ended", {"state": "success"}))
    events = [event for do, more in deeds for event in channel().accept(called(do, {**said, **more}))]
    for order in itertools.permutations(events):
        steps = [step for step in Elks.parse(order) if isinstance(step, CallStep)]
        assert told(steps).route == "granvik/2"


def test_an_answered_call() -> None:
    call = sum_of("answered")
    assert (call.caller, call.called, call.direction) == ("+46706861004", "+46766861004", "in")
    assert (call.menu_path, call.queue, call.answered_by) == (["2"], None, "+46101000002")
    assert (call.state, call.cause, call.talk_seconds, call.wait_seconds) == ("ended", "completed", 60, 35)


def test_a_call_rings_at_the_telephones_that_were_chosen() -> None:
    said = {"callid": "c1", "direction": "incoming", "from": "+46706861004", "to": "+46766861004"}
    deeds: Sequence[tuple[str, Mapping[str, str], str]]
    deeds = (("voice", {}, ""), ("menu", {"result": "2"}, ""), ("rang", {"result": "failed"}, "some"))
    some = ["+46101000002", "+46101000003"]
    ours = channel()
    events: list[RawEvent] = []
    seen = []
    for number, (do, more, tried) in enumerate(deeds):
        call = called(do, {**said, **more})
        (event,) = ours.accept(msgspec.structs.replace(call, query={**call.query, "tried": tried}))
        events.append(msgspec.structs.replace(event, received_at=number))
        sums = {added_up(order).state: added_up(order) for order in itertools.permutations(events)}
        assert len(sums) == 1
        seen += [(one.state, one.rings, one.queue) for one in sums.values()]
    assert seen == [
        ("offered", [], None),
        ("ringing", some, None),
        ("ringing", [*some, "+46101000001"], None),
    ]
    alone = channel(menu="").accept(called("voice", said))
    assert added_up(alone).rings == EVERYBODY.split(",")


def test_a_call_that_nobody_took() -> None:
    call = sum_of("lost_in_the_queue")
    assert (call.cause, call.lost_in, call.wait_seconds) == ("abandoned", "queue", 40)
    anonymous = sum_of("nothing_chosen")
    assert (anonymous.caller, anonymous.cause, anonymous.menu_path) == ("", "no-answer", [])
    assert anonymous.is_lost


def without_legs(name: str, **changes: str) -> Sequence[RawEvent]:
    """A recorded call of which the end says nothing of its legs, and what else is changed there."""
    events = []
    for event in recorded(SAMPLES / f"{name}.json"):
        said = dict(parse_qsl(event.body.decode()))
        if event.origin["do"] == "ended":
            said = {each: value for each, value in said.items() if each != "legs"} | changes
        events.append(msgspec.structs.replace(event, body=elks.form(said)))
    return events


def added_up(events: Sequence[RawEvent]) -> Told:
    return told([step for step in Elks.parse(events) if isinstance(step, CallStep)])


def test_a_talk_is_one_where_the_end_does_not_tell_of_its_legs() -> None:
    for order in itertools.permutations(without_legs("answered")):
        call = added_up(order)
        assert (call.state, call.cause, call.is_lost, call.lost_in) == ("ended", "completed", False, None)
        assert (call.wait_seconds, call.talk_seconds) == (12, 83)  # it rang from then; when it was taken nobody says
    offered = [event for event in without_legs("answered") if event.origin["do"] in {"voice", "rang"}]
    assert added_up(offered).state == "answered"  # no menu, and the end hasn't come


def test_the_actions_of_the_end_say_who_took_it() -> None:
    taken = '[{"ivr": "x", "result": "2"}, {"connect": "+46101000002", "result": "success"}]'
    several = '[{"connect": "+46101000002,+46101000003", "result": "success"}]'
    failed = '[{"connect": "+46101000002", "result": "failed"}]'
    for actions, cause, agent in (
        (taken, "completed", "+46101000002"),
        (several, "completed", None),
        (failed, "abandoned", None),
        ("nonsense", "abandoned", None),
    ):
        call = added_up(without_legs("lost_in_the_queue", actions=actions))
        assert (call.cause, call.answered_by) == (cause, agent)
    call = added_up(
        [each for each in without_legs("answered", actions=taken) if each.origin["do"] in {"voice", "ended"}]
    )
    assert (call.cause, call.is_lost) == ("completed", False)


def test_texts_and_what_became_of_them() -> None:
    (text,) = Elks.parse(recorded(SAMPLES / "sms.json"))
    assert isinstance(text, ReceivedText)
    assert (text.sender, text.text) == ("+46706861004", "Hej! När töms slambrunnen på Åsvägen 3? 🙂")
    assert text.sent_at == 1531490243741000  # UTC, which they don't say
    (report,) = Elks.parse(recorded(SAMPLES / "report.json"))
    assert isinstance(report, TextReport)
    assert (report.outside_id, report.action) == ("s0001", "delivered")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("key", {"key": "short"}),
        ("choices", {"choices": {"12": "+46101000001"}, "queues": {}}),
        ("queues", {"queues": {"7": "granvik/2"}}),
        ("choices", {"choices": {}, "queues": {}}),
        ("choices", {"choices": {}, "queues": {}, "menu": ""}),  # callers would hear that it is busy, and nobody knew
        ("texts_only", {"texts_only": True}),
    ],
)
def test_settings_that_cannot_be_right_name_their_field(field: str, changes: Mapping[str, Any]) -> None:
    with pytest.raises(Misconfigured) as error:
        asyncio.run(channel(**changes).check())
    assert error.value.field == field
