"""Ready: what has to be so before a call that changes whose something is, or whether it is one question, succeeds."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from sqlalchemy import select, update

from hub import clock
from hub.edge import contacting
from hub.inbox import callback, chat, merge, question, whose
from hub.inbox.chat import Chat
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.promise import Promise
from hub.inbox.topic import Topic
from hub.proof.tenants.world import World
from hub.storage.unit import Unit


class Call(Struct):
    """One request. `body`: to be sent as JSON; bytes: a form of the boundary `proof`."""

    method: str
    path: str
    body: object = None
    headers: dict[str, str] = {}


def writer(world: World, conversation: Conversation) -> int:
    codes = {row_id: code for code, row_id in world.ids["municipality"].items()}
    return world.ids["person"][f"writer {codes[conversation.municipality_id]}"]


def namesake(unit: Unit, _: World, conversation: Conversation) -> dict[str, Any]:
    """A citizen of whom nothing is known: to be one with them moves nothing."""
    row = Citizen(municipality_id=conversation.municipality_id, name="Namne")
    unit.add(row)
    return {"other_id": row.id}


def one_with_namesake(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    other = unit.get(Citizen, namesake(unit, world, conversation)["other_id"])
    citizen = unit.get(Citizen, conversation.citizen_id)
    assert citizen is not None
    assert other is not None
    return {"move_id": whose.merge(unit, citizen, writer(world, conversation), other).id}


def second_number(unit: Unit, _: World, conversation: Conversation) -> dict[str, Any]:
    citizen_id = conversation.citizen_id
    row = CitizenPoint(
        municipality_id=conversation.municipality_id, citizen_id=citizen_id, first_citizen_id=citizen_id, kind="phone",
        value="+46700000000", match_key="+46700000000",
    )  # fmt: skip
    unit.add(row)
    return {"point_id": row.id}


def another_mail(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:  # noqa: ARG001 - as the others
    """That says nothing: what becomes of it is nobody's canary."""
    entry = Entry(
        kind="mail", author_kind="citizen", visibility="public", language=None, text="",
        body={"subject": "", "name": "", "address": "", "full_text": None, "problems": []},
    )  # fmt: skip
    return {"entry_id": conversation.append(unit, entry).id}


def visited(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    """By whoever it is, and nobody has written down yet what for."""
    topic = unit.first(select(Topic.id).where(Topic.municipality_id == conversation.municipality_id))
    entry = Entry(
        kind="visit", author_kind="citizen", visibility="public", text="",
        body={"by_hand": str(writer(world, conversation))},
    )  # fmt: skip
    conversation.append(unit, entry)
    body = {"questions": [{"topic": str(topic), "outcome": "solved_here"}]}
    return {"entry_id": entry.id, "version": contacting.version_of(entry), "body": body}


def parted(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    entry = unit.get(Entry, another_mail(unit, world, conversation)["entry_id"])
    assert entry is not None
    own = question.part(unit, conversation, writer(world, conversation), entry)
    if conversation.closed_at is not None:
        conversation.reopen(unit, None)
    return {"own_id": own.id}


def waiting_chat(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    """Somebody waits in it for whoever answers first."""
    row = chat.of_conversation(unit, conversation.id)
    if row is None:
        now = clock.now()
        row = Chat(
            municipality_id=conversation.municipality_id, conversation_id=conversation.id,
            channel_id=world.ids["channel"]["centre"], secret=chat.hashed(str(conversation.id)), network="",
            language="sv", name="", email="", topic="", by_mail=False, started_at=now,
            heard_at=now, rung=[],
        )  # fmt: skip
        unit.add(row)
    row.taken_at = row.taken_by = row.left_at = row.ended_at = row.ended_by = None
    row.heard_at = clock.now() + clock.DAY  # else the sweep ends it meanwhile, and changes what must stay as it was
    return {"body": {"entry": str(conversation.last_entry_id or 1)}}


def call_back(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    """Somebody in it is to be called back."""
    unit.change(update(Promise).where(Promise.conversation_id == conversation.id).values(released_at=clock.now()))
    row = callback.agree(unit, conversation, writer(world, conversation), None, clock.now() + clock.DAY)
    return {"call_back_id": row.id}


def _call_back(body: object) -> Callable[[Unit, World, Conversation], dict[str, Any]]:
    return lambda unit, world, conversation: {**call_back(unit, world, conversation), "body": body}


CALL_BACKS = {
    "PUT /call-backs/{call_back_id:int}/owner": _call_back({"person": None}),
    "POST /call-backs/{call_back_id:int}/attempts": _call_back({"reached": False}),
    "PUT /call-backs/{call_back_id:int}/outcome": _call_back({"outcome": "given_up"}),
}


def chat_answer(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    waiting_chat(unit, world, conversation)
    return {"body": {"text": "Svar."}}


VISITOR = {"Sec-Fetch-Site": "same-origin", "Torg-Visitor": "nobodys", "Idempotency-Key": "beviset-1"}
"""Headers of a citizen's page, with a secret that is nobody's."""


def of_nobody(path: str) -> str:
    """With names that are nothing's."""
    names = {"{public_id:str}": "nothing", "{code:str}": "granvik", "{name:str}": "beviset"}
    for name, value in names.items():
        path = path.replace(name, value)
    return path


def visitor_says(path: str) -> dict[str, Any]:
    """What a citizen's page would send there."""
    said: dict[str, dict[str, Any]] = {
        "visits": {"ticket": "x", "key": "beviset-1", "text": "Hej.", "language": "sv"},
        "messages": {"ticket": "x", "key": "beviset-1", "text": "Hej.", "language": "sv"},
        "turns": {"key": "beviset-1", "text": "Hej."},
        "mail": {"email": "ny@invanare.example"},
        "submissions": {"language": "sv", "answers": {}},
    }
    return said.get(path.rpartition("/")[2], {})


def chat_waits(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    waiting_chat(unit, world, conversation)
    return {}


def twin(unit: Unit, _: World, conversation: Conversation) -> dict[str, Any]:
    """Another one of the same citizen, in the same place."""
    row = Conversation(
        municipality_id=conversation.municipality_id,
        citizen_id=conversation.citizen_id,
        queue_id=conversation.queue_id,
        confidential_queue_id=conversation.confidential_queue_id,
        subject="",
        language=None,
        opened_at=clock.now(),
    )
    unit.add(row)
    return {"other_id": row.id, "body": {"version": row.version}}


def merged(unit: Unit, world: World, conversation: Conversation) -> dict[str, Any]:
    other_id = twin(unit, world, conversation)["other_id"]
    other = unit.get(Conversation, other_id)
    assert other is not None
    merge.merge(unit, conversation, writer(world, conversation), other)
    return {"other_id": other_id}
