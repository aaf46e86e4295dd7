"""Add the search index: FTS5 on SQLite, a side table behind one function on PostgreSQL."""

from alembic import op

revision: str = "2026_11_24_0010"
down_revision: str | None = "2026_11_24_0000"

# detail=none: words are asked for, not phrases; a third of the size. Private-use letters (Co) are token letters.
SQLITE = """
CREATE VIRTUAL TABLE search_entry USING fts5(
    tokens, detail='none', prefix='3', tokenize="unicode61 remove_diacritics 0"
)
"""

POSTGRESQL = """
CREATE TABLE search_entry (entry_id bigint PRIMARY KEY, tokens tsvector NOT NULL);
CREATE INDEX ix_search_entry_tokens ON search_entry USING gin (tokens) WITH (fastupdate = off);
ALTER TABLE search_entry ALTER COLUMN tokens SET STATISTICS 1000;

-- Runs as its owner, past the wall, and so builds the wall into the query: the municipality's token is ANDed to it.
-- The newest 1,500 first: a common word is found among them, and the plan for the rest may then assume a rare one.
CREATE FUNCTION torg_search(words text, older_than bigint, wanted integer) RETURNS TABLE (entry_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    areas text;
    query tsquery;
    found integer;
    edge bigint;
BEGIN
    SELECT string_agg('''' || chr(57344) || each || '''', ' | ') INTO areas
    FROM unnest(NULLIF(current_setting('torg.municipalities', true), '')::bigint[]) AS each;
    IF areas IS NULL THEN
        RETURN;
    END IF;
    query := areas::tsquery && words::tsquery;
    SELECT min(newest.entry_id) INTO edge FROM (
        SELECT s.entry_id FROM public.search_entry s WHERE s.entry_id < older_than ORDER BY s.entry_id DESC LIMIT 1500
    ) newest;
    IF edge IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT s.entry_id FROM public.search_entry s
        WHERE s.entry_id < older_than AND s.entry_id >= edge AND s.tokens @@ query
        ORDER BY s.entry_id DESC LIMIT wanted;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found < wanted THEN
        RETURN QUERY SELECT s.entry_id FROM public.search_entry s
            WHERE s.entry_id < edge AND s.tokens @@ query ORDER BY s.entry_id DESC LIMIT wanted - found;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION torg_search(text, bigint, integer) FROM PUBLIC;
"""


def upgrade() -> None:
    op.execute(SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL)
