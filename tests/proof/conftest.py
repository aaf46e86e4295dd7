"""Where a proof runs: a SQLite file of its own, or an empty PostgreSQL database; and a hub that is forked."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from hub.proof import faults
from hub.proof.installation import Where
from tests.started import Forked


@pytest.fixture
def forked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is killed sixteen times is imported once. `torg prove` starts each from nothing, as does test_storm.py."""

    own = request.node.get_closest_marker("own_children") is not None

    def begin(
        program: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path
    ) -> faults.Process:
        log.touch()
        return Forked(program, arguments, folder, environment, log, own_children=own)

    monkeypatch.setattr(faults, "begin", begin)


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest) -> Where:
    if request.param == "sqlite":
        return Where("sqlite")
    return Where("postgresql", request.getfixturevalue("postgres_database"))
