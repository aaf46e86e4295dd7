"""Telling: what one source has told of one call by now, and whose that call is."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from hub.contract import Arrival, CallStep, Router
from hub.errors import Invalid
from hub.inbound.child import Answer
from hub.inbound.receive import Kept
from hub.inbound.route import Directory, Place
from hub.inbound.together import Group
from hub.inbox.call import Told, told


class Telling(Struct, frozen=True, kw_only=True):
    """`exchange_id`: the channel by whose names calls are called: a log's is the one it is the log of.

    `source`: what replaces what the same told before, unless it was made of more events (`seen`). No `steps`: it is no
    call of its own, whatever it seemed before. `place` None: nothing it says tells yet whose call this is; `routed`: it
    was said by whom it is for, and isn't only the channel's home.
    """

    raw_ids: frozenset[int]
    channel_id: int
    exchange_id: int
    name: str
    source: str
    seen: int
    steps: Sequence[CallStep]
    place: Place | None
    routed: bool


def tellings(
    routers: Mapping[str, Router], directory: Directory, kept: Kept, group: Group | None, answer: Answer
) -> list[Telling]:
    """One for each call that a parsed event, or its group, speaks of. Raises Invalid when it can't be placed."""
    by_call: dict[str, list[CallStep]] = {}
    for step in answer.steps:
        by_call.setdefault(step.call, []).append(step)
    if group is not None and not by_call:  # it may have seemed to be one before
        by_call[kept.event.group or ""] = []
    origin = kept.event.origin if group is None else group.origin
    exchange = origin.get("exchange", "")
    found = []
    for name, steps in by_call.items():
        place, routed = _place(routers, directory, kept.channel_id, origin, told(steps)) if steps else (None, False)
        found.append(
            Telling(
                raw_ids=frozenset({kept.id}),
                channel_id=kept.channel_id,
                exchange_id=int(exchange) if directory.is_channel(exchange) else kept.channel_id,
                name=name,
                source=f"{kept.channel_id}/{kept.event.group or kept.event.key}",
                seen=1 if group is None else group.seen,
                steps=steps,
                place=place,
                routed=routed,
            )
        )
    return found


def once_each(found: Iterable[Telling]) -> list[Telling]:
    """Events of one group that came together tell the same: once, of all of them."""
    kept: dict[tuple[str, str], Telling] = {}
    for each in found:
        key = (each.source, each.name)
        other = kept.get(key)
        if other is not None:
            newer = max(each, other, key=lambda telling: telling.seen)
            each = replace(newer, raw_ids=each.raw_ids | other.raw_ids)  # noqa: PLW2901 - the two in one
        kept[key] = each
    return list(kept.values())


def _place(
    routers: Mapping[str, Router], directory: Directory, channel_id: int, origin: Mapping[str, str], call: Told
) -> tuple[Place | None, bool]:
    """By the queue it waits in, else by the number that was dialled, or of ours that dials."""
    ours = call.called if call.direction == "in" else call.caller
    arrival = Arrival(
        channel=str(channel_id),
        origin={**origin, **({"route": call.route} if call.route else {})},
        subject="",
        sender=(call.caller if call.direction == "in" else call.called) or "",
        recipients=[each for each in (call.queue, ours) if each],
    )
    for router in routers.values():
        routing = router(arrival)
        if routing is not None:
            return directory.place(routing), True
    home = directory.home(channel_id)
    if call.ended_at is None and not arrival.recipients and not _only(home, origin):
        return None, False  # whose it is, another step will say
    if home is None:
        raise Invalid(
            "lines",
            "none of the lines of its channel is {called}, and the channel has no municipality of its own: name it in "
            "the setting lines, then read this again",
            called=" / ".join(arrival.recipients) or "-",
        )
    return home, False


def _only(home: Place | None, origin: Mapping[str, str]) -> bool:
    """All that this source tells of is its home's: no line of its channel's (`lines`: codes) leads to another."""
    return home is not None and "lines" in origin and set(origin["lines"].split(",")) <= {home.code, ""}
