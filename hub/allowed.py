"""Allowed: what a setting may be, in words, read off its type. A validator's own name neither setting nor value."""

import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

_WORDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


def problem(name: str, hint: Any, value: object, convert: Callable[[object, Any], object]) -> str | None:
    """A sentence with the setting, its value and what is allowed; None where it fits.

    Of a table or a list only the item that doesn't fit is named. `convert` raises msgspec.ValidationError.
    """
    found = _trouble(hint, value, convert)
    return None if found is None else ": ".join((name, *found[0])) + found[1]


def place(name: str, hint: Any, value: object, convert: Callable[[object, Any], object]) -> str:
    """Where in a setting the problem is: `by.invoice.path`."""
    found = _trouble(hint, value, convert)
    return ".".join((name, *(each for each in found[0] if not each.isdigit()))) if found else name


def _trouble(hint: Any, value: object, convert: Callable[[object, Any], object]) -> tuple[tuple[str, ...], str] | None:
    """Where in it, and the end of the sentence."""
    try:
        convert(value, hint)
    except msgspec.ValidationError as error:
        bare, _ = _bare(hint)
        for key, each, one in _items(bare, value):
            if (inner := _trouble(each, one, convert)) is not None:
                return (key, *inner[0]), inner[1]
        if (wrong := _wrong_names(bare, value, convert)) is not None:
            return wrong
        written = list(value) if isinstance(value, tuple) else value  # as it stands in a file
        return (), f" = {written!r} can't be used: it is {words(hint) or f'not that ({error})'}"
    return None


def words(hint: Any) -> str:
    """As in `a whole number from 1 to 65535`; empty for a type that there are no words for."""
    bare, metas = _bare(hint)
    origin, parts = get_origin(bare), get_args(bare)
    if origin is Literal:
        return f"one of {', '.join(str(part) or 'nothing' for part in parts)}"
    if origin in {Union, types.UnionType}:
        return " or ".join(filter(None, (words(part) for part in parts if part is not type(None))))
    about = next((f" ({meta.description})" for meta in metas if meta.description), "")
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"pairs of NAME=VALUE{about}"
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return f"a list, each of it {words(parts[0]) or 'of its kind'}"
    if _is_table(bare):
        return f"a table with {', '.join(bare.__struct_fields__)}"
    word = _WORDS.get(bare, "")
    return f"{word}{_limits(metas, in_words=bool(about))}{about}" if word else ""


def _bare(hint: Any) -> tuple[Any, Sequence[Meta]]:
    """The type without what is noted of it, and the notes."""
    metas: list[Meta] = []
    while hasattr(hint, "__metadata__"):
        metas += [each for each in hint.__metadata__ if isinstance(each, Meta)]
        hint = hint.__origin__
    return hint, metas


def _items(bare: Any, value: object) -> Iterator[tuple[str, Any, object]]:
    """What is in a table or a list: name, type, value."""
    kind = _of_kind(bare, value)
    parts = get_args(kind)
    if isinstance(value, Mapping):
        if _is_table(kind):
            hints = get_type_hints(kind, include_extras=True)
            yield from ((str(key), hints[key], one) for key, one in value.items() if key in hints)
        elif len(parts) == 2:  # noqa: PLR2004 - a mapping's key and value
            yield from ((str(key), parts[1], one) for key, one in value.items())
    elif isinstance(value, list | tuple) and len(parts) == 1:
        yield from ((str(number), parts[0], one) for number, one in enumerate(value, 1))


def _wrong_names(
    bare: Any, value: object, convert: Callable[[object, Any], object]
) -> tuple[tuple[str, ...], str] | None:
    """A name that a table doesn't have, or lacks."""
    kind = _of_kind(bare, value)
    if not isinstance(value, Mapping):
        return None
    if _is_table(kind):
        known = kind.__struct_fields__
        for name in value:
            if name not in known:
                return (str(name),), f" isn't known here; there are: {', '.join(known)}"
        for field in msgspec.structs.fields(kind):
            if field.required and field.name not in value:
                return (field.name,), " is missing"
    elif get_args(kind) and isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping):
        for name in value:
            try:
                convert(name, get_args(kind)[0])
            except msgspec.ValidationError:
                return (str(name),), f" isn't known here; it is {words(get_args(kind)[0]) or 'another'}"
    return None


def _of_kind(bare: Any, value: object) -> Any:
    """Of several types the one that a value of this form is meant as."""
    if get_origin(bare) not in {Union, types.UnionType}:
        return bare
    for part in get_args(bare):
        kind, _ = _bare(part)
        origin = get_origin(kind) or kind
        if isinstance(origin, type) and (
            (isinstance(value, Mapping) and (_is_table(kind) or issubclass(origin, Mapping)))
            or (isinstance(value, list | tuple) and issubclass(origin, list | tuple))
        ):
            return kind
    return bare


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _limits(metas: Sequence[Meta], *, in_words: bool) -> str:
    """`in_words`: a description says what form it has, so the pattern, which few can read, stays away."""

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
        *([f"of the form {said('pattern')}"] if said("pattern") and not in_words else ()),
    ]
    return f", {' and '.join(limits)}" if limits else ""
