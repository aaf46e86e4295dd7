"""The application with sources of the bench's own: one that answers after so many milliseconds, and never."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, ClassVar

import uvicorn
from msgspec import Meta

from hub.app import Hub, create_app
from hub.contract import About, AnyCard, Config, Identifier, InvoiceCard, Lookup, Subject
from hub.plugin_host.registry import Offer
from hub.settings import load_settings


class SlowConfig(Config, frozen=True):
    milliseconds: Annotated[int, Meta(title="How long it takes", ge=0)] = 0


class Slow(Lookup[SlowConfig]):
    """Answers with one invoice, however it was asked."""

    kind = "slow"
    title = "A slow ledger"
    Config = SlowConfig
    answers: ClassVar[frozenset[Identifier]] = frozenset({"identity"})

    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        if self.config.milliseconds:
            await asyncio.sleep(self.config.milliseconds / 1000)
        about = About(identity=subject.value)
        return [InvoiceCard(about=about, as_of=self.tools.now(), number="1", status="paid", currency="SEK")]


def main() -> None:
    """Until it is killed."""
    settings = load_settings()
    hub = Hub(settings, serves=True, works=True)
    offer = Offer()
    offer.lookup(Slow)
    hub.registry.take("bench", "1", offer, built_in=False)
    uvicorn.run(create_app(hub), host=settings.host, port=settings.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
