"""Settings of a channel as typed: `--set k=v`, from a file, from standard input; read by what kind of field each is."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from hub.channels import typed as typed_settings
from hub.channels.typed import SECRET, value_of
from hub.contract import Plugin
from hub.errors import Invalid


class Typed(Struct, frozen=True):
    """Where values come from: (name, value), (name, file), names to read from standard input."""

    given: Sequence[tuple[str, str]] = ()
    files: Sequence[tuple[str, str]] = ()
    stdin: str | None = None


def read_values(cls: type[Plugin[Any]], typed: Typed) -> dict[str, object]:
    """Values by field. Raises Invalid, naming the field; whether they fit, reading the Config tells."""
    kinds = typed_settings.kinds(cls)
    texts = [*typed.given, *((name, _from_file(name, path)) for name, path in typed.files)]
    if typed.stdin is not None:
        texts.append((typed.stdin, _as_text(typed.stdin, sys.stdin.buffer.read())))
    values: dict[str, object] = {}
    for name, text in texts:
        if name not in kinds:
            raise Invalid(name, f"{cls.kind} has no setting {name}; it has: {', '.join(kinds) or 'none'}")
        value = value_of(kinds[name], name, text)
        if name in values:
            value = _both(name, values[name], value)
        values[name] = value
    for name, _ in typed.given:
        if kinds[name] == SECRET:
            raise Invalid(
                name, f"{name} is secret and others see a command's words: --set-stdin {name} or --set-file {name}=FILE"
            )
    return values


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


Pairs = Sequence[tuple[str, str]]


def apart(given: Pairs) -> tuple[Pairs, Pairs]:
    """What takes the place of a setting, and what is added to one: `NAME+=VALUE`, here without its plus."""
    plain = [each for each in given if not each[0].endswith("+")]
    return plain, [(name.removesuffix("+"), value) for name, value in given if name.endswith("+")]


def added_to(was: Mapping[str, Any], added: Mapping[str, object], given: Mapping[str, object]) -> dict[str, object]:
    """Settings with what is added to them. Raises Invalid, naming one that nothing can be added to."""
    found: dict[str, object] = {}
    for name, more in added.items():
        if name in given:
            raise Invalid(name, f"{name} is given twice")
        if isinstance(more, dict):
            found[name] = {**(was.get(name) or {}), **more}
        elif isinstance(more, list):
            before = was.get(name) or []
            found[name] = [*before, *(each for each in more if each not in before)]
        else:
            raise Invalid(name, f"{name} is one value, nothing is added to it: write {name}=VALUE")
    return found


def dropped(was: Mapping[str, Any], given: Mapping[str, object]) -> dict[str, list[str]]:
    """By setting, what its mapping or list had and has no more, as it is written."""
    found: dict[str, list[str]] = {}
    for name, now in given.items():
        before = was.get(name)
        if isinstance(before, dict) and isinstance(now, dict):
            gone = [f"{key}={value}" for key, value in before.items() if key not in now]
        elif isinstance(before, list) and isinstance(now, list):
            gone = [str(each) for each in before if each not in now]
        else:
            continue
        if gone:
            found[name] = gone
    return found


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
