"""A line of each test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.app import Hub
from hub.settings import Settings
from tests import line as lines
from tests.line import Line


class OpenHub(Hub):
    """The hub of a line, within a test's reach."""

    last: "OpenHub"

    def __init__(self, settings: Settings, *, serves: bool, works: bool) -> None:
        super().__init__(settings, serves=serves, works=works)
        OpenHub.last = self


class ReceivingHub(Hub):
    """Keeps what comes and leaves it to others."""

    def __init__(self, settings: Settings, *, serves: bool, works: bool) -> None:
        super().__init__(settings, serves=serves, works=works and not serves)


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


@pytest.fixture
def open_line(sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Line, OpenHub]]:
    """Running on SQLite, with its hub."""
    monkeypatch.setattr(lines, "Hub", OpenHub)
    made = Line(tmp_path, sqlite_database)
    with made.running():
        yield made, OpenHub.last
    made.storage.close()
