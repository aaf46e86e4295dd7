"""Two faces: what the public one serves, and what its database roles can read, whatever it is asked. On PostgreSQL."""

import asyncio
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import make_url, select

import inbox_ui
from hub.channels import faces
from hub.channels.channel import Channel
from hub.channels.open import store_settings
from hub.channels.pause import standing
from hub.contract import Answer, RawEvent, Secret, WebCall
from hub.errors import Invalid
from hub.inbound.calls import Calls
from hub.inbound.raw_event import RawEvent as Raw
from hub.inbound.receive import Receiver
from hub.inbox.citizen import CitizenPoint, Identity
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry
from hub.live.publish import Live
from hub.lookups.definition import Lookup
from hub.plugin_host.registry import Offer, Registry
from hub.settings import Settings
from hub.storage import blobs as blob_folder
from hub.storage.blobs import Blobs
from hub.storage.engine import PUBLIC_ROLES, open_engines
from hub.storage.ids import new_id
from hub.storage.keys import Keys
from hub.storage.open import require_role
from hub.storage.unit import Storage, Unit
from hub.web.routes import Face, create
from tests.plugin_host.mailslot import Mailslot, MailslotConfig, signature
from tests.plugin_host.mailslot_tests import LETTER
from tests.web.chats import Visitor, add_chat
from tests.web.form_world import AT, Forms, hidden
from tests.web.test_routes import handlers
from tests.web.world import World, keep_raw, let_pass, must, registry
from tests.web.world import world as make_world

CANARY = "kanariefågel"
KEY = Secret("hemligt")
PUBLIC = {
    "/health", "/health/live", "/health/ready", "/static/{version:str}/{path:path}",
    "/calls/{channel_id:int}", "/api/v1/cti/{token:str}",
    "/api/v1/forms/{code:str}/{name:str}", "/api/v1/forms/{code:str}/{name:str}/submissions",
    "/forms/{code:str}/{name:str}", "/forms/{code:str}/{name:str}/{language:str}",
    "/forms/{code:str}/{name:str}/{language:str}/sent/{receipt:str}",
    "/chat/widget.js", "/chat/{channel_id:int}",
    *(f"/chat/{{channel_id:int}}/{each}" for each in (
        "reception", "visits", "resumption", "messages", "turns", "events", "files", "files/{public_id:str}", "marks",
        "typing", "mail", "end", "leaving",
    )),
}  # fmt: skip
"""All that strangers may ask for. What is added here is served where nobody logs in: think of what it reads."""
READ = {
    "torg_public": {
        "alembic_version", "municipality", "queue", "queue_area", "topic", "chat", "conversation", "entry",
        "attachment", "citizen_point", "channel_hour", "person", "channel",
    },
    "torg_intake": {
        "municipality", "queue", "queue_area", "form", "form_version", "channel", "channel_hour", "raw_event", "knock",
        "chat", "public_kind",
    },
}  # fmt: skip
"""Tables of which a role may read anything at all; of some only columns (`COLUMNS`), of most only rows of its own."""
COLUMNS = {
    ("torg_public", "person"): {"id", "name"},
    ("torg_intake", "chat"): {"id", "heard_at"},
    ("torg_intake", "raw_event"): {"id", "municipality_id", "channel_id", "source_key", "origin", "arrivals"},
}


class Faces:
    """The small world's people inside; outside it a public face, which logs in to the database as its own role."""

    def __init__(self, inside: World, outside: World, url: str) -> None:
        self.inside, self.outside, self.url = inside, outside, url
        self.fresh: list[Any] = []
        state = outside.client.app.state
        state.keep, state.called = self._keep, self._called
        self.registry = _with_a_mailslot()
        inside.do(faces.say, self.registry)

    async def _keep(self, channel_id: int, events: Sequence[RawEvent]) -> Sequence[str]:
        receiver = Receiver(self.outside.storage, self.fresh.extend)
        running = asyncio.create_task(receiver.run())
        try:
            return await receiver.keep(channel_id, events)
        finally:
            running.cancel()

    async def _called(self, channel_id: int, call: WebCall) -> Answer:
        keeper: Any = SimpleNamespace(keep=self._keep)
        return await Calls(self.outside.storage, self.registry, keeper, lambda *_: None).take(channel_id, call)


def _with_a_mailslot() -> Registry:
    offer, found = Offer(), Registry()
    offer.connector(Mailslot)
    for kind in ("web_chat", "web_form"):
        offer.connector(registry().connector(kind))
    found.take("mailslot", "1", offer, built_in=False)
    return found


