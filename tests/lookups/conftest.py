"""The same centre as storage's tests."""

from tests.storage.conftest import centre

__all__ = ["centre"]
