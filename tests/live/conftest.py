"""A centre of each test's own, on both engines or on one."""

from tests.storage.conftest import centre, postgres_centre, sqlite_centre

__all__ = ["centre", "postgres_centre", "sqlite_centre"]
