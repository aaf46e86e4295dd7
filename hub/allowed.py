"""Allowed: what a setting may be, in words, read off its type. A validator's own name neither setting nor value."""

import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Meta

_WORDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


def problem(name: str, hint: Any, value: object, convert: Callable[[object, Any], object]) -> str | None:
    """A sentence with the setting, its value and what is allowed; None where it fits.

    Of a mapping only the item that doesn't fit is named. `convert` raises msgspec.ValidationError.
    """
    try:
        convert(value, hint)
    except msgspec.ValidationError as error:
        bare, _ = _bare(hint)
        items = _items(bare, value) if isinstance(value, Mapping) else ()
        inner = next(filter(None, (problem(f"{name}: {key}", each, one, convert) for key, each, one in items)), None)
        return inner or f"{name} = {value!r} can't be used: it is {words(hint) or f'not that ({error})'}"
    return None


def words(hint: Any) -> str:
    """As in `a whole number from 1 to 65535`; empty for a type that there are no words for."""
    bare, metas = _bare(hint)
    origin, parts = get_origin(bare), get_args(bare)
    if origin is Literal:
        return f"one of {', '.join(map(str, parts))}"
    if origin in {Union, types.UnionType}:
        return " or ".join(filter(None, (words(part) for part in parts if part is not type(None))))
    about = next((f" ({meta.description})" for meta in metas if meta.description), "")
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"pairs of NAME=VALUE{about}"
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return f"a list, each of it {words(parts[0]) or 'of its kind'}"
    word = _WORDS.get(bare, "")
    return f"{word}{_limits(metas)}{about}" if word else ""


def _bare(hint: Any) -> tuple[Any, Sequence[Meta]]:
    """The type without what is noted of it, and the notes."""
    metas: list[Meta] = []
    while hasattr(hint, "__metadata__"):
        metas += [each for each in hint.__metadata__ if isinstance(each, Meta)]
        hint = hint.__origin__
    return hint, metas


def _items(bare: Any, value: Mapping[Any, object]) -> Iterator[tuple[Any, Any, object]]:
    parts = get_args(bare)
    if len(parts) == 2:  # noqa: PLR2004 - a mapping's key and value
        for key, one in value.items():
            yield key, parts[1], one


def _limits(metas: Sequence[Meta]) -> str:
    def said(name: str) -> Any:
        return next((found for meta in metas if (found := getattr(meta, name)) is not None), None)

    least, most, over, under = said("ge"), said("le"), said("gt"), said("lt")
    if least is not None and most is not None:
        return f" from {least} to {most}"
    limits = [
        *([f"{least} or more"] if least is not None else ()),
        *([f"over {over}"] if over is not None else ()),
        *([f"at most {most}"] if most is not None else ()),
        *([f"under {under}"] if under is not None else ()),
        *(["not empty"] if said("min_length") else ()),
        *([f"of the form {said('pattern')}"] if said("pattern") else ()),
    ]
    return f", {' and '.join(limits)}" if limits else ""
