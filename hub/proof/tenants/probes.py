"""Probes beyond the matrix: ids of others in filters and bodies, wrong input, unknown addresses. Written by hand.

The agent of waste makes them, whose own conversation is `waste`; the statuses are that agent's. Everybody else makes
them too, and whatever they are answered holds no canary that isn't theirs.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus

from msgspec import Struct
from sqlalchemy import select

from hub.edge.versions import etag
from hub.inbox.citizen import CitizenPoint
from hub.inbox.entry import Entry
from hub.inbox.matter import Matter
from hub.proof.tenants.calls import put_away, restored
from hub.proof.tenants.ready import Call
from hub.proof.tenants.world import World
from hub.storage.unit import Unit

ASKER = "agent of waste"
_V1 = "/api/v1"
_PEOPLE_WRITE = ("mail", "note")


class Probe(Struct):
    """`empty`: and nothing is listed."""

    name: str
    call: Call
    status: int
    empty: bool = False


def probes(unit: Unit, world: World) -> Iterator[Probe]:
    """With the ids of this world."""
    put_away(unit, world)
    own, strange = world.things["waste"], world.things["harbour"]
    version = {"If-Match": etag(restored(unit, world, "waste").version)}
    mine = f"{_V1}/conversations/{own.conversation_id}"
    queue, channel = world.ids["queue"]["harbour"], world.ids["channel"]["nesoy"]
    writer = world.ids["person"]["writer nesoy"]
    for name, filtered, status in (
        ("municipality by code", "municipality=nesoy", 422),
        ("municipality by id", f"municipality={strange.municipality_id}", 422),
        ("queue", f"queue={queue}", 200),
        ("citizen", f"citizen={strange.citizen_id}", 200),
        ("assignee", f"assignee={writer}", 200),
        ("no such filter", "nosuch=1", 400),
        ("not a number", "queue=harbour", 400),
        ("closed", "state=closed", 200),
        ("broken cursor", "after=AAAA", 422),
    ):
        asked = Call("GET", f"{_V1}/conversations?{filtered}")
        yield Probe(f"conversations by {name}", asked, status, empty=status == HTTPStatus.OK)
    for words in (
        *world.canaries.of("place", "harbour"),
        *world.canaries.of("place", "secret"),
        *world.canaries.of("place", "inner"),
        *world.canaries.of("place", "care"),
    ):
        yield Probe("search for another's word", Call("GET", f"{_V1}/search?q={words}"), 200, empty=True)
    yield Probe("search for nothing", Call("GET", f"{_V1}/search?q="), 400)
    yield Probe("raw events of a channel", Call("GET", f"{_V1}/raw-events?channel={channel}"), 403)
    yield Probe("channels", Call("GET", f"{_V1}/channels?nosuch=1"), 400)
    yield from _changes(unit, world, mine, version)


def _changes(unit: Unit, world: World, mine: str, version: Mapping[str, str]) -> Iterator[Probe]:
    """Of one's own conversation, with what is others'."""
    strange, care = world.things["harbour"], world.things["care"]
    secret, inner = world.things["secret"], world.things["inner"]
    queue, writer = world.ids["queue"]["harbour"], world.ids["person"]["writer nesoy"]
    strange_matter = unit.first(select(Matter.id).where(Matter.conversation_id == strange.conversation_id))
    written = select(Entry.id).where(Entry.conversation_id == strange.conversation_id, Entry.author_kind == "person")
    strange_entry = unit.first(written.where(Entry.kind.in_(_PEOPLE_WRITE)).order_by(Entry.id.desc()))
    strange_point, care_point = (
        unit.first(select(CitizenPoint.id).where(CitizenPoint.citizen_id == each.citizen_id))
        for each in (strange, care)
    )
    there, why = {"municipality": str(strange.municipality_id), "queue": str(queue)}, "Beviset vill läsa den."
    for name, method, path, body, status in (
        ("another's queue", "PUT", f"{mine}/queue", {"queue": str(queue)}, 422),
        ("another's person", "PUT", f"{mine}/assignment", {"person": str(writer)}, 422),
        ("another's topic", "POST", f"{mine}/matters", {"topic": str(strange.topic_id)}, 422),
        ("another's matter", "PUT", f"{mine}/matters/{strange_matter}", {"outcome": None}, 404),
        ("another's matter, gone", "DELETE", f"{mine}/matters/{strange_matter}", None, 404),
        ("another's point", "POST", f"{mine}/reveals", {"point": str(strange_point), "purpose": "prova"}, 404),
        ("a colleague's point", "POST", f"{mine}/reveals", {"point": str(care_point), "purpose": "prova"}, 404),
        ("another's conversation", "PUT", f"{mine}/merges/{strange.conversation_id}", {"version": 1}, 404),
        ("a colleague's conversation", "PUT", f"{mine}/merges/{care.conversation_id}", {"version": 1}, 404),
        ("a confidential one", "PUT", f"{mine}/merges/{secret.conversation_id}", {"version": 1}, 404),
        ("another's municipality", "PUT", f"{mine}/misdirection", there, 422),
        ("confidential to another's queue", "PUT", f"{mine}/confidentiality", {"queue": str(queue)}, 422),
        ("another's glass", "PUT", f"{_V1}/conversations/{strange.conversation_id}/glass", {"reason": why}, 404),
        ("a colleague's glass", "PUT", f"{_V1}/conversations/{inner.conversation_id}/glass", {"reason": why}, 404),
        ("the next of another's queue", "POST", f"{_V1}/assignments/next", {"queue": str(queue)}, 404),
        ("another's answer", "DELETE", f"{mine}/replies/{strange_entry}", None, 404),
        ("an unknown field", "POST", f"{mine}/notes", {"text": "a", "author": str(writer)}, 400),
        ("too large a number", "GET", f"{_V1}/conversations/{2**63}", None, 400),
        ("an unknown address", "GET", f"{_V1}/conversation/{strange.conversation_id}", None, 404),
        ("an unknown method", "PATCH", f"{_V1}/conversations/{strange.conversation_id}", {"queue": "1"}, 405),
        ("another's file, guessed", "GET", f"{_V1}/attachments/{strange.file[:-2]}AA", None, 404),
    ):
        yield Probe(name, Call(method, path, body, dict(version)), status)
