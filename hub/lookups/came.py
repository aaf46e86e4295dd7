"""Came: the row that a trial's first card was made of, as its source has it: for whoever tries a definition alone.

What the card hides is hidden here as well, and identity numbers are masked as on the card, whosever they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from hub.contract import AnyCard, Subject, paths
from hub.contract.mapping import Row
from hub.contract.mapping_cards import whole
from hub.lookups.cover import DOTS, is_named, masked_about
from hub.lookups.definition import Declared
from hub.lookups.numbers import Mask
from hub.lookups.parts import parts
from hub.lookups.question import Answered
from hub.lookups.sample import mapping_of

_MOST, _LONGEST = 80, 200


class Cell(Struct, frozen=True):
    """What stands at a path. `value` None: nothing; `is_used`: the definition names it."""

    path: str
    value: str | None
    is_used: bool


class Watched:
    """What came, and what a mapping makes of it, for one question. What others ask by the same draft isn't kept.

    `rows`: how many came, None while none were read; `names`: of the first, where in it something stands, without what
    stands there; `status`: the one by which its source said that nothing is known, or 0.
    """

    def __init__(self, asked: Subject) -> None:
        self._asked = asked
        self._made: list[tuple[Row, AnyCard]] = []
        self.rows: int | None = None
        self.names: Sequence[str] = ()
        self.status = 0

    def came(self, asked: Subject | None, rows: Sequence[Row]) -> None:
        """As hub.contract.mapping_check.Watch has it."""
        if asked == self._asked:
            self.rows = len(rows)
            mask = Mask(None)
            self.names = [mask.within(path) for path, _ in islice(_flat(rows[0]), _MOST)] if rows else ()

    def made(self, asked: Subject | None, made: Sequence[tuple[Row, AnyCard]]) -> None:
        """The same."""
        if asked == self._asked:
            self._made = list(made)

    def unknown(self, status: int) -> None:
        """The same."""
        self.status = status

    def row_of(self, answered: Answered) -> tuple[Row, str | None] | None:
        """Of the first card that may be shown, with the identity number that it is about; of others nothing is."""
        if answered.state != "found" or not answered.cards:
            return None
        shown = answered.cards[0].about  # masked already
        made = ((row, card.about.identity) for row, card in self._made if masked_about(card.about) == shown)
        return next(made, None)


def cells(declared: Declared, row: Row, number: str | None) -> Sequence[Cell]:
    """In the source's order, not too many. `number`: the identity number that it is about."""
    used, hidden = mapping_of(declared).columns, _hidden(declared)
    found = islice(_flat(row), _MOST)
    return [
        Cell(
            path,
            DOTS if value not in {None, ""} and _is_at(path, hidden) else _shown(value, number),
            _is_at(path, used),
        )
        for path, value in found
    ]


def _hidden(declared: Declared) -> frozenset[str]:
    names = (*declared.leads_only, *declared.until_asked)
    own = (part for part in parts(declared.settings) if is_named(names, whole(part.name)))
    return frozenset(path for part in own for path in part.paths)


def _is_at(path: str, named: frozenset[str]) -> bool:
    """Or within what stands there. What came once is no list, though it may be one."""
    bare = path.replace("[]", "")
    names = {each.replace("[]", "") for each in named}
    return bare in names or bare.startswith(tuple(f"{each}." for each in names))


def _flat(row: object, at: str = "") -> Iterator[tuple[str, object]]:
    """Of a list its first."""
    if isinstance(row, Mapping):
        for name, value in row.items():
            yield from _flat(value, f"{at}.{name}" if at else str(name))
    elif isinstance(row, list | tuple):
        yield from _flat(row[0] if row else None, f"{at}[]")
    else:
        yield at, row


def _shown(value: object, number: str | None) -> str | None:
    if value is None:
        return None
    try:
        text = paths.text(value)
    except ValueError:
        text = str(value)
    text = Mask(number).within(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
