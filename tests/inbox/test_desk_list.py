"""The list at the desk: what a row tells, what the counts count, and what may only be known of."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from hub import clock
from hub.access import policy
from hub.edge import listing, looking
from hub.edge.counts import count
from hub.inbox import desk_list, queries
from hub.inbox.conversation import Conversation
from hub.inbox.desk_list import Counts, DeskLine, MaskedLine
from hub.inbox.draft import Draft
from hub.inbox.queries import Filter, OpenCount
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.web.world import World, let_pass, must


def rows(world: World, who: str = "sara", **wanted: Any) -> list[DeskLine]:
    actor = world.actor(who)

    def read(unit: Unit) -> Sequence[DeskLine]:
        ids, _ = queries.ids_of(unit, policy.within(actor), Filter(**wanted), None, 50)
        return desk_list.lines_of(unit, actor.id, ids)

    return list(world.storage.read_now(Scope.of(actor), read))


def counted(world: World, who: str = "sara") -> Counts:
    actor = world.actor(who)
    return world.storage.read_now(Scope.of(actor), count, actor)


def whole(world: World, who: str = "sara", *, limit: int = 50, **wanted: Any) -> list[DeskLine | MaskedLine]:
    """All pages."""
    actor, after = world.actor(who), None
    found: list[DeskLine | MaskedLine] = []
    while True:
        lines, after = world.storage.read_now(
            Scope.of(actor), listing.whole_list, actor, Filter(**wanted), after, limit
        )
        found += lines
        if after is None:
            return found


def shown(lines: Sequence[DeskLine | MaskedLine]) -> list[tuple[int, bool]]:
    """Ids, and which of them are masked."""
    return [
        (int(line.id), True) if isinstance(line, MaskedLine) else (int(line.conversation.id), False) for line in lines
    ]


def put(world: World, conversation_id: int, **values: object) -> None:
    def change(unit: Unit) -> None:
        found = must(unit.get(Conversation, conversation_id))
        for name, value in values.items():
            setattr(found, name, value)

    world.do(change)


def test_a_row_shows_the_newest_that_the_citizen_can_see(world: World) -> None:
    found = world.mail("Hej,\n\n" + "var är min faktura? " * 20, attachments=[("a.pdf", "application/pdf", b"x")])
    world.ask("POST", f"/conversations/{found}/notes", json={"text": "Intern anteckning"})
    (line,) = rows(world)
    newest = must(line.newest)
    assert newest.snippet.startswith("Hej, var är min faktura?")
    assert newest.snippet.endswith("…")
    assert len(newest.snippet) <= desk_list.SNIPPET + 1
    assert (newest.by, newest.kind, line.attachments, line.draft, line.topics) == ("citizen", "mail", True, False, [])
    world.ask("POST", f"/conversations/{found}/replies", json={"text": "Den kommer på fredag."})
    (line,) = rows(world)
    assert (must(line.newest).by, must(line.newest).snippet) == ("person", "Den kommer på fredag.")


def test_what_the_citizen_said_is_unread_until_this_reader_has_opened_it(world: World) -> None:
    found = world.mail()
    assert [line.unread for line in rows(world)] == [True]
    world.get(f"/conversations/{found}", "vera")
    assert [line.unread for line in rows(world)] == [True]
    let_pass(1)
    world.get(f"/conversations/{found}")
    assert [line.unread for line in rows(world)] == [False]


def test_topics_and_ones_own_draft(world: World) -> None:
    found = world.mail()
    world.ask("POST", f"/conversations/{found}/matters", json={"topic": str(world.ids["fakturor"])})

    def write(unit: Unit) -> None:
        home = must(unit.get(Conversation, found)).municipality_id
        unit.add(
            Draft(
                municipality_id=home,
                conversation_id=found,
                person_id=world.ids["sara"],
                kind="reply",
                body={},
                saved_at=clock.now(),
            )
        )

    world.do(write)
    assert [(line.topics, line.draft) for line in rows(world)] == [([{"sv": "Fakturor"}], True)]
    assert [line.draft for line in rows(world, "reader")] == [True]


def test_lists_of_the_rail(world: World) -> None:
    now = clock.now()
    mine, waiting, late, other = (world.mail() for _ in range(4))
    closed = world.mail(closed=True)
    put(world, mine, assignee_id=world.ids["sara"])
    put(world, waiting, wait_until=now + clock.DAY, due_at=now + clock.DAY)
    put(world, late, due_at=now - clock.DAY)
    put(world, other, contact_kind="chat")

    def ids(**wanted: Any) -> set[int]:
        return {int(line.conversation.id) for line in rows(world, **wanted)}

    assert ids() == {mine, waiting, late, other}
    assert ids(assignee_id=world.ids["sara"]) == {mine}
    assert ids(unassigned=True) == {waiting, late, other}
    assert ids(waiting=True) == {waiting}
    assert ids(overdue=True) == {late}
    assert ids(contact_kind="chat") == {other}
    assert ids(closed=True) == {closed}
    assert {int(each["id"]) for each in world.everything("/conversations", overdue=True)} == {late}
    assert {int(each["id"]) for each in world.everything("/conversations", waiting=True)} == {waiting}
    assert {int(each["id"]) for each in world.everything("/conversations", kind="chat")} == {other}


def test_counts_are_of_what_may_be_opened(world: World) -> None:
    now = clock.now()
    mine, late = world.mail(), world.mail(municipality="holmo", queue="vatten")
    put(world, mine, assignee_id=world.ids["sara"])
    put(world, late, due_at=now - clock.DAY, wait_until=now)
    world.mail(closed=True)
    world.mail(confidential="vatten")
    world.mail(municipality="nesoy", queue="innbygger")
    ids = {name: str(row_id) for name, row_id in world.ids.items()}
    assert counted(world) == Counts(
        mine=1,
        unassigned=1,
        open=2,
        waiting=1,
        overdue=1,
        municipalities={ids["granvik"]: 1, ids["holmo"]: 1},
        queues={ids["kontakt"]: OpenCount(1, 0), ids["vatten"]: OpenCount(1, 1)},
        kinds={"mail": 2},
    )
    assert counted(world, "vera").open == 1
    assert counted(world, "ida").open == 0
    assert world.get("/counts").json()["open"] == 2


def test_counts_are_a_second_old_at_most(world: World) -> None:
    world.mail()
    let_pass(0)
    assert world.get("/counts").json()["open"] == 1
    world.mail()
    assert world.get("/counts").json()["open"] == 1
    assert world.get("/counts", "nils").json()["open"] == 0
    let_pass(2)
    assert world.get("/counts").json()["open"] == 2


def test_of_others_confidential_ones_only_whose_and_when_is_shown(world: World) -> None:
    due_at = clock.now() + 3 * clock.DAY
    secret = world.mail(confidential="vatten", due_at=due_at)
    world.mail(confidential="vatten", closed=True)
    world.mail(municipality="nesoy", queue="innbygger", confidential="innbygger")
    ids = {name: str(row_id) for name, row_id in world.ids.items()}
    expected = [MaskedLine(str(secret), ids["granvik"], ids["vatten"], clock.to_datetime(due_at))]
    assert whole(world) == whole(world, "kim") == expected
    assert shown(whole(world, "vera")) == [(secret, False)]
    assert whole(world, "ida") == []
    assert [masked for _, masked in shown(whole(world, "nils"))] == [True]
    assert rows(world) == rows(world, "kim") == []


def test_what_lies_in_anothers_queue_is_not_even_known_of(world: World) -> None:
    """Kim works in kontakt alone: were it not confidential, they couldn't open it either."""
    world.mail(queue="vatten", confidential="vatten")
    assert whole(world, "kim") == []
    assert len(whole(world, "sara")) == 1


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_masked_rows_stand_in_their_place_on_every_page(world: World, limit: int) -> None:
    now = clock.now()
    expected = []
    for number in range(12):
        secret = number % 3 == 1
        due_at = now + (number // 2) * clock.DAY  # two of a time: the id decides
        queue = ("kontakt", "vatten")[number % 2]
        row_id = world.mail(queue=queue, confidential="vatten" if secret else None, due_at=due_at)
        expected.append((row_id, secret))
    assert shown(whole(world, limit=limit)) == expected
    assert [each for each, masked in shown(whole(world, "vera", limit=limit)) if masked] == []


def test_a_list_that_would_tell_whose_they_are_shows_no_masked_ones(world: World) -> None:
    secret = world.mail(confidential="vatten", sender="canary@example.com")
    put(
        world,
        secret,
        assignee_id=world.ids["vera"],
        contact_kind="chat",
        due_at=clock.now() - 1,
        wait_until=clock.now(),
    )
    citizen = world.do(lambda unit: must(unit.get(Conversation, secret)).citizen_id)
    for told in (
        {"municipality_id": world.ids["granvik"]},
        {"queue_id": world.ids["kontakt"]},
        {"overdue": True},
        {"overdue": True, "queue_id": world.ids["kontakt"]},
    ):
        assert shown(whole(world, **told)) == [(secret, True)], told
    for telling in (
        {"citizen_id": citizen},
        {"assignee_id": world.ids["vera"]},
        {"contact_kind": "chat"},
        {"waiting": True},
        {"opened_after": 1},
        {"opened_before": clock.now() + clock.DAY},
    ):
        assert whole(world, **telling) == [], telling
    put(world, secret, assignee_id=None)
    assert whole(world, unassigned=True) == []
    put(world, secret, closed_at=clock.now())
    assert whole(world, closed=True) == []


def test_rows_by_their_ids(world: World) -> None:
    mine, secret = world.mail(), world.mail(confidential="vatten")
    foreign = world.mail(municipality="nesoy", queue="innbygger")
    unknown = world.mail(queue="vatten", confidential="vatten")

    def by_id(who: str) -> list[tuple[int, bool]]:
        actor = world.actor(who)
        asked = [foreign, unknown, secret, mine, 1]
        return shown(world.storage.read_now(Scope.of(actor), looking.rows, actor, asked))

    assert by_id("kim") == [(secret, True), (mine, False)]
    assert by_id("vera") == [(unknown, False), (secret, False)]
    assert by_id("nils") == [(foreign, False)]
    assert by_id("ida") == []


def test_a_masked_row_holds_not_a_byte_of_what_it_hides(world: World) -> None:
    world.mail("canary text", subject="canary subject", sender="canary@example.com", confidential="vatten")
    assert b"canary" not in msgspec.json.encode(whole(world))
    assert b"canary" in msgspec.json.encode(whole(world, "vera"))
