"""Came: the row that a trial's first card was made of, as its source has it: for whoever tries a definition alone.

What the card hides is hidden here as well, and identity numbers are masked as everywhere, whosever they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from hub import clock
from hub.contract import AnyCard, Subject, paths
from hub.contract.cards import About
from hub.contract.mapping import Row
from hub.formats.identity_numbers import written
from hub.inbox.points import masked_identity
from hub.lookups.cover import DOTS, is_named
from hub.lookups.definition import LINE, Declared
from hub.lookups.question import Answered, digits, is_same
from hub.lookups.sample import mapping_of, paths_of

_MOST, _LONGEST = 80, 200


class Cell(Struct, frozen=True):
    """What stands at a path. `value` None: nothing; `is_used`: the definition names it."""

    path: str
    value: str | None
    is_used: bool


class Watched:
    """What a mapping makes of rows, for one question."""

    def __init__(self, asked: Subject) -> None:
        self._asked = asked
        self._made: list[tuple[Row, AnyCard]] = []

    def __call__(self, asked: Subject | None, made: Sequence[tuple[Row, AnyCard]]) -> None:
        """In whatever thread the mapping works: what others ask by the same draft isn't kept."""
        if asked == self._asked:
            self._made = list(made)

    def row_of(self, answered: Answered) -> tuple[Row, str | None] | None:
        """Of the first card that may be shown, with the identity number that it is about; of others nothing is."""
        if answered.state != "found" or not answered.cards:
            return None
        shown = answered.cards[0].about
        made = ((row, card.about.identity) for row, card in self._made if _is_of(shown, card.about))
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


def _is_of(shown: About, about: About) -> bool:
    """The one is masked already."""
    others = (name for name in About.__struct_fields__ if name != "identity")
    return (
        all(getattr(shown, name) == getattr(about, name) for name in others)
        and (masked_identity(digits(about.identity)) if about.identity else None) == shown.identity
    )


def _hidden(declared: Declared) -> frozenset[str]:
    settings = declared.settings
    lines = {LINE + str(each.get("label")): each.get("value") for each in settings.get("lines", ())}
    lists = {name: each.get("rows") for name, each in settings.get("lists", {}).items()}
    sources = {**settings.get("fields", {}), **lines, **lists, "link": {"text": settings.get("link") or ""}}
    names = (*declared.leads_only, *declared.until_asked)
    return frozenset(path for name, source in sources.items() if is_named(names, name) for path in paths_of(source))


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
    if number and is_same("identity", text, number):
        return masked_identity(digits(text))
    for begins, ends in reversed(list(written(text, clock.to_datetime(clock.now()).date()))):
        text = f"{text[:begins]}{masked_identity(digits(text[begins:ends]))}{text[ends:]}"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
