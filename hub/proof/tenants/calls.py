"""The calls: for each route of the matrix a request that would succeed, and what has to be so before it is made."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import delete, select, update

from hub import clock
from hub.access.person import Actor
from hub.access.reading import Reading, log_reading
from hub.channels.channel import Channel
from hub.channels.route import reply_route
from hub.edge.versions import etag, fingerprint
from hub.inbox import confidential, draft, identity, matter, misdirection, reply
from hub.inbox.citizen import CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.draft import Draft, Place
from hub.inbox.matter import Matter
from hub.inbox.outgoing import File
from hub.inbox.queue import Queue
from hub.inbox.topic import Topic
from hub.proof.tenants import ready
from hub.proof.tenants.matrix import CALLERS, PLACES, ROUTES
from hub.proof.tenants.ready import Call, writer
from hub.proof.tenants.set_calls import on_lookup, on_rule, on_target
from hub.proof.tenants.world import COMMON, World
from hub.storage.unit import Unit

_V1 = "/api/v1"
_UNDO = 3600
_MEGABYTE = 1_000_000
_THEN = {"asked_at": "2026-11-28T05:00:00Z"}
_ONE_FILE = b"\r\n".join(
    [b"--proof", b'Content-Disposition: form-data; name="file"; filename="a.txt"', b"", b"Fil", b"--proof--", b""]
)
_FILE_OF_EVERYBODY = File("upload-of-everybody", "a.txt", "text/plain", 1, "0" * 64, None, b"a")


Prepare = Callable[[Unit, World, Conversation], dict[str, Any]]
"""Makes it so that the call would succeed; returns what its path needs besides the conversation, and its `body`."""


def call(unit: Unit, world: World, route: str, thing: str | None) -> Call:
    """For a route and a thing of its table; None for a list."""
    method, _, path = route.partition(" ")
    table = ROUTES[route].table
    if thing is None:
        return _on_list(unit, world, method, path)
    if table in _ON:
        return _ON[table](unit, world, method, path, thing)
    if table == "begin":
        return _begun(world, method, path, thing)
    if table == "report":
        return Call(method, path, {"citizen": str(world.things[thing].citizen_id), "reason": "som beviset vill"})
    if table == "own":
        return Call(method, path.replace("{upload_id:str}", _upload_to_new_of_everybody(unit, world, thing)))
    conversation = restored(unit, world, thing)
    place = world.things[thing]
    values: dict[str, Any] = {
        "conversation_id": place.conversation_id,
        "citizen_id": place.citizen_id,
        "raw_event_id": place.raw_event_id,
        "public_id": place.file,
    }
    if "/contacts/" in path:
        values |= {"entry_id": ready.visited(unit, world, conversation)["entry_id"]}
    headers: dict[str, str] = {}
    if table in {"work", "lift", "break"}:
        values |= _PREPARE[route.replace(f" {_V1}/conversations/{{conversation_id:int}}", " ")](
            unit, world, conversation
        )
        headers["If-Match"] = etag(values.pop("version", conversation.version))
        # The same for everybody: an answer given to another's request must not come back to this one's.
        headers["Idempotency-Key"] = f"{table}-{route.rpartition('/')[2]}-{thing}"
    elif route.endswith("/chat"):
        ready.waiting_chat(unit, world, conversation)
    body = values.pop("body", None)
    for name, value in values.items():
        path = path.replace(f"{{{name}:int}}", str(value)).replace(f"{{{name}:str}}", str(value))
    return Call(method, path + ("?reason=proof" if path.endswith("/content") else ""), body, headers)


def put_away(unit: Unit, world: World) -> None:
    """What was begun on the way is none of the things that a list must show, and none that could be taken."""
    known = [each.conversation_id for each in world.things.values()]
    archive = world.ids["queue"]["archive"]
    away = {"closed_at": clock.now(), "closed_as": None, "queue_id": archive, "confidential_queue_id": archive}
    unit.change(update(Conversation).where(Conversation.id.not_in(known)).values(away))


def _on_list(unit: Unit, world: World, method: str, path: str) -> Call:
    put_away(unit, world)
    for thing in world.things:
        restored(unit, world, thing)
    query = {"search": f"?q={COMMON}", "export": "?reason=som%20beviset%20vill"}.get(path.rpartition("/")[2], "")
    channel = str(world.ids["channel"]["nesoy"])
    asked = re.sub(r"{(path|token):str}", "nothing", path).replace("{channel_id:int}", channel) + query
    if path.startswith(("/chat/", f"{_V1}/forms/")):
        return _of_visitor(method, ready.of_nobody(asked))
    body: object = {"state": "away"} if path.endswith("/duty") and method == "PUT" else None
    body = {"chats": 3} if path.endswith("/me/chats") else body
    return Call(method, asked, {} if method == "POST" else body)


def _of_visitor(method: str, path: str) -> Call:
    """As from our own page, with a secret that is nobody's."""
    body: object = None if method == "GET" else ready.visitor_says(path)
    if path.endswith("/files"):
        path, body = f"{path}?key=beviset-1", _ONE_FILE
    return Call(method, path, body, ready.VISITOR)


