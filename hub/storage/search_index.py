"""The search index: an entry's tokens and one for its municipality, newest first, on both engines.

SQLite: FTS5, `ORDER BY rowid DESC` (ids follow time). PostgreSQL: a side table without grants for reading, read by
SECURITY DEFINER functions that take the municipalities from the transaction: `@@` isn't leakproof and would lose its
index under row-level security.
"""

import string
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, func, select, text

from hub.storage.one_of import listed
from hub.storage.unit import Unit
from hub.storage.words import query_tokens

Group = Sequence[tuple[str, bool]]
"""Tokens of which one must be there; with True, a word that begins so."""
LEAST_PREFIX = 2
"""Letters from which an unfinished last word is completed."""
_MOMENT = 51
"""Bits of an id that don't tell when: what is left names six days, a token on PostgreSQL. See `torg_search`."""
_INDEXED = 3
"""Letters: FTS5 finds such a beginning as quickly as a word; a longer one it puts together from all its words."""
_LOOKED_THROUGH = 3_000
_PROBED, _COMMON = 256, 4
"""Of the first so many, so many must have a long beginning for the others to be looked through, too."""
_SAID = "SELECT rowid, ' ' || tokens || ' ' AS said FROM search_entry"
_FURTHER = string.ascii_lowercase + string.digits


def municipality_token(municipality_id: int) -> str:
    """Begins with a private-use character, which no word of a text contains: nobody can write themselves in."""
    return f"\ue000{municipality_id}"


def write(unit: Unit, rows: Sequence[tuple[int, int, Sequence[str]]]) -> None:
    """Index new entries: (entry id, municipality id, tokens)."""
    if not rows:
        return
    connection = unit.session.connection()
    if unit.dialect == "sqlite":
        connection.exec_driver_sql(
            "INSERT INTO search_entry(rowid, tokens) VALUES (?, ?)",
            [(entry, " ".join((municipality_token(of), *tokens))) for entry, of, tokens in rows],
        )
    else:  # a row's tokens as one text: arrays in an array would all have to be of one length
        said = [" ".join((municipality_token(of), f"\ue005{entry >> _MOMENT}", *tokens)) for entry, of, tokens in rows]
        connection.exec_driver_sql(
            "INSERT INTO search_entry(entry_id, tokens) SELECT id, array_to_tsvector(string_to_array(said, ' '))"
            " FROM unnest(%b::bigint[], %b::text[]) AS given(id, said)",
            ([entry for entry, _, _ in rows], said),
        )


def replace(unit: Unit, entry_id: int, municipality_id: int, tokens: Sequence[str]) -> None:
    """Index an entry again, after a replay, or when more is known of it."""
    key = "rowid" if unit.dialect == "sqlite" else "entry_id"
    if unit.dialect != "sqlite" and unit.scope.municipalities is not None:
        unit.session.execute(select(func.torg_search_forget(entry_id)))
    else:
        _forget(unit, key, entry_id)
    write(unit, [(entry_id, municipality_id, tokens)])


def may_replace(unit: Unit) -> bool:
    """Whether this process's role may: that of the public face only adds."""
    if unit.dialect == "sqlite":
        return True
    return bool(unit.rows(select(func.has_function_privilege("torg_search_forget(bigint)", "execute")))[0][0])


def _forget(unit: Unit, key: str, entry_id: int) -> None:
    unit.session.connection().execute(text(f"DELETE FROM search_entry WHERE {key} = :id"), {"id": entry_id})  # noqa: S608 - a constant


def find(
    unit: Unit,
    words: str,
    *,
    before: int,
    limit: int,
    marked: Sequence[Group] = (),
    since: int = 0,
    within: Collection[int] | None = None,
) -> Sequence[int]:
    """Ids of entries in scope that have all the words and marks, newest first, older than `before`. Neither: none.

    `marked`: of each group one token; `since`: the lowest id; `within`: only these of the scope's municipalities.
    """
    groups = [*_groups(words), *marked]
    scope = unit.scope.municipalities or ()
    municipalities = scope if within is None else [each for each in scope if each in within]
    if not groups or not municipalities:
        return []
    connection = unit.session.connection()
    if unit.dialect == "sqlite":
        if not _are_all(connection, municipalities):
            groups = [_areas(municipalities), *groups]
        return _find_on_sqlite(connection, groups, before, since, limit)
    # The function knows the scope; what narrows it is said.
    narrowed = groups if len(municipalities) == len(scope) else [*groups, _areas(municipalities)]
    rows = connection.execute(
        text("SELECT entry_id FROM torg_search(CAST(:groups AS text[]), :before, :since, :limit)"),
        {"groups": _on_postgresql(narrowed), "before": before, "since": since, "limit": limit},
    )
    return [row[0] for row in rows.all()]


