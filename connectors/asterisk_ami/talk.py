"""Who came to speak with the caller, and when: bridges followed event by event, through Local channels and renames."""

from msgspec import Struct

from connectors.asterisk_ami.events import Event
from connectors.asterisk_ami.facts import Facts
from connectors.asterisk_ami.parties import is_number, is_real
from connectors.asterisk_ami.sides import is_a_line


class Talk(Struct):
    """Somebody is with the caller. `name`: their channel's, as it was then."""

    at: int
    place: int
    uid: str
    name: str


class Transfer(Struct):
    """Who handed it on, and where to. `with_talk`: they spoke with each other before."""

    at: int
    place: int
    key: str
    by: str
    target: str
    with_talk: bool
    reached: str = ""
    """The channel that it was handed on to, where the event says it."""


class Heard(Struct):
    """All of it. `centre`: the channel that stays, whoever else comes and goes; `handed_over`: it isn't the first."""

    centre: str
    talks: list[Talk] = []
    transfers: list[Transfer] = []
    picked_up: list[str] = []
    handed_over: bool = False
    in_a_bridge: bool = False
    """In the end, as far as it is known."""


class Follow:
    """Of one caller."""

    def __init__(self, facts: Facts, centre: str) -> None:
        self._facts = facts
        self._names = {uid: channel.name for uid, channel in facts.channels.items()}
        self._name = self._names.get(centre, "")
        self._bridge: dict[str, str] = {}
        self._linked: dict[str, set[str]] = {}
        self._merged: dict[str, str] = {}
        self._were_in: set[tuple[str, str]] = set()
        self._with: set[str] = set()
        self._handed_on: set[str] = set()
        self.heard = Heard(centre)

    def run(self) -> Heard:
        for event in self._facts.events:
            name = event.name
            if name == "rename":
                self._rename(event.get("uniqueid"), event.get("newname"))
            elif name == "masquerade":
                self._masquerade(event.get("clone"), event.get("original"))
            elif name in {"bridge", "link", "unlink"}:
                self._link(event)
            elif name in {"bridgeenter", "bridgeleave"}:
                self._enter(event)
            elif name == "bridgemerge":
                self._merged[event.get("frombridgeuniqueid")] = event.get("tobridgeuniqueid")
            elif name == "hangup":
                self._leave(event.get("uniqueid"))
            elif name in {"attendedtransfer", "blindtransfer", "transfer"}:
                self._transfer(event)
            elif name == "parkedcall":
                self._park(event)
            elif name == "pickup":
                self.heard.picked_up.append(event.get("uniqueid") or event.get("channel"))
            self._look(event)
        self.heard.in_a_bridge = self.heard.centre in self._bridge or bool(self._linked.get(self.heard.centre))
        return self.heard

    def _rename(self, uid: str, name: str) -> None:
        """A masquerade moves a person into another channel: whoever has the caller's name now is the caller."""
        self._names[uid] = name
        if name == self._name and uid != self.heard.centre:
            self.heard.centre = uid
        elif uid == self.heard.centre and is_real(name) and not is_real(self._name):
            self._name = name  # an originated call's Local channel becomes the telephone's own

    def _masquerade(self, clone: str, original: str) -> None:
        """What its renames will say, should they be lost."""
        into = next((uid for uid, name in self._names.items() if name == original), None)
        if into is not None and clone:
            self._rename(into, clone)

    def _link(self, event: Event) -> None:
        one, two = event.get("uniqueid1"), event.get("uniqueid2")
        parts = event.name == "unlink" or event.get("bridgestate").lower() == "unlink"
        if parts and two not in self._linked.setdefault(one, set()):  # how they came together was lost
            self._linked[one].add(two)
            self._linked.setdefault(two, set()).add(one)
            self._look(event)
        for ours, other in ((one, two), (two, one)):
            known = self._linked.setdefault(ours, set())
            if parts:
                known.discard(other)
            else:
                known.add(other)

    def _enter(self, event: Event) -> None:
        if "holding" in event.get("bridgetechnology"):
            return
        uid, bridge = event.get("uniqueid"), event.get("bridgeuniqueid")
        if event.name == "bridgeenter" or (uid, bridge) not in self._were_in:
            bridge = self._merged.get(bridge, bridge)
        swapped = event.get("swapuniqueid")
        if swapped:
            self._bridge.pop(swapped, None)
            self._were_in.add((swapped, bridge))
        lost = event.name == "bridgeleave" and (uid, bridge) not in self._were_in  # that it came in
        if event.name == "bridgeenter" or lost:
            self._bridge[uid] = bridge
            self._were_in.add((uid, bridge))
        if lost:
            self._look(event)
        if event.name == "bridgeleave" and self._bridge.get(uid) == bridge:  # may be told late, of one before
            self._bridge.pop(uid, None)

    def _leave(self, uid: str) -> None:
        self._bridge.pop(uid, None)
        for other in self._linked.pop(uid, ()):
            self._linked.get(other, set()).discard(uid)

    def _transfer(self, event: Event) -> None:
        result = event.get("result").lower()
        if result and result != "success":
            return
        attended = event.name == "attendedtransfer" or event.get("transfertype").lower() == "attended"
        uids = [event.get(f"{prefix}uniqueid") for prefix in ("origtransferer", "secondtransferer", "transferer", "")]
        by = next((uid for uid in uids if uid), "")
        second = self._facts.channels.get(event.get("secondtransfereruniqueid") or event.get("targetuniqueid"))
        said = event.get("extension") or event.get("transferexten") or event.get("secondtransfererexten")
        target = next((each for each in (said, second.extension if second is not None else "") if is_number(each)), "")
        reached = event.get("transfertargetuniqueid")
        self.heard.transfers.append(
            Transfer(event.at, event.place, event.key, self._names.get(by, ""), target, attended, reached)
        )
        if self.heard.centre in uids:
            spoke = [talk.uid for talk in self.heard.talks if talk.uid not in uids]
            other = event.get("transfereeuniqueid") or next(iter(self._with), "") or (spoke[-1] if spoke else "")
            if other:
                self._handed_on.add(self.heard.centre)
                self.heard.centre, self._name = other, self._names.get(other, "")
                self.heard.handed_over = True
                self._with = self._reached(other) & set(uids)

    def _park(self, event: Event) -> None:
        """By a key while they talk; who sends a caller to where calls are parked has been told of as handing it on."""
        heard = self.heard
        parked = event.get("parkeeuniqueid") or event.get("uniqueid")
        talk = heard.talks[-1] if heard.talks else None
        last = heard.transfers[-1] if heard.transfers else None
        if parked == heard.centre and talk is not None and (last is None or last.by != talk.name):
            space = event.get("parkingspace") or event.get("exten")
            heard.transfers.append(Transfer(event.at, event.place, event.key, talk.name, space, with_talk=False))

    def _look(self, event: Event) -> None:
        """Who is with the caller now and wasn't before."""
        now = self._reached(self.heard.centre)
        for uid in sorted(now - self._with - self._handed_on, key=self._ours_first):
            name = self._names.get(uid, "")
            same = bool(self.heard.talks) and self.heard.talks[-1].name == name
            if is_real(name) and not same:  # who was with them may only have moved into another channel
                self.heard.talks.append(Talk(event.at, event.place, uid, name))
        if now or event.name in {"bridgeleave", "unlink", "bridge", "hangup"}:
            self._with = now

    def _ours_first(self, uid: str) -> tuple[bool, str]:
        channel = self._facts.channels.get(uid)
        return channel is not None and is_a_line(channel), uid

    def _reached(self, uid: str) -> set[str]:
        seen, todo = {uid}, [uid]
        members: dict[str, list[str]] = {}
        for each, bridge in self._bridge.items():
            members.setdefault(bridge, []).append(each)
        while todo:
            one = todo.pop()
            near = {*self._linked.get(one, ()), *members.get(self._bridge.get(one, ""), ())}
            half = self._facts.pairs.get(one)
            if half is not None and (one in self._bridge or self._linked.get(one)):
                near.add(half)
            todo += near - seen
            seen |= near
        return {each for each in seen - {uid} if each not in self._facts.pairs or is_real(self._names.get(each, ""))}
