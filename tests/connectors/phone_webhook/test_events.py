"""What exchanges tell, and what they hear."""

import json
import time
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from connectors.phone_webhook import PhoneWebhook, signed
from hub.contract import AuthFailed, RawEvent, Unreadable, WebCall
from hub.contract.config import read_config
from hub.inbox.call import Told
from hub.inbox.call import told as sum_of
from tests.connectors.phone_webhook.test_contract import NEW, SECRET, SETTINGS, WHOLE, recorded, told, whole
from tests.connectors.tools import TestTools

SAMPLES = Path(__file__).parent / "samples"


def connector(**settings: object) -> PhoneWebhook:
    """With these settings, besides the usual ones."""
    tools: Any = TestTools()
    tools.called_at = "/calls/7"
    return PhoneWebhook(read_config(PhoneWebhook.Config, {**SETTINGS, **settings}), tools)


def event_of(call: WebCall) -> RawEvent:
    (event,) = connector().accept(call)
    assert isinstance(event, RawEvent)
    return event


def read(name: str) -> Told:
    events = list(recorded(SAMPLES / name))
    events = [*events[1::2], *events[::2]]
    return sum_of(PhoneWebhook.parse([*events, *events]))


def test_an_answered_call() -> None:
    call = read("answered.json")
    assert (call.state, call.cause, call.answered_by, call.queue) == ("ended", "completed", "5101", "Vatten")
    assert (call.caller, call.wait_seconds, call.answered_name) == ("46701740605", 20, "Sara Lind")


def test_a_lost_one_of_a_withheld_number_whose_end_came_first() -> None:
    call = read("withheld_lost.json")
    assert (call.state, call.cause, call.caller, call.is_lost) == ("ended", "no-answer", "", True)


def test_a_whole_event_brings_menu_queue_and_transfer() -> None:
    call = read("whole.json")
    assert (list(call.menu_path), call.queue, call.answered_by) == (["2", "1"], "Vatten", "5101")
    assert (call.wait_seconds, call.talk_seconds, call.cause) == (120, 480, "completed")
    assert [(each.by, each.to) for each in call.transfers] == [("5101", "5102")]


