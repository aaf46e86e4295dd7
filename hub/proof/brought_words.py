"""Ways in of the public face: forms sent as JSON, and chats. Each thing that is said has a word of its own."""

import json
import random
from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from sqlalchemy import select

from hub.channels import forms
from hub.faults import INGEST_POINTS
from hub.inbox import form
from hub.inbox.form_definition import Definition, Field
from hub.inbox.queue import Queue
from hub.proof import ledgers
from hub.proof.caller import Caller, post
from hub.proof.installation import Installation
from hub.proof.way import Way, channel, homes
from hub.storage.unit import Unit

_JSON = "application/json"
_TURNS = 8
"""Of a chat."""
_EVERY_DAY = "mon-sun 00:00-24:00"


class _Filled(Struct, frozen=True):
    name: str
    host: str


class _Visit(Struct):
    """A chat. `ticket`, `secret`: once it has them."""

    name: str
    host: str
    words: Sequence[str]
    ticket: str = ""
    secret: str = ""


class _Words(Way):
    words: list[str]

    def _draw(self, rng: random.Random, count: int) -> None:
        run = f"{rng.randrange(16**6):06x}"
        self.words = [f"q{run}x{number:06d}" for number in range(count)]

    def findings(self, installation: Installation) -> Sequence[str]:
        found = ledgers.found_by(installation.storage, self.words)
        findings = [f"{word}: search finds {len(ids)} entries" for word, ids in found.items() if len(ids) != 1]
        said = installation.read(ledgers.said_by_citizens)
        return findings if said == len(self.words) else [*findings, f"{said} entries, of {len(self.words)}"]


class Forms(_Words):
    """One sent after the other from many networks, for one may send a few in an hour."""

    points = tuple(point for point in INGEST_POINTS if point != "normalised")
    """No mail is made of a form: its rows are written beside those, in the same transaction."""

    def __init__(self, rng: random.Random, count: int, installation: Installation, web: int) -> None:
        self._draw(rng, count)
        installation.write(self._set_up, installation)
        filled = [_Filled(word, _host(rng)) for word in self.words]
        self.source = Caller(installation.folder / "caller.jsonl", filled, partial(_fill, web))

    @staticmethod
    def _set_up(unit: Unit, installation: Installation) -> None:
        home = homes(unit)[0]
        forms.require(unit, installation.registry, home)
        field = Field(key="fel", kind="long_text", label={"sv": "Beskriv felet"}, required=True)
        definition = Definition(
            languages=("sv",), title={"sv": "Felanmälan"}, lead={"sv": "Du får svar."}, fields=(field,)
        )
        desk = unit.first(select(Queue).order_by(Queue.id))
        assert desk is not None  # homes() made it
        form.publish(unit, form.add(unit, home, "fel", desk, definition), None)


class Chats(_Words):
    """Visits of some turns, each begun and said on until all of it was taken. There is no raw event on this way."""

    points = ()

    def __init__(self, rng: random.Random, count: int, installation: Installation, web: int) -> None:
        self._draw(rng, count)
        channel_id = installation.write(self._set_up, installation)
        visits = [
            _Visit(self.words[start], _host(rng), self.words[start : start + _TURNS])
            for start in range(0, len(self.words), _TURNS)
        ]
        self.source = Caller(installation.folder / "caller.jsonl", visits, partial(_chat, web, channel_id))

    @staticmethod
    def _set_up(unit: Unit, installation: Installation) -> int:
        given: dict[str, object] = {
            "queue": "granvik/Alla",
            "hours": _EVERY_DAY,
            "holidays": "open",
            "starts_an_hour": 1000,
        }
        return channel(unit, installation, "web_chat", given, homes(unit)[0]).id


def _fill(web: int, filled: _Filled) -> int:
    body = {"language": "sv", "answers": {"fel": f"Lampan är trasig. {filled.name}"}}
    headers = {"content-type": _JSON, "idempotency-key": filled.name}
    return post(web, "/api/v1/forms/granvik/fel/submissions", json.dumps(body).encode(), headers, filled.host)[0]


def _chat(web: int, channel_id: int, visit: _Visit) -> int:
    """What of it wasn't taken yet would be said again, under the same keys."""
    at = f"/chat/{channel_id}"
    if not visit.ticket:
        status, content = post(web, f"{at}/reception", None, {}, visit.host)
        if status != 200:  # noqa: PLR2004 - the status of what is shown
            return status
        visit.ticket = json.loads(content)["ticket"]
    first, *rest = visit.words
    if not visit.secret:
        begun = {"ticket": visit.ticket, "key": f"key-{first}", "text": f"Hej! {first}", "language": "sv"}
        status, content = _said(web, f"{at}/visits", begun, visit)
        if status != 201:  # noqa: PLR2004 - the status of a chat that is begun
            return status
        visit.secret = json.loads(content)["secret"]
    status = 200
    for word in rest:
        status, _ = _said(web, f"{at}/turns", {"key": f"key-{word}", "text": f"Vattnet. {word}"}, visit)
        if status // 100 != 2:  # noqa: PLR2004 - 2xx is success
            break
    return status


def _said(web: int, path: str, body: dict[str, str], visit: _Visit) -> tuple[int, bytes]:
    own = {"content-type": _JSON, "sec-fetch-site": "same-origin", "torg-visitor": visit.secret}
    return post(web, path, json.dumps(body).encode(), own, visit.host)


def _host(rng: random.Random) -> str:
    """Anybody's, of those that are this machine."""
    return f"127.{rng.randrange(1, 255)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
