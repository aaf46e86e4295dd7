"""Packages for a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin_host.packages import Packages


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packages]:
    made = Packages(tmp_path, monkeypatch)
    yield made
    made.forget()
