"""Own: the addresses that our channels receive at or write from. A mail that says it comes from one is no citizen's."""

import re
from collections.abc import Iterator, Mapping

from sqlalchemy import select

from hub.channels.channel import Channel
from hub.storage.unit import Unit

_ADDRESS = re.compile(r"[^\s<>\"@]+@[^\s<>\"@]+")


def addresses(unit: Unit) -> frozenset[str]:
    """In small letters, as any channel's settings name them: every kind has a field of its own for it."""
    return frozenset(each.lower() for config in unit.all(select(Channel.config)) for each in _named(config))


def _named(setting: object) -> Iterator[str]:
    if isinstance(setting, str):
        if _ADDRESS.fullmatch(setting):
            yield setting
    elif isinstance(setting, Mapping):
        for name, value in setting.items():
            yield from _named(name)
            yield from _named(value)
    elif isinstance(setting, list):
        for each in setting:
            yield from _named(each)
