"""Page: what every list answers."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Page(Struct, Generic[T], frozen=True):
    """`next`: give it back as `after` for the page that follows; null: this was the last."""

    items: Sequence[T]
    next: str | None
