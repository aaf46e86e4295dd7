"""What a plugin is: classes to derive from. Typed methods; a class line names abilities."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

from hub.contract.calls import CallOrder
from hub.contract.config import Config, Secret
from hub.contract.messages import Batch, Item, Keep, OutgoingMessage, RawEvent, Receipt, Tally
from hub.contract.outside import Answer, Http, Outside, Ring, WebCall
from hub.contract.steps import Proof
from hub.contract.texts import OutgoingText

C = TypeVar("C", bound=Config)
R = TypeVar("R")


class Tools(Protocol):
    """What the hub gives a plugin instead of a network, clock or thread of its own."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    async def block(self, call: Callable[[], R]) -> R:
        """Run a blocking library's call in this plugin's own thread."""
        ...

    def step(self, title: str) -> AbstractContextManager[Proof]:
        """A part of `check`, for whoever sets it up: the page shows each, how long it took, and which one failed.

        with self.tools.step("Signed in") as proof: …; `proof.says` takes a few words, `proof.until` a day. That a
        server was found and how long its certificate holds is told by itself where `elsewhere` or `http` goes out.
        """
        ...


class ConnectorTools(Tools, Protocol):
    """What the hub gives a connector."""

    @property
    def called_at(self) -> str:
        """The path, on whatever host the outside knows us by, under which this channel is called: `/calls/…`."""
        ...

    def elsewhere(self, name: str) -> Http:
        """Of a place that the connector's `places` name."""
        ...

    async def renew_secret(self, field: str, renew: Callable[[Secret | None], Awaitable[Secret | None]]) -> None:
        """Of a setting that the other side gives anew when it is used (a refresh token).

        `renew` is called with what it is now, or None where the settings have it, while no other object of this channel
        renews it; what it returns is stored when this returns, and None leaves it as it is.
        """
        ...

    async def known(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of them that this channel has events of: what was listed anew needn't be fetched again."""
        ...

    async def open_calls(self) -> Sequence[str]:
        """The exchange's names of this channel's calls that go on, for all it told: their end may have been missed."""
        ...


class Plugin(Generic[C]):
    """One object per configured channel or lookup. `kind` is its name in settings: lower case, underscores."""

    kind: ClassVar[str]
    title: ClassVar[str]
    Config: ClassVar[type[Config]]

    def __init__(self, config: C, tools: Tools) -> None:
        self.config, self.tools = config, tools

    async def check(self) -> None:
        """The cheapest call that proves the settings. Raises Misconfigured(field, why), AuthFailed, Unreachable."""


class Connector(Plugin[C]):
    """A kind of channel. Derive from the abilities it has.

    They are Pulls, Receives, Listens, Sends, KeepsSent, Texts, Hosts and Controls.
    """

    tools: ConnectorTools

    def __init__(self, config: C, tools: Any) -> None:
        super().__init__(config, tools)

    @classmethod
    def places(cls, config: C) -> Mapping[str, Outside]:  # noqa: ARG003 - for kinds whose settings say where
        """By name, all that it goes to by HTTP. Raises Misconfigured for a setting that names no such place."""
        return {}

    @classmethod
    def anew(cls, config: C, event: RawEvent) -> RawEvent:  # noqa: ARG003 - for those whose `origin` follows settings
        """As it would be brought by these settings, which were mended since: for a replay. Key and body stay.

        Where it goes, and whatever else `origin` says of the settings, is worked out again. No I/O.
        """
        return event

    @staticmethod
    def parse(group: Sequence[RawEvent]) -> Sequence[Item]:
        """Pure: no config, I/O or clock; runs in a child that can be killed, and again on replay.

        Any order, and events doubled, give the same items. Raises Unreadable. Whose recordings hold many events has a
        static `split(recording, given)` as well, which gives its raw events: `torg parse` reads them by it. `given`:
        the settings that it was given with `--set`, by name.
        """
        raise NotImplementedError


Called: TypeAlias = RawEvent | Ring
"""What a call brings: events to be kept, or word that there are some to be pulled."""


class Receives(Connector[C]):
    """Is called by the other side at an address of ours, `tools.called_at`."""

    token_field: ClassVar[str | None] = None
    """The secret setting by which it is called at `/api/v1/cti/<token>` as well, where exchanges know to call
    helpdesks: such a call has it as `token` in its query. None: it isn't called there.
    """

    def accept(self, call: WebCall) -> Sequence[Called]:
        """Whose call it is proves itself in constant time; then what it brings. Empty: a handshake, say.

        No network here. Raises AuthFailed (401: not from them, and nothing of it is kept), Unreadable (400).
        """
        raise NotImplementedError

    def answer(self, call: WebCall, references: Sequence[str]) -> Answer:  # noqa: ARG002 - for those who must say more
        """What the other side hears, when all that it brought is committed: a reference per event."""
        return Answer(204)


class Pulls(Connector[C]):
    """Is asked for what has come, again and again, by one process at a time and for one thing at a time."""

    @classmethod
    def fetches(cls, config: C) -> Collection[str]:  # noqa: ARG003 - for those whose source has a name
        """What it fetches, such as the folders of a mailbox, each by a name that another channel has for it, too.

        Two channels that fetch the same bring everything twice: the second isn't let run. Empty: nobody can tell.
        """
        return ()

    async def pull(self, cursor: bytes | None) -> Batch:
        """What has come since `cursor`; None: nothing was ever fetched. Leaves the source as it was.

        The batch's cursor commits with its events, or both don't: then the old one comes again.
        Raises Unreachable (tried again, later and later), AuthFailed (paused), Misconfigured.
        """
        raise NotImplementedError

    async def committed(self, keys: Sequence[str]) -> None:
        """These are kept: flag or move them at the source. May never be called, or twice."""

    async def wait(self, seconds: float) -> None:
        """Until there may be news, `seconds` at most. Better than asking: a connection on which the source tells.

        It is cancelled when somebody rings for the channel, as a web address does that the source calls.
        """
        await asyncio.sleep(seconds)

    def rung(self, word: str) -> None:
        """A call of the source brought a Ring with this word: the next pull is soon. May never be called."""

    async def gone(
        self,
        event: RawEvent,  # noqa: ARG002 - for those whose keys change
        earlier: Mapping[str, Mapping[str, str]],  # noqa: ARG002 - the same
    ) -> Sequence[str]:
        """Of these keys, with the origin of each, those that `event` may have had: the source has them no longer.

        `earlier` came with the same bytes. The first that is named becomes `event`, by its new key: a person moved it,
        or the source counts anew. A copy beside it is another mail.
        """
        return ()

    async def tally(self, cursor: bytes | None) -> Sequence[Tally]:  # noqa: ARG002 - as above
        """What the source holds now, a mailbox each; empty: it can't be counted."""
        return ()

    async def close(self) -> None:
        """The channel is paused, changed or another process's: end connections. Must not wait long."""


class Listens(Connector[C]):
    """Holds a port or a connection open and is told things."""

    def opens(self) -> tuple[str, int] | None:
        """The host and port that it opens, which no other channel may have; None: it opens none."""
        return None

    async def listen(self, keep: Keep) -> None:
        """Runs until cancelled. Acknowledge the source after `await keep(…)` has returned, never before."""
        raise NotImplementedError


class Sends(Connector[C]):
    """Takes messages out."""

    async def send(self, message: OutgoingMessage, handing_over: Callable[[], Awaitable[None]]) -> Receipt:
        """`await handing_over()` just before the first byte that can't be taken back. Several may be under way at once.

        Failed before it: tried again. After it: uncertain and never sent again by itself, unless the other side
        said no: Refused (for good) or Deferred (not now).
        """
        raise NotImplementedError


class KeepsSent(Connector[C]):
    """Puts a copy of what was sent where the mailbox's people look for it."""

    async def keep_sent(self, message: bytes, message_id: str) -> None:
        """The mail as it left. Once for each Message-ID, however often it is called. Never marks the mail unsent."""
        raise NotImplementedError


class Texts(Connector[C]):
    """Takes text messages out. Its setting `number` is ours in E.164, that they come from and answers come back to."""

    async def text(self, message: OutgoingText, handing_over: Callable[[], Awaitable[None]]) -> Receipt:
        """As `Sends.send`: `await handing_over()` just before what can't be taken back; Refused, Deferred after it."""
        raise NotImplementedError


class Hosts(Connector[C]):
    """The hub itself is the other side, at pages of its own: the class is the settings of them, and `check`."""


class Controls(Connector[C]):
    """Can be told what to do with a call: an agent's screen has the buttons for it then, and else not."""

    async def control(self, order: CallOrder) -> None:
        """Returns when the exchange has taken the order; what comes of it arrives as steps.

        Raises Refused with the exchange's words (there is no such call any more), Unreachable, AuthFailed.
        """
        raise NotImplementedError
