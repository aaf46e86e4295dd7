"""Kinds of channels, and what settings each takes: what to know before `torg channel add`."""

from collections.abc import Sequence
from typing import Any, get_type_hints

import msgspec
from msgspec import Meta

from hub.allowed import words
from hub.channels.add import MOVES_MESSAGES
from hub.contract import Config, Controls, Hosts, KeepsSent, Listens, Pulls, Receives, Sends, Texts
from hub.contract.config import secret_fields
from hub.plugin_host.registry import Registry

TITLES = ("kind", "setting", "default", "what it is")
_SECRET = "secret, given by --set-stdin or --set-file"  # noqa: S105 - how one is given


def all_kinds(registry: Registry) -> list[dict[str, Any]]:
    """Those that a channel can be made of; others only read files."""
    return [
        {
            "kind": kind,
            "title": cls.title,
            "pulls": issubclass(cls, Pulls),
            "receives": issubclass(cls, Receives),
            "listens": issubclass(cls, Listens),
            "sends": issubclass(cls, Sends),
            "keeps_sent": issubclass(cls, KeepsSent),
            "texts": issubclass(cls, Texts),
            "hosts": issubclass(cls, Hosts),
            "controls": issubclass(cls, Controls),
            "settings": _settings(cls.Config),
        }
        for kind, cls in sorted(registry.connectors.items())
        if issubclass(cls, MOVES_MESSAGES)
    ]


def rows_of(kinds: Sequence[dict[str, Any]]) -> list[Sequence[object]]:
    """A row for the kind, then one for each of its settings."""
    rows: list[Sequence[object]] = []
    for each in kinds:
        rows.append((each["kind"], None, None, each["title"]))
        for setting in each["settings"]:
            about = ": ".join(filter(None, (setting["title"], setting["allowed"])))
            rows.append((each["kind"], setting["name"], _default(setting), about))
    return rows


def _settings(config: type[Config]) -> list[dict[str, Any]]:
    hints, secret = get_type_hints(config, include_extras=True), secret_fields(config)
    return [
        {
            "name": field.name,
            "title": _title(hints[field.name]),
            "required": field.required,
            "default": None if field.name in secret else _plain(field),
            "secret": field.name in secret,
            "allowed": _SECRET if field.name in secret else words(hints[field.name]),
        }
        for field in msgspec.structs.fields(config)
    ]


def _title(hint: Any) -> str:
    return next((each.title for each in getattr(hint, "__metadata__", ()) if isinstance(each, Meta) and each.title), "")


def _plain(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.to_builtins(field.default_factory())
    return None if field.default is msgspec.NODEFAULT else msgspec.to_builtins(field.default)


def _default(setting: dict[str, Any]) -> object:
    if setting["required"]:
        return "must be given"
    default = setting["default"]
    return default if default is None or isinstance(default, str) else msgspec.json.encode(default).decode()
