"""An empty installation for each test: on SQLite, or on both engines."""

import shutil
from pathlib import Path

import pytest

from tests.cli.commands import Torg


@pytest.fixture
def empty(tmp_path: Path) -> Torg:
    """No database yet; it would be an SQLite file."""
    return Torg(tmp_path, "sqlite:///torg.db")


@pytest.fixture(scope="session")
def first_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands left of a set-up on SQLite: half a second of a processor, of which each test has a copy."""
    folder = tmp_path_factory.mktemp("set-up")
    Torg(folder, "sqlite:///torg.db").set_up()
    return folder


@pytest.fixture
def torg(empty: Torg, first_folder: Path) -> Torg:
    """On SQLite, with a municipality, a queue and a person."""
    shutil.copytree(first_folder, empty.folder, dirs_exist_ok=True)
    return empty


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Torg:
    """The same as `torg`, on each engine."""
    if request.param == "sqlite":
        made: Torg = request.getfixturevalue("torg")
        return made
    torg = Torg(tmp_path, request.getfixturevalue("postgres_database"))
    torg.set_up()
    return torg
