"""PostgreSQL's own wall: what the role of a person's units may and may not do, asked of the database itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, select, update

from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry, Mail
from hub.storage import search_index
from hub.storage.check import OF_THE_CENTRE
from hub.storage.unit import Storage, Unit
from tests.recycled import own_database
from tests.storage.centre import Centre, conversation, must, opened, populate
from tests.storage.test_walls import READINGS

ROLES = ("torg_app", "torg_system", "torg_public", "torg_intake")
OF_OR_CENTRE = {"audit", "audit_seal"}
"""Their rows of no municipality are the centre's, and everybody's."""


@pytest.fixture
def ours(postgres_centre: Centre) -> int:
    """A conversation of Granvik's."""
    return postgres_centre.mail(of="granvik")


@pytest.fixture
def theirs(postgres_centre: Centre, ours: int) -> int:
    """One of Nesøy's, beside ours."""
    return postgres_centre.mail(of="nesoy", queue_name="innbygger", text="Hvor er min faktura?")


@contextmanager
def as_app(url: str) -> Iterator[psycopg.Connection]:
    """A session of torg_app, for good: no superuser's rights are left in it."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SET SESSION AUTHORIZATION torg_app")
        yield connection


@pytest.fixture
def app(postgres_centre: Centre, postgres_database: str, theirs: int) -> Iterator[psycopg.Connection]:
    """On this test's centre, with a conversation in each municipality."""
    with as_app(postgres_database) as connection:
        yield connection


