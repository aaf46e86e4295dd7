"""Faces: which kinds of channels the public face opens: those that are called, and those that are our own pages.

PostgreSQL asks this table which channels' secrets and events that face may see; the plugins that are installed say it.
"""

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from hub.contract import Hosts, Receives
from hub.plugin_host.registry import Registry
from hub.storage.base import Row
from hub.storage.unit import Unit


class PublicKind(Row):
    """A kind of channel that strangers come to."""

    __tablename__ = "public_kind"
    kind: Mapped[str] = mapped_column(unique=True)


def unsaid(unit: Unit, registry: Registry) -> frozenset[str]:
    """Kinds that are installed and don't stand there yet."""
    kinds = {kind for kind, cls in registry.connectors.items() if issubclass(cls, Receives | Hosts)}
    return frozenset(kinds - set(unit.all(select(PublicKind.kind))))


def say(unit: Unit, registry: Registry) -> None:
    """All that are installed stand there."""
    for kind in sorted(unsaid(unit, registry)):
        unit.add(PublicKind(kind=kind))
