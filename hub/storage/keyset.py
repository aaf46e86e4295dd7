"""Keyset: a page of keys over the municipalities in scope, and the text that says where the next page begins.

One `SELECT … ORDER BY keys LIMIT n` per municipality, joined by UNION ALL: an `IN` over the municipalities makes
PostgreSQL pick the wrong index. The statement is put together once per set of conditions and remembered, because making
it costs more than running it.
"""

import base64
import binascii
import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, bindparam, select, tuple_
from sqlalchemy.orm import QueryableAttribute

from hub.errors import Invalid
from hub.storage.prepared import driver_text
from hub.storage.unit import Unit

MOST = 200
"""Rows of a page, at most."""
_LOWEST, _HIGHEST = -1, 2**63 - 1
_PLACEHOLDER = re.compile(r"(?<!:):(\w+)|%\((\w+)\)s")

Key = QueryableAttribute[int]
Keys = tuple[int, ...]
Part = tuple[int, tuple[ColumnElement[bool], ...]]
"""A municipality, with what further holds for its page."""


class Order(Struct, frozen=True):
    """The keys of a list; the last of them is the id. `newest_first` turns all of them round."""

    keys: tuple[Key, ...]
    newest_first: bool = False


class Wanted(Struct, frozen=True):
    """What a list is narrowed to.

    `where`: constants of the caller's module with `bindparam`s, filled from `values`; `within`: a further condition per
    municipality. Statements are remembered by the identity of both, so neither may be made anew for every call.
    `apart`: by municipality, conditions that each get a page of their own, so that each goes by an index in its order.
    """

    where: tuple[ColumnElement[bool], ...]
    within: Callable[[int], ColumnElement[bool]]
    values: Mapping[str, object]
    municipalities: Sequence[int] | None = None
    apart: Mapping[int, Sequence[ColumnElement[bool]]] | None = None


def page(unit: Unit, order: Order, wanted: Wanted, after: str | None, limit: int) -> tuple[list[Keys], str | None]:
    """The keys of `limit` rows after the cursor, in order, and the cursor of the page after them or None.

    The table is that of the keys. Raises Invalid for a cursor of another list.
    """
    length = len(order.keys)
    edge = read_cursor(after, length) or ((_HIGHEST if order.newest_first else _LOWEST),) * length
    scope = unit.scope.municipalities or ()
    named = scope if wanted.municipalities is None else [each for each in wanted.municipalities if each in scope]
    parts = tuple(part for each in named for part in _parts(each, wanted))
    if not parts:
        return [], None
    statement, fixed = _statement(unit.dialect, order, wanted.where, parts)
    values = {**fixed, **wanted.values, "n": limit + 1, **{f"after_{i}": value for i, value in enumerate(edge)}}
    # The ORM's filter is built into the statement; on PostgreSQL row-level security stands behind it, as ever.
    found: list[Keys] = [tuple(row) for row in unit.driver_rows(statement, values)]
    return found[:limit], write_cursor(found[limit - 1]) if len(found) > limit else None


def write_cursor(keys: Keys) -> str:
    """Opaque text for whoever asks for the page after these keys."""
    return base64.urlsafe_b64encode(struct.pack(f">{len(keys)}q", *keys)).decode().rstrip("=")


def read_cursor(text: str | None, length: int) -> Keys | None:
    """Raises Invalid for what `write_cursor` didn't make for a list with that many keys."""
    if text is None:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return struct.unpack(f">{length}q", raw)
    except (binascii.Error, struct.error, ValueError) as error:
        raise Invalid("after", "after is the `next` of an earlier page of this list") from error


def _parts(municipality_id: int, wanted: Wanted) -> Iterator[Part]:
    within = wanted.within(municipality_id)
    if wanted.apart is None:
        yield municipality_id, (within,)
    else:
        for condition in wanted.apart.get(municipality_id, ()):
            yield municipality_id, (within, condition)


@lru_cache(maxsize=1024)
def _statement(
    dialect: str,
    order: Order,
    where: tuple[ColumnElement[bool], ...],
    parts: tuple[Part, ...],
) -> tuple[str, dict[str, Any]]:
    """The whole of it for the driver, with the values that don't change."""
    pages: list[str] = []
    fixed: dict[str, Any] = {}
    for number, (municipality_id, conditions) in enumerate(parts):
        sql, values = _one(dialect, order, (*where, *conditions))
        values["municipality"] = municipality_id
        fixed |= {f"{name}_m{number}": value for name, value in values.items()}
        pages.append(f"SELECT * FROM ({_renamed(sql, values, number)}) AS p{number}")  # noqa: S608 - SQLAlchemy's own text
    names = ", ".join(f"{key.key}{' DESC' if order.newest_first else ''}" for key in order.keys)
    limit = ":n" if dialect == "sqlite" else "%(n)s"
    together = " UNION ALL ".join(pages)
    return f"SELECT * FROM ({together}) AS pages ORDER BY {names} LIMIT {limit}", fixed  # noqa: S608 - names of columns


def _one(dialect: str, order: Order, where: Sequence[ColumnElement[bool]]) -> tuple[str, dict[str, Any]]:
    """One municipality's page as SQL, with the values that belong to its conditions."""
    keys = order.keys
    row = tuple_(*keys)
    edge = tuple_(*(bindparam(f"after_{i}", type_=key.type) for i, key in enumerate(keys)))
    query = (
        select(*keys)
        .where(
            keys[0].class_.municipality_id == bindparam("municipality"),
            *where,
            row < edge if order.newest_first else row > edge,
        )
        .order_by(*(key.desc() if order.newest_first else key for key in keys))
        .limit(bindparam("n"))
    )
    return driver_text(query, dialect)


def _renamed(sql: str, own: Mapping[str, Any], number: int) -> str:
    """Each municipality's own values under names of its own; those of the whole statement keep theirs."""

    def rename(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return match[0].replace(name, f"{name}_m{number}") if name in own else match[0]

    return _PLACEHOLDER.sub(rename, sql)
