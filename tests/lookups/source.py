"""A source of the tests' own: it keeps a ledger of what it was asked, and misbehaves when it is told to."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar

from msgspec import Meta

from hub.contract import (
    About,
    AnyCard,
    Config,
    Identifier,
    InvoiceCard,
    Lookup,
    PickupCard,
    Secret,
    Subject,
    Unreachable,
)
from hub.plugin_host.registry import Offer, Registry
from tests.flying import fly

HOUR = 3600.0


class Settings(Config, frozen=True):
    base_url: Annotated[str, Meta(title="Address")] = "http://127.0.0.1:9"
    password: Annotated[Secret | None, Meta(title="Password")] = None


class Ledgered(Lookup[Settings]):
    """Answers with one invoice about whom it was asked by, unless `does` says otherwise."""

    kind = "ledgered"
    title = "A ledger"
    Config = Settings
    answers: ClassVar[frozenset[Identifier]] = frozenset({"identity", "invoice", "customer"})
    asked: ClassVar[list[Subject]] = []
    does: ClassVar[Callable[[Subject], Sequence[AnyCard]] | str] = "answer"

    async def check(self) -> None:
        if self.config.base_url.endswith("/down"):
            raise Unreachable("The source doesn't answer.")

    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        self.asked.append(subject)
        does = type(self).does
        if callable(does):
            return does(subject)
        if does == "never":  # answers, and nobody waits in earnest
            fly(HOUR / 2)
        if does in {"hang", "never"}:
            await asyncio.sleep(HOUR)
        return [self.invoice(About(**{subject.by: subject.value}))]

    def invoice(self, about: About) -> InvoiceCard:
        return InvoiceCard(about=about, as_of=self.tools.now(), number="1", status="paid", currency="SEK")


class Placed(Lookup[Settings]):
    """The same of a place: it tells nothing of anybody."""

    kind = "placed"
    title = "A place"
    Config = Settings
    answers: ClassVar[frozenset[Identifier]] = frozenset({"address"})
    says_whom = False
    shows = "pickup"
    asked: ClassVar[list[Subject]] = []
    does: ClassVar[str] = "answer"

    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        self.asked.append(subject)
        if self.does == "fail":
            raise Unreachable("The source doesn't answer.")
        return [PickupCard(about=About(address=subject.value), as_of=self.tools.now(), waste="Restavfall")]


def registry() -> Registry:
    """Of these kinds alone, with clean ledgers."""
    for each in (Ledgered, Placed):
        each.asked.clear()
        each.does = "answer"
    made = Registry()
    bring(made)
    return made


def bring(made: Registry) -> None:
    """These kinds, beside what is there."""
    offer = Offer()
    offer.lookup(Ledgered)
    offer.lookup(Placed)
    made.take("tests", "1", offer, built_in=False)
