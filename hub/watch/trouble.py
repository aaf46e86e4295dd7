"""Trouble: what is the matter with a channel, and what to do about it, read off its row and what is counted of it.

Each kind has a word for machines, a sentence and an advice in English; the screen says them in its reader's language.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from hub import clock
from hub.channels.channel import Channel
from hub.channels.usual import Silence
from hub.contract import Connector, Controls, Hosts, Listens, Pulls, Texts

UNREAD_AFTER = 2 * clock.MINUTE
"""That long something may wait to be read; catching up takes longer for many, so the oldest counts."""
UNSENT_AFTER = 3 * clock.MINUTE
UNATTENDED_AFTER = clock.MINUTE
"""After the last word of whoever listens: a restart is none's alarm."""
UNANSWERED_AFTER = 3 * clock.MINUTE
"""A source that is pulled is asked every minute."""
UNSCANNED_AFTER = 10 * clock.MINUTE
"""A scanner that is started anew reads its signatures first."""
FOUND_LATELY = 60 * clock.MINUTE
"""That long a find is told as one: what comes later is another."""
TRIES = 3
"""After so many a server that doesn't take a mail is a trouble."""
ON_THEIR_WAY = ("queued", "leased", "handed_over", "deferred")


class Trouble(Struct, frozen=True):
    """`alarms`: IT is told of it though nobody looks; what a person did themselves is only shown."""

    kind: str
    sentence: str
    advice: str
    count: int = 0
    alarms: bool = True


class Facts(Struct, frozen=True, kw_only=True):
    """What is counted of a channel. Times in microseconds; `deliveries`, `raw_events`: by state."""

    raw_events: Mapping[str, int]
    deliveries: Mapping[str, int]
    unread_since: int | None = None
    unsent: int = 0
    """Due for longer than UNSENT_AFTER, and nobody has tried."""
    stubborn: int = 0
    """Tried TRIES times or oftener."""
    silence: Silence | None = None
    unscanned: int = 0
    """Files that have waited for the virus scanner longer than UNSCANNED_AFTER."""
    found: int = 0
    """Files in which it found something within FOUND_LATELY."""
    unexplained: int = 0
    """At the source, neither here nor left out, when it was last counted."""


def troubles(channel: Channel, cls: type[Connector[Any]] | None, facts: Facts) -> Sequence[Trouble]:
    """The worst first: what stands still, what is stuck, what is odd."""
    if cls is None:
        said = f"No plugin brings the kind {channel.kind}."
        return [Trouble("plugin", said, "See what is wrong with the plugins: until then nothing comes or goes.")]
    found = list(_stands_still(channel, cls, facts))
    found += _stuck(facts)
    found += _files(facts)
    found += _odd(channel, facts)
    if facts.silence is not None and channel.paused_why is None and not found:
        found.append(_silent(cls, facts.silence))
    return found


def _stands_still(channel: Channel, cls: type[Connector[Any]], facts: Facts) -> Iterator[Trouble]:
    if channel.paused_why is not None:
        waiting = sum(facts.deliveries[state] for state in ON_THEIR_WAY)
        if channel.paused_itself:
            advice = "Put right in its settings what that says, then resume it: until then nothing comes or goes."
            yield Trouble("refused", channel.paused_why, advice, waiting)
        elif waiting:
            one, more = f"{waiting} waits until somebody resumes it.", f"{waiting} wait until somebody resumes it."
            yield Trouble("held", one if waiting == 1 else more, "", waiting, alarms=False)
    elif channel.trouble is not None:
        advice = "It is tried again by itself; see to what is in its way."
        yield Trouble("stopped", channel.trouble, advice)
    elif issubclass(cls, Listens | Pulls) and (channel.lease_until or 0) < clock.now() - UNATTENDED_AFTER:
        said = "No process listens for it." if issubclass(cls, Listens) else "No process fetches its mail."
        yield Trouble("unattended", said, "Start torg serve, or see why it doesn't run.")
    elif issubclass(cls, Pulls) and (channel.last_contact_at or clock.now()) < clock.now() - UNANSWERED_AFTER:
        advice = "It is asked again and again; see whether its server answers others."
        yield Trouble("unanswered", "Its source hasn't answered for some minutes.", advice)


def _stuck(facts: Facts) -> Iterator[Trouble]:
    if facts.unread_since is not None and facts.unread_since < clock.now() - UNREAD_AFTER:
        number = facts.raw_events["new"]
        one = f"{number} was received and can't be seen in the inbox yet."
        more = f"{number} were received and can't be seen in the inbox yet."
        said = one if number == 1 else more
        yield Trouble("unread", said, "See whether a worker runs (torg serve, torg worker), and its log.", number)
    if facts.unsent:
        one, more = (
            f"{facts.unsent} is due to be sent and nobody sends.",
            f"{facts.unsent} are due to be sent and nobody sends.",
        )
        said = one if facts.unsent == 1 else more
        yield Trouble("unsent", said, "See whether a worker runs (torg serve, torg worker), and its log.", facts.unsent)
    if number := facts.deliveries["deferred"]:
        said = f"{number} isn't taken yet." if number == 1 else f"{number} aren't taken yet."
        advice = "Each is tried again by itself; see to the server it goes to."
        yield Trouble("deferred", said, advice, number, alarms=facts.stubborn > 0)
    if number := facts.deliveries["uncertain"]:
        said = f"Whether {number} arrived isn't known."
        advice = "Agents see it in the conversation and decide; see why the server gave no answer."
        yield Trouble("uncertain", said, advice, number)
    if number := facts.raw_events["quarantined"]:
        said = f"{number} couldn't be read or placed."
        yield Trouble("quarantine", said, "Nobody sees them in the inbox: see why, and read them again.", number)


def _files(facts: Facts) -> Iterator[Trouble]:
    if number := facts.found:
        said = f"The virus scanner found something in {number} of the files that it looked at in the last hour."
        advice = "They are shut away: torg scan list shows them. Warn whoever got the same by another way."
        yield Trouble("found", said, advice, number)
    if number := facts.unscanned:
        one = f"{number} file can't be opened: no virus scanner has looked at it."
        more = f"{number} files can't be opened: no virus scanner has looked at them."
        advice = (
            "See by torg scan list why; where there is no scanner any more, let them go by torg scan release --waiting."
        )
        yield Trouble("unscanned", one if number == 1 else more, advice, number)


def _odd(channel: Channel, facts: Facts) -> Iterator[Trouble]:
    if number := facts.unexplained:
        said = f"{number} at the source can't be found here, and nothing explains why."
        advice = "Look for them in the raw events, by sender and date: nothing may be lost."
        yield Trouble("unexplained", said, advice, number)
    if channel.warning is not None and channel.paused_why is None:
        yield Trouble("warning", channel.warning, "It works yet: see to it before it doesn't.")


def _silent(cls: type[Connector[Any]], silence: Silence) -> Trouble:
    hours, usual = silence.hours, silence.usual
    said = f"Nothing has come for {hours} h, when {usual} usually come in that time."
    if silence.on_working_day:
        said = f"Nothing has come for {hours} h on a working day, when {usual} usually come in that time."
    elif silence.on_working_day is not None:
        said = f"Nothing has come for {hours} h on a day off, when {usual} usually come in that time."
    advice = "Send a mail to it, and see whether the mail server hands it over."
    if issubclass(cls, Hosts):
        advice = "Open its page from outside, as a citizen would, and send something by it."
    elif issubclass(cls, Texts | Controls) or "lines" in cls.Config.__struct_fields__:
        advice = "Call or write to its number, and see whether the other side tells us of it."
    return Trouble("silent", said, advice, silence.usual)
