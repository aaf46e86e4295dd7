"""An exchange that tells of calls, and the way in of what it tells, step by step and without its processes."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from sqlalchemy import select

from connectors.phone_log.rows import event_of
from connectors.phone_log.settings import PhoneLogConfig
from hub import clock
from hub.access.person import Person
from hub.channels import add
from hub.contract import CallStep, RawEvent
from hub.contract.config import read_config
from hub.contract.dialled import destination
from hub.inbound import pipeline
from hub.inbound.child import Answer
from hub.inbound.lane import Parsed
from hub.inbound.pipeline import INTAKE
from hub.inbound.receive import Kept, Receiver
from hub.inbound.together import together
from hub.inbox import municipality
from hub.inbox.call import Call
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.promise import Promise
from hub.storage.unit import Unit
from tests.line import JointCentre

TOKEN = "en-hemlighet-som-ingen-gissar"
IDA, BO = "+46701740605", "+46701740606"
LOGGED = ("id", "start", "number", "called", "queue", "agent", "direction", "result", "wait", "talk")
SWITCHBOARD = "+46191234500"


class Exchange(JointCentre):
    """Granvik's and Holmö's, with a channel that is told of its calls. `lines`: beside the switchboard's number."""

    lines: Mapping[str, str]
    kinds: Mapping[int, str] = {}

    def set_up_log(self) -> "Exchange":
        """A channel that reads the exchange's own log of the same calls."""

        def write(unit: Unit) -> int:
            settings = {
                "folder": str(self.folder), "columns": {name: name for name in LOGGED}, "timezone": "UTC",
                "time_format": "%Y-%m-%d %H:%M:%S", "exchange": str(self.ids["calls"]),
            }  # fmt: skip
            _, config = add.prepare(unit, self.registry, "phone_log", settings)
            return add.add(unit, "phone_log", "logg", config, municipality.by_code(unit, "granvik")).id

        self.ids["log"] = self.write(write)
        self.kinds = {self.ids["log"]: "phone_log"}
        return self

    def row(self, at: int = 0, caller: str = IDA, zone: str = "UTC", **cells: str) -> RawEvent:
        """Of the log: a call that began `at` seconds after half an hour ago, by the clock of `zone`."""
        config = read_config(
            PhoneLogConfig,
            {
                "folder": str(self.folder), "columns": {name: name for name in LOGGED}, "timezone": zone,
                "exchange": str(self.ids["calls"]),
            },
        )  # fmt: skip
        began = clock.to_datetime(self.began + at * clock.SECOND).astimezone(ZoneInfo(zone))
        start = began.strftime("%Y-%m-%d %H:%M:%S")
        said = {"start": start, "number": caller, "called": SWITCHBOARD, **cells}
        row = ";".join(said.get(name, "") for name in LOGGED)
        return event_of(config, list(LOGGED), row.encode())

    def set_up_calls(self, lines: Mapping[str, str] | None = None) -> "Exchange":
        """The channel, its lines, and Sara's telephone."""

        def write(unit: Unit) -> int:
            settings = {"token": TOKEN, "lines": {SWITCHBOARD: "granvik/Kundtjänst", **(lines or {})}}
            _, config = add.prepare(unit, self.registry, "phone_webhook", settings)
            self.lines = config.lines  # type: ignore[attr-defined]  # of its kind
            sara = unit.get(Person, self.ids["sara"])
            assert sara is not None
            sara.phone = "5101"
            return add.add(unit, "phone_webhook", "växel", config, municipality.by_code(unit, "granvik")).id

        self.began = clock.now() - 30 * clock.MINUTE
        self.ids["calls"] = self.write(write)
        self.routers = {name: self.registry.router(name) for name in self.settings.routers}
        return self

    def event(self, what: str, call: str, at: int = 0, caller: str = IDA, **fields: str) -> RawEvent:
        """As the connector makes it of what it is told, `at` seconds after half an hour ago."""
        said = {"event": what, "callId": call, "from": caller, "to": SWITCHBOARD, "direction": "in", **fields}
        route = destination(self.lines, [said.get("queue"), said["to"], said["from"]])
        origin = {"at": str(self.began + at * clock.SECOND), **({"route": route} if route else {})}
        return RawEvent(f"{call} {what} {at}", json.dumps(said).encode(), "application/json", call, origin)

    def tell(self, *events: RawEvent) -> None:
        """Kept and read, all together."""
        self.read_in(self.keep(*events))

    def keep(self, *events: RawEvent, channel: str = "calls") -> list[Kept]:
        """Stored as raw events; those that were new."""
        return asyncio.run(self.kept(*events, channel=channel))

    async def kept(self, *events: RawEvent, channel: str = "calls") -> list[Kept]:
        """The same, where a loop runs."""
        fresh: list[Kept] = []
        receiver = Receiver(self.storage, fresh.extend)
        running = asyncio.create_task(receiver.run())
        await receiver.keep(self.ids[channel], events)
        running.cancel()
        return fresh

    def parse(self, kept: Sequence[Kept]) -> list[Parsed]:
        """As children do: with all that is there of their calls by now."""
        groups = {
            name: replace(group, events=[_told_at(each) for each in group.events])
            for name, group in self.storage.read_now(INTAKE, together, kept).items()
        }
        found = []
        for each in kept:
            parse = self.registry.connector(self.kinds.get(each.channel_id, "phone_webhook")).parse
            group = groups[each.channel_id, each.event.group or ""]
            found.append(
                Parsed(each, Answer(steps=[item for item in parse(group.events) if isinstance(item, CallStep)]), group)
            )
        return found

    def settle(self, parsed: Sequence[Parsed]) -> None:
        """Into rows."""
        placed = self.storage.read_now(INTAKE, pipeline.place, parsed, self.routers, pipeline.Trusts())
        self.storage.write_now(INTAKE, pipeline.settle, placed, "new")

    def read_in(self, kept: Sequence[Kept]) -> None:
        """Both."""
        self.settle(self.parse(kept))

    def calls(self) -> Sequence[Call]:
        """In the order they were offered."""
        return self.all(select(Call).order_by(Call.offered_at))

    def conversation(self, call: Call) -> Conversation:
        """That it stands in."""
        entry = select(Entry.conversation_id).where(Entry.id == call.entry_id)
        return self.one(select(Conversation).where(Conversation.id.in_(entry)))

    def promises(self) -> Sequence[Promise]:
        """All, oldest first."""
        return self.all(select(Promise).order_by(Promise.id))


def _told_at(event: RawEvent) -> RawEvent:
    """When it says, and not when this test brought it."""
    return replace(event, received_at=int(event.origin["at"])) if "at" in event.origin else event
