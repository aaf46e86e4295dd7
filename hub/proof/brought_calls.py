"""Ways in of calls: an exchange's signed events, its daily log, and 46elks with calls and texts."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from hub import clock
from hub.faults import PULL_POINTS
from hub.proof import ledgers
from hub.proof.caller import Caller, post
from hub.proof.calls import differing, found_calls, owed_to, wrongly_owed
from hub.proof.exchange import COLUMNS, LINES, SECRET, Call, calls, events, row, tell
from hub.proof.installation import Installation
from hub.proof.way import OF_CALLS, Way, channel, homes
from hub.storage.unit import Unit

_EVENTS = 4
"""That a call has, about."""
KEY = "a-key-that-nobody-guesses-in-a-proof"
OURS = "+46191234500"
_CHOICES = {"1": "+46101000001", "2": "+46101000002"}
_FORM = "application/x-www-form-urlencoded"


class _Calls(Way):
    def __init__(self, rng: random.Random, count: int, installation: Installation, web: int) -> None:
        self.truth = calls(rng, count, clock.now() // clock.SECOND)
        self.told: frozenset[str] = frozenset()
        self.begin(rng, installation, web)

    def begin(self, rng: random.Random, installation: Installation, web: int) -> None:
        """Its channel, and its source."""
        raise NotImplementedError

    def findings(self, installation: Installation) -> Sequence[str]:
        found, owed = installation.read(found_calls), installation.read(owed_to)
        return [*differing(self.truth, found, self.told), *wrongly_owed(self.truth, owed)]


class Webhook(_Calls):
    """All of a call's events, shuffled and some of them twice."""

    points = OF_CALLS

    def __init__(self, rng: random.Random, count: int, installation: Installation, web: int) -> None:
        super().__init__(rng, max(1, count // _EVENTS), installation, web)

    def begin(self, rng: random.Random, installation: Installation, web: int) -> None:
        told = events(rng, self.truth, 0)
        self.told = frozenset(event.name for event in told)
        channel_id = installation.write(self._set_up, installation)
        self.source = Caller(installation.folder / "caller.jsonl", told, partial(tell, web, channel_id))

    @staticmethod
    def _set_up(unit: Unit, installation: Installation) -> int:
        given: dict[str, object] = {"secret": SECRET, "lines": LINES}
        return channel(unit, installation, "phone_webhook", given, homes(unit)[0]).id


class Log(_Calls):
    """A row for each call, in a file for each life; some are in two."""

    points = (*(point for point in OF_CALLS if point != "acknowledged"), *PULL_POINTS)

    def begin(self, rng: random.Random, installation: Installation, web: int) -> None:  # noqa: ARG002 - nobody calls
        folder = installation.folder / "log"
        folder.mkdir()
        installation.write(self._set_up, installation, folder)
        rows = [row(each) for each in self.truth]
        self.source = Files(folder, rows, lambda: len(installation.read(ledgers.keys_of, "phone_log")))

    @staticmethod
    def _set_up(unit: Unit, installation: Installation, folder: Path) -> None:
        columns: object = {name: name for name in COLUMNS}
        given = {"folder": str(folder), "columns": columns, "lines": LINES, "timezone": "UTC", "settled": 0}
        channel(unit, installation, "phone_log", given, homes(unit)[0])


class Files:
    """Writes as many rows as it was allowed to, each file in one. `count`: how many rows the hub has."""

    def __init__(self, folder: Path, rows: Sequence[str], count: Callable[[], int]) -> None:
        self._folder, self._rows, self._count = folder, rows, count
        self._allowed = 0

    @property
    def acked(self) -> int:
        """Rows that are kept."""
        return self._count()

    @property
    def left(self) -> int:
        """Rows that aren't written yet."""
        return len(self._rows) - self._allowed

    @property
    def idle(self) -> bool:
        """All that were written are kept."""
        return self.acked == self._allowed

    def allow(self, count: int) -> None:
        """That many more, and the one before them again; a file that is there stays as it is."""
        if count <= 0 or self.left == 0:
            return
        more = self._rows[max(0, self._allowed - 1) : self._allowed + count]
        self._allowed = min(len(self._rows), self._allowed + count)
        name = self._folder / f"{self._allowed:06}"
        name.write_text(";".join(COLUMNS) + "\n" + "".join(more), "utf-8")
        name.rename(name.with_suffix(".csv"))

    def stop(self) -> None:
        """Nothing of it runs."""


class _Deed(Struct, frozen=True):
    name: str
    do: str
    body: bytes


class Elks(Way):
    """Half of it texts with a word of their own, half calls through the menu; each deed in any order, some twice."""

    points = OF_CALLS

    def __init__(self, rng: random.Random, count: int, installation: Installation, web: int) -> None:
        self._run = f"{rng.randrange(16**6):06x}"
        self._words = [f"q{self._run}x{number:06d}" for number in range(max(1, count // 2))]
        self._calls = calls(rng, max(1, count // 2 // _EVENTS), clock.now() // clock.SECOND)
        deeds = [self._text(number, word) for number, word in enumerate(self._words)]
        deeds += [deed for each in self._calls for deed in _call(each)]
        rng.shuffle(deeds)
        deeds += rng.sample(deeds, len(deeds) // 10)
        channel_id = installation.write(self._set_up, installation, web)
        self.source = Caller(installation.folder / "caller.jsonl", deeds, partial(_bring, web, channel_id))

    def findings(self, installation: Installation) -> Sequence[str]:
        found = ledgers.found_by(installation.storage, self._words)
        findings = [f"text {word}: search finds {len(ids)} entries" for word, ids in found.items() if len(ids) != 1]
        rows = installation.read(found_calls)
        for each in self._calls:
            there = rows.get((each.number, each.offered), ())
            wanted = [("ended", "abandoned" if each.answered is None else "completed", [_digit(each)], _by(each))]
            got = [(one.state, one.cause, one.menu_path, one.answered_by) for one in there]
            if got != wanted:
                findings.append(f"call {each.name}: {got} instead of {wanted}")
        strays = set(rows) - {(each.number, each.offered) for each in self._calls}
        return findings + [f"a call at {at} came from nowhere" for _, at in sorted(strays)]

    @staticmethod
    def _set_up(unit: Unit, installation: Installation, web: int) -> int:
        given: dict[str, object] = {
            "number": OURS, "destination": "granvik/Alla", "username": "u", "password": "p", "key": KEY,
            "public_url": f"http://127.0.0.1:{web}", "menu": "http://127.0.0.1/menu.mp3", "choices": _CHOICES,
        }  # fmt: skip
        return channel(unit, installation, "elks", given, homes(unit)[0]).id

    def _text(self, number: int, word: str) -> _Deed:
        sender = f"+46702{number % 50:06d}"
        said = {"id": f"s{self._run}{number}", "from": sender, "to": OURS, "message": f"Hej, sopor. {word}"}
        return _deed("sms", word, {**said, "created": _utc(clock.now() // clock.SECOND)})


def _call(call: Call) -> list[_Deed]:
    said = {"callid": call.name, "direction": "incoming", "from": call.number, "to": OURS}
    talk = 0 if call.answered is None else call.ended - call.answered
    legs = [{"to": _by(call), "state": "success", "duration": talk}] if call.answered is not None else []
    ended = {
        "id": call.name, "direction": "incoming", "from": call.number, "to": OURS, "state": "success",
        "start": _utc(call.offered), "duration": str(call.ended - call.offered),
        "legs": msgspec.json.encode(legs).decode(),
    }  # fmt: skip
    deeds = [
        _deed("voice", call.name, {**said, "created": _utc(call.offered)}),
        _deed("menu", call.name, {**said, "result": _digit(call)}),
        _deed("ended", call.name, ended),
    ]
    return deeds if call.answered is not None else [*deeds, _deed("rang", call.name, {**said, "result": "failed"})]


def _digit(call: Call) -> str:
    return sorted(_CHOICES)[call.offered % len(_CHOICES)]


def _by(call: Call) -> str | None:
    return _CHOICES[_digit(call)] if call.answered is not None else None


def _deed(do: str, name: str, said: Mapping[str, str]) -> _Deed:
    return _Deed(f"{do} {name}", do, urlencode(said).encode())


def _bring(web: int, channel_id: int, deed: _Deed) -> int:
    return post(web, f"/calls/{channel_id}?key={KEY}&do={deed.do}", deed.body, {"content-type": _FORM})[0]


def _utc(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat()
