"""The contract's tests for a mailslot."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from hub.contract import Secret, WebCall
from hub.contract.testing import ReceiveTests
from tests.plugin_host.mailslot import signature

LETTER = "Snön ligger kvar.".encode()
KEY = Secret("hemligt")


def signed(content: bytes, key: Secret = KEY, **query: str) -> WebCall:
    return WebCall(query=query, headers={"signature": signature(key, content)}, content=content)


class MailslotTests(ReceiveTests):
    """`connector` is set for each plugin."""

    __test__ = False  # pytest: run by `failures` only
    settings = {"key": "hemligt"}  # noqa: RUF012 - a class of tests
    samples: ClassVar[Sequence[Path]] = sorted(Path(__file__).parent.glob("letters/*"))
    media_type = "text/plain"

    def calls(self) -> Sequence[WebCall]:
        return [signed(LETTER), signed(b""), signed(b"", hello="you")]

    def forged(self) -> Sequence[WebCall]:
        right = signed(LETTER)
        return [
            WebCall(content=LETTER),
            signed(LETTER, Secret("another")),
            WebCall(headers=right.headers, content=LETTER + b"!"),
            WebCall(headers={"signature": right.headers["signature"][:-1]}, content=LETTER),
        ]
