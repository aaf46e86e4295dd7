"""An empty installation for each test: on SQLite, or on both engines."""

from pathlib import Path

import pytest

from tests.cli.commands import Torg


@pytest.fixture
def empty(tmp_path: Path) -> Torg:
    """No database yet; it would be an SQLite file."""
    return Torg(tmp_path, "sqlite:///torg.db")


@pytest.fixture
def torg(empty: Torg) -> Torg:
    """On SQLite, with a municipality, a queue and a person."""
    empty.set_up()
    return empty


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Torg:
    """The same as `torg`, on each engine."""
    sqlite = request.param == "sqlite"
    url = "sqlite:///torg.db" if sqlite else request.getfixturevalue("postgres_database")
    torg = Torg(tmp_path, url)
    torg.set_up()
    return torg
