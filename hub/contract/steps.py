"""Steps: what a check has proved on its way, for whoever sets it up. Nobody has to tell of any."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from itertools import islice
from ssl import cert_time_to_seconds
from typing import Any, TypeAlias

from msgspec import Struct

SERVER_FOUND = "Server {host} found"
CERTIFICATE_VALID = "Certificate valid"
SIGNED_IN = "Signed in"
FOLDER = "Folder {folder}"
MAILBOX_SHUT = "Mailbox {name} kept shut"
"""Titles that are said in the reader's language, with what is in braces put in; a plugin's own is shown as it is."""


class CheckStep(Struct, frozen=True):
    """One of them. `until`: the last day that it holds. `failed`: the check ended there."""

    title: str
    milliseconds: int
    says: str = ""
    until: date | None = None
    failed: bool = False


class Proof(Struct):
    """What a step may say besides: a few words of what it found, or the last day that it holds."""

    says: str = ""
    until: date | None = None


TellStep: TypeAlias = Callable[[str], AbstractContextManager[Proof]]
"""What `tools.step` is, for parts of a plugin that have no tools."""


class Steps:
    """Of one check, in the order in which they ended. What failed and was got over proves nothing, and isn't told."""

    def __init__(self) -> None:
        self._passed: list[CheckStep] = []
        self._failed: list[tuple[CheckStep, BaseException]] = []

    def step(self, title: str) -> AbstractContextManager[Proof]:
        """A part of the check: passed when it is left, failed when something is raised in it."""
        return _Step(self, title)

    def passed(self, step: CheckStep) -> None:
        """One that whoever tells of it has timed."""
        self._passed.append(step)

    def failed(self, step: CheckStep, error: BaseException) -> None:
        """Likewise; `error` is what it was left by."""
        self._failed.append((step, error))

    def taken(self, error: BaseException | None) -> Sequence[CheckStep]:
        """Those that passed, and last the one in which `error` was raised, that the check ended with. Of one within
        another it is the inner one."""
        led_to = set(_led_to(error))
        failed = (step for step, left_by in self._failed if id(left_by) in led_to)
        return (*self._passed, *islice(failed, 1))


class _Step(AbstractContextManager[Proof]):
    def __init__(self, steps: Steps, title: str) -> None:
        self._steps, self._title, self._proof = steps, title, Proof()
        self._began = time.monotonic()

    def __enter__(self) -> Proof:
        return self._proof

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        took = round((time.monotonic() - self._began) * 1000)
        step = CheckStep(self._title, took, self._proof.says, self._proof.until, failed=error is not None)
        if error is None:
            self._steps.passed(step)
        else:
            self._steps.failed(step, error)


def _led_to(error: BaseException | None) -> Iterator[int]:
    """It, and what it was raised for, by their ids: a plugin says in its own words what a library told it."""
    while error is not None:
        yield id(error)
        error = error.__cause__ or error.__context__


@contextmanager
def untold(title: str) -> Iterator[Proof]:  # noqa: ARG001 - nobody is told
    """The same, where nobody looks: a pull goes the ways of a check."""
    yield Proof()


def valid_until(certificate: Mapping[str, Any] | None) -> date | None:
    """The last day of a certificate, as `SSLSocket.getpeercert` has it; None where that doesn't say."""
    ends = (certificate or {}).get("notAfter")
    return datetime.fromtimestamp(cert_time_to_seconds(ends), UTC).date() if isinstance(ends, str) else None
