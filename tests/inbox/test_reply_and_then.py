"""An answer that closes or waits, its undoing, and an answer that somebody was faster than."""

from typing import Any

import pytest

from hub import clock
from hub.clock import NEVER
from hub.errors import Conflict, Invalid
from hub.inbox import note, reply
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.reply import Overtaken
from hub.storage.unit import Unit
from tests.inbox.writing import TUESDAY, answer, at, contact, deliveries, now, opened, undo
from tests.storage.centre import Centre, conversation, must

LATER = TUESDAY + 9 * clock.DAY


def state(found: Conversation) -> tuple[int, int | None, int | None]:
    return found.due_at, found.wait_until, found.closed_at


def wait(centre: Centre, conversation_id: int, until: int) -> None:
    centre.here(lambda unit: conversation(unit, conversation_id).wait(unit, centre.ids["sara"], until))


def newest(centre: Centre, conversation_id: int) -> Entry:
    found: Entry = centre.here(lambda unit: must(unit.get(Entry, conversation(unit, conversation_id).last_entry_id)))
    return found


def test_send_and_close_is_one_unit(centre: Centre) -> None:
    one = opened(centre)
    entry = answer(centre, one, then="close")
    assert state(now(centre, one)) == (NEVER, None, TUESDAY)
    assert newest(centre, one).body == {"what": "closed"}
    assert [each.entry_id for each in deliveries(centre)] == [entry.id]


def test_send_and_wait_is_one_unit(centre: Centre) -> None:
    one = opened(centre)
    answer(centre, one, then="wait", until=LATER)
    assert state(now(centre, one)) == (LATER, LATER, None)
    assert newest(centre, one).body["what"] == "waiting"


def test_a_wait_that_cannot_be_sends_nothing(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    wrong: list[dict[str, Any]] = [{"then": "wait"}, {"until": LATER}, {"then": "close", "until": LATER}]
    for options in [*wrong, {"then": "wait", "until": TUESDAY}]:
        with pytest.raises(Invalid) as caught:
            answer(sqlite_centre, one, **options)
        assert caught.value.field == "until"
    assert deliveries(sqlite_centre) == []


def test_send_and_close_of_what_is_closed_is_an_answer(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    sqlite_centre.here(lambda unit: conversation(unit, one).close(unit, sqlite_centre.ids["sara"]))
    at(5)
    entry = answer(sqlite_centre, one, then="close")
    assert now(sqlite_centre, one).closed_at == TUESDAY
    undo(sqlite_centre, entry)
    assert now(sqlite_centre, one).closed_at == TUESDAY


def test_undone_it_is_open_and_owed_as_before(centre: Centre) -> None:
    one = opened(centre)
    before = state(now(centre, one))
    undo(centre, answer(centre, one, then="close"))
    assert state(now(centre, one)) == before
    body = newest(centre, one).body
    assert (body["what"], body["reopened"]) == ("undone", True)


@pytest.mark.parametrize("then", [{}, {"then": "close"}, {"then": "wait", "until": LATER + clock.DAY}])
def test_undone_it_waits_as_before(centre: Centre, then: dict[str, Any]) -> None:
    one = opened(centre)
    wait(centre, one, LATER)
    undo(centre, answer(centre, one, **then))
    assert state(now(centre, one)) == (LATER, LATER, None)
    assert newest(centre, one).body["until"] == clock.to_iso(LATER)


def test_what_happened_since_stays(sqlite_centre: Centre) -> None:
    """A close of its own after the answer, a contact after send and wait."""
    one = opened(sqlite_centre)
    entry = answer(sqlite_centre, one)
    at(3)
    sqlite_centre.here(lambda unit: conversation(unit, one).close(unit, sqlite_centre.ids["vera"]))
    undo(sqlite_centre, entry)
    assert now(sqlite_centre, one).closed_at == TUESDAY + 3 * clock.SECOND
    other = opened(sqlite_centre)
    owed = now(sqlite_centre, other).due_at
    entry = answer(sqlite_centre, other, then="wait", until=LATER)

    def contact_ends_the_wait(unit: Unit) -> None:
        found = conversation(unit, other)
        found.wait_until = None
        found.due_at = found.owed(unit)

    at(4)
    contact(sqlite_centre, other)
    sqlite_centre.here(contact_ends_the_wait)
    undo(sqlite_centre, entry)
    assert state(now(sqlite_centre, other)) == (owed, None, None)


def test_of_two_answers_both_taken_back_the_contact_is_owed_again(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    wait(sqlite_centre, one, LATER)
    first, second = answer(sqlite_centre, one), answer(sqlite_centre, one, "Och en sak till.")
    undo(sqlite_centre, first)
    assert state(now(sqlite_centre, one)) == (NEVER, None, None)
    undo(sqlite_centre, second)
    assert now(sqlite_centre, one).due_at < NEVER


def expect_seen(centre: Centre, conversation_id: int, seen: int, by: str = "sara") -> None:
    centre.here(lambda unit: reply.expect_seen(unit, conversation(unit, conversation_id), centre.ids[by], seen))


def test_a_newer_mail_of_the_citizens_is_named(centre: Centre) -> None:
    one = opened(centre)
    seen = must(now(centre, one).last_entry_id)
    expect_seen(centre, one, seen)
    contact(centre, one)
    newer = must(now(centre, one).last_entry_id)
    with pytest.raises(Overtaken, match="The citizen has written again") as caught:
        expect_seen(centre, one, seen)
    assert (caught.value.entry_id, isinstance(caught.value, Conflict)) == (newer, True)
    expect_seen(centre, one, newer)


def test_a_colleagues_note_and_answer_are_named_ones_own_are_not(centre: Centre) -> None:
    one = opened(centre)
    seen = must(now(centre, one).last_entry_id)
    centre.here(lambda unit: note.add(unit, conversation(unit, one), centre.ids["vera"], "Jag tar den"))
    with pytest.raises(Overtaken, match="Vera has written a note"):
        expect_seen(centre, one, seen)
    expect_seen(centre, one, seen, "vera")
    entry = answer(centre, one)
    with pytest.raises(Overtaken, match="Sara has answered"):
        expect_seen(centre, one, seen, "nils")
    undo(centre, entry)
    with pytest.raises(Overtaken, match="Vera has written a note"):
        expect_seen(centre, one, seen, "nils")


def test_a_change_of_state_is_not_in_the_way(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    seen = must(now(sqlite_centre, one).last_entry_id)
    sqlite_centre.here(lambda unit: conversation(unit, one).assign(unit, sqlite_centre.ids["vera"], None))
    expect_seen(sqlite_centre, one, seen)
