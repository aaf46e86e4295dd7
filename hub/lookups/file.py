"""File: a lookup declared in TOML, which a department can read. What is wrong with one is told by line and field."""

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import get_type_hints

import msgspec

from hub.allowed import place, problem
from hub.channels.open import read_settings
from hub.contract import Config, Misconfigured
from hub.contract.config import convert, secret_fields
from hub.errors import Invalid
from hub.lookups.cover import require_lines
from hub.lookups.definition import Declared
from hub.plugin_host.registry import LookupClass, Registry

_HEADER = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]")
_SET = re.compile(r"\s*([^=#]+?)\s*=")


def read(
    text: str,
    registry: Registry,
    secrets: Callable[[LookupClass], Mapping[str, object]],
    kept: Callable[[Declared], Mapping[str, object]] = lambda _: {},
) -> tuple[Declared, LookupClass, Config]:
    """What it declares, its kind, and the settings as the plugin reads them. Raises Invalid.

    `secrets` gives those of a kind, apart: a file is mailed and kept where many can read it. `kept`: those that aren't
    given, of the version before; where they don't fit what the file says now, only those that it can't do without.
    """
    declared = parsed(text)
    try:
        cls = registry.lookup(declared.kind)
        _refuse_open_secrets(cls, declared)
        config = _settings(cls, {**declared.settings, **secrets(cls)}, kept(declared))
        require_lines(declared)
    except (Invalid, Misconfigured) as error:
        raise Invalid(error.field, f"{line_of(text, _place(declared, registry, error.field))}{error}") from error
    return declared, cls, config


def parsed(text: str) -> Declared:
    """What it declares, whether that fits its kind or not. Raises Invalid with the line."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid("", f"the file isn't TOML: {error}") from error
    for name, hint in get_type_hints(Declared, include_extras=True).items():
        found = problem(name, hint, said[name], convert) if name in said else None
        if found:
            raise Invalid(name, f"{line_of(text, name)}{found}")
    try:
        declared = msgspec.convert(said, Declared)
    except msgspec.ValidationError as error:
        unknown = next(iter(said.keys() - set(Declared.__struct_fields__)), "")
        where = f"there is no {unknown}; there are: {', '.join(Declared.__struct_fields__)}" if unknown else str(error)
        raise Invalid(unknown, f"{line_of(text, unknown)}{where}") from error
    return declared


def _settings(cls: LookupClass, values: Mapping[str, object], kept: Mapping[str, object]) -> Config:
    """Raises Invalid, Misconfigured."""
    try:
        config = read_settings(cls, {**kept, **values})
        cls.bounds(config)
    except (Invalid, Misconfigured) as error:
        is_missing = error.field in secret_fields(cls.Config) and error.field not in values
        if is_missing and error.field not in kept:
            raise Invalid(error.field, missing_secret(error.field)) from error
        if not kept:
            raise
        return _settings(cls, *_without(cls, values, kept))
    return config


def _without(
    cls: LookupClass, values: Mapping[str, object], kept: Mapping[str, object]
) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """With those that the rest can't do without among the values, and none kept beside them."""
    needed = dict(values)
    for _ in kept:
        try:
            cls.bounds(read_settings(cls, needed))
        except (Invalid, Misconfigured) as error:
            if error.field not in kept or error.field in needed:
                break
            needed[error.field] = kept[error.field]
    return needed, {}


def missing_secret(name: str) -> str:
    """What to do about it."""
    return f"{name} is a secret and isn't in the file: give it by --set-file {name}=FILE or --set-stdin {name}"


def write(declared: Declared, cls: LookupClass | None = None) -> str:
    """The same as a file again; its secrets stay here. Of what its kind has anyway nothing is said."""
    head: dict[str, object] = {"name": declared.name, "kind": declared.kind}
    usual = Declared(name=declared.name, kind=declared.kind, title=declared.title)
    more = (
        "seconds", "register", "register_lists", "roles", "leads_only", "until_asked", "not_in_replies", "keep_days",
        "department", "purpose",
    )  # fmt: skip
    head |= {name: said for name in more if (said := getattr(declared, name)) != getattr(usual, name)}
    lines = [f"{name} = {_toml(value)}" for name, value in head.items()]
    lines += _table("title", declared.title)
    lines += _table("source", declared.source) if declared.source else []
    lines += _table("sentence", declared.sentence) if declared.sentence else []
    defaults = _defaults(cls) if cls else {}
    said = {
        name: value for name, value in declared.settings.items() if _plain(value) != defaults.get(name, _NO_DEFAULT)
    }
    lines += _table("settings", said)
    return "\n".join(lines) + "\n"


_NO_DEFAULT = object()


def _defaults(cls: LookupClass) -> Mapping[str, object]:
    found: dict[str, object] = {}
    for field in msgspec.structs.fields(cls.Config):
        if field.default_factory is not msgspec.NODEFAULT:
            found[field.name] = _plain(field.default_factory())
        elif field.default is not msgspec.NODEFAULT:
            found[field.name] = _plain(field.default)
    return found


def _plain(value: object) -> object:
    """As it comes from the database."""
    return msgspec.json.decode(msgspec.json.encode(value, enc_hook=str))


def _table(name: str, values: Mapping[str, object]) -> list[str]:
    """With those that are tables themselves after it."""
    inner = {key: each for key, each in values.items() if isinstance(each, Mapping) and each}
    lines = [f"{_key(key)} = {_toml(each)}" for key, each in values.items() if key not in inner]
    after = [line for key, each in inner.items() for line in _table(f"{name}.{_key(key)}", each)]
    return (["", f"[{name}]", *lines] if lines or not after else []) + after


def _place(declared: Declared, registry: Registry, field: str) -> str:
    """Of a setting that is a table, what in it is wrong."""
    if field not in declared.settings:
        return field
    hint = get_type_hints(registry.lookup(declared.kind).Config, include_extras=True).get(field)
    return place(field, hint, declared.settings[field], convert) if hint else field


def _refuse_open_secrets(cls: LookupClass, declared: Declared) -> None:
    for name in secret_fields(cls.Config) & declared.settings.keys():
        raise Invalid(name, f"{name} is secret and a file is read by many: give it by --set-file or --set-stdin")


def line_of(text: str, field: str) -> str:
    """`line 7: `, where the field is set; of one in a table that is missing, where the table is; else nothing."""
    wanted, table, around = (field, f"settings.{field}"), "", 0
    for number, line in enumerate(text.splitlines() if field else (), 1):
        if header := _HEADER.match(line):
            table = path = _unquoted(header[1])
        elif key := _SET.match(line):
            path = ".".join(filter(None, (table, _unquoted(key[1]))))
        else:
            continue
        if any(path == one or path.startswith(f"{one}.") for one in wanted):
            return f"line {number}: "
        if path != "settings" and any(one.startswith(f"{path}.") for one in wanted):
            around = number
    return f"line {around}: " if around else ""


def _unquoted(path: str) -> str:
    return re.sub(r"\s*\.\s*", ".", path.replace('"', "").replace("'", ""))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def _toml(value: object) -> str:
    """Texts, numbers, yes and no, lists and tables of them: JSON's words, but for tables."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(name))} = {_toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return msgspec.json.encode(value).decode()