@pytest.fixture(scope="module")
def catalogue(
    postgres_url: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[psycopg.Connection]:
    """The same on one centre for all that change nothing."""
    with own_database(postgres_url, f"torg_wall_{os.getpid()}", postgres_template) as url:
        with opened(url, tmp_path_factory.mktemp("wall")) as storage:
            made = Centre(storage)
            populate(made)
            made.mail(of="granvik")
        with as_app(url) as connection:
            yield connection


@pytest.fixture
def unfiltered(postgres_database: str, postgres_centre: Centre, tmp_path: Path) -> Iterator[Storage]:
    """The same database without the program's own filter."""
    with opened(postgres_database, tmp_path, filter_by_scope=False) as storage:
        yield storage


def enter(app: psycopg.Connection, *municipality_ids: int) -> None:
    """As a unit of work says whose it is."""
    app.execute(
        "SELECT set_config('torg.municipalities', %s, false)", ["{" + ",".join(map(str, municipality_ids)) + "}"]
    )


def column(app: psycopg.Connection, statement: str, *values: object) -> list[object]:
    """The first of each row."""
    return [row[0] for row in app.execute(statement.encode(), values).fetchall()]


def test_the_role_is_who_it_says(catalogue: psycopg.Connection) -> None:
    assert catalogue.execute("SELECT session_user, current_user").fetchone() == ("torg_app", "torg_app")


@pytest.mark.parametrize("role", ROLES)
def test_the_roles_may_bypass_nothing(catalogue: psycopg.Connection, role: str) -> None:
    rights = "rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit"
    statement = f"SELECT {rights} FROM pg_roles WHERE rolname = %s"  # noqa: S608 - the names stand above
    assert catalogue.execute(statement.encode(), [role]).fetchone() == (False,) * 6


@pytest.mark.parametrize("role", ROLES)
def test_the_roles_own_nothing(catalogue: psycopg.Connection, role: str) -> None:
    assert column(catalogue, "SELECT relname FROM pg_class WHERE relowner = %s::regrole", role) == []
    assert column(catalogue, "SELECT proname FROM pg_proc WHERE proowner = %s::regrole", role) == []


def test_the_app_is_a_member_of_no_other_role(catalogue: psycopg.Connection) -> None:
    assert (
        column(catalogue, "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = 'torg_app'::regrole") == []
    )


def walled(app: psycopg.Connection) -> list[str]:
    """Tables with rows of a municipality, from the catalogue."""
    return [
        str(name)
        for name in column(
            app,
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
            " AND a.attname = 'municipality_id' ORDER BY 1",
        )
        if name not in OF_THE_CENTRE
    ]


def test_every_table_of_a_municipality_is_walled_by_force(catalogue: psycopg.Connection) -> None:
    tables = walled(catalogue)
    assert {"conversation", "entry", "citizen", "raw_event", "request", "audit", "lookup"} <= set(tables)
    open_ones = column(
        catalogue,
        "SELECT relname FROM pg_class WHERE relname = ANY (%s) AND NOT (relrowsecurity AND relforcerowsecurity)",
        tables,
    )
    assert open_ones == []


def test_every_walled_table_has_one_policy_for_the_app_that_names_its_municipality(
    catalogue: psycopg.Connection,
) -> None:
    policies = catalogue.execute(
        "SELECT tablename, cmd, permissive, qual, with_check FROM pg_policies"
        " WHERE 'torg_app' = ANY (roles) AND tablename <> 'channel'"  # the centre's; walled for strangers' face alone
    ).fetchall()
    assert sorted(row[0] for row in policies) == walled(catalogue)
    for table, command, permissive, reading, writing in policies:
        assert (command, permissive, reading) == ("ALL", "PERMISSIVE", writing), table
        assert "torg.municipalities" in reading, table
        assert ("IS NULL" in reading) is (table in OF_OR_CENTRE), table


def test_no_policy_is_for_everybody(catalogue: psycopg.Connection) -> None:
    for_whom = set(column(catalogue, "SELECT unnest(roles)::text FROM pg_policies"))
    assert for_whom == set(ROLES)


def test_every_walled_table_is_empty_without_a_scope(catalogue: psycopg.Connection) -> None:
    for table in walled(catalogue):
        assert column(catalogue, f"SELECT count(*) FROM {table}") == [0], table  # noqa: S608 - from the catalogue


@pytest.mark.parametrize("said", ["", "{}"])
def test_an_empty_scope_is_no_scope(catalogue: psycopg.Connection, said: str) -> None:
    catalogue.execute("SELECT set_config('torg.municipalities', %s, false)", [said])
    assert column(catalogue, "SELECT count(*) FROM conversation") == [0]


def test_in_a_scope_its_rows_are_there_and_no_others(
    app: psycopg.Connection, postgres_centre: Centre, ours: int
) -> None:
    enter(app, postgres_centre.ids["granvik"])
    assert column(app, "SELECT id FROM conversation") == [ours]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM login",
        "SELECT password FROM person",
        "SELECT * FROM person",
        "SELECT secrets FROM channel",
        "SELECT cursor FROM channel",
        "SELECT tokens FROM search_entry",
        "SELECT entry_id FROM search_entry",
        "DELETE FROM search_entry",
        "UPDATE audit SET act = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "INSERT INTO audit_seal VALUES (1, NULL, 1, 1, '', '')",
        "UPDATE audit_seal SET digest = 'x'",
        "DELETE FROM audit_seal",
        "UPDATE reading SET reason = 'x'",
        "DELETE FROM reading",
        "UPDATE membership SET role = 'admin'",
        "INSERT INTO membership (id) VALUES (1)",
        "INSERT INTO login (id) VALUES (1)",
        "UPDATE person SET disabled_at = NULL",
        "UPDATE channel SET config = '{}'",
        "SELECT * FROM alembic_version",
        "TRUNCATE conversation",
        "ALTER TABLE conversation DISABLE ROW LEVEL SECURITY",
        "DROP POLICY of_the_municipality ON conversation",
        "CREATE TABLE mine (id int)",
        "SET ROLE torg_system",
        "SET ROLE postgres",
    ],
)
def test_the_app_is_refused(catalogue: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        catalogue.execute(statement.encode())


def test_the_app_reads_people_without_their_passwords(catalogue: psycopg.Connection) -> None:
    assert column(catalogue, "SELECT email FROM person ORDER BY 1")[0] == "nils@granvik.example"


@pytest.mark.parametrize("table", ["audit", "audit_seal", "reading"])
def test_not_even_everything_changes_what_is_only_added(postgres_centre: Centre, table: str) -> None:
    with postgres_centre.storage.engines.writer.begin() as connection:
        connection.exec_driver_sql("SET LOCAL ROLE torg_system")
        for act in ("UPDATE", "DELETE", "TRUNCATE"):
            said = f"SELECT has_table_privilege('torg_system', '{table}', '{act}')"
            assert connection.exec_driver_sql(said).scalar_one() is False


def test_a_foreign_row_can_be_neither_written_nor_given_away(app: psycopg.Connection, postgres_centre: Centre) -> None:
    granvik, nesoy = postgres_centre.ids["granvik"], postgres_centre.ids["nesoy"]
    enter(app, granvik)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("INSERT INTO citizen VALUES (1, %s, 'person', 'x', NULL, 'no', NULL)", [nesoy])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("UPDATE citizen SET municipality_id = %s", [nesoy])


def test_updates_and_deletes_pass_foreign_rows_over(
    app: psycopg.Connection, postgres_centre: Centre, theirs: int
) -> None:
    enter(app, postgres_centre.ids["granvik"])
    assert app.execute("UPDATE conversation SET subject = 'x' WHERE id = %s", [theirs]).rowcount == 0
    assert app.execute("DELETE FROM mail").rowcount == 1
    assert postgres_centre.do(lambda unit: len(unit.all(select(Mail.id)))) == 1


def test_an_event_of_nobody_yet_is_hidden(app: psycopg.Connection, postgres_centre: Centre) -> None:
    enter(app, *(postgres_centre.ids[code] for code in ("granvik", "holmo", "nesoy")))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(
            "INSERT INTO raw_event (id, channel_id, source_key, sha256, media_type, origin, size, received_at,"
            " arrivals, state, attempts) VALUES (1, %s, 'k', '', '', '{}', 0, 0, 1, 'new', 0)",
            [postgres_centre.ids["in"]],
        )


def test_the_search_function_keeps_to_the_scope(app: psycopg.Connection, postgres_centre: Centre, ours: int) -> None:
    ask = "SELECT entry_id FROM torg_search(ARRAY['''faktur'''], 9223372036854775807, 0, 10)"
    assert column(app, ask) == []
    enter(app, postgres_centre.ids["granvik"])
    (found,) = column(app, ask)
    assert column(app, "SELECT conversation_id FROM entry WHERE id = %s", found) == [ours]
    among = "SELECT entry_id FROM torg_search_among(ARRAY['faktur'], %s)"
    assert column(app, among, [found, 1]) == [found]
    enter(app, postgres_centre.ids["nesoy"])
    assert column(app, among, [found, 1]) == []
    enter(app, *(postgres_centre.ids[code] for code in ("granvik", "holmo", "nesoy")))
    assert column(app, among, [found, 1]) == [found]


@pytest.mark.parametrize("name", READINGS)
def test_without_the_programs_filter_nothing_leaks(
    unfiltered: Storage, postgres_centre: Centre, ours: int, theirs: int, name: str
) -> None:
    scope = postgres_centre.scope("granvik", "holmo")
    assert unfiltered.read_now(scope, lambda unit: [row[0] for row in unit.rows(READINGS[name]())]) == [ours]


def test_without_the_programs_filter_nothing_foreign_is_got_or_changed(
    unfiltered: Storage, postgres_centre: Centre, ours: int, theirs: int
) -> None:
    scope = postgres_centre.scope("granvik")

    def change(unit: Unit) -> int:
        assert unit.get(Conversation, theirs) is None
        return unit.change(update(Conversation).values(subject="x"))

    assert unfiltered.write_now(scope, change) == 1
    assert postgres_centre.do(lambda unit: conversation(unit, theirs).subject) == "Faktura"


def test_without_the_programs_filter_search_finds_nothing_foreign(
    unfiltered: Storage, postgres_centre: Centre, ours: int, theirs: int
) -> None:
    scope = postgres_centre.scope("granvik")
    found = unfiltered.read_now(scope, search_index.find, "faktura", before=2**63 - 1, limit=9)
    assert postgres_centre.do(lambda unit: [must(unit.get(Entry, each)).conversation_id for each in found]) == [ours]


def test_a_unit_leaves_neither_role_nor_scope_behind(postgres_centre: Centre, theirs: int) -> None:
    postgres_centre.here(lambda unit: unit.all(select(Conversation)))
    with postgres_centre.storage.engines.writer.connect() as connection:
        row = connection.exec_driver_sql(
            "SELECT current_user = session_user, current_setting('torg.municipalities', true)"
        )
        assert row.one() in {(True, ""), (True, None)}
