"""The steps of a call, from its facts."""

from collections.abc import Mapping, Sequence

from connectors.asterisk_ami import answers
from connectors.asterisk_ami.callers import is_queue_application
from connectors.asterisk_ami.causes import of_lost
from connectors.asterisk_ami.events import JOINED, MENU_NAMES, Event, menu_step, variable
from connectors.asterisk_ami.told import Told, agent_of, member_of, seconds
from hub.contract import CallStep

_MOST_RUNG = 60
"""Ringing steps of one call; a queue that rings thirty agents for an hour says no more by its thousandth."""
_QUEUE_CONTEXT = "queue"
RECORDED = "recorded"
"""In `origin`: the event is of a recording, after whose end nothing more is told."""
_GOES_ON = frozenset({"newexten", "newstate", "bridgeenter", "bridge", "link", "parkedcall", *JOINED})
"""What the dialplan does with a caller who is still there."""


def write(told: Told, settings: Mapping[str, str]) -> list[CallStep]:
    """All of them."""
    _offered(told)
    _waited(told, settings)
    _rang(told)
    answers.write(told)
    _ended(told, is_recorded=bool(settings.get(RECORDED)))
    return told.steps


def _offered(told: Told) -> None:
    caller, events = told.caller, told.facts.events
    made = [event for event in events if event.get("uniqueid") == caller.root.uid]
    first = made[0] if made else events[0]
    told.add(
        "offered",
        "offered",
        first.at,
        first.timed,
        direction=caller.direction,
        caller=caller.number,
        called=caller.called or None,
        route=next((event.route for event in events if event.route), None),
    )


def _waited(told: Told, settings: Mapping[str, str]) -> None:
    """Menus and queues."""
    names = {each.lower() for each in settings.get("menu", "").split(",") if each} or set(MENU_NAMES)
    mine = {told.caller.root.uid, told.caller.channel.uid}
    for event in told.facts.events:
        uid = event.get("uniqueid")
        if uid and told.facts.behind(uid) not in mine:
            continue
        choice = _choice(event, names)
        if choice:
            told.add(f"menu {event.key}", "menu", event.at, event.timed, choice=choice)
        elif event.name in JOINED:
            told.add(
                f"queued {event.key}", "queued", event.at, event.timed, queue=event.get("queue"), route=event.route
            )
        elif event.name == "queuecallerabandon":
            wait = seconds(event.get("holdtime")) if not event.timed else None
            told.add("abandoned", "abandoned", event.at, event.timed, queue=event.get("queue"), wait_seconds=wait)
    joined = {step.queue for step in told.steps if step.kind == "queued"}
    for event in told.facts.events:
        queue = event.get("queue")
        if queue and queue not in joined and told.facts.behind(event.get("uniqueid")) in mine:  # its join was lost
            joined.add(queue)
            told.add(f"queued {event.key}", "queued", event.at, event.timed, queue=queue, route=event.route)
    if joined:
        return
    for event in told.facts.events:
        if event.get("uniqueid") in mine and (is_queue_application(event) or _is_in_queue(event)):
            name = event.get("appdata").partition(",")[0] if event.name == "newexten" else event.get("exten")
            known = event.name == "newexten" or name.isdigit()
            told.add(f"queued {event.key}", "queued", event.at, event.timed, queue=name if known else None)
            return


def _is_in_queue(event: Event) -> bool:
    """Where queue events aren't sent to us: a part of the dialplan of that name rings for who was let in."""
    return (
        event.name == "dialbegin"
        and event.get("channelstate") == "6"
        and _QUEUE_CONTEXT in event.get("context").lower()
    )


def _choice(event: Event, names: set[str]) -> str:
    if event.name == "newexten":
        return menu_step(event.values)
    if event.name == "varset" and variable(event.values) in names:
        return event.get("value")
    if event.name == "userevent" and event.get("userevent").lower() in names:
        return next((value for name in ("choice", "digit", "value", "option") if (value := event.get(name))), "")
    return ""


def _rang(told: Told) -> None:
    seen = set()
    for dial in told.rung[:_MOST_RUNG]:
        channel = told.facts.channels[dial.target]
        who = agent_of(told, channel) if told.caller.ours_come else None
        seen.add(who)
        event = next((each for each in told.facts.events if each.place == dial.place), told.facts.events[0])
        told.add(f"ringing {dial.target}", "ringing", dial.at, event.timed, agent=who)
    for event in told.facts.events:
        if event.name == "agentcalled" and len(seen) < _MOST_RUNG:
            who = member_of(event)
            if who and who not in seen:
                seen.add(who)
                told.add(f"ringing {event.key}", "ringing", event.at, event.timed, agent=who)


