"""The same world as the API's tests, and for the verbs the same centre as storage's."""

from tests.storage.conftest import centre, sqlite_centre
from tests.web.conftest import world

__all__ = ["centre", "sqlite_centre", "world"]
