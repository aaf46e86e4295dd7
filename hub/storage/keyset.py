"""Keyset: a page of keys over the municipalities in scope, and the text that says where the next page begins.

One `SELECT … ORDER BY keys LIMIT n` per municipality, joined by UNION ALL: an `IN` over the municipalities makes
PostgreSQL pick the wrong index. The statement is put together once per set of conditions and remembered, because making
it costs more than running it.
"""

import base64
import binascii
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import QueryableAttribute

from hub.errors import Invalid
from hub.storage.unit import Unit

MOST = 200
"""Rows of a page, at most."""
_LOWEST, _HIGHEST = -1, 2**63 - 1
_PLACEHOLDER = re.compile(r"(?<!:):(\w+)|%\((\w+)\)s")
_DIALECTS = {"sqlite": sqlite.dialect(paramstyle="named"), "postgresql": postgresql.psycopg.dialect()}

Key = QueryableAttribute[int]
Keys = tuple[int, ...]
Conditions = tuple[ColumnElement[bool], ...]


def page(
    unit: Unit,
    keys: tuple[Key, ...],
    where: Conditions,
    within: Callable[[int], ColumnElement[bool]],
    values: Mapping[str, object],
    *,
    municipalities: Sequence[int] | None = None,
    after: Keys | None = None,
    limit: int,
    newest_first: bool = False,
) -> list[Keys]:
    """The first `limit` keys after `after`, in order. The table is that of the keys.

    `where`: constants of the caller's module with `bindparam`s, filled from `values`; `within`: a further condition per
    municipality. Both are remembered by identity, so neither may be made anew for every call.
    """
    scope = unit.scope.municipalities or ()
    wanted = scope if municipalities is None else tuple(each for each in municipalities if each in scope)
    if not wanted:
        return []
    parts = tuple((each, within(each)) for each in wanted)
    statement, fixed = _statement(unit.dialect, keys, where, parts, newest_first)
    edge = after if after is not None else ((_HIGHEST if newest_first else _LOWEST),) * len(keys)
    filled = {**fixed, **values, "n": limit, **{f"after_{i}": value for i, value in enumerate(edge)}}
    # Row-level security stands behind this, as behind everything; the ORM's filter is built into it.
    return [tuple(row) for row in unit.session.connection().exec_driver_sql(statement, filled)]


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


@lru_cache(maxsize=1024)
def _statement(
    dialect: str,
    keys: tuple[Key, ...],
    where: Conditions,
    parts: tuple[tuple[int, ColumnElement[bool]], ...],
    newest_first: bool,
) -> tuple[str, dict[str, Any]]:
    pages, fixed = [], {}
    for number, (municipality_id, condition) in enumerate(parts):
        sql, values = _one(dialect, keys, where, condition, newest_first)
        values["municipality"] = municipality_id
        fixed |= {f"{name}_m{number}": value for name, value in values.items()}
        pages.append(f"SELECT * FROM ({_renamed(sql, values, number)}) AS p{number}")
    order = ", ".join(f"{key.key}{' DESC' if newest_first else ''}" for key in keys)
    limit = ":n" if dialect == "sqlite" else "%(n)s"
    return f"SELECT * FROM ({' UNION ALL '.join(pages)}) AS pages ORDER BY {order} LIMIT {limit}", fixed


def _one(
    dialect: str, keys: tuple[Key, ...], where: Conditions, within: ColumnElement[bool], newest_first: bool
) -> tuple[str, dict[str, Any]]:
    """One municipality's page as SQL, with the values that belong to its conditions."""
    edge = tuple_(*(bindparam(f"after_{i}", type_=key.type) for i, key in enumerate(keys)))
    row = tuple_(*keys)
    query = (
        select(*keys)
        .where(
            keys[0].class_.municipality_id == bindparam("municipality"),
            *where,
            within,
            row < edge if newest_first else row > edge,
        )
        .order_by(*(key.desc() if newest_first else key for key in keys))
        .limit(bindparam("n"))
    )
    compiled = query.compile(dialect=_DIALECTS[dialect], compile_kwargs={"render_postcompile": True})
    return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}


def _renamed(sql: str, own: Mapping[str, Any], number: int) -> str:
    """Each municipality's own values under names of its own; those of the whole statement keep theirs."""

    def rename(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return match[0].replace(name, f"{name}_m{number}") if name in own else match[0]

    return _PLACEHOLDER.sub(rename, sql)
