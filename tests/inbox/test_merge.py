"""Merge and its undo: what was the other's is here, and afterwards the other's again, whatever it was."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hub import clock
from hub.clock import NEVER
from hub.errors import Conflict, Invalid, NotFound
from hub.inbox import confidential, draft, matter, merge, note, reply
from hub.inbox.conversation import Conversation
from hub.inbox.draft import Draft, Written
from hub.inbox.entry import Entry
from hub.inbox.matter import Matter
from hub.inbox.participant import Participant
from hub.inbox.queue import Queue
from hub.inbox.topic import Topic
from hub.storage.unit import Unit
from tests.inbox.writing import answer, at, contact, take_part
from tests.storage.centre import Centre, add_contact, conversation, must

STATE = (
    "queue_id",
    "confidential_queue_id",
    "assignee_id",
    "due_at",
    "wait_until",
    "closed_at",
    "closed_as",
    "related_id",
)


def two(centre: Centre) -> tuple[int, int]:
    """Anna's, an hour apart."""
    at(0)
    into = centre.mail(text="Första")
    at(3600)
    return into, centre.mail(text="Andra", sender="bo@example.com")


def join(centre: Centre, into: int, other: int) -> None:
    centre.here(lambda unit: merge.merge(unit, conversation(unit, into), centre.ids["sara"], conversation(unit, other)))


def undo(centre: Centre, into: int, other: int) -> None:
    centre.here(lambda unit: merge.split(unit, conversation(unit, into), centre.ids["sara"], conversation(unit, other)))


def snapshot(unit: Unit, conversation_id: int) -> dict[str, Any]:
    """What a merge moves, and the state of the conversation itself; its own changes aside."""
    row = conversation(unit, conversation_id)

    def ids(cls: Any) -> set[int]:
        return set(unit.all(select(cls.id).where(cls.conversation_id == conversation_id)))

    entries = unit.rows(select(Entry.id, Entry.body).where(Entry.conversation_id == conversation_id))
    told = {"merged", "merged_into", "split", "split_from"}
    return {name: getattr(row, name) for name in STATE} | {
        "entries": {entry_id for entry_id, body in entries if body.get("what") not in told},
        "matters": ids(Matter),
        "participants": ids(Participant),
        "drafts": ids(Draft),
    }


def both(centre: Centre, *conversations: int) -> list[dict[str, Any]]:
    return [centre.here(snapshot, each) for each in conversations]


def test_what_was_the_others_is_here_and_the_other_is_closed(centre: Centre) -> None:
    into, other = two(centre)
    mine, theirs = both(centre, into, other)
    join(centre, into, other)
    now, rest = both(centre, into, other)
    for name in ("entries", "participants"):
        assert now[name] == mine[name] | theirs[name]
        assert rest[name] == set()
    assert (rest["closed_as"], rest["related_id"], rest["due_at"]) == ("merged", into, NEVER)
    assert now["due_at"] == mine["due_at"]  # the first came first
    texts = centre.here(
        lambda unit: unit.all(select(Entry.text).where(Entry.conversation_id == into, Entry.kind == "mail"))
    )
    assert set(texts) == {"Första", "Andra"}


def test_what_was_owed_there_is_owed_here(centre: Centre) -> None:
    into, other = two(centre)
    theirs = both(centre, other)[0]["due_at"]
    answer(centre, into)
    assert both(centre, into)[0]["due_at"] == NEVER
    join(centre, into, other)
    assert both(centre, into)[0]["due_at"] == theirs
    undo(centre, into, other)
    assert [each["due_at"] for each in both(centre, into, other)] == [NEVER, theirs]


def furnish(centre: Centre, conversation_id: int, *, everything: bool) -> None:
    """Matters, drafts, notes, people who take part."""

    def fill(unit: Unit) -> None:
        row = conversation(unit, conversation_id)
        topic = must(unit.get(Topic, centre.ids["fakturor"]))
        matter.add(unit, row, centre.ids["sara"], topic)
        draft.save(unit, draft.of(row, centre.ids["sara"], "reply"), Written(text="Halv"))
        if everything:
            draft.save(unit, draft.of(row, centre.ids["vera"], "note"), Written(text="Halv"))
            note.add(unit, row, centre.ids["sara"], "Intern")
            take_part(unit, row.id, "cecilia@example.com")

    centre.here(fill)


def test_undone_all_is_as_it_was(centre: Centre) -> None:
    into, other = two(centre)
    furnish(centre, into, everything=False)
    furnish(centre, other, everything=True)
    before = both(centre, into, other)
    join(centre, into, other)
    merged = both(centre, into)[0]
    assert merged["matters"] == before[0]["matters"] | before[1]["matters"]
    assert len(merged["drafts"]) == 2  # Sara's own reply here, Vera's note from there
    assert both(centre, other)[0]["drafts"] == before[1]["drafts"] - merged["drafts"]
    undo(centre, into, other)
    assert both(centre, into, other) == before


