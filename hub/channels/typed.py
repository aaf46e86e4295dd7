"""Typed: settings as a person writes them, read by what kind of field each is. Whether they fit, the Config tells."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from hub.contract import Plugin, Secret
from hub.errors import Invalid

TEXT, SECRET, MAPPING, LIST, NUMBERS, OTHER = "text", "secret", "mapping", "list", "numbers", "other"
_NUMBER = re.compile(r"-?[0-9]{1,18}")


def kinds(cls: type[Plugin[Any]]) -> dict[str, str]:
    """What each setting's text is read as."""
    return {name: kind_of(hint) for name, hint in get_type_hints(cls.Config, include_extras=True).items()}


def kind_of(hint: Any) -> str:
    """A choice of texts is a text; `X | None` is an X."""
    hint = bare(hint)
    origin, parts = get_origin(hint), [bare(part) for part in get_args(hint)]
    if hint is Secret or Secret in parts:
        return SECRET
    if hint is str or (origin is Literal and all(isinstance(part, str) for part in parts)):
        return TEXT
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return MAPPING
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return NUMBERS if parts == [int] else LIST
    found = {kind_of(part) for part in parts if part is not type(None)} if origin not in {None, Literal} else set()
    return found.pop() if len(found) == 1 else TEXT if TEXT in found else OTHER


def bare(hint: Any) -> Any:
    """Without what is only said about it."""
    while hasattr(hint, "__metadata__"):
        hint = hint.__origin__
    return hint


def value_of(kind: str, name: str, text: str) -> object:
    """Raises Invalid. Items of a mapping or list are apart by commas, or each on a line of its own; or it is JSON."""
    if kind in {TEXT, SECRET}:
        return text
    if kind == MAPPING and not text.lstrip().startswith("{"):
        return _pairs(name, text)
    if kind in {LIST, NUMBERS} and not text.lstrip().startswith("["):
        return [int(each) if kind == NUMBERS and _NUMBER.fullmatch(each) else each for each in _items(text)]
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        if kind in {MAPPING, LIST, NUMBERS}:
            raise Invalid(name, f"{name} isn't valid JSON: {error}") from error
        return text  # reading the Config says what is expected instead


def text_of(value: object) -> str:
    """As a person would write it: the other way round."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and all(isinstance(each, str) for each in value.values()):
        return "\n".join(f"{key}={each}" for key, each in value.items())
    if isinstance(value, Sequence) and all(isinstance(each, str) for each in value):
        return "\n".join(value)
    if isinstance(value, Sequence) and all(type(each) is int for each in value):
        return ", ".join(map(str, value))
    return "" if value is None else msgspec.json.encode(value).decode()


def _pairs(name: str, text: str) -> dict[str, str]:
    """`a=x,b=y`; a comma inside a value belongs in JSON."""
    pairs: dict[str, str] = {}
    for part in _items(text) or [""]:
        key, sign, value = part.partition("=")
        if not (key.strip() and sign and value.strip()):
            raise Invalid(
                name, f"{name}: {part.strip() or 'nothing'} isn't NAME=VALUE; torg channel kinds tells what it is"
            )
        pairs[key.strip()] = value.strip()
    return pairs


def _items(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\r", "").replace("\n", ",").split(",") if part.strip()]