def as_public(url: str) -> str:
    return make_url(url).set(username="torg_public").render_as_string(hide_password=False)


@pytest.fixture
def both(postgres_database: str, tmp_path: Path) -> Iterator[Faces]:
    with make_world(postgres_database, tmp_path, pages=True) as inside, _public(postgres_database, tmp_path) as outside:
        outside.ids |= inside.ids
        yield Faces(inside, outside, postgres_database)


@contextmanager
def _public(url: str, folder: Path) -> Iterator[World]:
    """Of the blob folder it has its own part and nothing else, as a mount has it (deploy/)."""
    whole, seen = folder / "blobs" / blob_folder.PUBLIC, folder / "mounted"
    for each in (whole, seen):
        each.mkdir(parents=True)
    (seen / blob_folder.PUBLIC).symlink_to(whole)
    storage = Storage(open_engines(as_public(url), PUBLIC_ROLES), Keys(b"k" * 32), Blobs(seen, blob_folder.PUBLIC))
    app = create(inbox_ui.routers("public"), "public", inbox_ui.nowhere("public"))
    app.state.storage, app.state.settings = storage, Settings(face="public")
    app.state.live = Live(storage, None, standing, serves=False, ours=False)
    try:
        with TestClient(app, raise_server_exceptions=False) as client:
            yield World(storage, client)
    finally:
        storage.close()


def paths(app: Litestar) -> set[str]:
    return {path for path, _ in handlers(app)}


def test_a_face_serves_what_is_its_own() -> None:
    names: tuple[Face, ...] = ("both", "public", "inside")
    whole, public, inside = (paths(create(inbox_ui.routers(face), face)) for face in names)
    assert public == PUBLIC
    assert inside | public == whole
    assert inside & public == {"/health", "/health/live", "/health/ready", "/static/{version:str}/{path:path}"}
    assert "/metrics" in inside - public
    assert paths(create(None, "public")) < PUBLIC


def test_whatever_is_ours_is_not_there(both: Faces) -> None:
    sara = {"Authorization": f"Bearer {both.inside.tokens['sara']}", "Cookie": "torg=x"}
    inside = create(inbox_ui.routers("inside"), "inside")
    asked = 0
    for path, handler in handlers(inside):
        if path in PUBLIC:
            continue
        at = path.replace(":int", "").replace(":str", "").replace(":path", "")
        filled = "/".join("1" if part.startswith("{") else part for part in at.split("/"))
        for method in handler.http_methods:
            answer = both.outside.client.request(method, filled, headers=sara, follow_redirects=False)
            assert answer.status_code in {404, 405}, (method, path, answer.status_code)
            asked += 1
    assert asked > 250


def test_a_citizen_chats_by_the_public_face(both: Faces) -> None:
    channel_id = both.inside.do(add_chat, both.inside.ids, files=True, transcripts=True, email="may")
    visitor = Visitor(both.outside, channel_id)
    assert visitor.begin(email="ida@post.example").status_code == 201
    assert visitor.say("Är någon där?").status_code == 201
    (found,) = both.inside.get("/conversations").json()["items"]
    answer = both.inside.ask("POST", f"/conversations/{found['id']}/turns", json={"text": "Ja, det är Sara."})
    assert answer.status_code == 201
    shown = visitor.turns()
    assert [each["text"] for each in shown["turns"]][1:] == ["Är någon där?", "Ja, det är Sara."]
    assert shown["state"]["who"] == "Sara"
    newest = shown["turns"][-1]["id"]
    sent = visitor.ask(
        "POST", "/files", params={"key": "file-0001"}, files={"file": ("läcka.txt", b"vatten" * 20_000, "text/plain")}
    )
    assert sent.status_code == 201, sent.text
    file = visitor.turns()["turns"][-1]["files"][0]
    assert visitor.ask("GET", f"/files/{file['id']}").content == b"vatten" * 20_000
    (kept,) = both.inside.do(lambda unit: unit.all(select(Attachment.blob)))
    assert both.inside.storage.blobs.get(str(kept)) == b"vatten" * 20_000
    for method, path, said in (
        ("PUT", "/marks", {"delivered": newest, "seen": newest}),
        ("POST", "/typing", None),
        ("POST", "/leaving", None),
        ("PUT", "/mail", {"email": "ida@annan.example", "answers": True}),
        ("PUT", "/end", None),
    ):
        assert visitor.ask(method, path, json=said).status_code == 204, path
    assert visitor.turns()["state"]["state"] == "ended"
    assert both.outside.client.get(f"/chat/{channel_id}").status_code == 200


