"""A small world for tests: a joint centre (Granvik, Holmö), a municipality elsewhere (Nesøy), their people and mail."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient
from msgspec import Struct

import inbox_ui
from hub import clock
from hub.access import login, person
from hub.access.person import Actor
from hub.channels.channel import Channel
from hub.channels.pause import standing
from hub.errors import NotFound
from hub.inbound.raw_event import RawEvent
from hub.inbox import municipality, queue, topic
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.participant import Participant
from hub.live.publish import Live
from hub.lookups.sources import Sources
from hub.plugin_host.manager import load
from hub.settings import Settings
from hub.storage import search_index
from hub.storage.blobs import Blobs
from hub.storage.keys import Keys
from hub.storage.scope import Scope
from hub.storage.unit import Storage, Unit
from hub.storage.words import marks, tokens
from hub.web.routes import create
from tests.filled import filled, kept_engines_of

T = TypeVar("T")
EVERYTHING = Scope.everything("test")


class Replayed(Struct):
    """As hub.inbound.replay answers."""

    raw_id: int
    state: str
    reason: str | None


class World:
    """Rows by name in `ids`, tokens by first name in `tokens`; requests are made as one of them."""

    def __init__(self, storage: Storage, client: TestClient[Any]) -> None:
        self.storage, self.client = storage, client
        self.ids: dict[str, int] = {}
        self.tokens: dict[str, str] = {}
        self._mails = 0

    def do(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """In the scope of everything."""
        return self.storage.write_now(EVERYTHING, work, *args, **kwargs)

    def actor(self, who: str) -> Actor:
        """As their token makes them."""
        found = self.storage.read_now(EVERYTHING, login.by_token, self.tokens[who])
        assert found is not None
        return found

    def ask(self, method: str, path: str, who: str | None = "sara", **options: Any) -> Response:
        """`path` below /api/v1."""
        headers = {**({"Authorization": f"Bearer {self.tokens[who]}"} if who else {}), **options.pop("headers", {})}
        return self.client.request(method, f"/api/v1{path}", headers=headers, **options)

    def get(self, path: str, who: str | None = "sara", **options: Any) -> Response:
        return self.ask("GET", path, who, **options)

    def change(self, method: str, path: str, who: str = "sara", version: str = "*", **options: Any) -> Response:
        """With If-Match."""
        return self.ask(method, path, who, headers={"If-Match": version}, **options)

    def version(self, conversation_id: int, who: str = "sara") -> str:
        """The ETag there is."""
        return str(self.get(f"/conversations/{conversation_id}", who).headers["ETag"])

    def everything(self, path: str, who: str = "sara", /, **params: Any) -> list[dict[str, Any]]:
        """All pages of a list."""
        items: list[dict[str, Any]] = []
        after: dict[str, Any] = {}
        while True:
            page = self.get(path, who, params={**params, **after}).json()
            items += page["items"]
            if page["next"] is None:
                return items
            after = {"after": page["next"]}

    def mail(self, text: str = "Hej, var är min faktura?", **options: Any) -> int:
        """A conversation of one mail; returns its id. Options as those of `write_mail`."""
        self._mails += 1
        return self.do(write_mail, self.ids, self._mails, text, **options)


def write_mail(
    unit: Unit,
    ids: dict[str, int],
    number: int,
    text: str,
    *,
    municipality: str = "granvik",
    queue: str = "kontakt",
    subject: str = "Faktura",
    sender: str | None = None,
    language: str = "sv",
    confidential: str | None = None,
    channel: str = "in",
    closed: bool = False,
    due_at: int | None = None,
    attachments: Sequence[tuple[str, str, bytes]] = (),
) -> int:
    """As intake leaves it."""
    here = ids[municipality]
    address = sender or f"citizen{number}@example.com"
    now = clock.now()
    citizen = Citizen(municipality_id=here, name=address.partition("@")[0], protection="no")
    unit.add(citizen)
    point = CitizenPoint(
        municipality_id=here,
        citizen_id=citizen.id,
        first_citizen_id=citizen.id,
        kind="email",
        value=address,
        match_key=address,
    )
    unit.add(point)
    conversation = Conversation(
        municipality_id=here,
        citizen_id=citizen.id,
        queue_id=ids[queue],
        confidential_queue_id=ids[confidential] if confidential else None,
        subject=subject,
        language=language,
        opened_at=now,
        due_at=due_at if due_at is not None else now + clock.DAY,
        closed_at=now if closed else None,
    )
    unit.add(conversation)
    unit.add(
        Participant(municipality_id=here, conversation_id=conversation.id, citizen_point_id=point.id, role="sender")
    )
    body = {"subject": subject, "name": "", "address": f"kommunen@{municipality}.example", "to": [], "cc": []}
    entry = Entry(
        municipality_id=here,
        conversation_id=conversation.id,
        first_conversation_id=conversation.id,
        kind="mail",
        occurred_at=now,
        recorded_at=now,
        author_kind="citizen",
        channel_id=ids[channel],
        item_key=str(number),
        visibility="public",
        language=language,
        text=text,
        body={**body, "full_text": None, "problems": []},
    )
    unit.add(entry)
    conversation.last_entry_id = entry.id
    unit.add(
        Mail(
            municipality_id=here,
            entry_id=entry.id,
            message_id=f"<{number}@example.com>",
            refs=[],
            sender=address,
            recipients={"to": [body["address"]], "cc": []},
        )
    )
    for name, media_type, content in attachments:
        unit.add(
            Attachment(
                municipality_id=here,
                entry_id=entry.id,
                public_id=hashlib.sha256(content + name.encode()).hexdigest()[:32],
                sha256=hashlib.sha256(content).hexdigest(),
                body=content,
                name=name,
                media_type=media_type,
                size=len(content),
            )
        )
    found_by = [*tokens(text, language), *marks("mail", citizen.name, address, files=bool(attachments))]
    search_index.write(unit, [(entry.id, here, found_by)])
    return conversation.id


@cache
def application(*, pages: bool = False) -> Litestar:
    """One for all worlds of a process, its state to be filled: hundreds of routes take 0.1 s to register."""
    return create(inbox_ui.routers(), nowhere=inbox_ui.nowhere()) if pages else create()


registry = cache(load)
"""The plugins that are installed."""


@contextmanager
def world(url: str, folder: Path, *, pages: bool = False) -> Iterator[World]:
    """Served by a real application over a real database; with the screen's pages, if they are wanted."""
    storage = Storage(kept_engines_of(url), Keys(b"k" * 32), Blobs(folder / "blobs"))
    app = application(pages=pages)
    app.state.clear()
    app.state.storage, app.state.settings = storage, Settings(undo_seconds=10)
    app.state.registry = registry()
    app.state.live = Live(storage, None, standing, serves=False)
    app.state.sources = Sources(storage, registry())

    async def replay(raw_event_id: int) -> Replayed:
        return Replayed(raw_event_id, "read", None)

    app.state.replay = replay
    try:
        with TestClient(app, raise_server_exceptions=False) as client:
            made = World(storage, client)
            ids, tokens = made.do(filled, _populate)
            made.ids |= ids
            made.tokens |= tokens
            yield made
    finally:
        clock.set_source(None)
        storage.close()


