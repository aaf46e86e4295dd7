"""What everyone keeps who sends: the point of no return, and a name for every answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

from msgspec.structs import replace

from hub.contract.errors import Deferred, PluginError, Refused, Unreachable
from hub.contract.messages import Address, OutgoingMessage, Receipt
from hub.contract.testing.connector import ConnectorTests
from hub.contract.testing.stage import PATIENCE

Manner: TypeAlias = Literal["takes", "away", "refuses", "defers", "silent"]

MESSAGE = OutgoingMessage(
    message_id="<1.contract@torg.example>",
    sender=Address("Granviks kommun", "kommunen@granvik.example"),
    reply_to=Address("", "kommunen+token@granvik.example"),
    recipient=Address("Anna Öberg", "anna@exempel.example"),
    subject="Re: Fråga om snöröjning",
    text="Hej Anna!\n\nVi plogar i natt.\n.\nSlut\n",
    written_at=1_760_000_000_000_000,
    language="sv",
)


class OtherSide(Protocol):
    """What a connector sends to, played by its author."""

    settings: Mapping[str, Any]
    """That make a Config for it."""

    def taken(self) -> Sequence[str]:
        """The Message-IDs of all it has taken and won't give back."""
        ...


class SendTests(ConnectorTests):
    """The point of no return, and what every answer becomes."""

    manners: ClassVar[frozenset[Manner]] = frozenset({"takes", "away", "refuses", "defers", "silent"})
    """What the other side of this connector can do; a folder can't be silent."""

    def other_side(self, manner: Manner) -> AbstractAsyncContextManager[OtherSide]:
        """takes: as it should. away: nobody there. refuses: for good. defers: not now. silent: takes, never answers."""
        raise NotImplementedError

    def test_a_message_is_handed_over_once_before_it_is_taken(self) -> None:
        attempt = self._attempt("takes")
        assert isinstance(attempt.outcome, Receipt), f"a receipt, not {attempt.outcome!r}"
        assert attempt.taken == [self._name], "the other side has taken it once"
        assert attempt.handed_over == 1, "handing_over is awaited exactly once"
        assert attempt.taken_at_handing_over == [], "before the first byte that can't be taken back"

    def test_a_copy_for_somebody_else_is_sent_as_well(self) -> None:
        taken = asyncio.run(self._send_copies())
        assert taken == [self._name] * 2, "the same message for another recipient is another one to send"

    def test_when_the_hub_says_stop_nothing_leaves(self) -> None:
        attempt = self._attempt("takes", stop=True)
        assert isinstance(attempt.outcome, Stop), f"what handing_over raises goes up, not {attempt.outcome!r}"
        assert attempt.taken == []

    def test_nobody_there_is_unreachable_and_nothing_is_handed_over(self) -> None:
        attempt = self._attempt("away")
        assert isinstance(attempt.outcome, Unreachable), f"Unreachable, not {attempt.outcome!r}"
        assert attempt.handed_over == 0

    def test_a_no_is_a_no(self) -> None:
        for manner, error in (("refuses", Refused), ("defers", Deferred)):
            if manner in self.manners:
                attempt = self._attempt(manner)
                assert isinstance(attempt.outcome, error), f"{manner}: {error.__name__}, not {attempt.outcome!r}"

    def test_silence_has_no_name(self) -> None:
        if "silent" not in self.manners:
            return
        attempt = self._attempt("silent")
        assert isinstance(attempt.outcome, Exception), "no receipt without an answer"
        assert not isinstance(attempt.outcome, PluginError), "named, it would be sent again, and arrive twice"
        assert attempt.handed_over == 1

    async def _send_copies(self) -> list[str]:
        async with self.other_side("takes") as outside:
            connector = self._connector(outside.settings)
            for copy in self._copies():
                await asyncio.wait_for(self._hand(connector, copy, Attempt(stop=False).handing_over), PATIENCE)
            return list(outside.taken())

    @property
    def _name(self) -> str:
        """What the other side says that it has taken."""
        return MESSAGE.message_id

    def _copies(self) -> Sequence[Any]:
        """The message, and the same for somebody else."""
        other = Address("", "olle@exempel.example")
        return [
            replace(MESSAGE, recipient=each, to=[MESSAGE.recipient], cc=[other]) for each in (MESSAGE.recipient, other)
        ]

    def _hand(self, connector: Any, message: Any, handing_over: Callable[[], Awaitable[None]]) -> Awaitable[Receipt]:
        sending: Awaitable[Receipt] = connector.send(message, handing_over)
        return sending

    def _attempt(self, manner: Any, *, stop: bool = False) -> "Attempt":
        return asyncio.run(self._send(manner, Attempt(stop=stop)))

    async def _send(self, manner: Manner, attempt: "Attempt") -> "Attempt":
        async with self.other_side(manner) as outside:
            attempt.look = outside.taken
            try:
                sending = self._hand(self._connector(outside.settings), self._copies()[0], attempt.handing_over)
                attempt.outcome = await asyncio.wait_for(sending, PATIENCE)
            except (Exception, Stop) as error:  # noqa: BLE001 - what it raises is what is tested
                attempt.outcome = error
            attempt.taken = list(outside.taken())
        return attempt


class Stop(BaseException):
    """The hub's own: the lease was lost. Not an Exception, so that no `except Exception` makes something else of it."""


class Attempt:
    """One sending, and what was seen of it."""

    def __init__(self, *, stop: bool) -> None:
        self.stop = stop
        self.handed_over = 0
        self.look: Callable[[], Sequence[str]] = list
        self.taken_at_handing_over: list[str] = []
        self.taken: list[str] = []
        self.outcome: object = None

    async def handing_over(self) -> None:
        self.handed_over += 1
        self.taken_at_handing_over = list(self.look())
        if self.stop:
            raise Stop
