"""What the events of one call say of its channels: who was made, who dialled whom, who was with whom."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from connectors.asterisk_ami import wire
from connectors.asterisk_ami.events import DID_NAMES, ENDS, SECOND, Event, epoch, mentions, variable
from hub.contract import RawEvent

RINGING, UP = "5", "6"
_OF_AGENTS = frozenset({"agentconnect", "agentcomplete", "agentcalled", "agentringnoanswer"})
"""Until Asterisk 11 their Channel is another's than their Uniqueid."""


class Channel(Struct):
    """Of a telephone, a trunk, or a half of a Local channel.

    `numbers`: each with the place it was told at; `did`: what was dialled, as the dialplan notes it; `let_go_at`: when
    the dialplan ended it.
    """

    uid: str
    name: str = ""
    numbers: list[tuple[int, str]] = []
    caller_name: str = ""
    connected_number: str = ""
    connected_name: str = ""
    context: str = ""
    contexts: list[str] = []
    extension: str = ""
    extensions: list[str] = []
    account: str = ""
    did: str = ""
    withheld: bool = False
    made_at: int | None = None
    rang_at: int | None = None
    up_at: int | None = None
    asked_to_hang_up: int | None = None
    let_go_at: int | None = None
    hung_up_at: int | None = None
    cause: int | None = None

    @property
    def number(self) -> str:
        """The last that was told."""
        return self.numbers[-1][1] if self.numbers else ""

    @property
    def first_number(self) -> str:
        return self.numbers[0][1] if self.numbers else ""


class Dial(Struct):
    """`source` None: the exchange itself rings them (an originated call)."""

    source: str | None
    target: str
    at: int
    place: int
    string: str = ""
    context: str = ""
    extension: str = ""
    status: str = ""


class Facts(Struct):
    """Of one group. `pairs`: the other half of a Local channel."""

    events: Sequence[Event]
    channels: dict[str, Channel] = {}
    dials: list[Dial] = []
    pairs: dict[str, str] = {}
    dialled: dict[str, Dial] = {}

    def down(self, uid: str) -> list[str]:
        """Whom one reaches who dials this: through Local channels to what has no other half."""
        seen, found, todo = {uid}, [], [uid]
        while todo:
            one = todo.pop(0)
            half = self.pairs.get(one)
            if half is None:
                found.append(one)
                continue
            below = [dial.target for dial in self.dials if dial.source == half and dial.target not in seen]
            seen.update(below)
            todo += below
        return found

    def up(self, uid: str) -> str:
        """On whose behalf it is dialled: back over Local channels to who began it."""
        seen = {uid}
        while (dial := self.dialled.get(uid)) is not None and dial.source is not None:
            above = dial.source
            half = self.pairs.get(above)
            if half is not None and self.channels[above].name.endswith(";2"):
                above = half
            if above in seen:
                break
            seen.add(above)
            uid = above
        return uid

    def is_answered(self, uid: str) -> bool:
        """As far as those who dialled say, up to who began it: one who answers behind a Local channel may only be asked
        whether to take it. What nobody said is no denial."""
        seen = set[str]()
        while uid not in seen and (dials := [dial for dial in self.dials if dial.target == uid]):
            seen.add(uid)
            if not any(dial.status in {"", "ANSWER"} for dial in dials):
                return False
            source = dials[0].source or ""
            uid = self.pairs.get(source, source)
        return True

    def behind(self, uid: str) -> str:
        """Whose it is that goes on in the dialplan there: the caller's, or that of who dialled the Local channel."""
        half = self.pairs.get(uid)
        return self.up(half if half is not None and self.channels[uid].name.endswith(";2") else uid)


def ordered(group: Sequence[RawEvent]) -> list[Event]:
    """Each once, as they happened."""
    found: dict[str, Event] = {}
    for raw in group:
        block = wire.read(raw.body, raw.media_type)
        if not block.event or raw.key in found:
            continue
        at, place = _count(raw.origin.get("at")), _count(raw.origin.get("place"))
        if at is None:
            at = max((epoch(uid)[0] for _, uid, _ in mentions(block.values)), default=0) * SECOND
        timed = raw.origin.get("timed") == "yes"
        found[raw.key] = Event(block.event, block.values, at, timed, place or 0, raw.key, raw.origin.get("route", ""))
    happened = sorted(found.values(), key=lambda event: (event.at, event.place, event.key))
    return [msgspec.structs.replace(event, place=place) for place, event in enumerate(happened, 1)]


def gather(events: Sequence[Event]) -> Facts:
    """In whatever order they came."""
    facts = Facts(events)
    for event in events:
        for prefix, uid, _ in mentions(event.values):
            channel = facts.channels.setdefault(uid, Channel(uid))
            if prefix or event.name not in _OF_AGENTS or event.get("linkedid"):
                _describe(channel, event, prefix)
        _of_one(facts, event)
        _dials(facts, event)
        if event.name == "localbridge":
            one, two = (
                event.get(f"{which}uniqueid") or event.get(f"uniqueid{digit}")
                for which, digit in (("localone", 1), ("localtwo", 2))
            )
            if one and two:
                facts.pairs[one], facts.pairs[two] = two, one
    _pair_by_name(facts)
    facts.dialled = {dial.target: dial for dial in facts.dials}  # a caller may take over whom another rang
    return facts


