"""The world of each test, on both engines."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.storage.engine import open_engines
from hub.storage.migrate import upgrade
from tests.web.world import World
from tests.web.world import world as make_world


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "torg.db"
    engines = open_engines(f"sqlite:///{path}")
    upgrade(engines.writer)
    engines.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of this test's own."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_database"))
    path = tmp_path / "torg.db"
    shutil.copy(request.getfixturevalue("empty_sqlite"), path)
    return f"sqlite:///{path}"


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A joint centre, a municipality elsewhere, and the API over them."""
    with make_world(database_url, tmp_path) as made:
        yield made
