"""Steps: what a check has proved on its way, for whoever sets it up. Nobody has to tell of any."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from itertools import count
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
        self._failed: list[_Failed] = []
        self._begun = count()

    def step(self, title: str) -> AbstractContextManager[Proof]:
        """A part of the check: passed when it is left, failed when something is raised in it."""
        return _Step(self, title)

    def passed(self, step: CheckStep) -> None:
        """One that whoever tells of it has timed."""
        self._passed.append(step)

    def failed(self, step: CheckStep, error: BaseException, begun: int | None = None) -> None:
        """Likewise; `error` is what it was left by, `begun` what `begin` gave."""
        self._failed.append(_Failed(step, error, self.begin() if begun is None else begun))

    def begin(self) -> int:
        """The place of a step among those that begin: what is within it has a later one."""
        return next(self._begun)

    def taken(self, error: BaseException | None) -> Sequence[CheckStep]:
        """Those that passed, and last the one in which `error` was raised, that the check ended with. Of one within
        another it is the inner one."""
        chain = {id(each): each for each in _led_to(error)}
        for nearest in chain.values():
            inner = next((each for each in self._failed if each.error is nearest), None)
            if inner is not None:  # or what within it this was raised for; not what was tried in vain before it
                led = (each.step for each in self._failed if id(each.error) in chain and each.begun >= inner.begun)
                return (*self._passed, next(led))
        return tuple(self._passed)


class _Step(AbstractContextManager[Proof]):
    def __init__(self, steps: Steps, title: str) -> None:
        self._steps, self._title, self._proof = steps, title, Proof()
        self._began, self._place = time.monotonic(), steps.begin()

    def __enter__(self) -> Proof:
        return self._proof

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        took = round((time.monotonic() - self._began) * 1000)
        step = CheckStep(self._title, took, self._proof.says, self._proof.until, failed=error is not None)
        if error is None:
            self._steps.passed(step)
        else:
            self._steps.failed(step, error, self._place)


class _Failed(Struct, frozen=True):
    step: CheckStep
    error: BaseException
    begun: int


def _led_to(error: BaseException | None) -> Iterator[BaseException]:
    """It, and what it was raised for, the nearest first: a plugin says in its own words what a library told it."""
    left, seen = [error], set[int]()
    for each in left:  # which grows
        if each is None or id(each) in seen:  # two may name each other
            continue
        seen.add(id(each))
        yield each
        left += [each.__cause__ or each.__context__, *(each.exceptions if isinstance(each, BaseExceptionGroup) else ())]


@contextmanager
def untold(title: str) -> Iterator[Proof]:  # noqa: ARG001 - nobody is told
    """The same, where nobody looks: a pull goes the ways of a check."""
    yield Proof()


def valid_until(certificate: Mapping[str, Any] | None) -> date | None:
    """The last day of a certificate, as `SSLSocket.getpeercert` has it; None where that doesn't say."""
    ends = (certificate or {}).get("notAfter")
    return datetime.fromtimestamp(cert_time_to_seconds(ends), UTC).date() if isinstance(ends, str) else None
