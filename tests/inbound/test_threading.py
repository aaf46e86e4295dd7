"""Which conversation a mail joins: a token of ours or a known Message-ID, and only for a sender who takes part."""

from email.message import EmailMessage

import pytest
from sqlalchemy import select, update

from hub import clock
from hub.errors import Invalid
from hub.inbox import calendar, merge, reply_token
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry, Mail
from hub.inbox.participant import Participant
from hub.storage.unit import Unit
from tests.line import GRANVIK, HOLMO, TEST, Line, letter


@pytest.fixture
def asked(line: Line) -> tuple[Line, int, Mail]:
    """Ida has asked, Sara has answered: the line, the conversation, the answer's mail row."""
    line.send(letter(Message_ID="<1@post.example>"))
    (entry,) = line.entries(1)
    return line, entry.conversation_id, line.answer(entry.conversation_id)


def test_an_answer_to_our_reply_to_joins(asked: tuple[Line, int, Mail]) -> None:
    line, conversation, ours = asked
    line.send(letter("Tack!"), to=(ours.recipients["reply_to"],))
    assert _joined(line) == [conversation, conversation]


def test_an_answer_to_our_message_id_joins(asked: tuple[Line, int, Mail]) -> None:
    line, conversation, ours = asked
    line.send(letter("Tack!", In_Reply_To=str(ours.message_id)))
    assert _joined(line) == [conversation, conversation]


def test_a_signed_message_id_is_enough_when_the_mail_itself_is_not_known(asked: tuple[Line, int, Mail]) -> None:
    line, conversation, ours = asked
    token = str(ours.message_id).strip("<").partition(".")[0]
    line.send(letter("Tack!", References=f"<0@x.example> <{token}.ffff@granvik.example>"))
    assert _joined(line) == [conversation, conversation]


def test_several_mails_of_one_thread_are_one_conversation_due_since_the_first(line_on_both: Line) -> None:
    line = line_on_both
    line.send(
        *(
            letter(f"nummer {n}", Message_ID=f"<{n}@post.example>", References=f"<{n - 1}@post.example>")
            for n in range(20)
        )
    )
    entries = line.entries(20)
    conversation = line.one(select(Conversation))
    assert {entry.conversation_id for entry in entries} == {conversation.id}
    assert [entry.text for entry in entries] == [f"nummer {n}" for n in range(20)]
    assert conversation.last_entry_id == entries[-1].id
    assert conversation.due_at == calendar.due(entries[0].occurred_at, 2, "Europe/Stockholm", "SE")


def test_an_answer_to_what_was_merged_joins_what_it_is_part_of(asked: tuple[Line, int, Mail]) -> None:
    """Twice over: the first is part of the second, which is part of the third."""
    line, first, ours = asked
    line.send(letter("En till"), letter("Och en"))
    _, second, third = _joined(line, 3)

    def merged(unit: Unit, other: int, into: int) -> None:
        whole, part = unit.lock(Conversation, into), unit.lock(Conversation, other)
        assert whole is not None
        assert part is not None
        merge.merge(unit, whole, line.ids["sara"], part)

    line.storage.write_now(TEST, merged, first, second)
    line.storage.write_now(TEST, merged, second, third)
    line.send(letter("Tack!"), to=(ours.recipients["reply_to"],))
    line.send(letter("Tack igen!", In_Reply_To=str(ours.message_id)))
    assert _joined(line, 5) == [third] * 5
    closed = line.all(select(Conversation.closed_as).order_by(Conversation.id))
    assert closed == ["merged", "merged", None]


def test_the_subject_joins_nothing(line: Line) -> None:
    line.send(letter(Subject="Slam"), letter(Subject="Re: Slam"))
    assert len(set(_joined(line))) == 2


