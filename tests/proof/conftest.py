"""Where a proof runs: a SQLite file of its own, or an empty PostgreSQL database."""

import pytest

from hub.proof.installation import Where


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest) -> Where:
    if request.param == "sqlite":
        return Where("sqlite")
    return Where("postgresql", request.getfixturevalue("postgres_database"))
