"""Quicken search: lists of conversations by queue, topic and newness; on PostgreSQL the search function by slices."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_0000"
down_revision: str | None = "2026_11_24_0030"

OPEN = sa.text("closed_at IS NULL")

# When it was, as a token: six days each. An index of words alone can't be read from its newest end.
MOMENTS = """
DROP INDEX ix_search_entry_tokens;
UPDATE search_entry SET tokens = tokens || array_to_tsvector(ARRAY[chr(57349) || (entry_id >> 51)]);
CREATE INDEX ix_search_entry_tokens ON search_entry USING gin (tokens) WITH (fastupdate = off);
"""

# Both run as their owner, past the wall, and so build the wall into the query: the municipalities' tokens are ANDed to
# it, unless they are all there are. Each group is a condition of its own: then GIN skips from one to the next.
FUNCTIONS = """
DROP FUNCTION torg_search(text, bigint, integer);

CREATE FUNCTION torg_search_asked(groups text[], scope bigint[]) RETURNS tsquery[]
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT groups::tsquery[] || ARRAY(
        SELECT string_agg('''' || chr(57344) || each || '''', ' | ')::tsquery FROM unnest(scope) AS each
        WHERE EXISTS (SELECT FROM public.municipality m WHERE m.id <> ALL (scope)) HAVING count(*) > 0
    )
$$;

-- Newest first. A common word is found among the newest 1,500, or, if a tenth of what is wanted was, among 15,000 more.
-- The rest is asked of the index: at once, or, when many are expected, in sixteen slices of time, the newest first.
CREATE FUNCTION torg_search(groups text[], older_than bigint, since bigint, wanted integer)
RETURNS TABLE (entry_id bigint) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public SET jit = off SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
    scope bigint[] := NULLIF(current_setting('torg.municipalities', true), '')::bigint[];
    asked tsquery[];
    matches text;
    edge bigint := older_than;
    oldest bigint;
    found integer := 0;
    more integer;
    looked integer;
    guess json;
    moments tsquery;
    slice bigint;
    high bigint;
    low bigint;
BEGIN
    IF cardinality(scope) IS NULL OR cardinality(scope) = 0 OR cardinality(groups) = 0 THEN
        RETURN;
    END IF;
    asked := public.torg_search_asked(groups, scope);
    SELECT string_agg(format('s.tokens @@ $1[%s]', number), ' AND ') INTO matches
    FROM generate_subscripts(asked, 1) AS number;

    FOREACH looked IN ARRAY ARRAY[1500, 15000] LOOP
        EXIT WHEN looked > 1500 AND found * 10 < wanted;
        RETURN QUERY EXECUTE
            'SELECT s.entry_id FROM (SELECT n.entry_id, n.tokens FROM public.search_entry n'
            ' WHERE n.entry_id < $2 AND n.entry_id >= $3 ORDER BY n.entry_id DESC LIMIT $4) s WHERE ' || matches ||
            ' ORDER BY s.entry_id DESC LIMIT $5'
            USING asked, edge, since, looked, wanted - found;
        GET DIAGNOSTICS more = ROW_COUNT;
        found := found + more;
        IF found >= wanted THEN
            RETURN;
        END IF;
        SELECT min(n.entry_id) INTO edge FROM (
            SELECT s.entry_id FROM public.search_entry s WHERE s.entry_id < edge AND s.entry_id >= since
            ORDER BY s.entry_id DESC LIMIT looked
        ) n;
        IF edge IS NULL THEN
            RETURN;
        END IF;
    END LOOP;

    SELECT min(s.entry_id) >> 51 INTO oldest FROM public.search_entry s WHERE s.entry_id >= since;
    high := edge >> 51;
    slice := high - oldest + 1;
    EXECUTE 'EXPLAIN (FORMAT JSON) SELECT FROM public.search_entry s WHERE ' || matches INTO guess USING asked;
    -- All words that begin so are gathered anew for every slice.
    IF (guess -> 0 -> 'Plan' ->> 'Plan Rows')::float > 5000 AND array_to_string(groups, ' ') NOT LIKE '%:*%' THEN
        slice := (slice + 15) / 16;
        matches := matches || ' AND s.tokens @@ $5';
    END IF;
    WHILE high >= oldest AND found < wanted LOOP
        low := greatest(high - slice + 1, oldest);
        SELECT string_agg('''' || chr(57349) || each || '''', ' | ')::tsquery INTO moments
        FROM generate_series(low, high) AS each;
        RETURN QUERY EXECUTE
            'SELECT f.entry_id FROM (SELECT s.entry_id FROM public.search_entry s WHERE s.entry_id < $2'
            ' AND s.entry_id >= $3 AND ' || matches || ' OFFSET 0) f ORDER BY f.entry_id DESC LIMIT $4'
            USING asked, edge, since, wanted - found, moments;
        GET DIAGNOSTICS more = ROW_COUNT;
        found := found + more;
        high := low - 1;
    END LOOP;
END
$$;

-- Of some entries those that match: each is looked at.
CREATE FUNCTION torg_search_among(groups text[], ids bigint[]) RETURNS TABLE (entry_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public SET jit = off SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
    scope bigint[] := NULLIF(current_setting('torg.municipalities', true), '')::bigint[];
    matches text;
BEGIN
    IF cardinality(scope) IS NULL OR cardinality(scope) = 0 OR cardinality(groups) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE
        'SELECT s.entry_id FROM unnest($2) AS each JOIN public.search_entry s ON s.entry_id = each WHERE ' || (
            SELECT string_agg(format('s.tokens @@ $1[%s]', number), ' AND ')
            FROM generate_subscripts(public.torg_search_asked(groups, scope), 1) AS number
        )
        USING public.torg_search_asked(groups, scope), ids;
END
$$;

REVOKE ALL ON FUNCTION torg_search_asked(text[], bigint[]), torg_search(text[], bigint, bigint, integer),
    torg_search_among(text[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION torg_search(text[], bigint, bigint, integer), torg_search_among(text[], bigint[])
    TO torg_app, torg_system;
"""


def upgrade() -> None:
    op.create_index(
        "ix_conversation_newest_open",
        "conversation",
        ["municipality_id", "id"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index("ix_conversation_queue", "conversation", ["municipality_id", "queue_id", "id"])
    op.create_index("ix_matter_topic", "matter", ["municipality_id", "topic_id", "conversation_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(MOMENTS)
        op.execute(FUNCTIONS)
