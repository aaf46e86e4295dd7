"""The list at the desk: what a row tells, what the counts count, and what may only be known of."""

from typing import Any

from hub import clock
from hub.access import policy
from hub.edge.counts import count
from hub.inbox import desk_list
from hub.inbox.conversation import Conversation
from hub.inbox.desk_list import Counts, DeskLine, MaskedLine
from hub.inbox.draft import Draft
from hub.inbox.queries import Filter, OpenCount
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.web.world import World, let_pass, must


def rows(world: World, who: str = "sara", **wanted: Any) -> list[DeskLine]:
    actor = world.actor(who)
    filtered = Filter(**wanted)
    return list(
        world.storage.read_now(
            Scope.of(actor), desk_list.desk_lines, policy.within(actor), actor.id, filtered, None, 50
        )[0]
    )


def counted(world: World, who: str = "sara") -> Counts:
    actor = world.actor(who)
    return world.storage.read_now(Scope.of(actor), count, actor)


def masked(world: World, who: str) -> list[MaskedLine]:
    actor = world.actor(who)
    return list(world.storage.read_now(Scope.of(actor), desk_list.masked_lines, policy.hidden(actor), 50))


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
    world.mail(confidential="vatten", due_at=due_at)
    world.mail(confidential="vatten", closed=True)
    world.mail(municipality="nesoy", queue="innbygger", confidential="innbygger")
    expected = [MaskedLine(str(world.ids["granvik"]), clock.to_datetime(due_at))]
    assert masked(world, "sara") == expected
    assert masked(world, "vera") == []
    assert masked(world, "ida") == []
    assert len(masked(world, "nils")) == 1
    assert rows(world) == []
