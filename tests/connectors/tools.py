"""What connectors are given in tests: a clock, and a thread for blocking calls."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TypeVar

from hub import clock
from hub.contract import Address, OutgoingMessage, Proof, Secret
from hub.contract.steps import Steps
from hub.proof.ports import free_ports

R = TypeVar("R")


class TestTools:
    """The real thing, without a hub behind it."""

    __test__ = False  # pytest: not a test, whatever the name

    def now(self) -> datetime:
        return clock.to_datetime(clock.now())

    async def block(self, call: Callable[[], R]) -> R:
        return await asyncio.to_thread(call)

    async def renew_secret(self, field: str, renew: Callable[[Secret | None], Awaitable[Secret | None]]) -> None:
        kept = self.__dict__.setdefault("kept_secrets", {})
        if (new := await renew(kept.get(field))) is not None:
            kept[field] = new

    def step(self, title: str) -> AbstractContextManager[Proof]:
        return self.__dict__.setdefault("steps", Steps()).step(title)  # type: ignore[no-any-return]  # of Steps

    async def open_calls(self) -> Sequence[str]:
        return ()


def free_port() -> int:
    """A port that nobody has now."""
    return free_ports(1)[0]


def outgoing(recipient: str = "anna@exempel.example", message_id: str = "<1.a@granvik.example>") -> OutgoingMessage:
    """An answer to a citizen."""
    return OutgoingMessage(
        message_id=message_id,
        sender=Address("Granviks kommun", "kommunen@granvik.example"),
        reply_to=Address("", "kommunen+token@granvik.example"),
        recipient=Address("Anna Öberg", recipient),
        subject="Re: Fråga om snöröjning",
        text="Hej Anna!\n\nVi plogar i natt.\n.\nslut\n",
        written_at=1_760_000_000_000_000,
        language="sv",
    )
