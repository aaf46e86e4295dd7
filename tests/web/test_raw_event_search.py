"""Raw events are found by sender, Message-ID and day, in quarantine too; that somebody looked is in the audit."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from hub import clock
from hub.access.audit import Audit
from hub.inbound.raw_event import RawEvent, message_key, sender_key
from hub.storage.unit import Unit
from tests.web.test_administration import Visit, kept, visit, words
from tests.web.world import World, keep_raw

pytestmark = pytest.mark.both_engines

__all__ = ["kept", "visit"]


@pytest.fixture
def found(world: World) -> dict[str, str]:
    """By name, the ids of raw events; the world keeps its own without the way in."""
    ids = {
        name: world.do(keep_raw, world.ids, name, b"x", state=state, code=code)
        for name, state, code in (
            ("anna", "read", "granvik"),
            ("bo", "quarantined", "granvik"),
            ("nils", "read", "nesoy"),
        )
    }

    def name_them(unit: Unit) -> None:
        for name, row_id in ids.items():
            keys = {
                "sender_key": sender_key(unit.keys, f"{name}@post.example"),
                "message_key": message_key(unit.keys, f"<{name}.1@post.example>"),
            }
            unit.change(update(RawEvent).where(RawEvent.id == row_id).values(**keys))

    world.do(name_them)
    return {name: str(row_id) for name, row_id in ids.items()}


def ids(world: World, query: str, who: str = "ida") -> list[str]:
    return [each["id"] for each in world.get(f"/raw-events?{query}", who).json()["items"]]


def test_by_sender_and_message_id(world: World, found: dict[str, str]) -> None:
    assert ids(world, "find=Anna@post.example") == [found["anna"]]
    assert ids(world, "find=bo.1@post.example") == ids(world, "find=%3Cbo.1@POST.example%3E") == [found["bo"]]
    assert ids(world, "find=bo@post.example&state=quarantined") == [found["bo"]]
    assert ids(world, "find=bo@post.example&state=read") == []
    assert ids(world, "find=nils@post.example") == [], "another municipality's"
    assert ids(world, "find=nils@post.example", "idun") == [found["nils"]]
    assert world.get("/raw-events?find=anna@post.example", "sara").status_code == 403
    acts = world.do(lambda unit: unit.rows(select(Audit.act, Audit.subject_key).where(Audit.act == "raw_event.find")))
    assert len(acts) == 7
    assert all("@" not in subject for _, subject in acts)


def test_by_day(world: World, found: dict[str, str]) -> None:
    now = clock.to_datetime(clock.now())
    before, after = (f"{(now + timedelta(days=days)):%Y-%m-%dT%H:%M:%SZ}" for days in (-1, 1))
    assert set(ids(world, f"since={before}&until={after}")) == {found["anna"], found["bo"]}
    assert ids(world, f"until={before}") == ids(world, f"since={after}") == []
    assert world.get("/raw-events?since=x", "ida").status_code == 400


def test_on_the_page(world: World, visit: Visit, found: dict[str, str]) -> None:
    ida = visit("ida")
    there = ida.get("/raw-events?find=bo@post.example")
    assert f'id="raw-{found["bo"]}"' in there.text
    assert f'id="raw-{found["anna"]}"' not in there.text
    assert 'value="bo@post.example"' in there.text
    today = f"{clock.to_datetime(clock.now()).astimezone(ZoneInfo('Europe/Stockholm')):%Y-%m-%d}"
    assert f'id="raw-{found["bo"]}"' in ida.get(f"/raw-events?since={today}&until={today}").text
    assert "No raw event is like this" in words(ida.get("/raw-events?until=2020-01-01"))
    assert ida.get("/raw-events?since=2026-02-31").status_code == 422
    assert ida.get("/raw-events/rows?find=anna@post.example").status_code == 200