@pytest.mark.parametrize("which", ["into", "other", "both"])
def test_a_wait_survives_the_round_trip(centre: Centre, which: str) -> None:
    into, other = two(centre)
    until = clock.now() + 9 * clock.DAY
    for name, row_id in (("into", into), ("other", other)):
        if which in {name, "both"}:
            until -= clock.DAY
            centre.here(lambda unit, row, to: conversation(unit, row).wait(unit, centre.ids["sara"], to), row_id, until)
    before = both(centre, into, other)
    join(centre, into, other)
    assert both(centre, into)[0]["due_at"] == min(each["due_at"] for each in before)
    undo(centre, into, other)
    assert both(centre, into, other) == before


def test_what_waited_and_was_written_to_since_waits_no_more(centre: Centre) -> None:
    into, other = two(centre)
    until = clock.now() + 9 * clock.DAY
    centre.here(lambda unit: conversation(unit, into).wait(unit, centre.ids["sara"], until))
    join(centre, into, other)
    contact(centre, into, text="Hallå?")
    undo(centre, into, other)
    assert both(centre, into)[0]["wait_until"] is None
    assert both(centre, into)[0]["due_at"] < NEVER


def test_what_was_added_since_stays_where_it_was_added(centre: Centre) -> None:
    into, other = two(centre)
    theirs = both(centre, other)[0]["entries"]
    join(centre, into, other)
    said = answer(centre, into, "Svar på båda")
    undo(centre, into, other)
    now, rest = both(centre, into, other)
    assert said.id in now["entries"]
    assert rest["entries"] == theirs
    assert rest["due_at"] < NEVER  # nobody has answered it where it is


def test_what_was_closed_before_is_closed_afterwards(centre: Centre) -> None:
    into, other = two(centre)
    centre.here(lambda unit: conversation(unit, other).spam(unit, centre.ids["sara"]))
    before = both(centre, into, other)
    join(centre, into, other)
    undo(centre, into, other)
    assert both(centre, into, other) == before
    assert before[1]["closed_as"] == "spam"


@pytest.mark.parametrize("then", [None, "close", "wait"])
@pytest.mark.parametrize("waited", [False, True])
def test_an_answer_taken_back_meanwhile_is_none_afterwards(sqlite_centre: Centre, then: Any, waited: bool) -> None:
    """What it did to the part is undone where it did it."""
    centre = sqlite_centre
    into, other = two(centre)
    if waited:
        until = clock.now() + 2 * clock.DAY
        centre.here(lambda unit: conversation(unit, other).wait(unit, centre.ids["sara"], until))
    state = [{name: each[name] for name in STATE} for each in both(centre, into, other)]
    sent = answer(centre, other, then=then, until=clock.now() + 9 * clock.DAY if then == "wait" else None)
    at(3602)
    join(centre, into, other)
    centre.here(
        lambda unit: reply.undo(unit, conversation(unit, into), centre.ids["sara"], must(unit.get(Entry, sent.id)))
    )
    assert both(centre, into)[0]["closed_at"] is None
    undo(centre, into, other)
    assert [{name: each[name] for name in STATE} for each in both(centre, into, other)] == state


def test_a_first_message_taken_back_ends_its_own_conversation_alone(sqlite_centre: Centre) -> None:
    centre = sqlite_centre
    into, other = two(centre)
    answer(centre, into)
    sent = answer(centre, other)

    def as_begun(unit: Unit) -> None:
        entry = must(unit.get(Entry, sent.id))
        entry.body = entry.body | {"before": {**entry.body["after"], "closed_at": clock.to_iso(clock.now())}}

    centre.here(as_begun)
    join(centre, into, other)
    centre.here(
        lambda unit: reply.undo(unit, conversation(unit, into), centre.ids["sara"], must(unit.get(Entry, sent.id)))
    )
    assert both(centre, into)[0]["closed_at"] is None
    undo(centre, into, other)
    assert [each["closed_at"] is None for each in both(centre, into, other)] == [True, False]


def test_a_part_with_parts_comes_out_whole(centre: Centre) -> None:
    into, other = two(centre)
    third = centre.mail(text="Tredje", sender="cecilia@example.com")
    before = both(centre, into, other, third)
    join(centre, other, third)
    half = both(centre, other, third)
    join(centre, into, other)
    assert both(centre, into)[0]["entries"] == set.union(*(each["entries"] for each in before))
    undo(centre, into, other)
    assert both(centre, other, third) == half
    undo(centre, other, third)
    assert both(centre, into, other, third) == before


def test_a_part_gives_up_none_of_its_own_parts(centre: Centre) -> None:
    """Theirs lies where it lies itself: taken out of it, a part would be open with nothing in it."""
    into, other = two(centre)
    third = centre.mail(text="Tredje", sender="cecilia@example.com")
    before = both(centre, into, other, third)
    join(centre, other, third)
    join(centre, into, other)
    with pytest.raises(Conflict, match="undo the merge there"):
        undo(centre, other, third)
    undo(centre, into, other)
    undo(centre, other, third)
    assert both(centre, into, other, third) == before


