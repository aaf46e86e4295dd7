"""Calls as an exchange's manager tells them, written from its event documentation, and streams of many of them."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from hub.proof.stand_ins.ami_dialogue import Dialogue, Line

DIALLED = "0101000000"
_BETWEEN = re.compile(r"(?:\r?\n){2,}")
_APART = 7
"""Seconds from one call's begin to the next: most go on at the same time."""
_CHANNELS = 20
"""That a call has at most."""
_UP = 6


def blocks(stream: str) -> list[str]:
    """Its events, each with the empty line after it; what else a manager says (banner, responses) is left out."""
    bodies = ("\r\n".join(each.splitlines()).strip() for each in _BETWEEN.split(stream))
    return [f"{body}\r\n\r\n" for body in bodies if headers_of(body).get("Event")]


def headers_of(block: str) -> Mapping[str, str]:
    """Names and values of one event, `Event` and `Uniqueid` by these names however they were written."""
    lines = (line.partition(":") for line in block.splitlines())
    found = {name.strip(): value.strip() for name, colon, value in lines if colon}
    return found | {
        each: found[name] for name in found for each in ("Event", "Uniqueid") if name.lower() == each.lower()
    }


def streams() -> Mapping[str, str]:
    """By name: as 13 to 22 tell them, the same without times, and as 1.8 to 11 do."""
    return {
        "built-in, 13 to 22": _stream(modern=True),
        "built-in, 13 to 22, without times": re.sub(r"Timestamp: .*\r\n", "", _stream(modern=True)),
        "built-in, 1.8 to 11": _stream(modern=False),
    }


def _stream(*, modern: bool) -> str:
    kinds: Sequence[Callable[[Dialogue, str, str], None]] = (
        partial(incoming, answered=True),
        partial(incoming, answered=False),
        _busy,
        _queue_answered,
        _queue_second_member,
        _queue_abandoned,
        _outgoing,
        *((_blind_transfer, _attended_transfer) if modern else ()),
    )
    told = list[tuple[float, str]]()
    for number in range(2 * len(kinds)):
        said = Dialogue(1_700_000_000.0 + _APART * number, modern=modern, first=_CHANNELS * number + 1)
        kinds[number % len(kinds)](said, f"070{1_000_000 + number}", DIALLED)
        told += [(float(headers_of(each)["Timestamp"]), each) for each in blocks(said.text)]
    return "".join(each for _, each in sorted(told, key=lambda one: one[0]))


def incoming(said: Dialogue, caller: str, dialled: str, *, answered: bool) -> None:
    """Rings at one telephone, which takes it or doesn't."""
    citizen = _citizen(said, caller, dialled)
    said.wait(1)
    agent = _telephone(said, "201", citizen)
    said.ring(citizen, agent)
    said.wait(4)
    if answered:
        said.apart(said.answer(citizen, agent), citizen, agent)
    said.hang_up(agent, citizen, by=citizen)


def _busy(said: Dialogue, caller: str, dialled: str) -> None:
    citizen = _citizen(said, caller, dialled)
    agent = _telephone(said, "202", citizen)
    said.dial(citizen, agent)
    said.dialled(citizen, agent, "BUSY")
    said.hang_up(agent, citizen, cause=17)


def _queue_answered(said: Dialogue, caller: str, dialled: str) -> None:
    citizen = _citizen(said, caller, dialled, state=_UP)
    said.join(citizen, "vatten")
    said.wait(5)
    _taken(said, citizen, "201")
    said.leave(citizen, "vatten")


def _queue_second_member(said: Dialogue, caller: str, dialled: str) -> None:
    citizen = _citizen(said, caller, dialled, state=_UP)
    said.join(citizen, "vatten")
    first = _telephone(said, "202", citizen)
    said.agent("AgentCalled", citizen, first, "vatten", "PJSIP/202", "Ove Dahl")
    said.ring(citizen, first)
    said.wait(12)
    said.dialled(citizen, first, "NOANSWER")
    said.hang_up(first, cause=0)
    _taken(said, citizen, "203")
    said.leave(citizen, "vatten")