def _ended(told: Told, *, is_recorded: bool) -> None:
    facts, caller = told.facts, told.caller
    answered = any(step.kind == "answered" for step in told.steps)
    at, timed = _end(told, answered, is_recorded=is_recorded)
    if at is None:
        return
    queued = any(step.kind in {"queued", "abandoned"} for step in told.steps)
    complete = next((event for event in facts.events if event.name == "agentcomplete"), None)
    talk = None
    if complete is not None and not complete.timed and not told.heard.transfers:
        talk = seconds(complete.get("talktime"))
    cause = None
    if answered:
        cause = "completed"
    elif not queued:
        dials = [(dial.status, facts.channels[dial.target].cause) for dial in told.rung]
        codes = [each.cause for each in (caller.channel, caller.root) if each.cause is not None]
        cause = of_lost(codes[0] if codes else None, dials, gave_up=_gave_up(told))
        if not dials and caller.root.up_at is not None and not _codes_tell(codes) and not told.caller.originated:
            told.add("menu", "menu", caller.root.up_at, timed)
    told.add("ended", "ended", at, timed, cause=cause, by=_by(told, complete), talk_seconds=talk)


def _gave_up(told: Told) -> bool:
    """The caller hung up while it rang: so it is said, or somebody was still rung then whose end was lost."""
    asked = told.caller.channel.asked_to_hang_up
    if any(dial.status == "CANCEL" for dial in told.rung):
        return True
    ends = [told.facts.channels[dial.target].hung_up_at for dial in told.rung if not dial.status]
    still = any(end is None or asked is None or end >= asked for end in ends)
    return asked is not None and (still or not told.rung)


def _codes_tell(codes: Sequence[int]) -> bool:
    """A code that is more than that it ended."""
    return any(of_lost(code, (), gave_up=False) != "no-answer" for code in codes)


def _end(told: Told, answered: bool, *, is_recorded: bool) -> tuple[int | None, bool]:
    facts, heard = told.facts, told.heard
    centre = facts.channels.get(heard.centre)
    watched = [centre, None if heard.handed_over else facts.channels.get(told.caller.root.uid)]
    ends = [each.hung_up_at for each in watched if each is not None and each.hung_up_at is not None]
    if not ends and answered and not heard.transfers:
        ends = [event.at for event in facts.events if event.name == "agentcomplete"]
    if not ends and (_is_over(told, answered) or (is_recorded and not answered and _nothing_follows(told))):
        ends = [max(each.hung_up_at or 0 for uid, each in facts.channels.items() if uid not in {told.heard.centre})]
    if not ends and not heard.handed_over:
        said = [at for each in watched if each is not None for at in (each.asked_to_hang_up, each.let_go_at)]
        ends = [at for at in said if at is not None]
    if not ends and not answered:
        ends = [event.at for event in facts.events if event.name == "queuecallerabandon"]
    if not ends:
        return None, True
    at = max(ends) if heard.handed_over else min(ends)
    return at, next((event.timed for event in facts.events if event.at == at), True)


def _is_over(told: Told, answered: bool) -> bool:
    """Though the caller's own end was lost: who spoke with them has gone, or whoever was rung was left by them."""
    facts = told.facts
    if not answered:
        others = [facts.channels[dial.target] for dial in told.rung]
        gave_up = any(dial.status == "CANCEL" for dial in told.rung)
        return gave_up and all(each.hung_up_at is not None for each in others)
    talkers = [facts.channels[talk.uid] for talk in told.heard.talks if talk.uid in facts.channels]
    last = max((talk.place for talk in told.heard.talks), default=0)
    waits = any(transfer.place > last and not transfer.with_talk for transfer in told.heard.transfers)
    gone = bool(talkers) and all(each.hung_up_at is not None for each in talkers)
    return gone and not waits and not told.heard.in_a_bridge


def _nothing_follows(told: Told) -> bool:
    """Everybody who was rung has gone without an answer, and of the caller nothing is told after that: in a recording
    their own end was lost. Live it may be the next thing to come."""
    facts, mine = told.facts, {told.caller.root.uid, told.caller.channel.uid}
    others = [channel for uid, channel in facts.channels.items() if uid not in mine]
    if not told.rung or any(step.kind == "queued" for step in told.steps):
        return False
    if any(dial.status in {"", "ANSWER"} for dial in told.rung) or any(each.hung_up_at is None for each in others):
        return False
    last = max((event.place for event in facts.events if event.name in {"hangup", "dialend"}), default=0)
    later = [event for event in facts.events if event.place > last and event.get("uniqueid") in mine]
    return not any(event.name in _GOES_ON for event in later) and all(dial.place <= last for dial in facts.dials)


def _by(told: Told, complete: Event | None) -> str | None:
    reason = complete.get("reason").lower() if complete is not None else ""
    if reason in {"caller", "agent"}:
        return reason
    caller = told.caller.channel.asked_to_hang_up
    others = [
        told.facts.channels[talk.uid].asked_to_hang_up for talk in told.heard.talks if talk.uid in told.facts.channels
    ]
    theirs = min([each for each in others if each is not None], default=None)
    if caller is None and theirs is None:
        return None
    first = "caller" if theirs is None or (caller is not None and caller <= theirs) else "agent"
    if told.caller.direction == "out" and not told.caller.citizen_first:
        return "agent" if first == "caller" else "caller"
    return first
