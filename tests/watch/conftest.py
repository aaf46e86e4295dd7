"""The same world as the API's tests."""

from tests.web.conftest import world

__all__ = ["world"]