def _begun(world: World, method: str, path: str, thing: str) -> Call:
    """To nobody that is known: what it makes is not among the things."""
    code, queue_name, _ = PLACES[thing]
    sender = {"municipality": code, "queue": str(world.ids["queue"][queue_name])}
    if path.endswith("/uploads"):
        return Call(method, f"{path}?{urlencode(sender)}", _ONE_FILE)
    if path.endswith("/drafts/new"):
        return Call(method, path, {**sender, "text": "Halv"})
    if path.endswith("/contacts"):
        return Call(method, path, {**sender, "kind": "visit"}, {"Idempotency-Key": f"contact-{thing}"})
    said = {**sender, "to": "ny@invanare.example", "subject": "Nytt", "text": "Hej."}
    return Call(method, path, said, {"Idempotency-Key": f"begin-{thing}"})


def state(unit: Unit, world: World, thing: str) -> object:
    """What a refused call must leave as it was."""
    if thing in world.things:
        conversation_id = world.things[thing].conversation_id
        shown = select(
            Conversation.version, Conversation.queue_id, Conversation.closed_at, Conversation.confidential_queue_id
        )
        row = unit.rows(shown.where(Conversation.id == conversation_id))[0]
        return tuple(row)
    return unit.first(select(Channel.paused_why).where(Channel.id == world.ids["channel"][thing]))


def _on_channel(unit: Unit, world: World, method: str, path: str, name: str) -> Call:
    channel_id = world.ids["channel"][name]
    if path.endswith("/settings"):
        row = unit.get(Channel, channel_id)
        assert row is not None
        version = {"If-Match": etag(fingerprint(row.changed_at, row.config))}
        body: object = {"settings": {}} if method == "PUT" else None
        return Call(method, path.replace("{channel_id:int}", str(channel_id)), body, version)
    was = world.canaries.of("channel", name)[0] if method == "DELETE" else None
    unit.change(update(Channel).where(Channel.id == channel_id).values(paused_why=was))
    body = {"why": "as the proof wants"} if method == "PUT" else None
    return Call(method, path.replace("{channel_id:int}", str(channel_id)), body, {"If-Match": etag(fingerprint(was))})


_ON = {"channel": _on_channel, "pause": _on_channel, "rule": on_rule, "target": on_target, "lookup": on_lookup}
"""What needs no conversation."""


def restored(unit: Unit, world: World, thing: str) -> Conversation:
    """As the matrix has it, whatever the calls before have done."""
    found = unit.lock(Conversation, world.things[thing].conversation_id)
    assert found is not None
    _, queue_name, limited = PLACES[thing]
    found.queue_id = world.ids["queue"][queue_name]
    found.confidential_queue_id = world.ids["queue"][limited] if limited else None
    found.closed_at = found.closed_as = found.assignee_id = found.wait_until = None
    found.citizen_id = world.things[thing].citizen_id
    if limited:
        _make_whole(unit, world, found)
    return found


def _make_whole(unit: Unit, world: World, conversation: Conversation) -> None:
    """Whose glass was broken on the way is limited anew: nobody reads on through it."""
    broken = select(Reading.at).where(Reading.conversation_id == conversation.id, Reading.kind == "glass")
    newest = unit.first(broken.order_by(Reading.at.desc()))
    if newest is not None and newest >= (confidential.since(unit, conversation) or 0):
        queue = unit.get(Queue, conversation.confidential_queue_id)
        assert queue is not None
        confidential.limit(unit, conversation, writer(world, conversation), queue)


