"""What an item or a card must look like, and what a recording may look like after an accident."""

import hashlib
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

import msgspec
from msgspec import Struct

from hub.contract.cards import AnyCard, Card, InvoiceCard
from hub.contract.config import Secret
from hub.contract.messages import Item, ReceivedAttachment, ReceivedMessage

CUTS = 40
"""Truncations tried of each sample."""

UNSAFE = re.compile(
    r"<(?:script|style|iframe|object|embed|form|link|meta|base|svg)\b|<[^<>]*\s(?:on\w+\s*=|\w+\s*=\s*[\"']?\s*javascript:)",
    re.I,
)
"""Of HTML that nobody has sanitised."""


def assert_well_formed(items: Sequence[Item]) -> None:
    """Types as declared, text that any database takes, sizes and digests that are right."""
    for item in items:
        assert isinstance(item, get_args(Item)), f"an item is one of hub.contract's, not a {type(item).__name__}"
        msgspec.convert(msgspec.to_builtins(item), type(item))
        assert_text(_texts(item))
        if not isinstance(item, ReceivedMessage):
            assert all(-(2**63) <= leaf < 2**63 for leaf in _leaves(item) if isinstance(leaf, int)), "it fits 64 bits"
            continue
        for attachment in item.attachments:
            _assert_attachment(attachment)
        assert not UNSAFE.search(item.html or ""), "html is shown to agents: give what hub.formats.html.sanitise leaves"
        assert item.sent_at is None or -(2**63) <= item.sent_at < 2**63, "sent_at fits 64 bits"


def assert_cards(cards: Sequence[Card]) -> None:
    """Types as declared, exact amounts, an aware time that has been."""
    for card in cards:
        assert isinstance(card, get_args(AnyCard)), f"a card is one of hub.contract's, not a {type(card).__name__}"
        leaves = list(_leaves(card))
        assert_text(leaf for leaf in leaves if isinstance(leaf, str))
        assert not any(isinstance(leaf, float) for leaf in leaves), "an amount is a Decimal, never a float"
        assert all(leaf.is_finite() for leaf in leaves if isinstance(leaf, Decimal)), "an amount is a number"
        msgspec.convert(msgspec.to_builtins(card), type(card))
        assert card.as_of.tzinfo is not None, "as_of is aware"
        assert card.as_of <= datetime.now(UTC) + timedelta(minutes=1), "as_of has been"
        if isinstance(card, InvoiceCard):
            assert re.fullmatch("[A-Z]{3}", card.currency), "a currency is its code of ISO 4217"


def assert_text(texts: Iterable[str]) -> None:
    """No NUL and no lone surrogate: no text column takes them."""
    for text in texts:
        assert isinstance(text, str)
        assert "\0" not in text, "text has no NUL"
        assert not any("\ud800" <= one <= "\udfff" for one in text), "text has no lone surrogate"


def damaged(body: bytes) -> Iterator[bytes]:
    """The same accidents on every run: cut short, bytes changed, everything but what it should be."""
    chance = random.Random(7)  # noqa: S311 - the same on every run
    yield from (
        b"",
        b"\0",
        b"\r\n" * 1_000,
        b"\xff" * 1_000,
        b"(" * 10_000,
        chance.randbytes(10_000),
        body + body,
        body[::-1],
    )
    for _ in range(CUTS):
        yield body[: chance.randrange(len(body) + 1)]
        changed = bytearray(body)
        for _ in range(max(1, len(body) // 500)):
            changed[chance.randrange(len(body))] = chance.randrange(256)
        yield bytes(changed)


def reveal(value: object) -> str:
    """How a secret is stored, before it is encrypted."""
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError


def _assert_attachment(attachment: ReceivedAttachment) -> None:
    assert attachment.size == len(attachment.content), "size is that of the content"
    assert attachment.sha256 == hashlib.sha256(attachment.content).hexdigest(), "sha256 is that of the content, in hex"


def _texts(value: Any) -> Iterator[str]:
    return (leaf for leaf in _leaves(value) if isinstance(leaf, str))


def _leaves(value: Any) -> Iterator[Any]:
    """Everything in a Struct that isn't one or a list, however deep."""
    if isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _leaves(getattr(value, name))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _leaves(one)
    else:
        yield value