def test_its_parts_are_those_that_are_in_it_now(centre: Centre) -> None:
    into, other = two(centre)
    third = centre.mail(text="Tredje", sender="cecilia@example.com")

    def parts(of: int) -> list[int]:
        return centre.here(lambda unit: [row.id for row in merge.parts(unit, conversation(unit, of))])

    join(centre, into, other)
    join(centre, into, third)
    assert parts(into) == [other, third]
    undo(centre, into, other)
    assert parts(into) == [third]
    join(centre, other, into)
    assert parts(other) == [into]
    assert centre.here(lambda unit: {row.id for row in merge.all_parts(unit, conversation(unit, other))}) == {
        into,
        third,
    }


def test_what_can_not_become_part(centre: Centre) -> None:
    into, other = two(centre)
    elsewhere = centre.mail(of="holmo")
    for wrong in (into, elsewhere):
        with pytest.raises(Invalid, match="same municipality"):
            join(centre, into, wrong)
    centre.here(
        lambda unit: confidential.limit(
            unit, conversation(unit, other), centre.ids["sara"], must(unit.get(Queue, centre.ids["vatten"]))
        )
    )
    for a, b in ((into, other), (other, into)):
        with pytest.raises(Invalid, match="confidential"):
            join(centre, a, b)
        assert not centre.here(lambda unit, a, b: merge.fits(conversation(unit, a), conversation(unit, b)), a, b)
    centre.here(lambda unit: confidential.lift(unit, conversation(unit, other), centre.ids["sara"]))
    assert centre.here(lambda unit: merge.fits(conversation(unit, into), conversation(unit, other)))
    centre.here(lambda unit: conversation(unit, into).close(unit, centre.ids["sara"]))
    with pytest.raises(Conflict, match="reopen it first"):
        join(centre, into, other)


def test_what_is_part_already_is_not_taken_twice_and_not_reopened(centre: Centre) -> None:
    into, other = two(centre)
    third = centre.mail(sender="cecilia@example.com")
    join(centre, into, other)
    with pytest.raises(Conflict, match="part of another"):
        join(centre, third, other)
    with pytest.raises(Conflict, match="undo the merge"):
        centre.here(lambda unit: conversation(unit, other).reopen(unit, centre.ids["sara"]))
    with pytest.raises(NotFound):
        undo(centre, third, other)
    with pytest.raises(NotFound):
        undo(centre, other, into)


def test_two_confidential_ones_of_a_queue_merge(centre: Centre) -> None:
    at(0)
    into, other = (centre.mail(confidential="vatten", sender=f"{name}@example.com") for name in "ab")
    before = both(centre, into, other)
    join(centre, into, other)
    undo(centre, into, other)
    assert both(centre, into, other) == before


ACTS = st.lists(st.sampled_from(["close", "spam", "wait", "answer", "matter", "contact", "assign"]), max_size=3)


@given(first=ACTS, second=ACTS)
@settings(max_examples=25, deadline=None, derandomize=True, database=None)
def _round_trip(centre: Centre, first: list[str], second: list[str]) -> None:
    into, other = two(centre)
    for row_id, done in ((into, first), (other, second)):
        for number, each in enumerate(done):
            at(7200 + number)
            act(centre, row_id, each)
    if both(centre, into)[0]["closed_at"] is not None:
        centre.here(lambda unit: conversation(unit, into).reopen(unit, centre.ids["sara"]))
    before = both(centre, into, other)
    at(9000)
    join(centre, into, other)
    at(9001)
    undo(centre, into, other)
    assert both(centre, into, other) == before


def act(centre: Centre, row_id: int, what: str) -> None:
    """One more thing that happened to it; what can't be done, isn't."""

    def do(unit: Unit) -> None:
        row: Conversation = conversation(unit, row_id)
        sara = centre.ids["sara"]
        if row.closed_at is None and what in {"close", "spam"}:
            getattr(row, what)(unit, sara)
        elif row.closed_at is None and what == "wait":
            row.wait(unit, sara, clock.now() + 3 * clock.DAY)
        elif what == "matter":
            matter.add(unit, row, sara, must(unit.get(Topic, centre.ids["fakturor"])))
        elif what == "assign":
            row.assign(unit, sara, sara)

    def write_in(unit: Unit) -> None:
        row = conversation(unit, row_id)
        add_contact(unit, centre.ids, row)
        row.due_at, row.wait_until = row.owed(unit), None  # as intake does

    if what == "answer":
        answer(centre, row_id)
    elif what == "contact" and both(centre, row_id)[0]["closed_at"] is None:
        centre.here(write_in)
    else:
        centre.here(do)


def test_whatever_happened_before_a_merge_undone_leaves_no_trace(sqlite_centre: Centre) -> None:
    _round_trip(sqlite_centre)
