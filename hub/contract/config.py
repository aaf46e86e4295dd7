"""Settings of one channel, as a Struct: the form is drawn from it, unknown fields are refused, secrets are masked."""

from typing import Annotated, Any, TypeAlias, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

MASK = "••••"


class Secret:
    """A password or key. Written as text in settings; stored encrypted, shown as dots; `reveal()` is for the connector.

    No Struct: msgspec would read and write it as an object with its value in the open, and ask no hook.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__


Destination: TypeAlias = Annotated[
    str, Meta(description="municipality/queue: the municipality's code and the queue's id or name", pattern=".+/.+")
]
"""A queue of a municipality. The hub resolves it when the channel is saved: afterwards it reads `code/queue id`."""


class Config(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of a channel's settings. Repeat `frozen=True` in yours; give each field a title, and a default if any."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__)
        return f"{type(self).__name__}({shown})"


C = TypeVar("C", bound=Config)
T = TypeVar("T")


def _decode(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError(f"expected text, got {type(value).__name__}")


def read_config(cls: type[C], values: object) -> C:
    """Settings from plain values. Raises msgspec.ValidationError, which names the field and what is allowed."""
    return convert(values, cls)


def convert(value: object, kind: type[T]) -> T:
    """One plain value as a field's type has it. Raises msgspec.ValidationError."""
    return msgspec.convert(value, kind, dec_hook=_decode, str_keys=True)


def secret_fields(cls: type[Config]) -> frozenset[str]:
    """Names of the settings that are stored encrypted and shown as dots."""
    hints = get_type_hints(cls, include_extras=True)
    return frozenset(name for name, hint in hints.items() if is_secret(hint))


def is_secret(hint: Any) -> bool:
    """A field of this type, or a part of it, is a Secret."""
    return hint is Secret or any(is_secret(part) for part in get_args(hint))
