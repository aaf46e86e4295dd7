"""What else is told makes up for an event that was lost; written from Asterisk's documentation of its events."""

import random
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.asterisk_ami import AsteriskAmi
from hub.proof.stand_ins.ami_dialogue import Dialogue, Line
from tests.connectors.asterisk_ami.test_samples import calls

SAMPLES = Path(__file__).parent / "samples"
CITIZEN, DIALLED, MOBILE = "0701234567", "0101000000", "0709876543"


def incoming(dialogue: Dialogue, state: int = 4) -> Line:
    return dialogue.make("PJSIP/telia-00000001", CITIZEN, DIALLED, "from-pstn", state=state)


def telephone(dialogue: Dialogue, number: str, by: Line, serial: int) -> Line:
    return dialogue.make(f"PJSIP/{number}-{serial:08x}", number, "s", "from-internal", by=by)


def application(dialogue: Dialogue, line: Line, name: str, data: str = "") -> None:
    said = {"Extension": line.exten, "Application": name, "AppData": data}
    dialogue.event("Newexten", {**dialogue.of(line), **said})


def of(text: str) -> list[dict[str, Any]]:
    return calls(AsteriskAmi.split(text.encode()))


def without(dialogue: Dialogue, event: str, which: int = 0) -> list[dict[str, Any]]:
    """Its calls, when that one of the events of this name was lost; -1: the last."""
    blocks = dialogue.text.split("\r\n\r\n")
    named = [place for place, block in enumerate(blocks) if block.startswith(f"Event: {event}\r")]
    del blocks[named[which]]
    return of("\r\n\r\n".join(blocks))


def busy_then_rung() -> Dialogue:
    dialogue = Dialogue()
    caller = incoming(dialogue)
    first = telephone(dialogue, "201", caller, 2)
    dialogue.dial(caller, first)
    dialogue.dialled(caller, first, "BUSY")
    dialogue.hang_up(first, cause=17)
    second = telephone(dialogue, "202", caller, 3)
    dialogue.ring(caller, second)
    dialogue.wait(12)
    dialogue.event("HangupRequest", dialogue.of(caller))
    dialogue.dialled(caller, second, "CANCEL")
    dialogue.hang_up(second, cause=0)
    dialogue.hang_up(caller, cause=127)
    return dialogue


@pytest.mark.parametrize("lost", [0, 1])
def test_who_gives_up_while_the_second_is_rung_met_no_busy_telephone(lost: int) -> None:
    [call] = without(busy_then_rung(), "DialEnd", lost)
    assert (call["state"], call["hangup_cause"]) == ("ended", "no-answer")


def test_who_hangs_up_on_the_busy_tone_didnt_give_up() -> None:
    dialogue = Dialogue()
    caller = incoming(dialogue)
    called = telephone(dialogue, "201", caller, 2)
    dialogue.dial(caller, called)
    dialogue.dialled(caller, called, "BUSY")
    dialogue.hang_up(called, cause=17)
    application(dialogue, caller, "Busy", "20")
    dialogue.wait(3)
    dialogue.hang_up(caller, cause=17, by=caller)
    [call] = without(dialogue, "DialEnd")
    assert call["hangup_cause"] == "busy"


def test_a_queue_is_named_by_whoever_was_called_for_it() -> None:
    dialogue = Dialogue()
    caller = incoming(dialogue, state=6)
    dialogue.join(caller, "vaxel")
    dialogue.wait(30)
    dialogue.leave(caller, "vaxel")
    dialogue.join(caller, "vatten")
    member = telephone(dialogue, "201", caller, 2)
    dialogue.agent("AgentCalled", caller, member, "vatten", "PJSIP/201", "Sara Lind")
    dialogue.ring(caller, member)
    dialogue.wait(4)
    dialogue.agent("AgentConnect", caller, member, "vatten", "PJSIP/201", "Sara Lind", HoldTime=34)
    dialogue.answer(caller, member)
    dialogue.wait(60)
    dialogue.hang_up(caller, member, by=caller)
    [whole], [found] = of(dialogue.text), without(dialogue, "QueueCallerJoin", 1)
    assert (whole["queue"], found["queue"]) == ("vatten", "vatten")
    assert found["answered_by"] == "201"


