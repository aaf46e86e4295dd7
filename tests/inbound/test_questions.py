"""A citizen answers something closed under another subject: it joins, and a person says if it is a new question."""

import pytest
from sqlalchemy import select

from hub import clock
from hub.inbox import question
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.storage.unit import Unit
from tests.line import TEST, Line, letter


@pytest.mark.parametrize(
    ("subject", "of", "another"),
    [
        ("Re: Slamtömning", "Slamtömning", False),
        ("SV: Re: Sv: slamtömning ", "Slamtömning", False),
        ("VS: VB: Fwd: Ang: Slamtömning", "Re: Slamtömning", False),
        ("Re[2]: Slamtömning [#12345]", "Slamtömning", False),
        ("Sv: Slamtömning (GRA-2026-117)", "Slamtömning", False),
        ("Re: Vi har tagit emot ditt meddelande (0TZ3-8K2M-4P7QX)", "Slamtömning", False),
        ("", "Slamtömning", False),
        ("Re:", "Slamtömning", False),
        ("Bygglov", "Slamtömning", True),
        ("Re: Slamtömning och bygglov", "Slamtömning", True),
        ("Revisionen", "Slamtömning", True),
    ],
)
def test_what_is_another_subject(subject: str, of: str, another: bool) -> None:
    assert question.is_another(subject, of) is another


def test_an_answer_to_something_closed_is_asked_about_and_can_be_a_conversation_of_its_own(line: Line) -> None:
    line.send(letter(Message_ID="<1@post.example>"))
    (first,) = line.entries(1)
    line.answer(first.conversation_id)
    line.storage.write_now(TEST, _close, first.conversation_id, line.ids["sara"])
    another = letter("Får jag bygga en altan?", Subject="Bygglov", References="<1@post.example>")
    another["Message-ID"] = "<2@post.example>"
    line.send(another)
    asked = line.entries(2)[1]
    assert asked.conversation_id == first.conversation_id
    opened = line.one(select(Entry.body).where(Entry.kind == "change", Entry.author_kind == "hub"))
    assert opened == {"what": "reopened", question.ASKED: True}

    own = line.storage.write_now(TEST, _part, first.conversation_id, asked.id, line.ids["sara"])
    was, now = _both(line, first.conversation_id, own)
    assert (was.closed_at is not None, was.due_at, now.closed_at) == (True, clock.NEVER, None)
    assert (now.subject, now.related_id, now.queue_id) == ("Bygglov", was.id, was.queue_id)
    assert clock.now() < now.due_at < clock.NEVER
    assert line.one(select(Entry.conversation_id).where(Entry.id == asked.id)) == own
    # What answers it finds it, and so does what answers the first.
    line.send(letter("Den är stor", References="<2@post.example>"), letter("Tack", References="<1@post.example>"))
    assert [each.conversation_id for each in line.entries(4)[2:]] == [own, first.conversation_id]

    line.storage.write_now(TEST, _undo, first.conversation_id, own, line.ids["sara"])
    was, now = _both(line, first.conversation_id, own)
    assert (was.closed_at, now.closed_as) == (None, "merged")
    assert line.one(select(Entry.conversation_id).where(Entry.id == asked.id)) == first.conversation_id


def test_the_same_subject_and_an_absence_ask_nobody(line: Line) -> None:
    line.send(letter(Message_ID="<1@post.example>"))
    (first,) = line.entries(1)
    line.storage.write_now(TEST, _close, first.conversation_id, line.ids["sara"])
    line.send(letter("Borta", Subject="Frånvaro", References="<1@post.example>", Auto_Submitted="auto-replied"))
    line.send(letter("Tack", Subject="Sv: Slamtömning", References="<1@post.example>"))
    line.entries(3)
    bodies = line.all(select(Entry.body).where(Entry.kind == "change", Entry.author_kind == "hub"))
    assert list(bodies) == [{"what": "reopened"}]


def _both(line: Line, *ids: int) -> list[Conversation]:
    return [line.one(select(Conversation).where(Conversation.id == each)) for each in ids]


def _close(unit: Unit, conversation_id: int, by_id: int) -> None:
    conversation = unit.lock(Conversation, conversation_id)
    assert conversation is not None
    conversation.close(unit, by_id)


def _part(unit: Unit, conversation_id: int, entry_id: int, by_id: int) -> int:
    conversation, entry = unit.lock(Conversation, conversation_id), unit.get(Entry, entry_id)
    assert conversation is not None
    assert entry is not None
    return question.part(unit, conversation, by_id, entry).id


def _undo(unit: Unit, conversation_id: int, own_id: int, by_id: int) -> None:
    conversation, own = unit.lock(Conversation, conversation_id), unit.lock(Conversation, own_id)
    assert conversation is not None
    assert own is not None
    question.undo(unit, conversation, by_id, own)
