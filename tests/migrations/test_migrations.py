"""Migrations: what they make is what the models say, on both engines, and they can be run again at any time."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    BindParameter,
    Connection,
    Engine,
    Index,
    Table,
    UniqueConstraint,
    bindparam,
    inspect,
    make_url,
    text,
)
from sqlalchemy.schema import CreateIndex

from hub.errors import Invalid
from hub.storage.base import Row
from hub.storage.engine import open_engines
from hub.storage.migrate import current, folder, newest, require_newest, upgrade
from tests.architecture.source import ROOT
from tests.recycled import own_database
from tests.started import Forked

Described = dict[str, Any]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """At the newest schema."""
    with opened(database_url) as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    with own_database(request.getfixturevalue("postgres_url"), f"torg_empty_{os.getpid()}") as url:
        yield url


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """Its writing engine."""
    engines = open_engines(url)
    try:
        yield engines.writer
    finally:
        engines.dispose()


def script() -> ScriptDirectory:
    """Alembic's view of the folder."""
    config = Config()
    config.set_main_option("script_location", str(folder()))
    return ScriptDirectory.from_config(config)


def test_the_readme_lists_them_in_their_order() -> None:
    said = (ROOT / "migrations/README.md").read_text("utf-8")
    listed = re.findall(r"^\| `(\d{4}_\d\d_\d\d_\d{4})` \| \S", said, re.M)
    assert listed == [each.revision for each in reversed(list(script().walk_revisions()))]