def among(unit: Unit, words: str, marked: Sequence[Group], ids: Iterable[int]) -> set[int]:
    """Those of some entries in scope that have all the words and marks. Each is looked at."""
    groups = [*_groups(words), *marked]
    scope = unit.scope.municipalities or ()
    if not groups or not scope:
        return set()
    connection = unit.session.connection()
    if unit.dialect == "sqlite":
        condition, values = _looked_at([*groups, _areas(scope)])
        rows = connection.exec_driver_sql(
            f"SELECT rowid FROM ({_SAID} WHERE rowid IN (SELECT value FROM json_each('[' || ? || ']')))"  # noqa: S608 - nothing but placeholders
            f" WHERE {condition}",
            (listed(ids), *values),
        )
    else:
        rows = connection.execute(
            text(
                "SELECT entry_id FROM torg_search_among"
                "(CAST(:groups AS text[]), CAST(string_to_array(:ids, ',') AS bigint[]))"
            ),
            {"groups": _on_postgresql(groups), "ids": listed(ids)},
        )
    return {row[0] for row in rows.all()}


def _groups(words: str) -> list[Group]:
    asked = query_tokens(words)
    groups: list[Group] = [[(stem, False) for stem in each.stems] for each in asked]
    if asked and not words[-1].isspace() and len(asked[-1].folded) >= LEAST_PREFIX:
        groups[-1] = [*groups[-1], (asked[-1].folded, True)]
    return groups


def _areas(municipalities: Iterable[int]) -> Group:
    return [(municipality_token(each), False) for each in municipalities]


def _are_all(connection: Connection, municipalities: Iterable[int]) -> bool:
    """There is nothing to leave out then, and thirty lists of nearly everything needn't be gone through."""
    others = "SELECT 1 FROM municipality WHERE id NOT IN (SELECT value FROM json_each('[' || ? || ']')) LIMIT 1"
    return connection.exec_driver_sql(others, (listed(municipalities),)).first() is None


def _find_on_sqlite(
    connection: Connection, groups: Sequence[Group], before: int, since: int, limit: int
) -> Sequence[int]:
    """A long beginning first among the newest that have its first letters: of a common one, enough are there.

    A rare one, which a few hundred of them tell, has few words to be put together from.
    """
    found: list[int] = []
    long = [group for group in groups if any(unfinished and len(token) > _INDEXED for token, unfinished in group)]
    if long:
        condition, values = _looked_at(long)
        most = max(_LOOKED_THROUGH, limit * 4)
        rows = connection.exec_driver_sql(
            f"SELECT rowid, {condition} FROM ({_SAID} WHERE search_entry MATCH ? AND rowid < ? AND rowid >= ?"  # noqa: S608 - nothing but placeholders
            " ORDER BY rowid DESC LIMIT ?)",
            (*values, _on_fts5(groups, cut=True), before, since, most),
        )
        looked = 0
        for entry_id, matches in rows:
            looked, before = looked + 1, entry_id
            if matches:
                found.append(entry_id)
                if len(found) == limit:
                    rows.close()
                    return found
            if looked == _PROBED and len(found) < _COMMON:
                rows.close()
                break
        else:
            if looked < most:
                return found
    rows = connection.exec_driver_sql(
        "SELECT rowid FROM search_entry WHERE search_entry MATCH ? AND rowid < ? AND rowid >= ?"
        " ORDER BY rowid DESC LIMIT ?",
        (_on_fts5(groups), before, since, limit - len(found)),
    )
    return [*found, *(row[0] for row in rows.all())]


def _on_fts5(groups: Sequence[Group], *, cut: bool = False) -> str:
    """`cut`: of a long beginning only the letters that are indexed. Tokens are letters and digits: quotes are safe."""

    def written(token: str, unfinished: bool) -> str:
        if not unfinished:
            return f'"{token}"'
        if len(token) == _INDEXED - 1 and token[-1].isascii():
            return " OR ".join((f'"{token}"', *(f'"{token}{letter}"*' for letter in _FURTHER)))
        return f'"{token[:_INDEXED] if cut else token}"*'

    return " AND ".join("(" + " OR ".join(written(*each) for each in group) + ")" for group in groups)


def _on_postgresql(groups: Sequence[Group]) -> list[str]:
    return [" | ".join(f"'{token}'" + (":*" if unfinished else "") for token, unfinished in group) for group in groups]


def _looked_at(groups: Sequence[Group]) -> tuple[str, list[str]]:
    """A condition on `said`, an entry's tokens between spaces, with its parameters."""
    values = [f" {token}" if unfinished else f" {token} " for group in groups for token, unfinished in group]
    return " AND ".join("(" + " OR ".join("instr(said, ?)" for _ in group) + ")" for group in groups), values
