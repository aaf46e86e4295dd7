"""Who took the call, and to whom it was handed on."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from connectors.asterisk_ami import parties, sides
from connectors.asterisk_ami.events import Event
from connectors.asterisk_ami.facts import Channel, Facts
from connectors.asterisk_ami.talk import Talk, Transfer
from connectors.asterisk_ami.told import Told, agent_of, member_of, seconds, whose


class _Answer(Struct):
    talk: Talk
    agent: str
    name: str | None
    wait: int | None


def write(told: Told) -> None:
    """Each that spoke with the caller after another, and each transfer."""
    answers = _answers(told)
    late = _told_late(answers, told.heard.transfers)
    for count, answer in enumerate(answers):
        talk = answer.talk
        event = next((each for each in told.facts.events if each.place == talk.place), told.facts.events[0])
        told.add(
            f"answered {talk.uid} {count}",
            "answered",
            late.get(count, talk.at),
            event.timed,
            agent=answer.agent,
            agent_name=answer.name,
            wait_seconds=answer.wait,
        )
    for transfer in told.heard.transfers:
        told.add(
            f"transferred {transfer.key}",
            "transferred",
            transfer.at,
            True,
            agent=parties.peer(transfer.by) or None,
            target=_target(told, transfer),
        )


def _answers(told: Told) -> list[_Answer]:
    """Of those who are with the caller; who only comes back by another channel isn't another."""
    connects = [event for event in told.facts.events if event.name == "agentconnect"]
    whose_connect: dict[str, str] = {}
    found: list[_Answer] = []
    for count, talk in enumerate(_talks(told)):
        channel = told.facts.channels.get(talk.uid) or Channel(talk.uid)
        # The half of a Local channel that a queue rang goes on to another when it is handed on, who isn't the member.
        free = [each for each in connects if whose_connect.get(each.key, talk.uid) == talk.uid]
        connect = next((each for each in free if _is_of(told.facts, each, talk.uid)), None)
        if connect is not None:
            whose_connect[connect.key] = talk.uid
        of_queue = member_of(connect) if connect is not None else ""
        is_agent = told.caller.ours_come or count > 0
        who = whose(told)
        if is_agent:
            who = of_queue if of_queue.isdigit() else agent_of(told, _as(told.facts, channel, talk.name))
        if found and found[-1].agent == who:
            continue
        name = _name(told, channel, connect) if is_agent else None
        wait = seconds(connect.get("holdtime")) if connect is not None and not connect.timed and not count else None
        found.append(_Answer(talk, who, name, wait))
    return found


def _told_late(answers: Sequence[_Answer], transfers: Sequence[Transfer]) -> dict[int, int]:
    """When those answered that a transfer brought about which is told afterwards: they are with each other a moment
    before the exchange says why. No other answer lies between, and of two transfers the nearer one is theirs."""
    late: dict[int, int] = {}
    theirs = set[int]()
    for count, answer in enumerate(answers[1:], 1):
        talk, since = answer.talk, answers[count - 1].talk.place
        until = answers[count + 1].talk.place if count + 1 < len(answers) else None
        others = [each for each in transfers if each.place not in theirs and each.by != talk.name]
        before = [each for each in others if since < each.place < talk.place]
        after = [each for each in others if each.place >= talk.place and (until is None or each.place < until)]
        told_after = next((each for each in after if each.with_talk), None)
        if told_after is not None and (not before or told_after.at - talk.at < talk.at - before[-1].at):
            theirs.add(told_after.place)
            late[count] = max(talk.at, told_after.at)
        elif before:
            theirs.add(before[-1].place)
    return late


