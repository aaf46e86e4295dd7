"""What an item must look like, and what a recording may look like after an accident."""

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hub.contract.config import Secret
from hub.contract.messages import Item, ReceivedAttachment, ReceivedMessage

CUTS = 40
"""Truncations tried of each sample."""


def assert_well_formed(items: Sequence[Item]) -> None:
    """Types as declared, text that any database takes, sizes and digests that are right."""
    for item in items:
        assert isinstance(item, ReceivedMessage), f"an item is a ReceivedMessage, not a {type(item).__name__}"
        assert_text(_texts(item))
        msgspec.convert(msgspec.to_builtins(item), type(item))
        for attachment in item.attachments:
            _assert_attachment(attachment)
        assert item.sent_at is None or -(2**63) <= item.sent_at < 2**63, "sent_at fits 64 bits"


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
    """Every text in a Struct, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _texts(getattr(value, name))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
