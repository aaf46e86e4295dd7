"""Who calls whom, and which way: from the channel that a call began with."""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from connectors.asterisk_ami import parties, sides
from connectors.asterisk_ami.events import JOINED, Event
from connectors.asterisk_ami.facts import Channel, Dial, Facts


class Caller(Struct):
    """Who began it: `channel` is theirs, `root` what they reached the exchange by."""

    root: Channel
    channel: Channel
    direction: Literal["in", "out"]
    number: str
    called: str
    originated: bool = False
    internal: bool = False
    citizen_first: bool = False
    """The exchange rang the citizen, and then let them in to one of ours."""

    @property
    def ours_come(self) -> bool:
        """Who comes to speak with `channel` is one of ours; else it is who was called."""
        return self.direction == "in" or self.internal or self.citizen_first


def caller_of(facts: Facts, root: Channel, settings: Mapping[str, str]) -> Caller | None:
    """None: nobody was called."""
    dials = [dial for dial in facts.dials if dial.source == root.uid]
    sourceless = facts.dialled.get(root.uid)
    is_half = parties.technology(root.name) == "local"
    originated = is_half or (sourceless is not None and sourceless.source is None)
    if originated:
        return _originated(facts, root, dials, settings)
    first = dials[0] if dials else None
    reached = facts.channels[facts.down(first.target)[0]] if first and facts.down(first.target) else None
    called = _dialled(root, facts.channels.get(first.target) if first else None, reached)
    number = _number_when(root, min((dial.place for dial in dials), default=None), facts)
    if not root.name and not root.numbers:
        number = reached.connected_number if reached is not None else _said_by_others(facts)
    queued = _is_queued(facts, root)
    which = sides.way(root, called, reached, _rung_by(facts, reached), settings, queued=queued)
    if which == "in":
        if root.name and not root.extension and root.up_at is None and not dials and not queued:
            return None  # until Asterisk 11 a line that is dialled isn't told from one that calls, before it is said
        return Caller(root, root, "in", "" if root.withheld else parties.shown(number), called)
    if which == "out":
        called = sides.without_access_code(called, reached.first_number if reached is not None else "")
        extensions = filter(parties.is_short, (parties.peer(root.name), root.first_number))  # until it is rewritten
        return Caller(root, root, "out", next(extensions, number), called)
    if reached is None and not queued and not _is_plain_call(root, called):
        return None
    return Caller(root, root, "in", number, called, internal=not queued)


def _originated(facts: Facts, root: Channel, dials: Sequence[Dial], settings: Mapping[str, str]) -> Caller | None:
    """The exchange rang the agent first, or the citizen; until they have answered and somebody else is dialled, nobody
    was called."""
    ours = root
    if root.uid in facts.pairs:
        near = [facts.channels[uid] for uid in facts.down(root.uid) if uid in facts.channels]
        near = [each for each in near if each.up_at is not None] or near
        if not near and not parties.is_real(_last_name(facts, root.uid)):
            return None
        ours = near[0] if near else root
    if not dials or (ours.up_at is None and root.up_at is None):
        return None
    reached = [facts.channels[uid] for dial in dials for uid in facts.down(dial.target) if uid in facts.channels]
    target = facts.channels.get(dials[0].target)
    number = ours.number if parties.is_number(ours.number) else root.number
    who = parties.peer(ours.name)
    numbers = [each.number for each in (target, *reached) if each is not None and parties.is_number(each.number)]
    called = next(iter(numbers), "") or (target.extension if target is not None else "")
    first = reached[0] if reached else None
    which = sides.way(ours, called, first, _rung_by(facts, first), settings, queued=False)
    centre = root if parties.is_real(_last_name(facts, root.uid)) else ours
    if first is not None and sides.is_a_line(ours) and sides.side(first, settings) == "inside":
        agent = next((each for each in reached if each.up_at is not None), first)
        extension = parties.peer(agent.name)
        caller = extension if parties.is_short(extension) or not agent.number else agent.number
        return Caller(root, centre, "out", caller, number, originated=True, citizen_first=True)
    caller = who if parties.is_short(who) or not number else number
    return Caller(root, centre, "out", caller, called, originated=True, internal=which != "out")


def _last_name(facts: Facts, uid: str) -> str:
    names = [event.get("newname") for event in facts.events if event.name == "rename" and event.get("uniqueid") == uid]
    return names[-1] if names else facts.channels[uid].name


def _dialled(root: Channel, rung: Channel | None, reached: Channel | None) -> str:
    """What they dialled: the first that may be a number; the number of who was rung where the dialplan hides it.

    Never the caller's own, which halves of Local channels have as well, but where an extension calls itself; nor that
    of a telephone that one of those has reached. A single digit is one only where they began with it: further on it is
    a choice, or the dialplan's own.
    """
    began = [root.extension] if root.made_at is not None else []
    later = [root.did, root.extension, *root.extensions, rung.first_number if rung is not None else ""]
    if reached is not None and reached.first_number != parties.peer(reached.name):
        later.append(reached.first_number)
    own = {number for _, number in root.numbers}
    said = [*began, *(each for each in later if len(each) > 1)]
    said = [each for each in said if each not in own or (each in began and parties.is_short(each))]
    return next(filter(parties.is_number, said), "")


def _number_when(root: Channel, place: int | None, facts: Facts) -> str:
    """Their number as it was when somebody was first rung or a queue joined: afterwards transfers write over it."""
    joined = [event.place for event in facts.events if event.name in JOINED]
    limit = min([each for each in (place, *joined) if each is not None], default=None)
    before = [number for at, number in root.numbers if limit is None or at <= limit]
    return before[-1] if before else root.first_number


def _rung_by(facts: Facts, reached: Channel | None) -> Dial | None:
    return facts.dialled.get(reached.uid) if reached is not None else None


def _is_queued(facts: Facts, root: Channel) -> bool:
    """They themselves wait in a queue, or the Local channel that they dialled does: not whom they spoke with."""
    ours = {root.uid, *(uid for uid in facts.pairs if facts.behind(uid) == root.uid)}
    return any(
        (event.name in JOINED or is_queue_application(event)) and event.get("uniqueid") in ours
        for event in facts.events
    )


def _said_by_others(facts: Facts) -> str:
    return next((channel.connected_number for channel in facts.channels.values() if channel.connected_number), "")


def _is_plain_call(root: Channel, called: str) -> bool:
    """An extension that dialled another and got no further, as one that is busy; not a code such as *3."""
    return bool(called) and called.isdigit() and root.up_at is None


def is_queue_application(event: Event) -> bool:
    """The dialplan lets them into a queue."""
    return event.name == "newexten" and event.get("application").lower() == "queue"
