"""Duty: who says that they can be rung, and whether they still are there."""

import asyncio
from collections.abc import Sequence

from hub.access import duty
from hub.access.duty import GONE_AFTER, State
from hub.clock import SECOND
from hub.edge import on_duty
from tests.web.world import World, let_pass

MINUTE_AND_A_HALF = GONE_AFTER // SECOND


def put(world: World, state: str, who: str = "sara") -> int:
    return world.ask("PUT", "/me/duty", who, json={"state": state}).status_code


def there(world: World, queue: str = "vatten", states: Sequence[State] = ("ready", "busy")) -> list[int]:
    return world.do(lambda unit: [each.person_id for each in duty.on_duty(unit, world.ids[queue], states)])


def test_who_is_ready_longest_is_rung_first_and_only_in_their_queues(world: World) -> None:
    assert world.get("/me/duty").json() == {"state": "away", "since": None, "chats": None}
    let_pass(0)
    assert put(world, "ready") == 200
    let_pass(5)
    assert put(world, "ready", "vera") == put(world, "ready", "kim") == put(world, "ready", "nils") == 200
    sara, vera, kim = (world.ids[name] for name in ("sara", "vera", "kim"))
    assert there(world) == [sara, vera]
    assert there(world, "kontakt") == [sara, kim]
    assert there(world, "innbygger") == [world.ids["nils"]]
    let_pass(5)
    put(world, "busy")
    assert (there(world), there(world, states=("ready",))) == ([vera, sara], [vera])
    put(world, "away")
    assert there(world) == [vera]


def test_saying_the_same_again_keeps_ones_place(world: World) -> None:
    let_pass(0)
    put(world, "ready")
    since = world.get("/me/duty").json()["since"]
    let_pass(5)
    put(world, "ready")
    assert world.get("/me/duty").json() == {"state": "ready", "since": since, "chats": None}


def test_whose_screen_is_closed_is_gone_and_comes_back_with_it(world: World) -> None:
    let_pass(0)
    put(world, "ready")
    let_pass(MINUTE_AND_A_HALF)
    assert there(world) == []
    asyncio.run(on_duty.beat(world.storage, world.actor("sara")))
    assert there(world) == [world.ids["sara"]]
    asyncio.run(on_duty.beat(world.storage, world.actor("vera")))
    assert there(world) == [world.ids["sara"]]  # an open screen says nothing that nobody said


def test_who_works_no_queue_is_never_rung(world: World) -> None:
    assert (put(world, "ready", "ida"), put(world, "ready", "reader"), put(world, "asleep")) == (404, 403, 400)
