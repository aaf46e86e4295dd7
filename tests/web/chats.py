"""A web chat for tests: its channel, and a visitor who speaks to it as the widget does."""

import itertools
from collections.abc import Mapping
from typing import Any

from httpx import Response
from sqlalchemy import select

from hub.channels.channel import Channel
from hub.edge import ringing
from hub.inbox.chat import Chat
from hub.inbox.conversation import Conversation
from hub.storage.unit import Unit
from tests.web.world import World, must

_KEYS = itertools.count(1)
ALWAYS = "mon-sun 00:00-24:00"


def key() -> str:
    """Another one each time."""
    return f"key-{next(_KEYS):08}"


def add_chat(unit: Unit, ids: Mapping[str, int], code: str = "granvik", queue: str = "kontakt", **settings: Any) -> int:
    """The channel's id."""
    config = {"queue": f"{code}/{ids[queue]}", "hours": ALWAYS, "holidays": "open", **settings}
    row = Channel(kind="web_chat", name="Chatten", home_id=ids[code], sends_by_id=None, config=config)
    unit.add(row)
    return row.id


def conversation_of(unit: Unit, channel_id: int) -> dict[str, Any]:
    """The newest chat's."""
    row = must(unit.first(select(Chat).where(Chat.channel_id == channel_id).order_by(Chat.id.desc())))
    found = must(unit.get(Conversation, row.conversation_id))
    return {
        "id": found.id,
        "due_at": found.due_at,
        "citizen_id": found.citizen_id,
        "ended_by": row.ended_by,
        "subject": found.subject,
    }


def look(unit: Unit) -> None:
    """One round of the clock's."""
    ringing.look(unit, may_be_gone=True)


class Visitor:
    """One browser's page. `secret` is there once it has begun."""

    def __init__(self, world: World, channel_id: int) -> None:
        self._world, self.channel_id = world, channel_id
        self.secret = ""
        self.ticket = ""

    def ask(self, method: str, path: str, **options: Any) -> Response:
        headers = {"Origin": "http://testserver.local", "Sec-Fetch-Site": "same-origin", "Torg-Visitor": self.secret}
        headers |= options.pop("headers", {})
        return self._world.client.request(method, f"/chat/{self.channel_id}{path}", headers=headers, **options)

    def reception(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", "/reception").json()
        self.ticket = found["ticket"]
        return found

    def begin(self, text: str = "Hej, är vattnet avstängt?", *, path: str = "/visits", **said: Any) -> Response:
        if not self.ticket:
            self.reception()
        body = {"ticket": self.ticket, "key": key(), "text": text, "language": "sv", **said}
        answer = self.ask("POST", path, json=body)
        if answer.status_code == 201:
            self.secret = answer.json()["secret"]
        return answer

    def say(self, text: str, named: str | None = None) -> Response:
        return self.ask("POST", "/turns", json={"key": named or key(), "text": text})

    def turns(self, after: int = 0) -> dict[str, Any]:
        answer = self.ask("GET", "/turns", params={"after": after})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found
