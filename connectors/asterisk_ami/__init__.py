"""Calls from Asterisk by its Manager Interface (AMI): we call the exchange, log in, and are told what its channels do.

One citizen's call is hundreds of events: those that tell something are kept, grouped by call (`following.py`), and
`parse` makes steps of them (`reading.py`). The wire is in `wire.py` and `session.py`; a connection that breaks is made
anew, and what was missed is made up as far as the manager can tell (`listening.py`). Orders go out on a connection of
their own (`control.py`). Not done: recordings, voice mail, presence, attended transfers by order.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from msgspec.structs import replace

from connectors.asterisk_ami import control, settings, wire
from connectors.asterisk_ami.following import Follower
from connectors.asterisk_ami.listening import Listening
from connectors.asterisk_ami.reading import read
from connectors.asterisk_ami.session import Session
from connectors.asterisk_ami.settings import AmiConfig
from connectors.asterisk_ami.steps import RECORDED
from hub.contract import (
    CallOrder,
    CallStep,
    Controls,
    Keep,
    Listens,
    Misconfigured,
    RawEvent,
    Register,
    hook_impl,
)
from hub.contract.dialled import destination

_SECOND = 1_000_000


class AsteriskAmi(Listens[AmiConfig], Controls[AmiConfig]):
    """An exchange."""

    kind = "asterisk_ami"
    title = "Telephony from Asterisk (AMI)"
    Config = AmiConfig

    _known: ClassVar[dict[tuple[str, int, str], Follower]] = {}
    """By exchange: after trouble the hub makes a new object, and the calls that it knew of may have ended meanwhile."""

    async def check(self) -> None:
        settings.check(self.config)
        session = await Session.open(self.config, events="off", step=self.tools.step)
        try:
            answer = await session.ask({"Action": "CoreShowChannels"})
            if answer.values.get("response", "").lower() != "success":
                raise Misconfigured(
                    "username",
                    "This user of the manager may not see what calls there are: give it "
                    "read = call,agent,user,dialplan,reporting and write = call,reporting in manager.conf.",
                )
            await session.send({"Action": "Logoff"})
        finally:
            session.close()

    async def listen(self, keep: Keep) -> None:
        follower = self._follower()
        try:
            await Listening(self.config, follower, keep, self.tools).run()
        finally:
            self._known[self._place] = follower

    @classmethod
    def anew(cls, config: AmiConfig, event: RawEvent) -> RawEvent:
        """What doesn't name a line itself stays where its call was when it came."""
        route = _route(config, wire.read(event.body, event.media_type).values) or event.origin.get("route", "")
        of_it = {name: event.origin[name] for name in ("at", "place", "timed") if name in event.origin}
        origin = {**settings.origin(config), **of_it, **({"route": route} if route else {})}
        return replace(event, origin=origin)

    @staticmethod
    def split(recording: bytes, given: Mapping[str, object] = settings.NONE) -> Sequence[RawEvent]:
        """A recorded stream as raw events, each in the group of its call. Raises Unreadable."""
        config = settings.read(given)
        follower = Follower(menu_names=config.menu_names, origin=settings.origin(config, given) | {RECORDED: "yes"})
        return [event for block in wire.blocks(recording) for event in follower.take(block)]

    @staticmethod
    def parse(group: Sequence[RawEvent]) -> Sequence[CallStep]:
        """Of one call; what has no group is a whole recording."""
        grouped: dict[str, dict[str, RawEvent]] = {}
        for event in group:
            for each in AsteriskAmi.split(event.body) if event.group is None else (event,):
                assert each.group is not None  # what is split has one
                grouped.setdefault(each.group, {})[each.key] = each
        return [step for call, events in sorted(grouped.items()) for step in read(call, list(events.values()))]

    async def control(self, order: CallOrder) -> None:
        await control.carry_out(self.config, order)

    def _follower(self) -> Follower:
        config = self.config
        return Follower(
            lambda: int(self.tools.now().timestamp() * _SECOND),
            menu_names=config.menu_names,
            origin=settings.origin(config),
            route=self._route,
            only_routed=config.only_these,
            known=self._known.pop(self._place, None),
        )

    @property
    def _place(self) -> tuple[str, int, str]:
        return self.config.host, self.config.port, self.config.username

    def _route(self, values: Mapping[str, str]) -> str:
        return _route(self.config, values)


def _route(config: AmiConfig, values: Mapping[str, str]) -> str:
    """Whose a call is, by the queue that it waits in, or else by the number that was dialled."""
    return destination(config.lines, [values.get("queue"), values.get("exten")]) or ""


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(AsteriskAmi)
