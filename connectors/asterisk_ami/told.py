"""What is gathered for the steps of one call, and how its people are named in them."""

from typing import Any

from msgspec import Struct

from connectors.asterisk_ami import parties
from connectors.asterisk_ami.callers import Caller
from connectors.asterisk_ami.events import Event
from connectors.asterisk_ami.facts import Channel, Dial, Facts
from connectors.asterisk_ami.talk import Heard
from hub.contract import CallStep


class Told(Struct):
    """Of one call."""

    call: str
    facts: Facts
    caller: Caller
    heard: Heard
    rung: list[Dial]
    steps: list[CallStep] = []

    def add(self, key: str, kind: str, at: int, timed: bool, **said: Any) -> None:
        given = {name: value for name, value in said.items() if value not in (None, "") or name == "caller"}
        self.steps.append(CallStep(key=f"{self.call} {key}", call=self.call, kind=kind, at=at, timed=timed, **given))  # type: ignore[arg-type]  # kinds are written out by those who call


def member_of(event: Event) -> str:
    """Of a queue: by its interface, as Local/201@from-queue/n or Agent/1001, or by its name, where that says it."""
    name = event.get("membername")
    interfaces = [event.get(header) for header in ("interface", "member", "location", "agentcalled")]
    said = [parties.registered(each) for each in (name if name.startswith("Agent/") else "", *interfaces) if each]
    return said[0] if said else parties.peer(event.get("destchannel"))


def whose(told: Told) -> str:
    """Of a call that goes out: whose it is."""
    who = parties.peer(told.caller.channel.name)
    return who if who.isdigit() or not told.caller.number else told.caller.number


def agent_of(told: Told, channel: Channel) -> str:
    """As the exchange knows them who have this telephone."""
    others = sum(
        1
        for dial in told.rung
        if dial.target != channel.uid
        and told.facts.channels[dial.target].number == channel.number
        and parties.peer(told.facts.channels[dial.target].name) != parties.peer(channel.name)
    )
    return parties.agent(channel, others, told.caller.called)


def seconds(value: str) -> int | None:
    """Less than four months of them."""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 8 else None  # noqa: PLR2004 - a day has 86,400