def _taken(said: Dialogue, citizen: Line, number: str) -> None:
    """By a member of the queue; they speak until the citizen hangs up."""
    member = _telephone(said, number, citizen)
    said.agent("AgentCalled", citizen, member, "vatten", f"PJSIP/{number}", "Sara Lind")
    said.ring(citizen, member)
    said.wait(4)
    said.agent("AgentConnect", citizen, member, "vatten", f"PJSIP/{number}", "Sara Lind", HoldTime=9)
    bridge = said.answer(citizen, member)
    said.wait(60)
    said.agent("AgentComplete", citizen, member, "vatten", f"PJSIP/{number}", "Sara Lind", HoldTime=9, TalkTime=60)
    said.apart(bridge, citizen, member)
    said.hang_up(member, citizen, by=citizen)


def _queue_abandoned(said: Dialogue, caller: str, dialled: str) -> None:
    citizen = _citizen(said, caller, dialled, state=_UP)
    said.join(citizen, "vatten")
    said.wait(31)
    said.leave(citizen, "vatten", abandoned_after=31)
    said.hang_up(citizen, by=citizen)


def _outgoing(said: Dialogue, caller: str, _: str) -> None:
    agent = said.make(_name(said, "PJSIP/201"), "201", caller, "from-internal", state=4)
    citizen = said.make(_name(said, "PJSIP/telia"), caller, "s", "from-pstn", by=agent)
    said.ring(agent, citizen)
    said.wait(6)
    bridge = said.answer(agent, citizen)
    said.wait(40)
    said.apart(bridge, agent, citizen)
    said.hang_up(citizen, agent, by=citizen)


def _blind_transfer(said: Dialogue, caller: str, dialled: str) -> None:
    citizen = _citizen(said, caller, dialled)
    first = _telephone(said, "201", citizen)
    said.ring(citizen, first)
    said.wait(3)
    bridge = said.answer(citizen, first)
    said.wait(20)
    values = {**said.of(first, "Transferer"), **said.of(citizen, "Transferee")}
    said.event(
        "BlindTransfer",
        {"Result": "Success", **values, "BridgeUniqueid": bridge, "Context": "from-internal", "Extension": "202"},
    )
    said.apart(bridge, citizen, first)
    said.hang_up(first)
    second = _telephone(said, "202", citizen)
    said.ring(citizen, second)
    said.wait(5)
    bridge = said.answer(citizen, second)
    said.wait(30)
    said.apart(bridge, citizen, second)
    said.hang_up(second, citizen, by=citizen)


def _attended_transfer(said: Dialogue, caller: str, dialled: str) -> None:
    citizen = _citizen(said, caller, dialled)
    clerk = _telephone(said, "201", citizen)
    said.ring(citizen, clerk)
    said.wait(3)
    bridge = said.answer(citizen, clerk)
    said.wait(20)
    asking = said.make(_name(said, "PJSIP/201"), "201", "202", "from-internal", state=4)
    asked = _telephone(said, "202", asking)
    said.ring(asking, asked)
    said.wait(3)
    other = said.answer(asking, asked)
    said.wait(10)
    said.apart(other, asked)
    asked.linked = citizen.linked
    said.enter(asked, bridge, swap=clerk)
    values = {**said.of(clerk, "OrigTransferer"), **said.of(asking, "SecondTransferer")}
    values |= {**said.of(citizen, "Transferee"), **said.of(asked, "TransferTarget")}
    said.event("AttendedTransfer", {"Result": "Success", **values, "DestType": "Bridge"})
    said.hang_up(clerk, asking)
    said.wait(30)
    said.hang_up(asked, citizen, by=asked)


def _citizen(said: Dialogue, caller: str, dialled: str, state: int = 4) -> Line:
    return said.make(_name(said, "PJSIP/telia"), caller, dialled, "from-pstn", state=state)


def _telephone(said: Dialogue, number: str, by: Line) -> Line:
    return said.make(_name(said, f"PJSIP/{number}"), number, "s", "from-internal", by=by)


def _name(said: Dialogue, peer: str) -> str:
    return f"{peer}-{said.channels:08x}"
