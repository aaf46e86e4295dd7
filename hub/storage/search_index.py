"""The search index: an entry's tokens and one for its municipality, newest first, on both engines.

SQLite: FTS5, `ORDER BY rowid DESC` (ids follow time). PostgreSQL: a side table without grants for reading, read by one
SECURITY DEFINER function that takes the municipalities from the transaction: `@@` isn't leakproof and would lose its
index under row-level security.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import text

from hub.storage.unit import Unit
from hub.storage.words import query_tokens

Group = Sequence[tuple[str, bool]]
"""Tokens of which one must be there; with True, a word that begins so."""
LEAST_PREFIX = 3
"""Letters from which an unfinished last word is completed."""


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
    else:
        connection.exec_driver_sql(
            "INSERT INTO search_entry(entry_id, tokens) VALUES (%s, array_to_tsvector(%s::text[]))",
            [(entry, [municipality_token(of), *tokens]) for entry, of, tokens in rows],
        )


def replace(unit: Unit, entry_id: int, municipality_id: int, tokens: Sequence[str]) -> None:
    """Index an entry again, after a replay."""
    key = "rowid" if unit.dialect == "sqlite" else "entry_id"
    unit.session.connection().execute(text(f"DELETE FROM search_entry WHERE {key} = :id"), {"id": entry_id})  # noqa: S608 - a constant
    write(unit, [(entry_id, municipality_id, tokens)])


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
    areas = [[(municipality_token(each), False) for each in municipalities]]
    connection = unit.session.connection()
    if unit.dialect == "sqlite":
        rows = connection.exec_driver_sql(
            "SELECT rowid FROM search_entry WHERE search_entry MATCH ? AND rowid < ? AND rowid >= ?"
            " ORDER BY rowid DESC LIMIT ?",
            (_query([*areas, *groups], '"{}"', " OR ", " AND ", "*"), before, since, limit),
        )
    else:
        # The function knows the scope; what narrows it is said.
        groups = groups if len(municipalities) == len(scope) else [*areas, *groups]
        rows = connection.execute(
            text("SELECT entry_id FROM torg_search(:query, :before, :limit)"),
            {"query": _query(groups, "'{}'", " | ", " & ", ":*"), "before": before, "limit": limit},
        )
    return [row[0] for row in rows if row[0] >= since]


def among(unit: Unit, words: str, marked: Sequence[Group], ids: Sequence[int]) -> set[int]:
    """Those of a few entries in scope that have all the words and marks."""
    found: set[int] = set()
    for each in ids:
        found.update(find(unit, words, before=each + 1, limit=1, marked=marked, since=each))
    return found


def _groups(words: str) -> list[Group]:
    asked = query_tokens(words)
    groups: list[Group] = [[(stem, False) for stem in each.stems] for each in asked]
    if asked and not words[-1].isspace() and len(asked[-1].folded) >= LEAST_PREFIX:
        groups[-1] = [*groups[-1], (asked[-1].folded, True)]
    return groups


def _query(groups: Sequence[Group], quoted: str, either: str, both: str, star: str) -> str:
    """Tokens are letters and digits only, so quoting them is enough in both query languages."""
    return both.join(
        "(" + either.join(quoted.format(token) + (star if unfinished else "") for token, unfinished in group) + ")"
        for group in groups
    )
