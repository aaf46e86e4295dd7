"""Take next: the most urgent that is nobody's, and no two agents the same one."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from hub import clock
from hub.access.audit import Audit
from hub.edge import changing
from hub.edge.idempotency import Request
from hub.inbox.conversation import Conversation
from hub.inbox.queries import Filter
from hub.storage.scope import Scope
from hub.storage.unit import Storage
from tests.web.world import World, must

pytestmark = pytest.mark.both_engines


def take(world: World, who: str = "sara", **body: Any) -> Any:
    return world.ask("POST", "/assignments/next", who, json=body)


def test_the_most_urgent_that_is_nobodys_becomes_ones_own(world: World) -> None:
    now = clock.now()
    late, soon, never = (world.mail(due_at=at) for at in (now - clock.DAY, now + clock.DAY, clock.NEVER))
    world.mail(municipality="nesoy", queue="innbygger", due_at=1)
    world.mail(confidential="vatten", due_at=1)
    world.mail(closed=True, due_at=1)
    taken = [take(world).json() for _ in range(3)]
    assert [int(each["id"]) for each in taken] == [late, soon, never]
    assert {each["assignee"]["id"] for each in taken} == {str(world.ids["sara"])}
    nothing = take(world)
    assert (nothing.status_code, nothing.json()["title"]) == (404, "Not Found")
    audit = world.do(lambda unit: unit.rows(select(Audit.act, Audit.conversation_id).order_by(Audit.id)))
    assert [tuple(row) for row in audit] == [("conversation.take", each) for each in (late, soon, never)]


def test_what_waits_is_left_to_wait(world: World) -> None:
    found = world.mail()
    until = clock.now() + clock.DAY
    world.do(lambda unit: must(unit.get(Conversation, found)).wait(unit, world.ids["sara"], until))
    assert take(world).status_code == 404
    clock.set_source(lambda: until + 1)
    assert take(world).json()["id"] == str(found)


def test_more_that_wait_than_are_looked_at_together(world: World) -> None:
    until = clock.now() + clock.DAY
    for _ in range(changing._LOOKED_AT + 2):
        found = world.mail()
        world.do(lambda unit, row: must(unit.get(Conversation, row)).wait(unit, world.ids["sara"], until), found)
    last = world.mail(due_at=until + clock.DAY)
    assert take(world).json()["id"] == str(last)


def test_of_one_queue_alone(world: World) -> None:
    world.mail(due_at=1)
    water = world.mail(queue="vatten")
    assert take(world, queue=str(world.ids["vatten"])).json()["id"] == str(water)
    assert take(world, queue=str(world.ids["vatten"])).status_code == 404
    assert take(world, queue=str(world.ids["innbygger"])).status_code == 404
    assert take(world, "vera").status_code == 404


def take_with(world: World, key: str, who: str = "sara", **body: Any) -> Any:
    return world.ask("POST", "/assignments/next", who, json=body, headers={"Idempotency-Key": key})


def test_asked_for_twice_with_one_key_it_is_the_same_one(world: World) -> None:
    made = [world.mail(due_at=at) for at in (1, 2, 3)]
    first, second = (take_with(world, "k1") for _ in range(2))
    assert [int(each.json()["id"]) for each in (first, second)] == [made[0]] * 2
    assert (first.content, first.headers["ETag"]) == (second.content, second.headers["ETag"])
    assert ("Idempotency-Replayed" in first.headers, second.headers["Idempotency-Replayed"]) == (False, "true")
    assert int(take_with(world, "k1", "kim").json()["id"]) == made[1]
    assert take_with(world, "k1", queue=str(world.ids["kontakt"])).json()["field"] == "Idempotency-Key"
    assert int(take_with(world, "k2").json()["id"]) == made[2]
    kept = world.do(lambda unit: unit.all(select(Request.answer).order_by(Request.id)))
    assert [msgspec.json.decode(each)["body"] for each in kept] == [{"id": str(each)} for each in made]


def test_what_was_taken_is_answered_as_it_is_by_then_and_to_who_may_open_it_alone(world: World) -> None:
    found = world.mail()
    take_with(world, "k1", "kim")
    assert world.change("PUT", f"/conversations/{found}/closure", "kim", world.version(found, "kim")).status_code == 200
    assert take_with(world, "k1", "kim").json()["closed_at"] is not None
    world.do(lambda unit: setattr(must(unit.get(Conversation, found)), "confidential_queue_id", world.ids["vatten"]))
    assert take_with(world, "k1", "kim").status_code == 404


def test_nothing_to_take_is_not_remembered(world: World) -> None:
    assert take_with(world, "k1").status_code == 404
    found = world.mail()
    assert int(take_with(world, "k1").json()["id"]) == found


def test_many_at_the_same_moment_with_one_key_take_one(world: World) -> None:
    for _ in range(8):
        world.mail()
    with ThreadPoolExecutor(8) as threads:
        answers = {
            (each.status_code, each.json()["id"]) for each in threads.map(lambda _: take_with(world, "k"), range(16))
        }
    assert len(answers) == 1
    assert (
        len(world.do(lambda unit: unit.all(select(Conversation.id).where(Conversation.assignee_id.is_not(None))))) == 1
    )


def test_who_may_only_read_takes_nothing(world: World) -> None:
    world.mail()
    assert take(world, "reader").status_code == 403
    for who in ("ida", "olle", "nils"):
        assert take(world, who).status_code == 404


def taken_by(storage: Storage, world: World, who: str, times: int) -> list[int]:
    actor = world.actor(who)
    found = []
    for _ in range(times):
        line = storage.write_now(Scope.of(actor), changing.take_next, actor, Filter())
        if line is not None:
            found.append(int(line.id))
    return found


def test_agents_who_take_at_once_never_get_the_same_one(world: World) -> None:
    made = {world.mail(due_at=clock.now() + number // 3) for number in range(24)}
    with ThreadPoolExecutor(6) as pool:
        several = [pool.submit(taken_by, world.storage, world, who, 5) for who in ("sara", "kim") * 3]
        taken = [each for one in several for each in one.result()]
    assert max(Counter(taken).values()) == 1
    assert set(taken) == made
    owners = world.do(lambda unit: unit.all(select(Conversation.assignee_id)))
    assert set(owners) <= {world.ids["sara"], world.ids["kim"]}
