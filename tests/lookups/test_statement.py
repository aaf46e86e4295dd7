"""What is asked of a database is plainly one SELECT, by all its words."""

import pytest

from hub.contract import Misconfigured
from hub.lookups.statement import statement

LET_THROUGH = (
    "SELECT nr FROM invoice WHERE nr = :value",
    "select i.nr, c.ORGNR from RK_FAKTA_KUNDFAKT as i join kund c on c.KUNDID = i.KUNDID where i.TAB_BEHÄND = 'ÖVER'",
    "WITH a AS (SELECT 1 AS x) SELECT x FROM a UNION ALL SELECT x FROM a",
    "SELECT CASE WHEN FAKTSTATUS IN ('HBET', 'KLAR') AND NOT (TAB_BEHÄND = 'AVSK') THEN 1 ELSE 0 END AS s FROM f",
    'SELECT CAST(total AS numeric(15,2)) AS t, total::text, COALESCE(vat, 0), "Föräldrar; -- x" FROM invoice',
    "SELECT 'it''s; 12:30 -- no comment' AS t, '' AS e, 'DELETE FROM x' AS d FROM invoice ORDER BY nr DESC LIMIT 10",
    "SELECT TOP (10) nr FROM invoice",
    "SELECT count(*), sum(total) FROM invoice GROUP BY who HAVING count(*) > 1",
    "SELECT nr FROM invoice ORDER BY due OFFSET 0 ROWS FETCH FIRST 10 ROWS ONLY",
    "SELECT row_number() OVER (PARTITION BY who ORDER BY nr) AS n FROM invoice",
    "SELECT 1.5e3 AS a, .5 AS b, a[1] FROM t",
    "SELECT deleted, updated_at, insert_date, callback FROM t",
)
REFUSED = {
    "DELETE FROM invoice": "begins with SELECT",
    "": "begins with SELECT",
    "VALUES (1)": "begins with SELECT",
    "(SELECT 1)": "begins with SELECT",
    "SELECT 1;": "semicolon",
    "SELECT 1 DELETE FROM t": "DELETE",
    "SELECT 1 INTO t": "INTO",
    "SELECT 1INTO t": "sign",
    "SELECT 1 -- x": "comments",
    "SELECT 1 /* x */": "comments",
    "SELECT 1 # x": "comments",
    "SELECT 'a\\' , f(1), '": "text",
    "SELECT a\\b": "backslash",
    "SELECT 'a": "text",
    "SELECT $$a$$": "sign",
    "SELECT @a": "sign",
    "SELECT pg_sleep(1)": "pg_sleep",
    "SELECT PG_SLEEP (1)": "pg_sleep",
    'SELECT "pg_sleep"(1)': "pg_sleep",
    "SELECT pg_catalog.lower('a')": "lower",
    "SELECT dbo.lower(1)": "lower",
    "SELECT lower\u00a0(1)": "sign",
    "SELECT 1 ` f(1) `": "sign",
    "SELECT s.NEXTVAL FROM dual": "NEXTVAL",  # Oracle: a sequence goes on, read-only or not
    "SELECT NEXT VALUE FOR s": "NEXT VALUE",
    "SELECT next\nvalue FOR s": "NEXT VALUE",
    "SELECT q'[it's]', f(1), '": "text",
    "SELECT nr FROM t FOR UPDATE": "UPDATE",
    "SELECT nr FROM t FOR SHARE": "SHARE",
    "SELECT nr FROM t WITH (TABLOCKX)": "TABLOCKX",
    "SELECT * FROM OPENROWSET('a', 'b', 'c')": "OPENROWSET",
    "SELECT a FROM t WHERE b = :1": "colon",
    "SELECT a FROM t WHERE b := 1": "colon",
    "SELECT 1 EXEC xp_cmdshell": "EXEC",
    "SELECT " + "a," * 10_001 + "a": "longer",
}


@pytest.mark.parametrize("sql", LET_THROUGH)
def test_what_reads_is_let_through_as_it_is_written(sql: str) -> None:
    assert statement(sql).written("named") == sql


@pytest.mark.parametrize(("sql", "words"), REFUSED.items())
def test_what_is_not_plainly_one_select_is_refused_with_what_to_do(sql: str, words: str) -> None:
    with pytest.raises(Misconfigured, match=words) as refused:
        statement(sql)
    assert refused.value.field == "select"


def test_names_are_quoted_as_the_engine_has_it() -> None:
    assert statement("SELECT [it's], ['a] FROM t", '"[').parts == ("SELECT [it's], ['a] FROM t",)
    assert statement("SELECT `it's` FROM t", '"`').parts == ("SELECT `it's` FROM t",)
    for sql, quotes in (("SELECT [a'] , f(1), ['b]", '"['), ("SELECT [f](1)", '"['), ("SELECT `f`(1)", '"`')):
        with pytest.raises(Misconfigured):
            statement(sql, quotes)


def test_values_are_written_as_each_driver_wants_them() -> None:
    asked = statement("SELECT '100% :no' FROM t WHERE a = :value AND b LIKE :other OR a = :value AND c::int = 1")
    assert asked.names == ("value", "other", "value")
    tail = "FROM t WHERE a = {} AND b LIKE {} OR a = {} AND c::int = 1"
    assert asked.written("named") == "SELECT '100% :no' " + tail.format(":value", ":other", ":value")
    assert asked.written("qmark") == "SELECT '100% :no' " + tail.format("?", "?", "?")
    assert asked.written("pyformat") == "SELECT '100%% :no' " + tail.format("%(value)s", "%(other)s", "%(value)s")