def _describe(channel: Channel, event: Event, prefix: str) -> None:
    if prefix in {"1", "2"}:
        said = {"name": event.get(f"channel{prefix}"), "number": event.get(f"callerid{prefix}")}
    else:
        name = event.get(f"{prefix}channel") or (event.get("destination") if prefix == "dest" else "")
        said = {"name": name, "number": event.get(f"{prefix}calleridnum")}
    if event.name not in {"rename", "masquerade"} and said["name"] and (not channel.name or event.name == "newchannel"):
        channel.name = said["name"]
    if said["number"] and said["number"] != channel.number:
        channel.numbers = [*channel.numbers, (event.place, said["number"])]
    for ours, theirs in (
        ("caller_name", "calleridname"),
        ("connected_number", "connectedlinenum"),
        ("connected_name", "connectedlinename"),
    ):
        value = event.get(f"{prefix}{theirs}")
        if value:
            setattr(channel, ours, value)
    context, extension = event.get(f"{prefix}context"), event.get(f"{prefix}exten")
    if event.name == "coreshowchannel":
        extension = extension or event.get("extension")
    if context:
        channel.context = channel.context or context
        channel.contexts = [*channel.contexts, context] if context not in channel.contexts else channel.contexts
    if extension:
        channel.extension = channel.extension or extension
        channel.extensions = (
            [*channel.extensions, extension] if extension not in channel.extensions else channel.extensions
        )
    channel.account = channel.account or event.get(f"{prefix}accountcode")
    state = event.get(f"{prefix}channelstate")
    if state == RINGING and channel.rang_at is None:
        channel.rang_at = event.at
    if state == UP and channel.up_at is None:
        channel.up_at = event.at


def _of_one(facts: Facts, event: Event) -> None:
    channel = facts.channels.get(event.get("uniqueid"))
    if channel is None:
        return
    if event.name in {"newchannel", "coreshowchannel"} and channel.made_at is None:
        channel.made_at = event.at
    elif event.name == "hangup" and (channel.hung_up_at is None or not event.get("torg")):
        channel.hung_up_at = event.at
        cause = event.get("cause")
        channel.cause = int(cause) if cause.isascii() and cause.isdigit() and len(cause) < 4 else channel.cause  # noqa: PLR2004 - codes have three digits at most
    elif event.name in {"hanguprequest", "softhanguprequest"}:
        if event.name == "hanguprequest" and channel.asked_to_hang_up is None:
            channel.asked_to_hang_up = event.at
    elif event.name == "newexten" and event.get("application").lower() in ENDS:
        channel.let_go_at = event.at
    elif event.name == "varset" and variable(event.values) in DID_NAMES:
        channel.did = channel.did or event.get("value")
    elif event.name == "newcallerid" and "prohib" in event.get("cid-callingpres").lower():
        channel.withheld = True


def _dials(facts: Facts, event: Event) -> None:
    begins = event.name == "dialbegin" or (event.name == "dial" and event.get("subevent").lower() != "end")
    ends = event.name == "dialend" or (event.name == "dial" and not begins)
    if not begins and not ends:
        return
    source, target = event.get("uniqueid") or event.get("srcuniqueid") or None, event.get("destuniqueid")
    known = [
        dial
        for dial in facts.dials
        if (dial.target == target or not target) and dial.source == source and not (ends and not target and dial.status)
    ]
    if target and not known:
        dial = Dial(source, target, event.at, event.place, event.get("dialstring"))
        facts.dials.append(dial)
        known = [dial]
    for dial in known:
        if ends and event.get("dialstatus"):
            # Who sends it on to another is CANCELled, too, though nobody gave up.
            said = "FORWARD" if event.get("forward") else event.get("dialstatus").upper()
            # "ANSWER" is never taken back by what is told of the same dial afterwards.
            dial.status = dial.status if dial.status == "ANSWER" else said
        if begins:
            dial.context, dial.extension = event.get("context"), event.get("exten")


def _pair_by_name(facts: Facts) -> None:
    """The halves of a Local channel have one name, but for their end."""
    halves: dict[str, list[str]] = {}
    for uid, channel in facts.channels.items():
        if channel.name[-2:] in {";1", ";2"}:
            halves.setdefault(channel.name[:-2], []).append(uid)
    for pair in halves.values():
        if len(pair) == 2 and not any(uid in facts.pairs for uid in pair):  # noqa: PLR2004 - a pair
            facts.pairs[pair[0]], facts.pairs[pair[1]] = pair[1], pair[0]


def _count(value: str | None) -> int | None:
    if value is None or not value.lstrip("-").isdigit() or len(value) > 18:  # noqa: PLR2004 - fits 64 bits
        return None
    return int(value)
