"""The first line to a place, told as steps of a check: its server was found, its certificate holds until a day."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from hub.contract import PluginError
from hub.contract.steps import CERTIFICATE_VALID, SERVER_FOUND, CheckStep, Steps, valid_until

_CONNECTS, _ENCRYPTS = "connection.connect_tcp.", "connection.start_tls."
"""Beginnings of httpcore's events."""


class FirstLine:
    """Of one request. Without `steps` it tells nobody. Another address of the server may answer where one doesn't."""

    def __init__(self, steps: Steps | None, host: str) -> None:
        self._steps, self._found = steps, SERVER_FOUND.format(host=host)
        self._doing, self._began = self._found, time.monotonic()
        self._passed_last = ""

    @contextmanager
    def told(self) -> Iterator[None]:
        """When the line doesn't come about, what wasn't reached is the step that failed."""
        try:
            yield
        except PluginError as error:
            if self._steps is not None and self._doing:
                self._steps.failed(CheckStep(self._doing, self._took, failed=True), error)
            raise

    def traced(self, event: str, said: Mapping[str, Any]) -> None:
        """What httpcore says of a connection as it comes about."""
        if self._steps is None:
            return
        if event == f"{_CONNECTS}complete":
            self._passed(CheckStep(self._found, self._took))
        elif event == f"{_ENCRYPTS}started":
            self._doing, self._began = CERTIFICATE_VALID, time.monotonic()
        elif event == f"{_ENCRYPTS}complete":
            line = said["return_value"].get_extra_info("ssl_object")
            ends = valid_until(line.getpeercert() if line else None)
            self._passed(CheckStep(CERTIFICATE_VALID, self._took, until=ends))

    def _passed(self, step: CheckStep) -> None:
        self._doing = ""
        if self._steps is not None and step.title != self._passed_last:
            self._passed_last = step.title
            self._steps.passed(step)

    @property
    def _took(self) -> int:
        return round((time.monotonic() - self._began) * 1000)
