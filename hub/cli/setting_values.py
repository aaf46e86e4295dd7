"""Settings of a channel as typed: `--set k=v`, from a file, from standard input; read by what kind of field each is."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click
import msgspec
from msgspec import Struct

from hub.contract import Config, Connector, Secret
from hub.errors import Invalid

TEXT, SECRET, MAPPING, LIST, OTHER = "text", "secret", "mapping", "list", "other"


class Typed(Struct, frozen=True):
    """Where values come from: (name, value), (name, file), names to read from standard input."""

    given: Sequence[tuple[str, str]] = ()
    files: Sequence[tuple[str, str]] = ()
    stdin: str | None = None


def read_values(cls: type[Connector[Any]], typed: Typed) -> dict[str, object]:
    """Values by field. Raises Invalid, naming the field; whether they fit, reading the Config tells."""
    kinds = {name: _kind(hint) for name, hint in get_type_hints(cls.Config, include_extras=True).items()}
    texts = [*typed.given, *((name, _from_file(name, path)) for name, path in typed.files)]
    if typed.stdin is not None:
        texts.append((typed.stdin, _as_text(typed.stdin, sys.stdin.buffer.read())))
    values: dict[str, object] = {}
    for name, text in texts:
        if name not in kinds:
            raise Invalid(name, f"{cls.kind} has no setting {name}; it has: {', '.join(kinds) or 'none'}")
        value = _value(kinds[name], name, text)
        if name in values:
            value = _both(name, values[name], value)
        values[name] = value
    for name, _ in typed.given:
        if kinds[name] == SECRET:
            raise Invalid(
                name, f"{name} is secret and others see a command's words: --set-stdin {name} or --set-file {name}=FILE"
            )
    return values


def secret_fields(config: type[Config]) -> list[str]:
    """Names of the settings that are stored encrypted and shown as dots."""
    return [name for name, hint in get_type_hints(config, include_extras=True).items() if _kind(hint) == SECRET]


def _split(_: click.Context, option: click.Parameter, given: Sequence[str]) -> list[tuple[str, str]]:
    pairs = []
    for each in given:
        name, sign, value = each.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"{each!r} isn't of the form {option.metavar}.")
        pairs.append((name, value))
    return pairs


SPLIT = _split
"""`k=v` apart, as a callback of click; anything else is a usage error."""


def _kind(hint: Any) -> str:
    """What a text is read as. A choice of texts is a text; `X | None` is an X."""
    hint = _bare(hint)
    origin, parts = get_origin(hint), [_bare(part) for part in get_args(hint)]
    if hint is Secret or Secret in parts:
        return SECRET
    if hint is str or (origin is Literal and all(isinstance(part, str) for part in parts)):
        return TEXT
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return MAPPING
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return LIST
    kinds = {_kind(part) for part in parts if part is not type(None)} if origin not in {None, Literal} else set()
    return kinds.pop() if len(kinds) == 1 else TEXT if TEXT in kinds else OTHER


def _bare(hint: Any) -> Any:
    while hasattr(hint, "__metadata__"):
        hint = hint.__origin__
    return hint


def _value(kind: str, name: str, text: str) -> object:
    if kind in {TEXT, SECRET}:
        return text
    if kind == MAPPING and not text.lstrip().startswith("{"):
        return _pairs(name, text)
    if kind == LIST and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        if kind in {MAPPING, LIST}:
            raise Invalid(name, f"{name} isn't valid JSON: {error}") from error
        return text  # reading the Config says what is expected instead


def _pairs(name: str, text: str) -> dict[str, str]:
    """`a=x,b=y`; a comma inside a value belongs in JSON."""
    pairs: dict[str, str] = {}
    for part in text.split(","):
        key, sign, value = part.partition("=")
        if not (key.strip() and sign and value.strip()):
            raise Invalid(name, f"{name}: {part.strip() or 'nothing'} isn't key=value, and it isn't JSON")
        pairs[key.strip()] = value.strip()
    return pairs


def _both(name: str, first: object, second: object) -> object:
    """Mappings and lists add up."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first | second
    if isinstance(first, list) and isinstance(second, list):
        return first + second
    raise Invalid(name, f"{name} is given twice")


def _from_file(name: str, path: str) -> str:
    try:
        return _as_text(name, Path(path).read_bytes())
    except OSError as error:
        raise Invalid(name, f"{name}: {path} can't be read: {error.strerror}") from error


def _as_text(name: str, content: bytes) -> str:
    """Without the line end that an editor or echo adds."""
    try:
        return content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise Invalid(name, f"{name} is text in UTF-8") from error
