"""Dialogues of Asterisk's manager, written from its event documentation: who is made, dialled, bridged and hung up.

`modern` writes what 13 to 22 say (Linkedid, DialBegin, BridgeEnter, QueueCallerJoin), else what 1.8 to 11 said (Dial,
Bridge, Join). It is no exchange: it tells what it is told to tell, in the words of one.
"""

from collections.abc import Mapping

from msgspec import Struct

STATES = {0: "Down", 4: "Ring", 5: "Ringing", 6: "Up"}
CAUSES = {0: "Unknown", 16: "Normal Clearing", 17: "User busy", 19: "No user responding", 21: "Call Rejected"}
_NOISE = (
    "Event: RTCPSent\r\nPrivilege: reporting,all\r\nTo: 192.0.2.10:16512\r\nOurSSRC: 123456789\r\n\r\n",
    "Event: VarSet\r\nPrivilege: dialplan,all\r\nChannel: {name}\r\nVariable: MACRO_DEPTH\r\nValue: 1\r\n"
    "Uniqueid: {uid}\r\n\r\n",
    "Event: Newexten\r\nPrivilege: dialplan,all\r\nChannel: {name}\r\nContext: macro-dial\r\nExtension: s\r\n"
    "Priority: 3\r\nApplication: Set\r\nAppData: LOOP=1\r\nUniqueid: {uid}\r\n\r\n",
)


class Line(Struct):
    """A channel."""

    uid: str
    name: str
    linked: str
    number: str = ""
    who: str = ""
    exten: str = "s"
    context: str = "default"
    state: int = 0
    other: str = ""
    other_name: str = ""


