"""The contract's own tests."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

from connectors.elks import FORM, Elks
from hub import clock
from hub.contract import RawEvent, WebCall
from hub.contract.testing import Manner, ReceiveTests, TextTests
from tests.connectors.tools import free_port
from tests.stand_ins import elks

KEY = "n7Qx-very-long-and-secret"
SETTINGS: Mapping[str, Any] = {
    "number": "+46766861004",
    "destination": "granvik/1",
    "username": elks.USER,
    "password": elks.PASSWORD,
    "key": KEY,
    "public_url": "https://torg.granvik.example",
    "menu": "https://torg.granvik.example/menu.mp3",
    "choices": {"1": "+46101000001", "2": "+46101000002,+46101000003"},
    "queues": {"2": "granvik/2"},
}
MISDEEDS: Mapping[str, int | str] = {"refuses": 400, "defers": 429, "silent": "silent"}


class Side:
    """The stand-in, as the contract's tests see it."""

    def __init__(self, there: elks.Elks, settings: Mapping[str, Any]) -> None:
        self.there, self.settings = there, settings

    def taken(self) -> Sequence[str]:
        return [each.said["message"] for each in self.there.taken]


class TestElks(ReceiveTests, TextTests):
    connector = Elks
    samples: ClassVar[Sequence[Path]] = sorted(Path(__file__).parent.glob("samples/*"))
    settings: ClassVar[Mapping[str, Any]] = SETTINGS

    def events(self, sample: Path) -> Sequence[RawEvent]:
        return recorded(sample)

    @asynccontextmanager
    async def other_side(self, manner: Manner) -> AsyncIterator[Side]:
        with elks.Elks() as there:
            there.misbehave = MISDEEDS.get(manner)
            api = f"http://127.0.0.1:{free_port()}/a1" if manner == "away" else there.api
            yield Side(there, {**SETTINGS, "api": api})

    def calls(self) -> Sequence[WebCall]:
        sms = {"id": "s1", "from": "+46706861004", "to": "+46766861004", "message": "Hej"}
        voice = {"callid": "c1", "direction": "incoming", "from": "+46706861004", "to": "+46766861004"}
        return [
            called("sms", sms),
            called("voice", voice),
            called("menu", voice | {"result": "2"}),
            called("rang", voice | {"result": "failed"}),
            called("ended", {"id": "c1", "state": "success", "duration": "10"}),
            called("report", {"id": "s1", "status": "delivered"}),
        ]

    def forged(self) -> Sequence[WebCall]:
        said = {"id": "s1", "from": "+46706861004", "message": "Hej"}
        return [called("sms", said, key) for key in ("", KEY[:-1], KEY + "0", "ö")]


def recorded(sample: Path) -> Sequence[RawEvent]:
    """As `accept` makes them, dated by the hub."""
    events = []
    for n, each in enumerate(json.loads(sample.read_text("utf-8"))):
        origin, at = {"do": each["do"], "route": "granvik/1"}, clock.from_iso(each["at"]) or 0
        group = None if each["do"] in {"sms", "report"} else "c1"
        events.append(RawEvent(f"{each['do']}:{n}", each["body"].encode(), FORM, group, origin, received_at=at))
    return events


def called(do: str, said: Mapping[str, str], key: str = KEY) -> WebCall:
    return WebCall({"key": key, "do": do}, {"content-type": FORM}, elks.form(said))