def _another_way(unit: Unit, row_id: int) -> None:
    must(unit.get(Conversation, row_id)).contact_kind = "mail"


def test_who_wrote_by_mail_meanwhile_ends_the_chat_all_the_same(both: Faces) -> None:
    channel_id = both.inside.do(add_chat, both.inside.ids)
    visitor = Visitor(both.outside, channel_id)
    assert visitor.begin().status_code == 201
    (found,) = both.inside.get("/conversations").json()["items"]
    both.inside.do(_another_way, int(found["id"]))
    assert visitor.ask("PUT", "/end").status_code == 204


def test_a_message_is_left_by_the_public_face(both: Faces) -> None:
    channel_id = both.inside.do(add_chat, both.inside.ids, hours="", after_hours="message")
    said = Visitor(both.outside, channel_id).begin(path="/messages", email="ida@post.example")
    assert said.status_code == 201, said.text


def test_a_form_is_filled_in_by_the_public_face(both: Faces) -> None:
    inside = Forms(both.inside)
    outside = Forms.__new__(Forms)
    outside.world, outside.client = both.outside, both.outside.client
    page = outside.page()
    let_pass(10)  # whoever sends it at once is asked again
    answers = {"f-vad": "lampa", "f-beskrivning": "Den lyser inte.", "f-nummer": "19121212-1212"}
    sent = outside.fill(page, answers)
    assert sent.status_code == 303, sent.text
    assert outside.client.get(sent.headers["location"]).status_code == 200
    again = outside.fill(page, answers)
    assert again.headers["location"].split(".")[0] == sent.headers["location"].split(".")[0]
    inside.fresh = both.fresh
    assert inside.intake() == 1
    assert [each.subject for each in inside.conversations()] == ["Felanmälan"]
    as_json = {"language": "sv", "answers": {"vad": "lampa", "beskrivning": "Mörkt."}}
    kept = both.outside.client.post(f"/api/v1{AT}/submissions", json=as_json, headers={"Idempotency-Key": "k" * 10})
    assert kept.status_code == 201, kept.text


def test_a_forms_large_file_is_read_inside(both: Faces) -> None:
    """It is kept by the public face twice, while something else in the form is put right, and when it is sent."""
    inside, outside = Forms(both.inside), Forms.__new__(Forms)
    outside.world, outside.client = both.outside, both.outside.client
    page = outside.page()
    let_pass(10)
    answers, large = {"f-vad": "lampa", "f-beskrivning": "Den lyser inte."}, b"picture " * 20_000
    refused = outside.fill(page, {**answers, "f-dag": "32.1.2026"}, [("f-bilder", ("lampa.jpg", large, "image/jpeg"))])
    assert refused.status_code == 422
    sent = outside.fill(refused.text, {**answers, "k-bilder": hidden(refused.text, "k-bilder")})
    assert sent.status_code == 303
    inside.fresh = both.fresh
    assert inside.intake() == 1
    (raw,) = both.inside.do(lambda unit: unit.all(select(Raw.blob)))
    assert b64encode(large) in both.inside.storage.blobs.get(str(raw))


def _add_slot(unit: Unit, kind: str = "mailslot", key: Secret = KEY) -> int:
    channel = Channel(id=new_id(), kind=kind, name=kind, home_id=None, sends_by_id=None, config={})
    store_settings(channel, MailslotConfig(key=key), unit.keys)
    unit.add(channel)
    return channel.id


def test_another_system_calls_by_the_public_face(both: Faces) -> None:
    channel_id = both.inside.do(_add_slot)
    headers = {"signature": signature(KEY, LETTER)}
    for _ in range(2):  # and again, as whoever got no answer would
        said = both.outside.client.post(f"/calls/{channel_id}", content=LETTER, headers=headers)
        assert (said.status_code, said.text) == (200, " 1"), said.text
    assert both.outside.client.post(f"/calls/{channel_id}", content=LETTER).status_code == 401


@pytest.fixture
def with_canaries(both: Faces) -> Faces:
    """Whatever a citizen or a department would not have strangers see, with a word that is nowhere else."""
    world = both.inside
    world.do(add_chat, world.ids)
    world.do(_add_slot)
    world.do(_add_slot, "smtp", Secret(CANARY))
    mail_id = world.mail(CANARY, subject=CANARY, sender=f"{CANARY}@post.example")
    world.do(keep_raw, world.ids, CANARY, CANARY.encode())
    note = world.ask("POST", f"/conversations/{mail_id}/notes", json={"text": CANARY})
    assert note.status_code == 201, note.text
    world.do(_plant, world.ids, mail_id)
    return both


