"""Matters and notes: what a conversation was about, how it ended, and what ours say among themselves."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from hub import clock
from hub.errors import Invalid
from hub.inbox import matter, note, topic
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.matter import OUTCOMES, Matter
from hub.inbox.municipality import Municipality
from hub.inbox.topic import Topic
from hub.storage.unit import Unit
from tests.storage.centre import Centre, conversation, must


def add(unit: Unit, centre: Centre, conversation_id: int, topic_name: str = "fakturor") -> Matter:
    found = must(unit.get(Conversation, conversation_id))
    return matter.add(unit, found, centre.ids["sara"], must(unit.get(Topic, centre.ids[topic_name])))


def settle(unit: Unit, centre: Centre, matter_id: int, outcome: str | None, cause: str | None = None) -> None:
    row = must(unit.get(Matter, matter_id))
    matter.settle(unit, must(unit.get(Conversation, row.conversation_id)), centre.ids["vera"], row, outcome, cause)


def change_topic(unit: Unit, centre: Centre, matter_id: int, topic_id: int) -> None:
    row, found = must(unit.get(Matter, matter_id)), must(unit.get(Topic, topic_id))
    matter.change_topic(unit, must(unit.get(Conversation, row.conversation_id)), centre.ids["vera"], row, found)


def remove(unit: Unit, centre: Centre, matter_id: int) -> None:
    row = must(unit.get(Matter, matter_id))
    matter.remove(unit, must(unit.get(Conversation, row.conversation_id)), centre.ids["sara"], row)


def said(centre: Centre, conversation_id: int) -> Sequence[Any]:
    """The bodies of its changes."""
    query = select(Entry.body).where(Entry.conversation_id == conversation_id, Entry.kind == "change")
    return centre.here(lambda unit: unit.all(query.order_by(Entry.id)))


def version(centre: Centre, conversation_id: int) -> int:
    return centre.here(conversation, conversation_id).version


def test_a_matter_has_no_outcome_until_somebody_says_it(centre: Centre) -> None:
    one = centre.mail()
    before = version(centre, one)
    row = centre.here(add, centre, one)
    assert (row.topic_id, row.outcome, row.avoidable_cause, row.set_by) == (
        centre.ids["fakturor"], None, None, centre.ids["sara"],
    )  # fmt: skip
    assert version(centre, one) == before + 1
    assert said(centre, one) == [{"what": "matter_added", "matter": str(row.id), "topic": str(centre.ids["fakturor"])}]


def test_settling_says_how_it_ended_who_said_so_and_when(centre: Centre) -> None:
    one = centre.mail()
    row = centre.here(add, centre, one)
    before = version(centre, one)
    for count, outcome in enumerate((*OUTCOMES, None), 1):
        then = clock.now() + count * clock.SECOND
        clock.set_source(lambda then=then: then)  # type: ignore[misc]  # bound for each turn
        centre.here(settle, centre, row.id, outcome, "otydligt brev")
        found = centre.here(lambda unit: must(unit.get(Matter, row.id)))
        assert (found.outcome, found.avoidable_cause) == (outcome, "otydligt brev")
        assert (found.set_by, found.set_at) == (centre.ids["vera"], then)
        assert version(centre, one) == before + count
        assert said(centre, one)[-1] == {
            "what": "matter_settled",
            "matter": str(row.id),
            "outcome": outcome,
            "avoidable_cause": "otydligt brev",
        }


def test_an_outcome_that_is_none_is_refused_with_those_there_are(sqlite_centre: Centre) -> None:
    one = sqlite_centre.mail()
    row = sqlite_centre.here(add, sqlite_centre, one)
    before = version(sqlite_centre, one)
    with pytest.raises(Invalid, match="solved_here, handed_over, not_finished, or null") as caught:
        sqlite_centre.here(settle, sqlite_centre, row.id, "solved")
    assert caught.value.field == "outcome"
    assert version(sqlite_centre, one) == before


def test_a_conversation_may_hold_several_matters_and_keeps_that_one_was_there(centre: Centre) -> None:
    one = centre.mail()
    first, second = (centre.here(add, centre, one) for _ in range(2))
    before = version(centre, one)
    centre.here(remove, centre, first.id)
    assert centre.here(lambda unit: unit.all(select(Matter.id))) == [second.id]
    assert version(centre, one) == before + 1
    assert said(centre, one)[-1] == {
        "what": "matter_removed",
        "matter": str(first.id),
        "topic": str(centre.ids["fakturor"]),
    }


def test_it_was_about_something_else(centre: Centre) -> None:
    one = centre.mail()

    def begin(unit: Unit) -> tuple[Matter, Topic]:
        granvik = must(unit.get(Municipality, centre.ids["granvik"]))
        return add(unit, centre, one), topic.add(unit, granvik, {"sv": "Sophämtning"})

    row, other = centre.here(begin)
    centre.here(settle, centre, row.id, "solved_here", "otydligt brev")
    before = version(centre, one)
    centre.here(change_topic, centre, row.id, other.id)
    found = centre.here(lambda unit: must(unit.get(Matter, row.id)))
    assert (found.topic_id, found.outcome, found.avoidable_cause) == (other.id, "solved_here", "otydligt brev")
    assert (found.set_by, version(centre, one)) == (centre.ids["vera"], before + 1)
    was = str(centre.ids["fakturor"])
    assert said(centre, one)[-1] == {"what": "matter_topic", "matter": str(row.id), "was": was, "topic": str(other.id)}


def test_a_topic_of_another_municipality_is_refused(centre: Centre) -> None:
    one = centre.mail()
    before = version(centre, one)
    with pytest.raises(Invalid, match="isn't one of the conversation's municipality") as caught:
        centre.do(add, centre, one, "regninger")
    assert caught.value.field == "topic"
    assert version(centre, one) == before
    assert centre.do(lambda unit: unit.all(select(Matter))) == []


def test_the_database_refuses_it_too(centre: Centre) -> None:
    one = centre.mail()
    foreign = {"topic_id": centre.ids["regninger"], "conversation_id": one, "set_at": clock.now()}
    with pytest.raises(IntegrityError):
        centre.do(lambda unit: unit.add(Matter(municipality_id=centre.ids["granvik"], **foreign)))


def test_a_joint_centre_does_not_share_topics(sqlite_centre: Centre) -> None:
    one = sqlite_centre.mail(of="holmo")
    with pytest.raises(Invalid, match="topic"):
        sqlite_centre.here(add, sqlite_centre, one)


def test_a_retired_topic_is_refused_where_it_was_used_it_stays(sqlite_centre: Centre) -> None:
    one = sqlite_centre.mail()
    row = sqlite_centre.here(add, sqlite_centre, one)

    def retire(unit: Unit) -> None:
        must(unit.get(Topic, sqlite_centre.ids["fakturor"])).retired_at = clock.now()

    sqlite_centre.do(retire)
    with pytest.raises(Invalid, match="topic"):
        sqlite_centre.here(add, sqlite_centre, one)
    sqlite_centre.here(settle, sqlite_centre, row.id, "solved_here")


def test_a_topics_parent_is_of_its_own_municipality(centre: Centre) -> None:
    def below(unit: Unit, parent: str) -> Topic:
        home = must(unit.get(Municipality, centre.ids["granvik"]))
        return topic.add(unit, home, {"sv": "Autogiro"}, centre.ids[parent], ["betalning"])

    assert centre.do(below, "fakturor").parent_id == centre.ids["fakturor"]
    with pytest.raises(IntegrityError):
        centre.do(below, "regninger")


def test_a_note_is_internal_and_leaves_due_as_it_was(centre: Centre) -> None:
    one = centre.mail()

    def write(unit: Unit) -> tuple[Entry, int, int]:
        found = must(unit.get(Conversation, one))
        before = found.due_at
        return note.add(unit, found, centre.ids["sara"], "Ring Ahlström"), before, found.due_at

    before = version(centre, one)
    entry, due_before, due_after = centre.here(write)
    assert (entry.kind, entry.visibility, entry.text) == ("note", "internal", "Ring Ahlström")
    assert (entry.author_kind, entry.author_id) == ("person", centre.ids["sara"])
    assert due_before == due_after
    assert version(centre, one) == before + 1


@pytest.mark.parametrize("text", ["", " ", "\n\t \u00a0"])
def test_an_empty_note_is_refused(sqlite_centre: Centre, text: str) -> None:
    one = sqlite_centre.mail()
    before = version(sqlite_centre, one)
    with pytest.raises(Invalid, match="a note says something") as caught:
        sqlite_centre.here(
            lambda unit: note.add(unit, must(unit.get(Conversation, one)), sqlite_centre.ids["sara"], text)
        )
    assert caught.value.field == "text"
    assert version(sqlite_centre, one) == before