def _talks(told: Told) -> list[Talk]:
    """From bridges; where those were lost from what the queue, the dial or the transfer said."""
    own = {told.caller.channel.uid, told.caller.root.uid}
    talks = [talk for talk in told.heard.talks if talk.uid not in own or told.heard.handed_over]
    talks = [talk for talk in talks if not _is_another_caller(told, talk)]
    known = {talk.uid for talk in talks}
    for talk in (*_said_by_queues(told), *_said_by_dials(told), *_said_by_transfers(told)):
        if talk.uid not in known and (not talks or not talk.uid.startswith("member ")):
            known.add(talk.uid)
            talks.append(talk)
    return sorted(talks, key=lambda talk: (talk.at, talk.place))


def _is_another_caller(told: Told, talk: Talk) -> bool:
    """From outside, as in a conference: they began elsewhere, nobody dialled them or handed the call on to them."""
    channel = told.facts.channels.get(talk.uid)
    if channel is None or channel.made_at is not None or talk.uid in told.facts.dialled:
        return False
    if told.heard.transfers or not told.caller.ours_come:
        return False
    taken = {talk.uid, talk.name} & set(told.heard.picked_up)
    return not taken and sides.is_a_line(channel) and sides.side(channel, {}) != "inside"


def _said_by_queues(told: Told) -> Iterator[Talk]:
    facts = told.facts
    for event in facts.events:
        if event.name in {"agentconnect", "agentcomplete"}:
            uid = event.get("destuniqueid") or event.get("bridgedchannel")
            below = [each for each in facts.down(uid) if each in facts.channels] if uid else []
            name = facts.channels[below[0]].name if below else event.get("interface") or event.get("member")
            yield Talk(event.at, event.place, below[0] if below else f"member {member_of(event)}", name)


def _said_by_dials(told: Told) -> Iterator[Talk]:
    """Who is asked whether to take it has answered and doesn't speak with anybody yet: a bridge has to be known of."""
    facts, centre = told.facts, told.heard.centre
    bridged = any(event.name in {"bridgeenter", "bridge", "link"} for event in facts.events)
    entered = {event.get("uniqueid") for event in facts.events if event.name in {"bridgeenter", "bridgeleave"}}
    came = [event.at for event in facts.events if event.name == "bridgeenter" and event.get("uniqueid") == centre]
    for dial in told.rung:
        channel = facts.channels[dial.target]
        gone = channel.hung_up_at
        together = any(at >= dial.at and (gone is None or gone > at) for at in came)
        alone = not bridged and told.caller.channel.up_at is not None
        somewhere = alone or channel.uid in entered or together
        if dial.status == "ANSWER" and somewhere and facts.is_answered(channel.uid):
            yield Talk(channel.up_at or dial.at, dial.place, channel.uid, channel.name)


def _said_by_transfers(told: Told) -> Iterator[Talk]:
    for transfer in told.heard.transfers:
        channel = _reached(told, transfer)
        if channel is not None and transfer.with_talk:
            yield Talk(transfer.at, transfer.place, channel.uid, channel.name)


def _is_of(facts: Facts, connect: Event, uid: str) -> bool:
    dest = connect.get("destuniqueid") or connect.get("bridgedchannel")
    if not dest:
        return True
    return dest == uid or uid in facts.down(dest)


def _as(facts: Facts, channel: Channel, name: str) -> Channel:
    """Who was in it by that name: a masquerade moves people into channels of other numbers than theirs."""
    if not name or name == channel.name:
        return channel
    own = next((each for each in facts.channels.values() if each.name == name), None)
    return own or Channel(channel.uid, name, list(channel.numbers))


def _name(told: Told, channel: Channel, connect: Event | None) -> str | None:
    said = connect.get("membername") if connect is not None else ""
    if said and "/" not in said:
        return said
    caller = told.caller.root
    name = channel.caller_name
    return name if name and name not in {caller.caller_name, caller.number, channel.number} else None


def _target(told: Told, transfer: Transfer) -> str | None:
    channel = _reached(told, transfer)
    return transfer.target or (agent_of(told, channel) if channel is not None else None)


def _reached(told: Told, transfer: Transfer) -> Channel | None:
    below = told.facts.down(transfer.reached) if transfer.reached else []
    return told.facts.channels.get(below[0]) if below else None
