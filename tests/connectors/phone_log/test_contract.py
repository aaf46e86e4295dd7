"""The contract's own tests."""

import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from connectors.phone_log import PhoneLog
from connectors.phone_log import rows as log_rows
from connectors.phone_log.settings import PhoneLogConfig
from hub.contract import RawEvent
from hub.contract.config import read_config
from hub.contract.testing import PulledSide, PullTests

HEADER = "Id;Starttid;A-nummer;B-nummer;Kö;Agent;Riktning;Resultat;Väntetid;Samtalstid;Kommentar"
COLUMNS = {
    "id": "Id", "start": "Starttid", "number": "A-nummer", "called": "B-nummer", "queue": "Kö", "agent": "Agent",
    "direction": "Riktning", "result": "Resultat", "wait": "Väntetid", "talk": "Samtalstid",
}  # fmt: skip
SETTINGS: Mapping[str, Any] = {
    "folder": "/nowhere",
    "columns": COLUMNS,
    "lines": {"+46191234500": "granvik/1", "Vatten": "granvik/2"},
    "exchange": "7",
    "settled": 0,
}


class Folder:
    """Where the exchange puts its log."""

    def __init__(self, folder: str) -> None:
        self.settings: Mapping[str, Any] = {**SETTINGS, "folder": folder}
        self._file = Path(folder) / "samtal-2026-11-27.csv"
        self._file.write_text(HEADER + "\r\n", "utf-8")
        self._stamp = 1_700_000_000

    def bring(self, body: bytes) -> None:
        with self._file.open("ab") as file:
            file.write(body)
        self._stamp += 1
        os.utime(self._file, (self._stamp, self._stamp))

    def state(self) -> object:
        return self._file.read_bytes(), self._file.stat().st_mtime_ns


class TestPhoneLog(PullTests):
    connector = PhoneLog
    samples: ClassVar[Sequence[Path]] = sorted(Path(__file__).parent.glob("samples/*"))
    settings: ClassVar[Mapping[str, Any]] = SETTINGS

    def events(self, sample: Path) -> Sequence[RawEvent]:
        return [event_of(sample.read_bytes())]

    @asynccontextmanager
    async def source(self) -> AsyncIterator[PulledSide]:
        with TemporaryDirectory() as folder:
            yield Folder(folder)

    def away(self) -> Mapping[str, Any]:
        return {**SETTINGS, "folder": "/nowhere/at/all"}


def event_of(row: bytes, **settings: object) -> RawEvent:
    """As a pull makes it."""
    config = read_config(PhoneLogConfig, {**SETTINGS, **settings})
    return log_rows.event_of(config, json.loads(json.dumps(HEADER.split(";"))), row)
