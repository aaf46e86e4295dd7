"""The same world as the API's tests."""

from tests.web.conftest import database_url, empty_sqlite, world

__all__ = ["database_url", "empty_sqlite", "world"]