def ours(_: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
    """The search index is the engines' own and no model's."""
    return not (kind == "table" and (name or "").startswith("search_entry"))


def test_the_models_say_what_the_migrations_made(engine: Engine) -> None:
    with engine.connect() as connection:
        options = {"include_object": ours, "compare_type": True, "compare_server_default": True}
        differing = compare_metadata(MigrationContext.configure(connection, opts=options), Row.metadata)
    assert differing == []


def test_unique_constraints_and_indexes_have_the_same_columns(engine: Engine) -> None:
    found = inspect(engine)
    for table in Row.metadata.sorted_tables:
        unique = {each["name"]: each["column_names"] for each in found.get_unique_constraints(table.name)}
        assert unique == {
            each.name: [column.name for column in each.columns]
            for each in table.constraints
            if isinstance(each, UniqueConstraint)
        }, table.name
        indexes = {
            each["name"]: each["column_names"]
            for each in found.get_indexes(table.name)
            if not each.get("duplicates_constraint")
        }
        assert indexes == {each.name: [column.name for column in each.columns] for each in table.indexes}, table.name


def test_foreign_keys_are_the_same(engine: Engine) -> None:
    found = inspect(engine)
    for table in Row.metadata.sorted_tables:
        made = {
            (*each["constrained_columns"], "->", each["referred_table"], *each["referred_columns"])
            for each in found.get_foreign_keys(table.name)
        }
        said = {
            (
                *(element.parent.name for element in each.elements),
                "->",
                each.referred_table.name,
                *(element.column.name for element in each.elements),
            )
            for each in table.foreign_key_constraints
        }
        assert made == said, table.name


def test_columns_may_be_null_where_the_models_say_so(engine: Engine) -> None:
    found = inspect(engine)
    for table in Row.metadata.sorted_tables:
        made = {each["name"]: each["nullable"] for each in found.get_columns(table.name)}
        assert made == {column.name: column.nullable for column in table.columns}, table.name


def test_no_column_fills_itself_in(engine: Engine) -> None:
    found = inspect(engine)
    filled = [
        f"{table.name}.{each['name']}"
        for table in Row.metadata.sorted_tables
        for each in found.get_columns(table.name)
        if each["default"] is not None
    ]
    # SQLite adds a column that is never NULL to a table only with one.
    assert sorted(filled) == ["conversation.contact_kind", "topic.lookups", "topic.waiting"], (
        "ids and defaults are the application's"
    )


def partial(table: Table) -> Iterator[tuple[Index, str]]:
    """Partial indexes of the models with their condition."""
    for index in table.indexes:
        sqlite, postgresql = (index.dialect_options[name]["where"] for name in ("sqlite", "postgresql"))
        assert str(sqlite) == str(postgresql), f"{index.name} differs between the engines"
        if sqlite is not None:
            yield index, str(sqlite)


def test_partial_indexes_have_their_condition_on_sqlite(sqlite_database: str) -> None:
    with opened(sqlite_database) as engine, engine.connect() as connection:
        for table in Row.metadata.sorted_tables:
            for index, where in partial(table):
                made = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = :n"), {"n": index.name})
                assert made.scalar_one().partition(" WHERE ")[2] == where, index.name


def test_partial_indexes_have_their_condition_on_postgresql(postgres_database: str) -> None:
    """PostgreSQL writes conditions its own way: the model's, made beside it, must come out the same."""
    definition = text("SELECT indexdef FROM pg_indexes WHERE indexname = :n")
    compared = 0
    with opened(postgres_database) as engine, engine.connect() as connection:
        for table in Row.metadata.sorted_tables:
            for index, _ in partial(table):
                made = connection.execute(definition, {"n": index.name}).scalar_one()
                connection.execute(text(f"DROP INDEX {index.name}"))
                connection.execute(CreateIndex(index))
                assert connection.execute(definition, {"n": index.name}).scalar_one() == made
                assert " WHERE " in made
                compared += 1
    assert compared >= 6


def test_there_is_one_head_and_it_is_the_newest() -> None:
    assert script().get_heads() == [newest()]


def test_every_migration_is_named_by_its_revision_then_in_words() -> None:
    for revision in script().walk_revisions():
        name = Path(revision.path).name
        assert re.fullmatch(rf"{re.escape(revision.revision)}(_[a-z]+)+\.py", name), name


def test_the_history_is_one_line_in_the_order_of_its_dates() -> None:
    line = [revision.revision for revision in script().walk_revisions()]
    assert line == sorted(line, reverse=True)


def test_upgrading_from_nothing_reaches_the_newest(empty_url: str) -> None:
    with opened(empty_url) as engine:
        assert upgrade(engine) == newest()
        require_newest(engine)


def snapshot(engine: Engine) -> Described:
    """Tables with their columns and indexes."""
    found = inspect(engine)
    return {
        name: (
            [(each["name"], each["nullable"], str(each["type"])) for each in found.get_columns(name)],
            sorted(str(each["name"]) for each in found.get_indexes(name)),
        )
        for name in found.get_table_names()
    }


def test_upgrading_again_changes_nothing(empty_url: str) -> None:
    with opened(empty_url) as engine:
        upgrade(engine)
        before = snapshot(engine)
        assert upgrade(engine) == newest()
        assert snapshot(engine) == before


def test_upgrading_keeps_what_is_stored(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO queue (id, words) VALUES (7, '{}')"))
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id FROM queue")).scalars().all() == [7]


def upgrade_to(engine: Engine, revision: str) -> None:
    """As an older program would."""
    config = Config()
    config.set_main_option("script_location", str(folder()))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


OLDER = (
    "INSERT INTO municipality (id, code, name, timezone, country, language, hue)"
    " VALUES (7, 'g', 'G', 'Europe/Stockholm', 'SE', 'sv', 1)",
    "INSERT INTO channel (id, kind, name, config, fence) VALUES (8, 'x', 'x', '{}', 0)",
)
OLDER_EVENT = """
INSERT INTO raw_event (id, municipality_id, channel_id, source_key, sha256, media_type, origin, size, received_at,
    arrivals, state, attempts)
VALUES (:id, :whose, 8, :key, 'x', 'x', '{}', 1, :at, 1, 'read', 1)
"""


def test_what_came_before_hours_were_counted_is_counted_by_the_upgrade(empty_url: str) -> None:
    """Of ten weeks, each municipality's and nobody's apart."""
    hour = 3_600_000_000
    came = [(7, 5_000 * hour), (7, 5_000 * hour + 9), (None, 5_000 * hour + 9), (7, 4_999 * hour), (7, 9)]
    events = [{"id": each, "key": str(each), "whose": whose, "at": at} for each, (whose, at) in enumerate(came, 1)]
    with opened(empty_url) as engine:
        upgrade_to(engine, "2026_11_26_0800")
        with engine.begin() as connection:
            for statement in OLDER:
                connection.execute(text(statement))
            connection.execute(text(OLDER_EVENT), events)
        assert upgrade(engine) == newest()
        with engine.connect() as connection:
            counted = connection.execute(text("SELECT municipality_id, hour, came, gone FROM channel_hour ORDER BY id"))
            assert [tuple(each) for each in counted] == [(7, 5_000, 2, 0), (None, 5_000, 1, 0), (7, 4_999, 1, 0)]
            left = connection.execute(text("SELECT id, state, content_key, sender_key FROM raw_event ORDER BY id"))
            assert [tuple(each) for each in left] == [(each["id"], "read", None, None) for each in events]


@contextmanager
def owned(postgres_url: str, rights: str) -> Iterator[tuple[str, str]]:
    """A database without any table, as its owner, who is no superuser; and as a superuser. `rights`: INHERIT, who sees
    what torg_system sees, of which the owner is a member; NOINHERIT, who has what is granted to the owner alone."""
    role = f"torg_owner_{os.getpid()}"
    with own_database(postgres_url, f"torg_owned_{os.getpid()}") as url:
        database = make_url(url)
        with opened(url) as superuser, superuser.begin() as connection:
            connection.execute(
                text(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE {rights} PASSWORD 'x'")
            )
            # Other databases of this server have made these already: of roles there is one list for all.
            ours = connection.execute(text("SELECT rolname FROM pg_roles WHERE rolname IN :names").bindparams(_ROLES))
            for name in ours.scalars().all():
                connection.execute(text(f"GRANT {name} TO {role} WITH ADMIN OPTION"))
            connection.execute(text(f"ALTER DATABASE {database.database} OWNER TO {role}"))
            connection.execute(text(f"ALTER SCHEMA public OWNER TO {role}"))
        try:
            yield database.set(username=role, password="x").render_as_string(hide_password=False), url
        finally:
            with opened(url) as superuser, superuser.begin() as connection:
                connection.execute(text(f"REASSIGN OWNED BY {role} TO {database.username}"))
                connection.execute(text(f"DROP OWNED BY {role}"))
                connection.execute(text(f"DROP ROLE {role}"))


_ROLES: BindParameter[Any] = bindparam(
    "names", ["torg_app", "torg_system", "torg_public", "torg_intake"], expanding=True
)
OLDER_CHAT = """
INSERT INTO chat (id, municipality_id, conversation_id, channel_id, secret, network, language, name, email, topic,
    by_mail, started_at, heard_at, rung, transcript_asked_at)
VALUES (:id, 7, :id, 8, CAST(:id AS text), 'n', 'sv', '', :email, '', false, 1, 1, '[]', :at)
"""
CHATS = (
    (1, "ida@post.example", 5, "ida@post.example"),
    (2, "bo@post.example", None, None),
)


@pytest.mark.parametrize(("rights", "seen"), [("INHERIT", 2), ("NOINHERIT", 0)])
def test_an_owner_who_is_no_superuser_changes_rows_and_is_walled_in_again(
    postgres_url: str, rights: str, seen: int
) -> None:
    with owned(postgres_url, rights) as (url, superusers), opened(url) as owner, opened(superusers) as superuser:
        upgrade_to(owner, "2026_11_27_1500")
        with superuser.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))  # what a chat is of isn't there
            connection.execute(text(OLDER_CHAT), [{"id": each[0], "email": each[1], "at": each[2]} for each in CHATS])
            before = _forced(connection)
        upgrade_to(owner, "2026_11_27_1510")
        with superuser.connect() as connection:
            found = connection.execute(
                text("SELECT id, email, transcript_asked_at, transcript_to FROM chat ORDER BY id")
            )
            assert [tuple(each) for each in found] == list(CHATS)
            assert _forced(connection) == before
            assert before["chat"] == (True, True)
        with owner.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM chat")).scalar_one() == seen
        with superuser.begin() as connection:
            connection.execute(text("DELETE FROM chat"))
        assert upgrade(owner) == newest()
        with superuser.connect() as connection:
            assert _forced(connection)["chat"] == (True, True)


def _forced(connection: Connection) -> dict[str, tuple[bool, bool]]:
    """Of each table: whether rows have a wall, and whether its owner has."""
    query = "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relkind = 'r'"
    return {name: (on, forced) for name, on, forced in connection.execute(text(query))}


def _upgrading(folder: Path, name: str, *words: str) -> tuple[Forked, Path]:
    """A process that does it, and what it says."""
    log = folder / name
    log.touch()
    return Forked("tests.migrations.upgrading", words, folder, os.environ, log), log


@pytest.mark.parametrize(
    "after", ["CREATE TABLE citizen_point", "ix_mail_message_id", "search_entry", "audit_no_delete|ROW LEVEL SECURITY"]
)
def test_an_upgrade_that_was_killed_can_be_run_again(empty_url: str, tmp_path: Path, after: str) -> None:
    on_sqlite, _, on_postgresql = after.partition("|")
    statement = (on_postgresql or on_sqlite) if empty_url.startswith("postgresql") else on_sqlite
    killed, log = _upgrading(tmp_path, "log", empty_url, statement)
    assert killed.wait(200) == -signal.SIGKILL, log.read_text()
    with opened(empty_url) as engine:
        assert upgrade(engine) == newest()
        assert set(Row.metadata.tables) <= set(inspect(engine).get_table_names())


def test_two_that_upgrade_at_once_both_succeed(empty_url: str, tmp_path: Path) -> None:
    both = [_upgrading(tmp_path, name, empty_url) for name in ("one", "other")]
    ends = [(process.wait(200), log.read_text().strip()) for process, log in both]
    assert ends == [(0, newest())] * 2


def test_an_empty_database_is_refused_with_what_to_do(empty_url: str) -> None:
    with (
        opened(empty_url) as engine,
        pytest.raises(Invalid, match="the database is empty: run torg db upgrade") as said,
    ):
        require_newest(engine)
    assert said.value.field == "database_url"
    url = make_url(empty_url)
    assert f"{url.database}" in str(said.value)
    assert not url.password or f":{url.password}@" not in str(said.value)


def test_an_older_database_is_refused_with_both_revisions(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '2020_01_01_0000'"))
    sentence = f"the database is at 2020_01_01_0000, the program at {newest()}: run torg db upgrade"
    with pytest.raises(Invalid, match=sentence):
        require_newest(engine)


def test_a_newest_database_is_let_pass(engine: Engine) -> None:
    require_newest(engine)
    with closing(engine.connect()) as connection:
        assert current(connection) == newest()


def test_every_room_with_tables_is_known_to_the_migrations() -> None:
    environment = (ROOT / "migrations" / "env.py").read_text(encoding="utf-8")
    rooms = {mapper.class_.__module__ for mapper in Row.registry.mappers}
    assert [room for room in sorted(rooms) if f'"{room}"' not in environment] == []
