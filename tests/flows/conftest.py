"""A house of each test's own, and where the citizens get their mail."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.flows.house import CitizensMailServer, House, citizens_mail_server


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[CitizensMailServer]:
    with citizens_mail_server(tmp_path) as server:
        yield server


@pytest.fixture
def build(tmp_path: Path, outside: CitizensMailServer) -> Iterator[Callable[..., House]]:
    """`build(database_url, setting=value, …)`."""
    with ExitStack() as at_the_end:

        def build(database_url: str, **settings: object) -> House:
            house = House(tmp_path, database_url, outside.port, **settings)
            at_the_end.callback(house.storage.close)
            return house

        yield build
