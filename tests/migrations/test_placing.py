"""What IT published before it was written down where: placed by the upgrade, and what was gone back to is theirs."""

from sqlalchemy import text

from hub.storage.migrate import newest, upgrade
from tests.migrations.test_migrations import OLDER, empty_url, opened, upgrade_to

__all__ = ["empty_url"]
PEOPLE = "INSERT INTO person (id, name, email, language) VALUES (3, 'Disa', 'disa@granvik.example', 'sv')"
DEPARTMENTS = "INSERT INTO department (id, municipality_id, words) VALUES (:id, 7, '{}')"
LOOKUPS = """
INSERT INTO lookup (id, municipality_id, name, version, state, definition, department_id, owner_id, saved_by_id,
    saved_at, placed_at)
VALUES (:id, 7, :name, :version, :state, '{}', :department, :owner, :by, :at, :placed)
"""
ROWS = (
    # id, name, version, state, department, owner, saved by, saved at, placed at: and what the last, and whose, become
    (1, "tanks", 1, "published", 4, None, None, 50, None, (50, 5, 3)),
    (2, "tanks", 2, "retired", 5, 3, 3, 60, None, (None, 5, 3)),
    (3, "tanks", 0, "draft", 5, 3, 3, 70, 65, (65, 5, 3)),
    (4, "waste", 1, "published", 4, 3, 3, 50, None, (None, 4, 3)),
    (5, "waste", 2, "retired", 4, None, None, 60, 61, (61, 4, None)),
)
NAMES = ("id", "name", "version", "state", "department", "owner", "by", "at", "placed")


def test_what_a_command_published_is_placed_and_whose_it_is_is_the_newests(empty_url: str) -> None:
    with opened(empty_url) as engine:
        upgrade_to(engine, "2026_11_28_0600")
        with engine.begin() as connection:
            connection.execute(text(OLDER[0]))
            connection.execute(text(PEOPLE))
            connection.execute(text(DEPARTMENTS), [{"id": 4}, {"id": 5}])
            connection.execute(text(LOOKUPS), [dict(zip(NAMES, row[:-1], strict=True)) for row in ROWS])
        assert upgrade(engine) == newest()
        with engine.connect() as connection:
            found = connection.execute(text("SELECT placed_at, department_id, owner_id FROM lookup ORDER BY id"))
            assert [tuple(each) for each in found] == [row[-1] for row in ROWS]
