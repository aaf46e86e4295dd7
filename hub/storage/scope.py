"""Scope: whose rows a unit of work may touch."""

from collections.abc import Collection
from typing import Protocol

from msgspec import Struct

_VISITOR = "visitor"


class HasMunicipalities(Protocol):
    """A person, as far as scope needs to know."""

    @property
    def municipality_ids(self) -> Collection[int]:
        """Ids of the municipalities their memberships reach."""
        ...


class Scope(Struct, frozen=True):
    """Municipalities whose rows exist for a unit of work; None: all of them, for a stated reason."""

    municipalities: tuple[int, ...] | None
    reason: str

    @classmethod
    def of(cls, person: HasMunicipalities) -> "Scope":
        """What this person's memberships reach. Without memberships: nothing."""
        return cls(tuple(sorted(person.municipality_ids)), "person")

    @classmethod
    def everything(cls, reason: str) -> "Scope":
        """For log-in, sweeps and the command line: another database role. A test lists the call sites."""
        return cls(None, reason)

    @classmethod
    def of_visitors(cls, municipality_id: int | None = None) -> "Scope":
        """For whoever is none of ours, in a chat, say: the municipality they came to; None: no municipality's rows."""
        return cls(() if municipality_id is None else (municipality_id,), _VISITOR)

    @property
    def is_visitors(self) -> bool:
        return self.reason == _VISITOR

    def holds(self, municipality_id: int | None) -> bool:
        return self.municipalities is None or municipality_id in self.municipalities