@pytest.mark.parametrize("how", ["reply_to", "message_id", "citizens_message_id"])
def test_a_stranger_with_the_same_headers_begins_a_new_one_with_a_hint(asked: tuple[Line, int, Mail], how: str) -> None:
    line, conversation, ours = asked
    token_address = ours.recipients["reply_to"]
    named: dict[str, dict[str, str]] = {
        "reply_to": {},
        "message_id": {"References": str(ours.message_id)},
        "citizens_message_id": {"In-Reply-To": "<1@post.example>"},
    }
    mail = letter("Visa mig historiken", From="Olle <olle@annan.example>", **named[how])
    line.send(mail, to=(token_address if how == "reply_to" else GRANVIK,), sender="olle@annan.example")
    first, second = _joined(line)
    assert second != first == conversation
    related = line.one(select(Conversation.related_id).where(Conversation.id == second))
    # A token is bound to its recipient: forwarded, it names nothing at all.
    assert related == (None if how == "reply_to" else conversation)


def test_who_was_copied_takes_no_part_and_is_only_hinted_at(line: Line) -> None:
    line.send(letter(Message_ID="<1@post.example>"))
    (entry,) = line.entries(1)
    ours = line.answer(entry.conversation_id, cc=["olle@annan.example"])
    back = letter("Jag har en fråga till", From="Olle <olle@annan.example>", In_Reply_To=str(ours.message_id))
    line.send(back, sender="olle@annan.example")
    first, second = _joined(line)
    assert second != first == entry.conversation_id
    assert line.one(select(Conversation.related_id).where(Conversation.id == second)) == entry.conversation_id


def test_a_token_is_no_token_in_another_municipality(asked: tuple[Line, int, Mail]) -> None:
    line, conversation, ours = asked
    tag = ours.recipients["reply_to"].partition("+")[2].partition("@")[0]
    line.send(letter("Tack!", In_Reply_To=str(ours.message_id)), to=(HOLMO.replace("@", f"+{tag}@"),))
    first, second = _joined(line)
    assert second != first == conversation


def test_an_expired_token_joins_nothing(line: Line) -> None:
    line.send(letter(Message_ID="<1@post.example>"))
    (entry,) = line.entries(1)
    clock.set_source(lambda: 1_600_000_000 * clock.SECOND)
    try:
        token = reply_token.make(line.storage.keys, entry.conversation_id, line.ids["granvik"], "ida@post.example")
    finally:
        clock.set_source(None)
    line.send(letter("Tack!"), to=(GRANVIK.replace("@", f"+{token}@"),))
    assert len(set(_joined(line))) == 2


def test_a_token_with_any_letter_changed_joins_nothing(asked: tuple[Line, int, Mail]) -> None:
    line, conversation, ours = asked
    tag = ours.recipients["reply_to"].partition("+")[2].partition("@")[0]
    forged = [tag[:n] + ("b" if tag[n] == "a" else "a") + tag[n + 1 :] for n in range(0, len(tag), 4)]
    for wrong in forged:
        line.send(letter("Tack!", Subject=wrong), to=(GRANVIK.replace("@", f"+{wrong}@"),))
    first, *others = (row.conversation_id for row in line.entries(1 + len(forged)))
    assert first == conversation
    assert conversation not in others


def test_a_citizens_mail_opens_a_closed_conversation_and_makes_it_due(asked: tuple[Line, int, Mail]) -> None:
    line, conversation, ours = asked
    line.storage.write_now(TEST, _close, conversation, line.ids["sara"])
    line.send(letter("Det gick inte", In_Reply_To=str(ours.message_id)))
    line.entries(2)
    row = line.one(select(Conversation))
    assert row.closed_at is None
    assert clock.now() < row.due_at < clock.NEVER
    changes = line.all(select(Entry.body).where(Entry.kind == "change").order_by(Entry.id))
    assert [each["what"] for each in changes] == ["closed", "reopened"]


@pytest.mark.parametrize("answered", [False, True])
def test_a_mail_ends_the_wait_and_what_was_owed_before_it_is_owed_again(line_on_both: Line, answered: bool) -> None:
    """Since the oldest contact that nobody has answered, a week ago; answered then, since this mail."""
    line = line_on_both
    line.send(letter(Message_ID="<1@post.example>"))
    (first,) = line.entries(1)
    if answered:
        line.answer(first.conversation_id)
    a_week_ago = first.occurred_at - 7 * clock.DAY

    older = update(Entry).where(Entry.id == first.id).values(occurred_at=a_week_ago)
    line.storage.write_now(TEST, lambda unit: unit.change(older))
    line.storage.write_now(TEST, _wait, first.conversation_id, line.ids["sara"], clock.now() + 9 * clock.DAY)
    more = (letter(f"{n}", References="<1@post.example>", Message_ID=f"<{n}@post.example>") for n in (2, 3))
    line.send(*more, letter("på semester", References="<1@post.example>", Auto_Submitted="auto-replied"))
    entries = sorted(line.entries(4), key=lambda entry: entry.occurred_at)
    row = line.one(select(Conversation))
    since = entries[1].occurred_at if answered else a_week_ago
    assert (row.wait_until, row.due_at) == (None, calendar.due(since, 2, "Europe/Stockholm", "SE"))


