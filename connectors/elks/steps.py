"""What 46elks tells of a call, as steps: the call itself, what was pressed, that what rang is over, and the end.

When somebody took it only the end's `legs` say, and it has them only sometimes.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from hub.contract import CallStep, Cause, Item, RawEvent

CAUSES: Mapping[str, Cause] = {"busy": "busy", "failed": "failed", "success": "completed"}
"""How a call ended for them -> for us."""


class _Leg(Struct):
    """One number that was called, as `whenhangup` has it."""

    to: str = ""
    state: str = ""
    duration: int = 0


class _Action(Struct):
    """What the call was told to do, and what came of it, as `whenhangup` has it."""

    connect: str = ""
    result: str = ""


def voice(said: Mapping[str, str], event: RawEvent) -> list[Item]:
    """Somebody calls, or one of ours does."""
    return [
        *_rings(said["callid"], event),
        CallStep(
            key=event.key,
            call=said["callid"],
            kind="offered",
            at=time_of(said.get("created")) or event.received_at,
            direction="out" if said.get("direction") == "outgoing" else "in",
            caller=_number(said.get("from")),
            called=_number(said.get("to")),
        ),
    ]


def menu(said: Mapping[str, str], event: RawEvent) -> list[Item]:
    """What was pressed; `failed` when nothing was. Its queue is that of the settings, and has its name."""
    chosen, at, call = said.get("result", ""), event.received_at, said["callid"]
    rings = _rings(call, event)
    if not chosen.isdecimal():
        return rings
    route = event.origin.get("route")  # of the call as a whole the origin is whatever came last
    queue = CallStep(key=f"{event.key}:queue", call=call, kind="queued", at=at, route=route)
    return [CallStep(key=event.key, call=call, kind="menu", at=at, choice=chosen, route=route), queue, *rings]


def rang(said: Mapping[str, str], event: RawEvent) -> list[Item]:
    """Told when what rang is over, and when the talk is that came of it: `answered` says that."""
    call, at = said["callid"], event.received_at
    return [CallStep(key=event.key, call=call, kind="ringing", at=at, timed=False), *_rings(call, event)]


def _rings(call: str, event: RawEvent) -> list[Item]:
    """At which telephones it rings from then on: they hear that of us, in the answer. That somebody takes it there they
    don't say before it is over."""
    numbers = event.origin.get("rings", "").split(",")
    return [
        CallStep(key=f"{event.key}:{number}", call=call, kind="ringing", at=event.received_at, agent=number)
        for number in numbers
        if number
    ]


def ended(said: Mapping[str, str], event: RawEvent) -> list[Item]:
    """A success is that their machine answered, whoever else did: without a person's answer it says nothing."""
    cause = CAUSES.get(said.get("state", ""))
    return [
        CallStep(
            key=event.key,
            call=said.get("callid") or said["id"],
            kind="ended",
            at=_end(said, event),
            direction="out" if said.get("direction") == "outgoing" else "in",
            caller=_number(said.get("from")),
            called=_number(said.get("to")),
            cause=None if cause == "completed" else cause,
        )
    ]


def _end(said: Mapping[str, str], event: RawEvent) -> int:
    """`start` is when their machine answered, and `duration` counts from there."""
    began = time_of(said.get("start")) or time_of(said.get("created"))
    return event.received_at if began is None else began + _whole(said.get("duration")) * 1_000_000


def answered(heard: Sequence[tuple[str, Mapping[str, str], RawEvent]]) -> list[Item]:
    """That a person took the call, by whatever of it says so. Only `legs`, which aren't always told, know when.

    Else it was at some time after it began to ring: the talk counts from there, longer than it was by what it rang.
    """
    for do, said, event in heard:
        legs = _legs(said) if do == "ended" else ()
        talked = next((leg for leg in legs if leg.state == "success" and leg.to), None)
        if talked is not None:
            at, call = _end(said, event) - talked.duration * 1_000_000, said.get("callid") or said["id"]
            return [CallStep(key="answered", call=call, kind="answered", at=at, agent=talked.to)]
    taken = [each for each in heard if _tells_of_talk(*each[:2])]
    if not taken:
        return []
    _, said, last = min(taken, key=lambda each: each[2].received_at)
    before = [each.received_at for do, _, each in heard if do != "ended" and each.received_at < last.received_at]
    return [
        CallStep(
            key="answered",
            call=said.get("callid") or said["id"],
            kind="answered",
            at=max(before, default=last.received_at),
            timed=False,
            agent=next((number for _, each, _ in taken for number in _connected(each)), None),
        )
    ]


def _tells_of_talk(do: str, said: Mapping[str, str]) -> bool:
    return (do == "rang" and said.get("result") == "success") or (do == "ended" and bool(_connected(said)))


def _connected(said: Mapping[str, str]) -> list[str | None]:
    """Of the `actions` of an end, JSON in a field: whom a connect came to, None where several rang."""
    try:
        actions = msgspec.json.decode(said.get("actions") or "[]", type=list[_Action], strict=False)
    except msgspec.DecodeError:
        return []
    came = [each.connect for each in actions if each.connect and each.result == "success"]
    return [None if "," in each else each for each in came]


def form(body: bytes) -> dict[str, str]:
    """Names once: of one that is there twice, the first."""
    said: dict[str, str] = {}
    for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=100):
        said.setdefault(name, value.replace("\0", ""))
    return said


def _legs(said: Mapping[str, str]) -> Sequence[_Leg]:
    """JSON in a field, where they say it."""
    try:
        return msgspec.json.decode(said.get("legs") or "[]", type=list[_Leg], strict=False)
    except msgspec.DecodeError:
        return ()


def _number(said: str | None) -> str | None:
    """Empty when it is withheld, None where nothing is said."""
    return "" if said in {"anonymous", "unknown", "hidden"} else said


def time_of(said: str | None) -> int | None:
    """Theirs are UTC without saying so."""
    try:
        at = datetime.fromisoformat(said or "")
    except ValueError:
        return None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1_000_000)


def _whole(said: str | None) -> int:
    return int(said) if said and said.isdecimal() and len(said) < 8 else 0  # noqa: PLR2004 - a hundred days
