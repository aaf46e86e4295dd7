"""The plan: who writes, calls and chats when, and who works. Drawn by a seed, read by the load's process."""

import random
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from hub.proof.source import mails

STORM = 20
"""How many times the contacts of the others the first municipality has in the storm."""
TURNS = 3
"""That a citizen says in a chat."""
Kind = Literal["mail", "call", "chat"]
_MIX: tuple[tuple[Kind, float], ...] = (("mail", 0.4), ("call", 0.4), ("chat", 0.2))
WARM = "warm-up"


class Limits(Struct, frozen=True):
    """Milliseconds of p95, of p99 where it is an event's; seconds for the mails that waited."""

    pages: float
    opens: float
    search: float
    event: float
    waiting: float


class Size(Struct, frozen=True):
    """`rate`: contacts a second in the storm. `waiting`: mails in a mailbox, after an outage of three days.
    `processes`: of the web."""

    engine: str
    municipalities: int
    rate: float
    minutes: float
    agents: int
    waiting: int
    processes: int
    limits: Limits


SIZES = {
    "S": Size("sqlite", 5, 10, 20, 50, 20_000, 2, Limits(300, 400, 800, 2000, 1800)),
    "L": Size("postgresql", 30, 35, 60, 300, 20_000, 2, Limits(300, 500, 1000, 2000, 900)),
}
"""A town in its summer, a joint centre of thirty municipalities."""


class Part(Struct, frozen=True):
    """Of the run. `share`: contacts a second of each municipality; `storms`: the first one has STORM times that."""

    name: str
    begins: float
    ends: float
    share: float
    storms: bool = False


class Place(Struct, frozen=True):
    """A municipality: what it is written to and called by."""

    code: str
    address: str
    line: str
    calls: int
    chats: int


class Desk(Struct, frozen=True):
    """One of ours who works. `place`: of which municipality, by its position; `cookie`: of their session."""

    place: int
    cookie: str


class Contact(Struct, frozen=True):
    """`at`: when it begins, seconds from the start. `words`: each stands in one entry alone. `body`: of a mail."""

    at: float
    place: int
    kind: Kind
    words: Sequence[str]
    sender: str
    body: bytes = b""


class Plan(Struct, frozen=True):
    """All that the load's process is told. `pace`: 1 is people's, less is quicker."""

    seed: int
    web: int
    smtp: int
    secret: str
    pace: float
    parts: Sequence[Part]
    places: Sequence[Place]
    desks: Sequence[Desk]
    contacts: Sequence[Contact]


def parts(seconds: float, rate: float, municipalities: int, waiting: float) -> list[Part]:
    """Quiet, the storm of so many seconds, quiet again; `waiting`: then so long at most while mails are caught up."""
    share = rate / (STORM + municipalities - 1)
    quiet = max(seconds / 4, min(seconds, 60.0))
    lengths = {
        WARM: min(quiet / 4, 10.0),
        "quiet": quiet,
        "storm": seconds,
        "after": seconds / 8,
        "catching up": waiting,
    }
    made: list[Part] = []
    at = 0.0
    for name, length in lengths.items():
        if length:
            made.append(Part(name, at, at + length, share, name == "storm"))
            at += length
    return made


def contacts(rng: random.Random, found: Sequence[Part], places: Sequence[Place]) -> list[Contact]:
    """In the order in which they begin; each at a moment of its own, as people do."""
    run = f"{rng.randrange(16**6):06x}"
    drawn = sorted(
        (at, number, _kind(rng)) for number in range(len(places)) for part in found for at in _times(rng, part, number)
    )
    made: list[Contact] = []
    word = 0
    counts = [sum(place == number and kind == "mail" for _, place, kind in drawn) for number in range(len(places))]
    letters = [iter(mails(rng, count, [place.address])) for count, place in zip(counts, places, strict=True)]
    for number, (at, place, kind) in enumerate(drawn):
        if kind == "mail":
            mail = next(letters[place])
            made.append(Contact(at, place, kind, [mail.word], mail.sender, mail.body))
            continue
        words = [f"q{run}x{word + each:06d}" for each in range(TURNS if kind == "chat" else 1)]
        word += len(words)
        made.append(Contact(at, place, kind, words, f"+46701{number:06d}"))
    return made


def _times(rng: random.Random, part: Part, number: int) -> Iterator[float]:
    rate = part.share * (STORM if part.storms and number == 0 else 1)
    at = part.begins + rng.expovariate(rate)
    while at < part.ends:
        yield at
        at += rng.expovariate(rate)


def _kind(rng: random.Random) -> Kind:
    kinds, weights = zip(*_MIX, strict=True)
    found: Kind = rng.choices(kinds, weights)[0]
    return found
