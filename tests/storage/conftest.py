"""A centre of each test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.centre import Centre, opened, populate


@pytest.fixture
def centre(database_url: str, tmp_path: Path) -> Iterator[Centre]:
    """On both engines, one after the other."""
    with opened(database_url, tmp_path) as storage:
        made = Centre(storage)
        populate(made)
        yield made


@pytest.fixture
def sqlite_centre(sqlite_database: str, tmp_path: Path) -> Iterator[Centre]:
    """Where the engine makes no difference, or SQLite is meant."""
    with opened(sqlite_database, tmp_path) as storage:
        made = Centre(storage)
        populate(made)
        yield made


@pytest.fixture
def postgres_centre(postgres_database: str, tmp_path: Path) -> Iterator[Centre]:
    """Where PostgreSQL is meant."""
    with opened(postgres_database, tmp_path) as storage:
        made = Centre(storage)
        populate(made)
        yield made
