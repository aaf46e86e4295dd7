"""Steps: what a check has proved on its way, for whoever sets it up. Nobody has to tell of any."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
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
    """Of one check, in the order in which they ended. The one that failed is the last, whatever it is a part of."""

    def __init__(self) -> None:
        self.taken: list[CheckStep] = []

    @contextmanager
    def step(self, title: str) -> Iterator[Proof]:
        """A part of the check: passed when it is left, failed when something is raised in it."""
        began, proof, passed = time.monotonic(), Proof(), False
        try:
            yield proof
            passed = True
        finally:
            if not self.has_failed:
                took = round((time.monotonic() - began) * 1000)
                self.taken.append(CheckStep(title, took, proof.says, proof.until, failed=not passed))

    @property
    def has_failed(self) -> bool:
        """Nothing is added any more."""
        return bool(self.taken) and self.taken[-1].failed


@contextmanager
def untold(title: str) -> Iterator[Proof]:  # noqa: ARG001 - nobody is told
    """The same, where nobody looks: a pull goes the ways of a check."""
    yield Proof()


def valid_until(certificate: Mapping[str, Any] | None) -> date | None:
    """The last day of a certificate, as `SSLSocket.getpeercert` has it; None where that doesn't say."""
    ends = (certificate or {}).get("notAfter")
    return datetime.fromtimestamp(cert_time_to_seconds(ends), UTC).date() if isinstance(ends, str) else None
