"""A lookup that keeps every rule, over the simplest of sources: one path, one sum in JSON.

The lookups in `broken_plugins.py` are this one with one thing wrong.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from hub.contract import (
    About,
    Answer,
    AnyCard,
    AuthFailed,
    Config,
    Identifier,
    InvoiceCard,
    Lookup,
    Secret,
    Subject,
    Unreachable,
    Unreadable,
)


class CashbookConfig(Config, frozen=True):
    """Where it is, and the key to it."""

    base_url: str = "https://cashbook.example"
    key: Secret = Secret("")
    retries: float = 4


class Sum(Struct, frozen=True):
    """What the cashbook answers."""

    customer: str
    number: str
    total: Decimal
    text: str = ""


class Cashbook(Lookup[CashbookConfig]):
    """Has one sum for each customer."""

    kind = "cashbook"
    title = "Cashbook"
    Config = CashbookConfig
    answers: ClassVar[frozenset[Identifier]] = frozenset({"customer"})
    allowed_paths: ClassVar[Sequence[str]] = ("/sums",)
    allowed_posts: ClassVar[Sequence[tuple[str, str]]] = (("/search", ""),)

    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        answer = await self.get({"customer": subject.value})
        return [self.card(self.read(answer), subject)] if answer.content != b"null" else []

    async def get(self, query: Mapping[str, str]) -> Answer:
        headers = {"Authorization": f"Key {self.config.key.reveal()}"}
        answer = await self.tools.http.request("GET", "/sums", query=query, headers=headers)
        self.complain(answer)
        return answer

    def complain(self, answer: Answer) -> None:
        if answer.status in {401, 403}:
            raise AuthFailed(f"The key isn't taken ({answer.status}).")
        if answer.status == 429 or answer.status >= 500:
            raise Unreachable(f"The cashbook can't answer now ({answer.status}).")
        if answer.status != 200:
            raise Unreadable(f"The cashbook answers {answer.status}.")

    def read(self, answer: Answer) -> Sum:
        try:
            read = msgspec.json.decode(answer.content, type=Sum)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unreadable("The answer is no sum.") from error
        if not all(text.isprintable() for text in (read.customer, read.number, read.text)):
            raise Unreadable("The answer has control characters in it.")
        if not read.total.is_finite():
            raise Unreadable("The sum is no number.")
        return read

    def card(self, read: Sum, subject: Subject) -> InvoiceCard:  # noqa: ARG002 - for who is wrong about it
        return InvoiceCard(about=About(customer=read.customer), **self.fields(read))

    def fields(self, read: Sum) -> dict[str, Any]:
        return {
            "as_of": self.tools.now(),
            "number": read.number,
            "status": "sent",
            "title": read.text,
            "total": read.total,
            "currency": "SEK",
        }
