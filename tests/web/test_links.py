"""Conversations elsewhere: that there is one is told to who may open it, and to nobody else."""

from typing import Any

import pytest
from sqlalchemy import select

from hub.access import login, person
from hub.edge import looking
from hub.inbox.municipality import Municipality
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.web.test_misdirection import copy_of, looked, send
from tests.web.world import World, must

pytestmark = pytest.mark.both_engines


def last_change(world: World, conversation_id: int, who: str) -> dict[str, Any]:
    """As the API tells it, and the page: the two are compared."""
    body: dict[str, Any] = world.everything(f"/conversations/{conversation_id}/timeline", who)[-1]["body"]
    assert looked(world, conversation_id, who).entries[-1].body == body
    return body


def test_the_timeline_says_where_the_other_is_to_who_may_open_it_and_to_nobody_else(world: World) -> None:
    world.do(join_holmo, "hanna", world.tokens)
    found = world.mail(queue="vatten")
    copy = copy_of(send(world, found, queue="vatten"))
    secrets = {str(copy), str(found), *(str(world.ids[each]) for each in ("granvik", "holmo"))}
    assert last_change(world, found, "sara")["conversation"] == str(copy)
    assert last_change(world, copy, "sara")["municipality"] == str(world.ids["granvik"])
    assert last_change(world, found, "vera") == {"what": "misdirected"}
    assert last_change(world, copy, "hanna") == {"what": "received"}
    assert world.change("DELETE", f"/conversations/{found}/misdirection", version=world.version(found)).is_success
    assert last_change(world, copy, "hanna") == {"what": "taken_back"}
    for one, who in ((found, "vera"), (copy, "hanna")):
        entries = world.everything(f"/conversations/{one}/timeline", who)
        told = str([each["body"] for each in entries if each["kind"] == "change"])
        assert not any(each in told for each in secrets)
        last = entries[-1]["id"]
        seen = world.storage.write_now(Scope.of(world.actor(who)), looking.entry, world.actor(who), one, int(last))
        assert seen.entries[0].body


def join_holmo(unit: Unit, name: str, tokens: dict[str, str]) -> None:
    """An agent of Holmö alone."""
    row = person.add(unit, f"{name}@holmo.example", name.capitalize())
    person.join(unit, row, must(unit.first(select(Municipality).where(Municipality.code == "holmo"))), "agent", None)
    tokens[name] = login.add_token(unit, row, "test")


def test_a_note_of_where_it_belongs_is_read_by_all(world: World) -> None:
    found = world.mail(queue="vatten")
    said = {"where": "Regionen"}
    path = f"/conversations/{found}/misdirection"
    assert world.change("PUT", path, version=world.version(found), json=said).is_success
    assert last_change(world, found, "vera") == {"what": "misdirected", "where": "Regionen"}
