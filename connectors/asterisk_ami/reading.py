"""From the events of one call to its steps. Pure; any order, doubled, with gaps: the rest tells what is missing."""

from collections.abc import Sequence

from connectors.asterisk_ami import parties, steps
from connectors.asterisk_ami.callers import caller_of
from connectors.asterisk_ami.events import Event, epoch, mentions
from connectors.asterisk_ami.facts import Channel, Facts, gather, ordered
from connectors.asterisk_ami.talk import Follow
from connectors.asterisk_ami.told import Told
from hub.contract import CallStep, RawEvent


def read(call: str, group: Sequence[RawEvent]) -> list[CallStep]:
    """Steps of the call that the group is named after; none when it is nobody's call of its own."""
    events = ordered(group)
    if not events:
        return []
    settings = group[0].origin
    facts = gather(events)
    root = facts.channels.get(call) or Channel(call)
    if not _is_a_call(facts, root):
        return []
    caller = caller_of(facts, root, settings)
    if caller is None or (caller.internal and settings.get("internal") == "no"):
        return []
    if (caller.internal or caller.direction == "out") and _is_taken_along(facts, root):
        return []
    heard = Follow(facts, caller.channel.uid).run()
    mine = {caller.channel.uid, root.uid}
    stays = mine if heard.handed_over else {*mine, heard.centre}
    first = set(facts.down(root.uid)) if caller.originated else set()
    rung = [
        dial
        for dial in facts.dials
        if not facts.pairs.get(dial.target)
        and dial.target not in stays | first
        and facts.up(dial.target) in {*mine, heard.centre}
    ]
    return steps.write(Told(call, facts, caller, heard, rung), settings)


def _is_a_call(facts: Facts, root: Channel) -> bool:
    """No leg of somebody else's call, no pickup, no consultation before a transfer, nothing of the exchange's own."""
    own = parties.is_real(root.name) or parties.technology(root.name) == "local"
    if (root.name and not own) or root.name.endswith(";2"):
        return False
    dial = facts.dialled.get(root.uid)
    if dial is not None and dial.source is not None and dial.source != root.uid:
        return False
    return not any(
        _picks_up(facts, root, event)
        or _is_somebody_elses(facts, event, root)
        or (event.name in {"attendedtransfer", "transfer"} and _is_consultation(facts, root, event))
        for event in facts.events
    )


def _picks_up(facts: Facts, root: Channel, event: Event) -> bool:
    if event.name != "pickup":
        return False
    named = {uid for uid, channel in facts.channels.items() if channel.name and channel.name == event.get("channel")}
    return root.uid in {event.get("uniqueid"), *named}


def _is_somebody_elses(facts: Facts, event: Event, root: Channel) -> bool:
    """An older call takes the root's place, or has spoken with it though nobody was told to dial it."""
    if event.name == "masquerade":
        others = {channel.name for channel in facts.channels.values()}
        return event.get("original") == root.name and event.get("clone") not in others
    linked = event.get("linkedid")
    if linked:
        return event.get("swapuniqueid") == root.uid and linked != root.uid and epoch(linked) < epoch(root.uid)
    if event.name not in {"bridge", "link"}:
        return False
    pair = {event.get("uniqueid1"), event.get("uniqueid2")}
    return root.uid in pair and any(epoch(uid) < epoch(root.uid) for uid in pair)


def _is_taken_along(facts: Facts, root: Channel) -> bool:
    """Whoever they spoke with is in an older call now, and they aren't: they asked them to come."""
    moved = {
        uid
        for event in facts.events
        for _, uid, linked in mentions(event.values)
        if linked and epoch(linked) < epoch(root.uid)
    }
    return bool(moved & {dial.target for dial in facts.dials}) and root.uid not in moved


def _is_consultation(facts: Facts, root: Channel, event: Event) -> bool:
    """The younger of two calls that somebody joins: if they had made it, it was to ask before they did."""
    uids = {prefix: uid for prefix, uid, _ in mentions(event.values)}
    pair = [uids[prefix] for prefix in ("origtransferer", "secondtransferer", "", "target") if prefix in uids]
    if root.uid not in pair:
        return False
    others = [uid for uid in pair if uid != root.uid]
    if not others:
        return False
    linked = event.get("origtransfererlinkedid"), event.get("secondtransfererlinkedid")
    theirs = next((each for each in linked if each and each != root.uid), facts.up(others[0]))
    if epoch(root.uid) == epoch(theirs):  # an exchange whose ids tell no time
        return root.uid == uids.get("secondtransferer")
    return epoch(theirs) < epoch(root.uid)