def _nothing(_: Unit, __: World, ___: Conversation) -> dict[str, Any]:
    return {}


def _closed(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    conversation.close(unit, writer(world, conversation))
    return {}


def _other_queue(_: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    joint = world.ids["queue"]["joint"]
    own = "waste" if conversation.municipality_id == world.ids["municipality"]["granvik"] else "harbour"
    return {"body": {"queue": str(joint if conversation.queue_id != joint else world.ids["queue"][own])}}


def _reply_to_undo(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    """A new one each time: it can be undone once."""
    route = reply_route(unit, conversation)
    return {"entry_id": reply.reply(unit, conversation, writer(world, conversation), "Nytt svar.", route, _UNDO).id}


def _uncertain(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    """A new one each time: it is decided on once."""
    route = reply_route(unit, conversation)
    entry = reply.reply(unit, conversation, writer(world, conversation), "Svar i det ovissa.", route, 0)
    row = unit.first(select(Delivery).where(Delivery.entry_id == entry.id))
    assert row is not None
    row.state = "uncertain"
    return {"delivery_id": row.id}


def _upload_of_everybody(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    """Each has it in a draft of their own: whoever asks may take away theirs."""
    those = unit.all(select(Draft).where(Draft.conversation_id == conversation.id, Draft.kind == "forward"))
    having = {row.person_id for row in those if draft.files(row)}
    for name in CALLERS:
        if world.ids["person"][name] not in having:
            place = draft.of(conversation, world.ids["person"][name], "forward")
            draft.add_upload(unit, place, _FILE_OF_EVERYBODY, _MEGABYTE)
    return {"upload_id": _FILE_OF_EVERYBODY.id}


def _upload_to_new_of_everybody(unit: Unit, world: World, thing: str) -> str:
    """The same of a new message, from the thing's municipality and no other."""
    code, _, _ = PLACES[thing]
    unit.change(delete(Draft).where(Draft.conversation_id.is_(None)))
    for name in CALLERS:
        place = Place(world.ids["person"][name], municipality_id=world.ids["municipality"][code])
        draft.add_upload(unit, place, _FILE_OF_EVERYBODY, _MEGABYTE)
    return _FILE_OF_EVERYBODY.id


def _one_more_matter(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    topic = unit.all(select(Topic).where(Topic.municipality_id == conversation.municipality_id))[0]
    row = matter.add(unit, conversation, writer(world, conversation), topic)
    return {"matter_id": row.id}


def _settled(unit: Unit, _: World, conversation: Conversation) -> dict[str, Any]:
    row = unit.first(select(Matter).where(Matter.conversation_id == conversation.id).order_by(Matter.id))
    assert row is not None
    return {"matter_id": row.id, "body": {"outcome": "handed_over", "avoidable_cause": row.avoidable_cause}}


def _topic(_: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    codes = {row_id: code for code, row_id in world.ids["municipality"].items()}
    return {"body": {"topic": str(world.ids["topic"][codes[conversation.municipality_id]])}}


def _confidential_to(_: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    of = "care" if conversation.municipality_id == world.ids["municipality"]["granvik"] else "harbour"
    return {"body": {"queue": str(world.ids["queue"][of])}}


def _glass_of_everybody(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    """All have broken it, whether they may or not: whoever may puts back their own."""
    for name in CALLERS:
        who = Actor(world.ids["person"][name], name, "", "sv", (), frozenset())
        log_reading(unit, who, "glass", conversation.id, conversation.id, "som beviset behöver")
    return {}


def _confirmed(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    identity.confirm(unit, conversation, writer(world, conversation), "called_back")
    return {}


def _point(unit: Unit, _: World, conversation: Conversation) -> dict[str, Any]:
    found = unit.first(select(CitizenPoint.id).where(CitizenPoint.citizen_id == conversation.citizen_id))
    return {"body": {"point": str(found), "purpose": "som beviset vill"}}


def _misdirected(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    misdirection.note(unit, conversation, writer(world, conversation), "Regionen")
    return {}


def _spam(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    conversation.spam(unit, writer(world, conversation))
    return {}


def _until(_: Unit, __: World, ___: Conversation) -> dict[str, Any]:
    return {"body": {"until": clock.to_iso(clock.now() + clock.DAY)}}


def _waiting(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    conversation.wait(unit, writer(world, conversation), clock.now() + clock.DAY)
    return {}


_PREPARE: Mapping[str, Prepare] = {
    "POST /replies": lambda *_: {"body": {"text": "Svar."}},
    "POST /turns": ready.chat_answer,
    **ready.CALL_BACKS,
    "PUT /chat/taking": ready.chat_waits,
    "PUT /chat/seen": ready.waiting_chat,
    "PUT /chat/end": ready.chat_waits,
    "DELETE /replies/{entry_id:int}": _reply_to_undo,
    "PUT /deliveries/{delivery_id:int}/again": _uncertain,
    "PUT /deliveries/{delivery_id:int}/arrival": _uncertain,
    "POST /notes": lambda *_: {"body": {"text": "Anteckning."}},
    "POST /forwards": lambda *_: {"body": {"to": ["fastighet@myndighet.example"], "text": "Till er."}},
    "PUT /contacts/{entry_id:int}": ready.visited,
    "POST /contacts/{entry_id:int}/orders": lambda *of: {**ready.visited(*of), "body": {"verb": "hold"}},
    "DELETE /contacts/{entry_id:int}": lambda *of: {**ready.visited(*of), "body": None},
    "PUT /drafts/{kind:str}": lambda *_: {"kind": "note", "body": {"text": "Halv"}},
    "DELETE /drafts/{kind:str}": lambda *_: {"kind": "note"},
    "POST /uploads": lambda *_: {"body": _ONE_FILE},
    "DELETE /uploads/{upload_id:str}": _upload_of_everybody,
    "PUT /confidentiality": _confidential_to,
    "DELETE /confidentiality": _nothing,
    "PUT /glass": lambda *_: {"body": {"reason": "Beviset vill läsa den."}},
    "DELETE /glass": _glass_of_everybody,
    "PUT /identity": lambda *_: {"body": {"how": "called_back"}},
    "DELETE /identity": _confirmed,
    "POST /lookups/{name:str}": lambda *_: {"name": "waste", "body": {"by": "address", "value": "Storgatan 1"}},
    "POST /lookups/{name:str}/pins": lambda *_: {"name": "waste", "body": _THEN},
    "POST /lookups/{name:str}/reveals": lambda *_: {
        "name": "waste",
        "body": {**_THEN, "field": "route", "purpose": " "},
    },
    "POST /reveals": _point,
    "PUT /misdirection": lambda *_: {"body": {"where": "Regionen"}},
    "DELETE /misdirection": _misdirected,
    "PUT /merges/{other_id:int}": ready.twin,
    "DELETE /merges/{other_id:int}": ready.merged,
    "PUT /new-questions/{entry_id:int}": ready.another_mail,
    "DELETE /new-questions/{own_id:int}": ready.parted,
    "PUT /same-question": _nothing,
    "GET /citizen/candidates": _nothing,
    "PUT /citizen": lambda *_: {"body": {"name": "Någon annan"}},
    "PUT /citizen/kind": lambda *_: {"body": {"kind": "person"}},
    "PUT /citizen/merges/{other_id:int}": ready.namesake,
    "PUT /citizen/splits/{point_id:int}": ready.second_number,
    "DELETE /citizen/moves/{move_id:int}": ready.one_with_namesake,
    "PUT /spam": _nothing,
    "DELETE /spam": _spam,
    "PUT /assignment": lambda *_: {"body": {"person": "me"}},
    "DELETE /assignment": _nothing,
    "PUT /closure": _nothing,
    "DELETE /closure": _closed,
    "PUT /queue": _other_queue,
    "PUT /waiting": _until,
    "DELETE /waiting": _waiting,
    "POST /matters": _topic,
    "PUT /matters/{matter_id:int}": _settled,
    "DELETE /matters/{matter_id:int}": _one_more_matter,
}