def test_what_was_chosen_is_known_though_the_menus_own_events_were_lost() -> None:
    events = [event for event in recorded(SAMPLES / "whole.json") if json.loads(event.body)["kind"] != "menu"]
    assert list(sum_of(PhoneWebhook.parse(events)).menu_path) == ["2", "1"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({**NEW, "direction": "up"}, "Invalid direction!"),
        ({**NEW, "event": "dtmf"}, "event is"),
        ({name: said for name, said in NEW.items() if name != "callId"}, "callId"),
    ],
)
def test_what_is_no_event_is_said(fields: dict[str, str], why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        connector().accept(told(fields))


def test_numbers_and_queues_lead_to_their_municipality() -> None:
    assert event_of(told({**NEW, "to": "019-123 45 00"})).origin["route"] == "granvik/1"
    assert event_of(told({**NEW, "queue": "vatten"})).origin["route"] == "granvik/2"
    assert event_of(whole({**WHOLE, "to": "+46191234500", "queue": "Vatten"})).origin["route"] == "granvik/2"
    assert "route" not in event_of(told({**NEW, "to": "112"})).origin


def test_the_same_event_again_has_the_same_key_by_whatever_way() -> None:
    assert event_of(told(NEW)).key == event_of(told(NEW, "application/json")).key
    assert event_of(whole(WHOLE)).key == event_of(whole(WHOLE)).key
    assert event_of(told(NEW)).key != event_of(told({**NEW, "queue": "Vatten"})).key


def test_a_blocked_caller_is_refused_and_kept_all_the_same() -> None:
    shut = connector(blocked=["070-174 06 05"])
    assert shut.accept(told(NEW))
    assert json.loads(shut.answer(told(NEW), ["1"]).content) == {"action": "reject", "reason": "busy"}
    assert shut.answer(told({**NEW, "event": "hangup"}), ["1"]).content == b"{}"
    assert connector().answer(told(NEW), ["1"]).content == b"{}"


def test_what_the_exchange_was_told_of_a_caller_stays_so_at_a_replay() -> None:
    shut, opened = connector(blocked=["070-174 06 05"]), connector()
    for then, now, cause in ((shut, opened, "blocked"), (opened, shut, None)):
        (event,) = then.accept(told(NEW))
        assert isinstance(event, RawEvent)
        again = PhoneWebhook.anew(now.config, replace(event, received_at=1))
        assert sum_of(PhoneWebhook.parse([again])).cause == cause


def test_whose_municipalities_its_lines_are_is_said_beside_an_event() -> None:
    assert event_of(whole(WHOLE)).origin == {"lines": "granvik"}
    (event,) = connector(lines={}).accept(whole(WHOLE))
    assert isinstance(event, RawEvent)
    assert event.origin == {"lines": ""}


def added_up(webhook: PhoneWebhook, *told_of: WebCall) -> Told:
    events = [event for call in told_of for event in webhook.accept(call)]
    dated = [replace(event, received_at=n) for n, event in enumerate(events) if isinstance(event, RawEvent)]
    sums = {msgspec.json.encode(sum_of(PhoneWebhook.parse(order))) for order in permutations(dated)}
    assert len(sums) == 1
    return sum_of(PhoneWebhook.parse(dated))


def test_a_blocked_caller_waits_for_nobody_and_is_owed_nothing() -> None:
    shut = connector(blocked=["070-174 06 05"])
    hangup = told({**NEW, "event": "hangup", "cause": "busy"})
    for told_of in ((told(NEW),), (told(NEW), hangup)):
        call = added_up(shut, *told_of)
        assert (call.state, call.cause, call.is_lost) == ("ended", "blocked", False)
    assert added_up(connector(), told(NEW), hangup).is_lost
    answered = added_up(shut, told(NEW), told({**NEW, "event": "answer"}))
    assert (answered.state, answered.cause) == ("answered", None)  # the exchange let them through


def test_all_of_a_group_ring() -> None:
    users = ["Sara", "Kim", "Vera"]
    as_json, form = told({**NEW, "user": users}, "application/json"), told({**NEW, "user[]": users})
    for each in (as_json, form):
        assert list(added_up(connector(), each).rings) == users
    assert event_of(as_json).key == event_of(form).key
    assert list(added_up(connector(), told({**NEW, "user": "Sara"})).rings) == ["Sara"]


def test_what_the_voicemail_answers_is_missed() -> None:
    machine = told({**NEW, "event": "answer", "user": "Voicemail", "answeringNumber": "5199"})
    hangup = told({**NEW, "event": "hangup", "cause": "normalClearing"})
    for told_of in ((told(NEW), machine), (told(NEW), machine, hangup)):
        call = added_up(connector(), *told_of)
        assert (call.state, call.cause, call.is_lost, call.answered_by) == ("ended", "no-answer", True, None)


def test_sipgate_hears_where_to_tell_the_rest() -> None:
    answer = connector(public_url="https://torg.granvik.example").answer(told({**NEW, "user[]": "Sara"}), ["1"])
    assert answer.headers["content-type"] == "application/xml"
    assert b'onHangup="https://torg.granvik.example/calls/7?token=' in answer.content


def test_placetel_says_the_same_in_other_words() -> None:
    common = {"call_id": "x", "from": "46701740605", "to": "46191234500"}
    events = [
        event_of(told({"event": "IncomingCall", **common})),
        event_of(told({"event": "CallAccepted", "peer": "5101", **common})),
        event_of(told({"event": "HungUp", "type": "accepted", **common})),
    ]
    call = sum_of(PhoneWebhook.parse(events))
    assert (call.direction, call.cause, call.answered_by) == ("in", "completed", "5101")


@pytest.mark.parametrize("off", [-360, 360])
def test_a_clock_that_is_off_is_told_by_how_much_to_who_knows_the_secret(off: int) -> None:
    at = time.time()
    late = whole(WHOLE, at=at + off)
    with pytest.raises(AuthFailed, match=r"(359|360) seconds off; it may be 300\."):
        signed.verify(signed.key_of(SECRET), late, datetime.fromtimestamp(at, UTC))
    forged = WebCall({}, {**late.headers, "webhook-signature": "v1,eA=="}, late.content)
    with pytest.raises(AuthFailed, match="webhook-signature isn't") as said:
        signed.verify(signed.key_of(SECRET), forged, datetime.fromtimestamp(at, UTC))
    assert "seconds" not in str(said.value)
