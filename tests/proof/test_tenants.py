"""The walls: every route, every caller."""

import psycopg
import pytest

from hub.proof.installation import Where, dsn, fresh
from hub.proof.tenants import cells, matrix, run, walls

pytestmark = pytest.mark.usefixtures("forked")

CALLERS = ["agent of waste", "agent of Nesøy", "it of both", "auditor", "department", "auditor of Nesøy"]
"""A few: everybody asks in `torg prove tenants`, and below where the large tests are wanted."""
WRONG = ("wrong statuses", "refused, and yet changed", "foreign canaries", "wrong lists and counts")


@pytest.mark.parametrize("where", ["sqlite", pytest.param("postgresql", marks=pytest.mark.large)], indirect=True)
def test_nobody_is_shown_what_is_not_theirs(where: Where) -> None:
    """On SQLite the wall is the program's alone; that of PostgreSQL alone, below: both together with the large ones."""
    report = run.prove(where, lambda _: None, callers=CALLERS)
    assert [report.figures[each] for each in WRONG] == [0, 0, 0, 0], report.findings


@pytest.mark.large
def test_nobody_is_shown_what_is_not_theirs_by_everybody(where: Where) -> None:
    report = run.prove(where, lambda _: None)
    assert report.holds, report.findings


def test_the_wall_of_the_database_holds_alone(postgres_database: str) -> None:
    """Against a caller of each kind: it knows municipalities, and no two of the same."""
    where, callers = Where("postgresql", postgres_database), [each for each in CALLERS if each != "auditor"]
    report = run.prove(where, lambda _: None, orm_filter=False, callers=callers)
    assert [report.figures[each] for each in WRONG] == [0, 0, 0, 0], report.findings


@pytest.mark.large
def test_the_wall_of_the_database_holds_alone_against_everybody(postgres_database: str) -> None:
    report = run.prove(Where("postgresql", postgres_database), lambda _: None, orm_filter=False)
    assert report.holds, report.findings


def test_a_wall_that_is_missing_is_found() -> None:
    """SQLite has none of its own: without the ORM's filter, topics of others show."""
    shown = ["GET /api/v1/topics"]
    report = run.prove(Where("sqlite"), lambda _: None, orm_filter=False, callers=["agent of waste"], routes=shown)
    assert report.figures["foreign canaries"]


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("ALTER TABLE entry NO FORCE ROW LEVEL SECURITY", "entry has a municipality and no forced"),
        ("DROP POLICY of_the_municipality ON mail", "mail has a municipality and no forced"),
        ("ALTER TABLE citizen OWNER TO torg_app", "torg_app owns citizen"),
        ("GRANT UPDATE ON membership TO torg_app", "torg_app may write membership"),
        ("GRANT SELECT ON login TO torg_app", "torg_app may read login"),
    ],
)
def test_a_gap_in_the_wall_is_found(postgres_database: str, damage: str, finding: str) -> None:
    with psycopg.connect(dsn(postgres_database), autocommit=True) as connection:
        connection.execute(damage)
    with fresh(Where("postgresql", postgres_database), {}):
        _, findings = walls.check(dsn(postgres_database), {"granvik": 1, "nesoy": 2})
    assert any(each.startswith(finding) for each in findings), findings


def test_the_tables_name_every_caller_and_thing() -> None:
    channels = set(matrix.CHANNELS)
    lists = {"anyone", "person", "read", "it", "take", "write", "audit", "use", "admin"}
    things = {
        "channel": channels,
        "pause": channels,
        "target": channels,
        "lists": lists,
        "own": {"waste", "harbour"},
        "rule": {"granvik", "nesoy"},
        "lookup": set(matrix.LOOKUPS),
    }
    for name, table in cells.TABLES.items():
        assert table.keys() == matrix.CALLERS.keys(), name
        for row in table.values():
            assert row.keys() == things.get(name, set(matrix.PLACES)), name
            assert set(row.values()) <= {"ok", "401", "403", "404", "409"}, name