def _populate(unit: Unit) -> tuple[Mapping[str, int], Mapping[str, str]]:
    """Ids by name, and tokens by first name."""
    ids: dict[str, int] = {}
    given: dict[str, str] = {}
    places = {
        code: municipality.add(unit, code, name, country)
        for code, name, country in (
            ("granvik", "Granvik", "SE"),
            ("holmo", "Holmö", "SE"),
            ("nesoy", "Nesøy", "NO"),
        )
    }
    ids |= {code: row.id for code, row in places.items()}
    joint = [places["granvik"], places["holmo"]]
    for name, of in (("kontakt", joint), ("vatten", joint), ("innbygger", [places["nesoy"]])):
        ids[name] = queue.add(unit, {"sv": name}, of).id
    ids["fakturor"] = topic.add(unit, places["granvik"], {"sv": "Fakturor"}).id
    ids["regninger"] = topic.add(unit, places["nesoy"], {"nb": "Regninger"}).id
    memberships: dict[str, list[tuple[str, str, str | None]]] = {
        "sara": [("granvik", "agent", None), ("holmo", "agent", None)],
        "vera": [("granvik", "agent", "vatten")],
        "lena": [("granvik", "lead", "vatten")],
        "kim": [("granvik", "agent", "kontakt")],
        "nils": [("nesoy", "agent", None)],
        "ida": [("granvik", "it", None)],
        "idun": [("nesoy", "it", None)],
        "olle": [("granvik", "auditor", None)],
    }
    for name, held in memberships.items():
        row = person.add(unit, f"{name}@{held[0][0]}.example", name.capitalize())
        ids[name] = row.id
        for code, role, queue_name in held:
            person.join(unit, row, places[code], role, ids[queue_name] if queue_name else None)
        given[name] = login.add_token(unit, row, "test")
    sara = person.by_email(unit, "sara@granvik.example")
    given["reader"] = login.add_token(unit, sara, "reads", ("read",))
    given["ended"] = login.add_token(unit, sara, "ended", expires_at=1)
    for name, sends_by, home in (("out", None, None), ("in", "out", None), ("mute", None, "granvik")):
        row_of = Channel(
            kind="smtp_in" if name != "out" else "eml_folder",
            name=name,
            home_id=ids[home] if home else None,
            sends_by_id=ids[sends_by] if sends_by else None,
            config={},
        )
        unit.add(row_of)
        ids[name] = row_of.id
    return ids, given


def keep_raw(
    unit: Unit, ids: dict[str, int], key: str, body: bytes, *, state: str = "read", code: str | None = "granvik"
) -> int:
    """A raw event as intake keeps it; returns its id."""
    row = RawEvent(
        municipality_id=ids[code] if code else None,
        channel_id=ids["in"],
        source_key=key,
        sha256=hashlib.sha256(body).hexdigest(),
        media_type="message/rfc822",
        origin={"sender": "canary@example.com"},
        body=body,
        size=len(body),
        received_at=clock.now(),
        state=state,
    )
    unit.add(row)
    return row.id


def let_pass(seconds: int) -> None:
    """The clock stands still, that much later. The world sets it going again."""
    then = clock.now() + seconds * clock.SECOND
    clock.set_source(lambda: then)


def must(found: T | None) -> T:
    """What is known to be there."""
    if found is None:
        raise NotFound("the test expects a row")
    return found
