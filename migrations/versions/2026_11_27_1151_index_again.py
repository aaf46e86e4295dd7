"""Index again: what somebody writes down of a call is searched as the call is.

The role of the application may add to the index and not take from it; of one entry in its scope this function may.
"""

from alembic import op

revision: str = "2026_11_27_1151"
down_revision: str | None = "2026_11_27_1150"

FORGET = """
CREATE FUNCTION torg_search_forget(given bigint) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    DELETE FROM public.search_entry s WHERE s.entry_id = given AND EXISTS (
        SELECT FROM unnest(NULLIF(current_setting('torg.municipalities', true), '')::bigint[]) AS each
        WHERE s.tokens @@ ('''' || chr(57344) || each || '''')::tsquery
    )
$$;
REVOKE ALL ON FUNCTION torg_search_forget(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION torg_search_forget(bigint) TO torg_app;
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(FORGET)
