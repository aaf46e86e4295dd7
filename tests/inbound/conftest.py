"""A line of each test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.line import Line


@pytest.fixture
def line(sqlite_database: str, tmp_path: Path) -> Iterator[Line]:
    """Running, on SQLite."""
    made = Line(tmp_path, sqlite_database)
    with made.running():
        yield made
    made.storage.close()


@pytest.fixture
def line_on_both(database_url: str, tmp_path: Path) -> Iterator[Line]:
    """Running, on one engine after the other."""
    made = Line(tmp_path, database_url)
    with made.running():
        yield made
    made.storage.close()
