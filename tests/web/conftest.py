"""The world of each test, on both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.world import World
from tests.web.world import world as make_world


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A joint centre, a municipality elsewhere, and the API over them."""
    with make_world(database_url, tmp_path) as made:
        yield made
