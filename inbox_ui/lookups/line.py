"""Line: one card as templates want it: in words, with the one thing worth seeing as a chip.

Everything in a card is another system's: it is shown as text, and nothing in it is an address but a checked `link`.
"""

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlencode, urlsplit
from zlib import crc32

from msgspec import Struct

from hub.contract import AnyCard
from inbox_ui import times


class Chip(Struct, frozen=True):
    """A status word. `tone`: ok | warn | late | info | closed, or none."""

    words: str
    tone: str = ""


class Fact(Struct, frozen=True):
    """A line of a card. `copied`: what copying it takes along; nothing: it isn't worth it. `mark`: beside the value.

    `waits`: it is dots until somebody asks to see it, as which field of the card of that number, of the answer that was
    asked for at `asked_at`; `seconds`: for how long it may be shown in clear.
    """

    words: str
    value: str
    copied: str = ""
    mark: Chip | None = None
    tone: str = ""
    waits: str = ""
    card: int = 0
    seconds: int = 0
    asked_at: str = ""

    @property
    def place(self) -> str:
        """In an id of the page: one for each field that waits."""
        return f"{self.card}-{crc32(self.waits.encode()):x}"

    @property
    def which(self) -> str:
        """In an address: the answer, the card and the field that are asked for."""
        return urlencode({"asked_at": self.asked_at, "card": self.card, "field": self.waits})


class Reached(Struct, frozen=True):
    """A step of a case. `state`: done | now | coming."""

    title: str
    day: str
    state: str


class Been(Struct, frozen=True):
    """A pickup that has been, or that wasn't made."""

    number: str
    under: str
    words: str
    missed: str


class Line(Struct, frozen=True, kw_only=True):
    """One card of an answer. `index`: among them; `number`, `day` and `left`: the parts of a date or an amount."""

    index: int
    title: str
    under: str = ""
    chip: Chip | None = None
    amount: str = ""
    currency: str = ""
    amount_under: str = ""
    day: str = ""
    day_under: str = ""
    is_late: bool = False
    reminded: str = ""
    facts: Sequence[Fact] = ()
    steps: Sequence[Reached] = ()
    past: Sequence[Been] = ()
    text: str = ""
    link: str = ""


def fact(words: str, value: str, *, copied: bool = False, tone: str = "") -> list[Fact]:
    """None of what the source doesn't say."""
    return [Fact(words, value, value if copied else "", tone=tone)] if value else []


def link(card: AnyCard) -> str:
    """Where it stands at the source; nothing that isn't a page of the web."""
    try:
        parts = urlsplit(card.link or "")
    except ValueError:
        return ""
    return (card.link or "") if parts.scheme in {"http", "https"} and parts.hostname else ""


def today() -> date:
    """Where the municipality is."""
    return times.local(times.now()).date()
