"""Which call an event belongs to: raw events with the citizen's call as their group.

From Asterisk 13 on an event says it (Linkedid). Before, it is worked out from who dials whom, as it comes. What joins
two calls (a transfer, a pickup) is told to both, and what was kept of the one is told to the other again: a raw event
has its group in its key, so nothing doubles. So is who is in a bridge, to the calls of all who come into it.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from connectors.asterisk_ami.events import MENU_NAMES, SECOND, epoch, is_kept, mentions, timestamp
from connectors.asterisk_ami.wire import Block, read
from hub.contract import RawEvent

CALLS = 600
"""Followed at the same time; the oldest is forgotten first."""
_EVENTS = 400
"""Kept of a call, for another that it turns out to belong to."""
_PEOPLE = 100
"""Comings and goings kept of a bridge."""
_NAMED = ("clone", "original", "channel", "targetchannel", "bridgedchannel", "channelcalling", "destinationchannel")
_JOINS = frozenset({"attendedtransfer", "transfer", "pickup"})
_PARENTS = {
    "dial": ("", "dest"),
    "dialbegin": ("", "dest"),
    "localbridge": ("1", "2"),
    "bridge": ("1", "2"),
    "link": ("1", "2"),
}
"""Whose call it is, and who is new in it, where no Linkedid says it."""
_PASSING = frozenset({"actionid", "content"})
"""Of the connection, not of the event."""


class _Call(Struct):
    channels: set[str]
    events: list[RawEvent]
    open: set[str]
    route: str = ""
    began: int = 0
    ours: bool = False
    """Whatever its route: the hub has it."""
    part_of: str = ""
    """The older call that it was joined to: what it says afterwards is told to that one, too."""


class _Bridge(Struct):
    """`groups`: the calls of all who were in it."""

    groups: dict[str, None]
    events: list[RawEvent]


class Follower:
    """Of one exchange. `now`: the time where an event says none; None: a recording, whose ids tell it."""

    def __init__(
        self,
        now: Callable[[], int] | None = None,
        *,
        menu_names: Iterable[str] = (),
        origin: Mapping[str, str] | None = None,
        route: Callable[[Mapping[str, str]], str] = lambda _: "",
        only_routed: bool = False,
        known: "Follower | None" = None,
    ) -> None:
        self._now, self._route, self._origin = now, route, dict(origin or {})
        self._menu = frozenset(name.lower() for name in menu_names) or frozenset(MENU_NAMES)
        self._calls: dict[str, _Call] = {}
        self._home: dict[str, str] = {}
        self._uids: dict[str, str] = {}
        self._bridges: dict[str, _Bridge] = {}
        self._in_bridge: dict[str, str] = {}
        self._only_routed = only_routed
        self._place = self._at = 0
        if known is not None:
            self._calls, self._home, self._uids = known._calls, known._home, known._uids
            self._bridges, self._in_bridge = known._bridges, known._in_bridge
            self._place, self._at = known._place, known._at

    def take(self, block: Block) -> Sequence[RawEvent]:
        """The raw events that it gives: none when it is noise, several when it joins calls."""
        if not is_kept(block, self._menu):
            return ()
        values = block.values
        told = self._told(values)
        if not told:
            return ()
        at = self._when(values, told)
        out = self._come_home(told)
        groups = dict.fromkeys(group for uid, linked in told for group in self._groups(uid, linked))
        self._join(block.event, values, groups, out)
        groups = dict.fromkeys(self._with_joined(groups))
        for group in groups:
            out.extend(self._keep(group, block, at, told))
        if block.event in {"bridgeenter", "bridgeleave", "hangup"}:
            out.extend(self._tell_of_bridge(values, groups))
        if block.event == "rename":
            self._uids[values.get("newname", "")] = values.get("uniqueid", "")
        self._close(block.event, values)
        return out

    def adopt(self, group: str) -> None:
        """A call that the hub has, and that began before anything was followed here."""
        self._calls.setdefault(group, _Call(set(), [], set(), began=self._place)).ours = True

    def open_channels(self) -> Mapping[str, str]:
        """uniqueid -> group of every channel that hasn't hung up."""
        return {uid: group for group, call in self._calls.items() for uid in call.open}

    def _told(self, values: Mapping[str, str]) -> list[tuple[str, str]]:
        """(uniqueid, linkedid or empty) of its channels, by their ids or, where it has none, by their names."""
        named = values.get("channel", "")
        told = [(uid, linked) for _, uid, linked in mentions(values)]
        if values.get("event", "").lower() == "newchannel" and told and named:
            self._uids[named] = told[0][0]
            half = self._uids.get(f"{named[:-2]};1") if named.endswith(";2") else None
            if half is not None and not told[0][1]:
                told.insert(0, (half, ""))
        says_linked = any(linked for _, linked in told)
        for header in () if says_linked else _NAMED:
            if header == "channel" and "uniqueid" in values:
                continue
            uid = self._uids.get(values.get(header, ""), "")
            if uid and uid not in {known for known, _ in told}:
                told.append((uid, ""))
        return told

    def _groups(self, uid: str, linked: str) -> list[str]:
        """What it says now, and where it began: a channel that is moved is told of in both."""
        home = self._home.get(uid)
        if home is None:
            home = self._home[uid] = linked or uid
        call = self._calls.get(home)
        if call is None:
            call = self._calls[home] = _Call(set(), [], set(), began=self._place)
            self._forget()
        call.channels.add(uid)
        return [home] if linked in {"", home} else [linked, home]

    def _come_home(self, told: Iterable[tuple[str, str]]) -> list[RawEvent]:
        """A channel with a call of its own that was heard of in another's first: what it did there is told to its own,
        as though that had been known from the beginning."""
        out: dict[str, RawEvent] = {}
        for uid, linked in told:
            was = self._home.get(uid, uid)
            if linked != uid or was == uid:
                continue
            self._home[uid] = uid
            own = self._calls.setdefault(uid, _Call(set(), [], set(), began=self._place))
            bridge = self._bridges.get(self._in_bridge.get(uid, ""), _Bridge({}, []))
            other = self._calls.get(was, own)
            if uid in other.open:
                other.open.discard(uid)
                own.open.add(uid)
            there = [
                each
                for each in other.events
                if uid in {its for _, its, _ in mentions(read(each.body, each.media_type).values)}
            ]
            bridge.groups[uid] = None
            kept = {each.key: each for event in (*there, *bridge.events) for each in self._tell(event, uid)}
            out |= kept
        return list(out.values())

    def _join(self, name: str, values: Mapping[str, str], groups: dict[str, None], out: list[RawEvent]) -> None:
        if len(groups) < 2:  # noqa: PLR2004 - two calls
            return
        says_linked = any(header.endswith("linkedid") for header in values)
        if says_linked:
            if name in _JOINS or "swapuniqueid" in values:
                first, *others = sorted(groups, key=self._age)
                for other in others:
                    out.extend(self._tell_again(other, first))
                    if other in self._calls:
                        self._calls[other].part_of = first
            return
        parent, child = self._related(name, values, groups)
        if parent != child:
            out.extend(self._tell_again(child, parent))
            call = self._calls.setdefault(parent, _Call(set(), [], set()))
            for uid in self._calls[child].channels if child in self._calls else ():
                self._home[uid] = parent
                call.channels.add(uid)
                if uid in self._calls[child].open:
                    call.open.add(uid)
            if child in self._calls:
                self._calls[child].open.clear()

    def _with_joined(self, groups: Iterable[str]) -> Iterable[str]:
        """Who is handed on keeps the Linkedid of the call that asked for them until they are in the caller's bridge."""
        found = dict.fromkeys(groups)
        todo = list(found)
        while todo:
            call = self._calls.get(todo.pop())
            if call is not None and call.part_of and call.part_of not in found:
                found[call.part_of] = None
                todo.append(call.part_of)
        return found

    def _related(self, name: str, values: Mapping[str, str], groups: Iterable[str]) -> tuple[str, str]:
        """Who dials has who is dialled in their call; two that are joined are in the older one."""
        uids = {prefix: uid for prefix, uid, _ in mentions(values)}
        ends = [self._home.get(uids.get(prefix, ""), "") for prefix in _PARENTS.get(name, ())]
        if len(ends) == 2 and all(ends) and name in {"dial", "dialbegin", "localbridge"}:  # noqa: PLR2004 - as above
            return ends[0], ends[1]
        oldest, *others = sorted(groups, key=self._age)
        return oldest, others[0] if others else oldest

    def _age(self, group: str) -> tuple[tuple[int, int], int, str]:
        """By the time in its id; where ids tell none, by when it was first heard of."""
        call = self._calls.get(group)
        return epoch(group), call.began if call is not None else self._place, group

    def _tell_of_bridge(self, values: Mapping[str, str], groups: Iterable[str]) -> list[RawEvent]:
        """To each call in it who else is there: who comes by a call of their own, as to a conference, isn't dialled."""
        uid = values.get("uniqueid", "")
        name = values.get("bridgeuniqueid") or self._in_bridge.get(uid, "")
        if not name or "holding" in values.get("bridgetechnology", ""):
            return []
        event = self._calls[next(iter(groups))].events[-1]
        if event.key.rpartition(" ")[2] != _digest(values):
            return []  # of a call that has said more than is kept
        bridge = self._bridges.setdefault(name, _Bridge({}, []))
        self._in_bridge[uid] = name
        told = [(each, group) for group in groups if group not in bridge.groups for each in bridge.events]
        bridge.groups.update(dict.fromkeys(groups))
        told += [(event, group) for group in bridge.groups if group not in set(groups)]
        if len(bridge.events) < _PEOPLE:
            bridge.events.append(event)
        for known in (self._bridges, self._in_bridge):
            while len(known) > 4 * CALLS:
                known.pop(next(iter(known)))
        return [again for each, group in told for again in self._tell(each, group)]

    def _tell(self, event: RawEvent, to: str) -> list[RawEvent]:
        """What happened in another call, wherever that one belongs."""
        call = self._calls.get(to)
        if call is None or event.group == to:
            return []
        origin = {name: said for name, said in event.origin.items() if name != "route"}
        origin |= {"route": call.route} if call.route else {}
        moved = msgspec.structs.replace(event, group=to, key=_key(to, event.key.rpartition(" ")[2]), origin=origin)
        self._remember(to, moved)
        return [moved] if not self._only_routed or call.route or call.ours else []

    def _tell_again(self, source: str, to: str) -> list[RawEvent]:
        call = self._calls.get(source)
        again = []
        for event in call.events if call is not None else ():
            moved = msgspec.structs.replace(event, group=to, key=_key(to, event.key.rpartition(" ")[2]))
            again.append(moved)
            self._remember(to, moved)
        joined = self._calls.get(to)
        return again if not self._only_routed or (joined is not None and (joined.route or joined.ours)) else []

    def _keep(self, group: str, block: Block, at: int, told: Sequence[tuple[str, str]]) -> list[RawEvent]:
        """Nothing of a call that isn't ours; when it turns out to be, all that it has said by then."""
        self._place += 1
        call = self._calls.setdefault(group, _Call(set(), [], set()))
        was_ours = bool(call.route) or call.ours or not self._only_routed
        found = self._route(block.values)
        if found and (not call.route or block.values.get("queue")):
            call.route = found
        origin = {
            **self._origin,
            "at": str(at),
            "place": str(self._place),
            "timed": "yes" if self._now is not None or timestamp(block.values) is not None else "no",
            **({"route": call.route} if call.route else {}),
        }
        event = RawEvent(
            key=_key(group, _digest(block.values)),
            body=block.body,
            media_type=block.media_type,
            group=group,
            origin=origin,
        )
        if block.event != "hangup":
            call.open.update(uid for uid, linked in told if linked in {"", group} and self._home.get(uid) == group)
        self._remember(group, event)
        if self._only_routed and not call.route and not call.ours:
            return []
        return [event] if was_ours else list(call.events)

    def _remember(self, group: str, event: RawEvent) -> None:
        call = self._calls.setdefault(group, _Call(set(), [], set()))
        if len(call.events) < _EVENTS:
            call.events.append(event)

    def _close(self, name: str, values: Mapping[str, str]) -> None:
        uid = values.get("uniqueid", "")
        if name == "hangup" and self._home.get(uid) in self._calls:
            self._calls[self._home[uid]].open.discard(uid)

    def _when(self, values: Mapping[str, str], told: Iterable[tuple[str, str]]) -> int:
        said = timestamp(values)
        if said is not None:
            return said
        if self._now is not None:
            self._at = max(self._at + 1, self._now())
        else:
            made = max((epoch(uid)[0] for uid, _ in told), default=0) * SECOND
            self._at = max(self._at + 1, made)
        return self._at

    def _forget(self) -> None:
        while len(self._calls) > CALLS:
            ended = next((group for group, call in self._calls.items() if not call.open), next(iter(self._calls)))
            gone = self._calls.pop(ended)
            for uid in gone.channels:
                self._home.pop(uid, None)
        while len(self._uids) > 4 * CALLS:
            self._uids.pop(next(iter(self._uids)))


def _digest(values: Mapping[str, str]) -> str:
    said = "\n".join(f"{name}:{value}" for name, value in sorted(values.items()) if name not in _PASSING)
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:32]


def _key(group: str, digest: str) -> str:
    return f"{group} {digest}"
