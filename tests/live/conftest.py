"""A centre of each test's own, on both engines or on one."""

from collections.abc import Iterator

import pytest

from tests.servers import Missing, Valkey
from tests.storage.conftest import centre, postgres_centre, sqlite_centre

__all__ = ["centre", "postgres_centre", "sqlite_centre"]


@pytest.fixture
def own_redis() -> Iterator[Valkey]:
    """One that a test may end and start again."""
    try:
        server = Valkey()
    except Missing as missing:
        pytest.skip(str(missing))
    with server:
        yield server
