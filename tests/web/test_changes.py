"""Assignment, closure, queue and waiting, each decided on the version that was read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.access import person
from hub.access.person import Person
from tests.web.world import World, must

pytestmark = pytest.mark.both_engines


def put(world: World, conversation_id: int, what: str, body: dict[str, Any] | None = None, method: str = "PUT") -> Any:
    version = world.version(conversation_id)
    return world.change(method, f"/conversations/{conversation_id}/{what}", version=version, json=body)


def test_assignment(world: World) -> None:
    found = world.mail(queue="vatten")
    mine = put(world, found, "assignment", {"person": "me"})
    assert mine.json()["assignee"] == {"id": str(world.ids["sara"]), "name": "Sara"}
    assert mine.headers["ETag"] == world.version(found)
    assert put(world, found, "assignment", {"person": str(world.ids["vera"])}).json()["assignee"]["name"] == "Vera"
    assert put(world, found, "assignment", method="DELETE").json()["assignee"] is None


@pytest.mark.parametrize("who", ["nils", "ida", "olle", "nobody", "gone"])
def test_whoever_could_not_open_it_is_not_given_it(world: World, who: str) -> None:
    found = world.mail()
    world.ids["nobody"] = 2**63 - 1
    if who == "gone":
        world.ids["gone"] = world.do(lambda unit: person.add(unit, "gone@granvik.example", "Gone").id)
        world.do(lambda unit: setattr(must(unit.get(Person, world.ids["gone"])), "disabled_at", 1))
    answer = put(world, found, "assignment", {"person": str(world.ids[who])})
    assert (answer.status_code, answer.json()["field"]) == (422, "person")


def test_closure(world: World) -> None:
    found = world.mail()
    closed = put(world, found, "closure")
    assert closed.json()["closed_at"] is not None
    assert closed.json()["due_at"] is None
    assert put(world, found, "closure").status_code == 409
    opened = put(world, found, "closure", method="DELETE")
    assert opened.json()["closed_at"] is None
    assert opened.json()["due_at"] is not None


def test_queue(world: World) -> None:
    found = world.mail()
    vatten = str(world.ids["vatten"])
    assert put(world, found, "queue", {"queue": vatten}).json()["queue_id"] == vatten
    for wrong in (str(world.ids["innbygger"]), "9223372036854775807", "9999999999999999999"):
        assert put(world, found, "queue", {"queue": wrong}).status_code == 422


def test_waiting(world: World) -> None:
    found = world.mail()
    until = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)
    line = put(world, found, "waiting", {"until": until.isoformat()}).json()
    assert datetime.fromisoformat(line["due_at"]) == datetime.fromisoformat(line["wait_until"]) == until
    assert line["due_at"].endswith("Z")
    for wrong, status in (("2020-01-01T00:00:00Z", 422), ("2030-01-01T00:00:00", 400), ("soon", 400)):
        assert put(world, found, "waiting", {"until": wrong}).status_code == status


@pytest.mark.parametrize(
    ("method", "what", "body"),
    [
        ("PUT", "assignment", {"person": "me"}),
        ("DELETE", "assignment", None),
        ("PUT", "closure", None),
        ("DELETE", "closure", None),
        ("PUT", "queue", {"queue": "1"}),
        ("PUT", "waiting", {"until": "2030-01-01T00:00:00Z"}),
    ],
)
def test_every_change_wants_the_version_it_was_decided_on(
    world: World, method: str, what: str, body: dict[str, Any] | None
) -> None:
    found = world.mail()
    path = f"/conversations/{found}/{what}"
    assert world.ask(method, path, json=body).status_code == 428
    for version in ('"0"', "*", "", "nonsense"):
        assert world.change(method, path, version=version, json=body).status_code in {412, 428}
    assert world.ask(method, path, "reader", json=body, headers={"If-Match": world.version(found)}).status_code == 403


def test_the_second_of_two_who_read_the_same_is_told(world: World) -> None:
    found = world.mail()
    version = world.version(found)
    assert world.change("PUT", f"/conversations/{found}/closure", version=version).status_code == 200
    late = world.change("PUT", f"/conversations/{found}/assignment", version=version, json={"person": "me"})
    assert late.status_code == 412
    assert "Read again" in late.json()["detail"]