def _plant(unit: Unit, ids: dict[str, int], conversation_id: int) -> None:
    here, citizen_id = ids["granvik"], must(unit.get(Conversation, conversation_id)).citizen_id
    of = {"municipality_id": here, "citizen_id": citizen_id}
    unit.add(Lookup(municipality_id=here, name=CANARY, version=1, state="published", definition={"secrets": CANARY}))
    point = CitizenPoint(
        **of, first_citizen_id=citizen_id, kind="identity", value=CANARY, match_key=CANARY, claimed_at=1
    )
    unit.add(point)
    sara = {"how": "bankid", "confirmed_at": 1, "confirmed_by": ids["sara"], "ends_at": 2}
    unit.add(Identity(**of, conversation_id=conversation_id, **sara))
    unit.add(
        Entry(
            municipality_id=here, conversation_id=conversation_id, first_conversation_id=conversation_id, kind="card",
            occurred_at=1, recorded_at=1, author_kind="person", visibility="internal", text=CANARY,
            body={"card": CANARY},
        )
    )  # fmt: skip


@contextmanager
def logged_in(url: str, role: str) -> Iterator[psycopg.Connection]:
    """As the public face is; `role`: one that it may become."""
    address = make_url(as_public(url)).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"SET ROLE {role}".encode())
        ids = connection.execute("SELECT array_agg(id)::text FROM municipality").fetchone()
        assert ids is not None
        connection.execute("SELECT set_config('torg.municipalities', %s, false)", ids)
        yield connection


@pytest.mark.parametrize("role", READ)
def test_its_roles_read_nothing_that_is_ours(with_canaries: Faces, role: str) -> None:
    """Not by the program, not by whoever has taken it over: the whole catalogue is gone through."""
    with logged_in(with_canaries.url, role) as connection:
        may_read: dict[str, set[str]] = {}
        for table, column, may in connection.execute(
            "SELECT c.relname, a.attname, has_column_privilege(c.oid, a.attnum, 'SELECT')"
            " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')"
        ).fetchall():
            if may:
                may_read.setdefault(table, set()).add(column)
        assert set(may_read) == READ[role]
        assert ("secrets" in may_read["channel"]) is (role == "torg_intake")
        assert "cursor" not in may_read["channel"] or role == "torg_intake"
        for (of, table), columns in COLUMNS.items():
            assert of != role or may_read[table] == columns
        seen = 0
        for table, columns in may_read.items():
            names = ", ".join(f'"{each}"' for each in sorted(columns))
            rows = connection.execute(f"SELECT {names} FROM {table}".encode()).fetchall()  # noqa: S608 - from the catalogue
            seen += len(rows)
            assert CANARY not in str(rows), table
        assert seen > 10
        for hidden in ("lookup", "identity", "citizen", "mail", "login", "audit", "delivery", "draft"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT 1 FROM {hidden}".encode())  # noqa: S608 - named above


def test_the_secrets_it_may_read_are_those_of_channels_that_are_called(with_canaries: Faces) -> None:
    with logged_in(with_canaries.url, "torg_intake") as connection:
        rows = connection.execute("SELECT kind, secrets IS NOT NULL FROM channel ORDER BY kind").fetchall()
    assert rows == [("mailslot", True), ("web_chat", False)]


def test_it_becomes_nobody_else(both: Faces) -> None:
    with logged_in(both.url, "torg_intake") as connection:
        for role in ("torg_app", "torg_system", "postgres"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SET ROLE {role}".encode())
        found = connection.execute(
            "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
            " AND has_function_privilege('torg_public', oid, 'EXECUTE') ORDER BY 1"
        ).fetchall()
    assert found == [], "a function with the rights of the schema's owner"


@pytest.mark.parametrize(
    ("face", "as_whom", "said"),
    [
        ("public", "postgres", "logs in to PostgreSQL as torg_public and nobody else"),
        ("inside", "torg_public", "can only be torg serve --face public"),
        ("both", "torg_app", "GRANT torg_system, torg_app TO torg_app"),
        ("public", "torg_public", None),
        ("inside", "postgres", None),
    ],
)
def test_a_face_starts_with_its_own_role_only(
    postgres_database: str, face: str, as_whom: str, said: str | None
) -> None:
    url = make_url(postgres_database).set(username=as_whom).render_as_string(hide_password=False)
    engines = open_engines(url)
    try:
        with nullcontext() if said is None else pytest.raises(Invalid, match=said):
            require_role(engines, face)
    finally:
        engines.dispose()