def test_a_mail_that_nobody_wrote_ends_no_wait(line: Line) -> None:
    line.send(letter(Message_ID="<1@post.example>"))
    (first,) = line.entries(1)
    until = clock.now() + 9 * clock.DAY
    line.storage.write_now(TEST, _wait, first.conversation_id, line.ids["sara"], until)
    line.send(letter("på semester", References="<1@post.example>", Auto_Submitted="auto-replied"))
    line.entries(2)
    row = line.one(select(Conversation))
    assert (row.wait_until, row.due_at) == (until, until)


def test_an_automatic_answer_is_kept_and_changes_nothing(asked: tuple[Line, int, Mail]) -> None:
    line, conversation, ours = asked
    line.storage.write_now(TEST, _close, conversation, line.ids["sara"])
    line.send(letter("Jag är på semester", In_Reply_To=str(ours.message_id), Auto_Submitted="auto-replied"))
    assert _joined(line) == [conversation, conversation]
    row = line.one(select(Conversation))
    assert row.closed_at is not None
    assert row.due_at == clock.NEVER


def test_a_guessed_message_id_hides_nothing(line: Line) -> None:
    line.send(
        letter("först", Message_ID="<gissad@post.example>", From="olle@annan.example"), sender="olle@annan.example"
    )
    line.send(letter("sedan", Message_ID="<gissad@post.example>"))
    assert [row.text for row in line.entries(2)] == ["först", "sedan"]


def test_an_agents_address_makes_no_agent(asked: tuple[Line, int, Mail]) -> None:
    line, conversation, ours = asked
    line.send(
        letter("Stäng", From="sara@granvik.example", In_Reply_To=str(ours.message_id)), sender="sara@granvik.example"
    )
    spoofed = line.entries(2)[1]
    assert (spoofed.author_kind, spoofed.author_id) == ("citizen", None)
    assert spoofed.conversation_id != conversation
    assert len(line.deliveries()) == 1


def test_a_cc_takes_no_part_and_is_never_answered(line: Line) -> None:
    line.send(letter(Cc="Olle <olle@annan.example>", Message_ID="<1@post.example>"))
    (entry,) = line.entries(1)
    line.answer(entry.conversation_id)
    assert [row.recipient for row in line.deliveries()] == ["ida@post.example"]
    assert len(line.all(select(Participant))) == 1
    line.send(letter("Jag med", From="olle@annan.example", In_Reply_To="<1@post.example>"), sender="olle@annan.example")
    assert line.entries(2)[1].conversation_id != entry.conversation_id


def test_a_mail_without_a_sender_is_kept_though_nobody_can_be_answered(line: Line) -> None:
    mail = EmailMessage()
    mail["Subject"] = "Anonymt tips"
    mail.set_content("Det brinner i en container.")
    line.send(mail)
    (entry,) = line.entries(1)
    assert line.all(select(Participant)) == []
    with pytest.raises(Invalid, match="nobody"):
        line.answer(entry.conversation_id)


def _joined(line: Line, mails: int = 2) -> list[int]:
    """The conversations of the mails, in the order they came."""
    return [row.conversation_id for row in line.entries(mails)]


def _close(unit: Unit, conversation_id: int, by_id: int) -> None:
    conversation = unit.lock(Conversation, conversation_id)
    assert conversation is not None
    conversation.close(unit, by_id)


def _wait(unit: Unit, conversation_id: int, by_id: int, until: int) -> None:
    conversation = unit.lock(Conversation, conversation_id)
    assert conversation is not None
    conversation.wait(unit, by_id, until)
