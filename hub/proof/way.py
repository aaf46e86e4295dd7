"""A way in: a channel in a fresh installation, what comes by it, and what must be there in the end."""

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from hub.channels import add
from hub.channels.channel import Channel
from hub.faults import CALL_POINTS, INGEST_POINTS
from hub.inbox import municipality, queue
from hub.inbox.municipality import Municipality
from hub.proof.ingest import Feed
from hub.proof.installation import Installation
from hub.storage.unit import Unit

OF_CALLS = (*(point for point in INGEST_POINTS if point != "normalised"), *CALL_POINTS)


class Way(ABC):
    """`points`: where the hub can be killed on this way. Made with an installation that has no municipality yet."""

    points: ClassVar[Sequence[str]]
    source: Feed

    @abstractmethod
    def __init__(self, rng: random.Random, count: int, installation: Installation, web: int) -> None:
        """`count`: of what comes, as near as it goes. `web`: the port of the hub."""

    @abstractmethod
    def findings(self, installation: Installation) -> Sequence[str]:
        """What isn't as it was brought, in words."""


def homes(unit: Unit) -> Sequence[Municipality]:
    """Two municipalities, each with a queue named Alla."""
    found = []
    for code, name, country in (("granvik", "Granvik", "SE"), ("nesoy", "Nesøy", "NO")):
        found.append(municipality.add(unit, code, name, country))
        queue.add(unit, {"sv": "Alla"}, [found[-1]])
    return found


def channel(unit: Unit, installation: Installation, kind: str, given: dict[str, object], home: Municipality) -> Channel:
    """One of a kind."""
    _, config = add.prepare(unit, installation.registry, kind, given)
    return add.add(unit, kind, kind, config, home)
