"""A plugin whose channel opens with the right word only: for secrets, and for a check that fails."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

from msgspec import Meta

from hub.contract import AuthFailed, Config, Destination, OutgoingMessage, Receipt, Register, Secret, Sends, hook_impl

WORD = "sesam, öppna dig"


class VaultConfig(Config, frozen=True):
    """A field of each kind."""

    word: Annotated[Secret, Meta(title="Word")]
    retries: Annotated[int, Meta(title="Retries", ge=0, le=9)] = 3
    wait: Annotated[float, Meta(title="Wait")] = 1.5
    loud: Annotated[bool, Meta(title="Loud")] = False
    note: Annotated[str | None, Meta(title="Note")] = None
    tags: Annotated[tuple[str, ...], Meta(title="Tags")] = ()
    addresses: Annotated[dict[str, Destination], Meta(title="Addresses")] = {}  # noqa: RUF012 - msgspec copies an empty default


class Vault(Sends[VaultConfig]):
    """Sends nothing."""

    kind = "vault"
    title = "Vault"
    Config = VaultConfig

    async def check(self) -> None:
        await asyncio.sleep(0)
        if self.config.word.reveal() != WORD:
            raise AuthFailed("The vault doesn't open with this word.")

    async def send(self, message: OutgoingMessage, handing_over: Callable[[], Awaitable[None]]) -> Receipt:
        await handing_over()
        assert message.recipient.address
        return Receipt(outside_id=None)


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(Vault)
