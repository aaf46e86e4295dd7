"""The contract's own tests, against a real Dovecot."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.imap import Imap
from hub.contract.testing import KeepSentTests, PullTests
from tests.connectors.imap.conftest import Real, real_of, settings
from tests.connectors.tools import free_port
from tests.dovecot import Dovecot


class TestImap(PullTests, KeepSentTests):
    connector = Imap
    samples = sorted(Path(__file__).parent.glob("samples/*.eml"))
    settings = {**settings(143), "client_secret": "hemligare", "refresh_token": "hemligast"}  # noqa: RUF012 - a class of tests
    server: Dovecot

    @pytest.fixture(autouse=True)
    def _dovecot(self, dovecot: Dovecot) -> None:
        type(self).server = dovecot

    @asynccontextmanager
    async def source(self) -> AsyncIterator[Real]:
        with real_of(self.server) as made:
            yield made

    def sent_folder(self) -> AbstractAsyncContextManager[Real]:
        return self.source()

    def away(self) -> Mapping[str, Any]:
        return settings(free_port())

    def refused(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**settings, "password": "not this one"}