class Dialogue:
    """What the manager says, as text. `at`: seconds; `stamped`: every event says when it happened."""

    def __init__(
        self, at: float = 1_700_000_000.0, *, modern: bool = True, stamped: bool = True, first: int = 1
    ) -> None:
        self.at, self.modern, self.stamped = at, modern, stamped
        self._count = self._bridges = first - 1
        self.text = ""

    @property
    def channels(self) -> int:
        """The number of the last one that was made."""
        return self._count

    def wait(self, seconds: float) -> None:
        self.at += seconds

    def event(self, event: str, values: Mapping[str, object]) -> None:
        """Any event."""
        said: dict[str, object] = {"Event": event, "Privilege": "call,all"}
        if self.stamped:
            said["Timestamp"] = f"{self.at:.6f}"
        lines = [f"{name}: {value}" for name, value in {**said, **values}.items()]
        self.text += "\r\n".join(lines) + "\r\n\r\n"
        self.at += 0.001

    def noise(self, line: Line) -> None:
        """What comes between, many times over."""
        for each in _NOISE:
            self.text += each.format(name=line.name, uid=line.uid)

    def make(
        self,
        name: str,
        number: str = "",
        exten: str = "s",
        context: str = "default",
        *,
        who: str = "",
        by: Line | None = None,
        state: int = 0,
    ) -> Line:
        """A channel begins; `by` another, in whose call it is."""
        self._count += 1
        uid = f"{int(self.at)}.{self._count}"
        line = Line(uid, name, by.linked if by is not None else uid, number, who, exten, context, state)
        self.event("Newchannel", self.of(line))
        return line

    def state(self, line: Line, state: int) -> None:
        line.state = state
        self.event("Newstate", self.of(line))

    def dial(self, source: Line | None, target: Line, string: str = "") -> None:
        if source is not None:
            target.other, target.other_name = source.number, source.who
        if self.modern:
            values = self.of(source) if source is not None else {}
            self.event("DialBegin", {**values, **self.of(target, "Dest"), "DialString": string or target.name})
        elif source is not None:
            self.event(
                "Dial",
                {
                    "SubEvent": "Begin",
                    "Channel": source.name,
                    "Destination": target.name,
                    "CallerIDNum": source.number or "<unknown>",
                    "CallerIDName": source.who or "<unknown>",
                    "ConnectedLineNum": "<unknown>",
                    "ConnectedLineName": "<unknown>",
                    "UniqueID": source.uid,
                    "DestUniqueID": target.uid,
                    "Dialstring": string or target.name,
                },
            )

    def ring(self, source: Line | None, target: Line) -> None:
        self.dial(source, target)
        self.state(target, 5)

    def dialled(self, source: Line, target: Line, status: str) -> None:
        if self.modern:
            self.event("DialEnd", {**self.of(source), **self.of(target, "Dest"), "DialStatus": status})
        else:
            self.event(
                "Dial",
                {"SubEvent": "End", "Channel": source.name, "UniqueID": source.uid, "DialStatus": status},
            )

    def answer(self, source: Line, target: Line) -> str:
        """They pick up and speak; the bridge that they are in."""
        self.state(target, 6)
        if self.modern:
            self.dialled(source, target, "ANSWER")
        if source.state != 6:  # noqa: PLR2004 - up already
            self.state(source, 6)
        return self.together(source, target)

    def together(self, *lines: Line, bridge: str = "") -> str:
        self._bridges += 1
        bridge = bridge or f"bridge-{int(self.at)}-{self._bridges}"
        if self.modern:
            for line in lines:
                self.enter(line, bridge)
        else:
            self.event("Bridge", {"Bridgestate": "Link", "Bridgetype": "core", **_two(*lines[:2])})
        return bridge

    def enter(self, line: Line, bridge: str, swap: Line | None = None) -> None:
        values = {"BridgeUniqueid": bridge, "BridgeType": "basic", "BridgeTechnology": "simple_bridge"}
        swapped = {"SwapUniqueid": swap.uid} if swap is not None else {}
        self.event("BridgeEnter", {**values, **self.of(line), **swapped})

    def apart(self, bridge: str, *lines: Line) -> None:
        if self.modern:
            for line in lines:
                values = {"BridgeUniqueid": bridge, "BridgeType": "basic", "BridgeTechnology": "simple_bridge"}
                self.event("BridgeLeave", {**values, **self.of(line)})
        else:
            self.event("Bridge", {"Bridgestate": "Unlink", "Bridgetype": "core", **_two(*lines[:2])})

    def hang_up(self, *lines: Line, cause: int = 16, by: Line | None = None) -> None:
        if by is not None:
            self.event("HangupRequest", self.of(by))
        for line in lines:
            self.event("Hangup", {**self.of(line), "Cause": cause, "Cause-txt": CAUSES.get(cause, "Unknown")})

    def local(self, exten: str, context: str, by: Line) -> tuple[Line, Line]:
        """Both halves of a Local channel."""
        name = f"Local/{exten}@{context}-{self._count:08x}"
        one = self.make(f"{name};1", "", exten, context, by=by)
        two = self.make(f"{name};2", by.number, exten, context, by=by, state=4)
        if self.modern:
            values = {**self.of(one, "LocalOne"), **self.of(two, "LocalTwo")}
            self.event("LocalBridge", {**values, "Context": context, "Exten": exten, "LocalOptimization": "Yes"})
        else:
            self.event("LocalBridge", {**_two(one, two), "Context": context, "Exten": exten})
        return one, two

    def join(self, line: Line, queue: str, position: int = 1) -> None:
        name = "QueueCallerJoin" if self.modern else "Join"
        self.event(name, {**self.of(line), "Queue": queue, "Position": position, "Count": position})

    def leave(self, line: Line, queue: str, *, abandoned_after: int | None = None) -> None:
        if abandoned_after is not None:
            values = self.of(line) if self.modern else {"Uniqueid": line.uid}
            counts = {"Position": 1, "OriginalPosition": 1, "HoldTime": abandoned_after}
            self.event("QueueCallerAbandon", {**values, "Queue": queue, **counts})
        name = "QueueCallerLeave" if self.modern else "Leave"
        self.event(name, {**self.of(line), "Queue": queue, "Position": 1, "Count": 0})

    def agent(self, event: str, caller: Line, line: Line, queue: str, member: str, who: str, **more: object) -> None:
        """AgentCalled, AgentConnect, AgentComplete, AgentRingNoAnswer."""
        values: dict[str, object] = {"Queue": queue, "MemberName": who, **more}
        if self.modern:
            self.event(event, {**self.of(caller), **self.of(line, "Dest"), "Interface": member, **values})
        elif event == "AgentCalled":
            called = {"AgentCalled": member, "AgentName": who, "ChannelCalling": caller.name}
            self.event(event, {"Queue": queue, **called, "DestinationChannel": line.name, "Uniqueid": caller.uid})
        else:
            known = {"Uniqueid": caller.uid, "Channel": line.name, "Member": member, "BridgedChannel": line.uid}
            self.event(event, {**known, **values})

    def rename(self, line: Line, name: str) -> None:
        self.event("Rename", {"Channel": line.name, "Newname": name, "Uniqueid": line.uid})
        line.name = name

    def of(self, line: Line, prefix: str = "") -> dict[str, object]:
        """What an event says of a channel."""
        values: dict[str, object] = {
            "Channel": line.name,
            "ChannelState": line.state,
            "ChannelStateDesc": STATES[line.state],
            "CallerIDNum": line.number or "<unknown>",
            "CallerIDName": line.who or "<unknown>",
            "ConnectedLineNum": line.other or "<unknown>",
            "ConnectedLineName": line.other_name or "<unknown>",
            "Context": line.context,
            "Exten": line.exten,
            "Priority": 1,
            "Uniqueid": line.uid,
        }
        if self.modern:
            values |= {"Language": "sv", "AccountCode": "", "Linkedid": line.linked}
        return {f"{prefix}{name}": value for name, value in values.items()}


def _two(one: Line, two: Line) -> dict[str, object]:
    return {
        "Channel1": one.name,
        "Channel2": two.name,
        "Uniqueid1": one.uid,
        "Uniqueid2": two.uid,
        "CallerID1": one.number,
        "CallerID2": two.number,
    }