@pytest.mark.parametrize(("application_named", "cause"), [("Hangup", "no-answer"), ("Congestion", "no-answer")])
def test_the_dialplan_says_that_it_lets_go_of_a_caller(application_named: str, cause: str) -> None:
    dialogue = Dialogue()
    caller = incoming(dialogue)
    called = telephone(dialogue, "201", caller, 2)
    dialogue.ring(caller, called)
    dialogue.wait(20)
    dialogue.dialled(caller, called, "NOANSWER")
    dialogue.hang_up(called, cause=0)
    application(dialogue, caller, application_named)
    at = dialogue.at
    dialogue.hang_up(caller, cause=16)
    [call] = without(dialogue, "Hangup", -1)
    assert (call["state"], call["hangup_cause"]) == ("ended", cause)
    assert call["ended_at"].startswith("2023-11-14T22:13:40")
    assert int(at) == 1_700_000_020


def test_whom_one_asked_outside_and_brought_in_is_no_call_of_its_own() -> None:
    dialogue = Dialogue()
    caller = incoming(dialogue)
    clerk = telephone(dialogue, "201", caller, 2)
    dialogue.ring(caller, clerk)
    bridge = dialogue.answer(caller, clerk)
    dialogue.wait(20)
    second = dialogue.make("PJSIP/201-00000003", "201", MOBILE, "from-internal", state=4)
    mobile = dialogue.make("PJSIP/telia-00000004", MOBILE, "s", "from-pstn", by=second)
    dialogue.ring(second, mobile)
    dialogue.wait(3)
    other = dialogue.answer(second, mobile)
    dialogue.wait(10)
    dialogue.apart(other, mobile)
    mobile.linked = caller.linked
    dialogue.enter(mobile, bridge, swap=clerk)
    values = {**dialogue.of(clerk, "OrigTransferer"), **dialogue.of(second, "SecondTransferer")}
    values |= {**dialogue.of(caller, "Transferee"), **dialogue.of(mobile, "TransferTarget")}
    dialogue.event("AttendedTransfer", {"Result": "Success", **values, "DestType": "Bridge"})
    dialogue.hang_up(clerk, second)
    dialogue.wait(30)
    dialogue.hang_up(mobile, caller, by=mobile)
    [whole] = of(dialogue.text)
    assert [(each["by"], each["to"], each["answered_by"]) for each in whole["transfers"]] == [("201", MOBILE, MOBILE)]
    [call] = without(dialogue, "AttendedTransfer")
    assert (call["from"], call["answered_by"], call["hangup_cause"]) == (CITIZEN, "201", "completed")


ENDS = ("busy", "congestion", "unavailable", "rejected", "no_answer", "out_busy", "out_no_such_number", "out_rejected")


@pytest.mark.parametrize("name", [*ENDS, "busy_1_8", "congestion_1_8", "unavailable_1_8", "no_answer_1_8"])
def test_a_recording_whose_callers_end_was_lost_tells_it_by_the_rest(name: str) -> None:
    blocks = (SAMPLES / f"{name}.txt").read_text("utf-8").replace("\r\n", "\n").split("\n\n")
    ends = [place for place, each in enumerate(blocks) if each.startswith("Event: Hangup\n")]
    [whole] = of("\n\n".join(blocks))
    del blocks[ends[-1]]
    events = AsteriskAmi.split("\n\n".join(blocks).encode())
    [found] = calls(events)
    assert (found["state"], found["hangup_cause"]) == ("ended", whole["hangup_cause"])
    live = [replace(each, origin={**each.origin, "recorded": ""}) for each in events]
    assert [each["state"] for each in calls(live)] == ["ringing"], "the caller's end may be the next thing to come"


def test_a_recording_that_is_cut_while_somebody_is_rung_yet_says_so() -> None:
    dialogue = Dialogue()
    caller = incoming(dialogue)
    for serial, number in enumerate(("201", "202"), 2):
        called = telephone(dialogue, number, caller, serial)
        dialogue.dial(caller, called)
        if number == "201":
            dialogue.dialled(caller, called, "BUSY")
            dialogue.hang_up(called, cause=17)
    assert [each["state"] for each in of(dialogue.text)] == ["ringing"]


def test_two_citizens_in_a_conference_have_a_call_each_in_whatever_order_it_is_told() -> None:
    blocks = (SAMPLES / "conference_of_two_callers.txt").read_text("utf-8").replace("\r\n", "\n").split("\n\n")
    whole = of("\n\n".join(blocks))
    assert [each["answered_by"] for each in whole] == ["201", "201"]
    for seed in range(40):
        random.Random(seed).shuffle(blocks)  # noqa: S311 - a run can be repeated by its seed
        assert of("\n\n".join(blocks)) == whole, seed
