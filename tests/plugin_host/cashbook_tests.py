"""The contract's tests for a cashbook."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from hub.contract import Subject
from hub.contract.testing import LookupTests


class CashbookTests(LookupTests):
    """`lookup` is set for each plugin."""

    __test__ = False  # pytest: run by `failures` only
    settings = {"key": "hemligt"}  # noqa: RUF012 - a class of tests
    samples: ClassVar[Sequence[Path]] = sorted(Path(__file__).parent.glob("sums/*"))
    subject = Subject("customer", "600606")
