"""Bounces and receipts: put on the delivery they are about, by Message-ID and recipient; a failed answer comes back."""

import pytest
from sqlalchemy import select, update

from hub import clock
from hub.clock import NEVER
from hub.inbox import decided, reported
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry, Mail
from hub.storage.unit import Unit
from tests.line import GRANVIK, TEST, Line, letter, until

IDA = "ida@post.example"


def report(message_id: str, action: str = "failed", recipient: str = IDA, status: str = "5.1.1", **more: str) -> bytes:
    """A report of RFC 3464, as a mail server sends it."""
    words = more.get("words", f"550 {status} No such user")
    return (
        "From: Mail Delivery System <MAILER-DAEMON@post.example>\n"
        f"To: {GRANVIK}\nSubject: Undelivered Mail Returned to Sender\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nDet gick inte.\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; post.example\n\n"
        f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {words}\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\nSubject: hej\n--b--\n"
    ).encode()


def receipt(message_id: str, recipient: str = IDA, disposition: str = "displayed") -> bytes:
    """One of RFC 8098, as a mail program sends it."""
    return (
        f"From: Ida <{IDA}>\nTo: {GRANVIK}\nSubject: =?utf-8?q?L=C3=A4st=3A?= hej\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nLästes.\n"
        "--b\nContent-Type: message/disposition-notification\n\n"
        f"Final-Recipient: rfc822; {recipient}\nOriginal-Message-ID: {message_id}\n"
        f"Disposition: manual-action/MDN-sent-manually; {disposition}\n--b--\n"
    ).encode()


def asked_and_answered(line: Line, state: str = "sent") -> tuple[int, str]:
    """Ida has asked, Sara has answered and closed; the answer is in `state`. The conversation and the Message-ID."""
    line.send(letter(Message_ID="<1@post.example>"))
    (entry,) = line.entries(1)
    ours = line.answer(entry.conversation_id)
    until(lambda: line.deliveries()[0].state == "sent")

    def close(unit: Unit) -> None:
        unit.change(update(Delivery).values(state=state))
        conversation = unit.lock(Conversation, entry.conversation_id)
        assert conversation is not None
        conversation.close(unit, line.ids["sara"])

    line.storage.write_now(TEST, close)
    return entry.conversation_id, str(ours.message_id)


def stands(line: Line) -> tuple[str, str | None]:
    """State and reason of the only delivery."""
    (row,) = line.deliveries()
    return row.state, row.reason


def test_a_bounce_fails_its_delivery_and_brings_the_conversation_back(line_on_both: Line) -> None:
    line = line_on_both
    conversation_id, message_id = asked_and_answered(line)
    line.send(report(message_id), sender="")
    entries = line.entries(2)
    assert [each.conversation_id for each in entries] == [conversation_id] * 2
    assert stands(line) == ("failed", "The address doesn't exist (550 5.1.1 No such user).")
    conversation = line.one(select(Conversation))
    assert conversation.closed_at is None
    assert conversation.due_at < NEVER
    said = [each.body["what"] for each in line.all(select(Entry).where(Entry.kind == "change"))]
    assert said == ["closed", "reopened"]
    assert line.one(select(Mail.automatic).where(Mail.entry_id == entries[1].id)) == "bounce"
    # The same once more, and a later word, change nothing.
    line.send(report(message_id, words="550 5.1.1 once more"), sender="")
    line.entries(3)
    assert stands(line) == ("failed", "The address doesn't exist (550 5.1.1 No such user).")


def test_an_open_conversation_is_owed_since_it_was_asked(line: Line) -> None:
    line.send(letter(Message_ID="<1@post.example>"))
    (entry,) = line.entries(1)
    due = line.one(select(Conversation.due_at))
    ours = line.answer(entry.conversation_id)
    until(lambda: line.deliveries()[0].state == "sent")
    assert line.one(select(Conversation.due_at)) == NEVER
    line.send(report(str(ours.message_id)), sender="")
    line.entries(2)
    assert line.one(select(Conversation.due_at)) == due


@pytest.mark.parametrize("told", ["by mail", "by the server"])
def test_a_conversation_that_waits_is_there_at_once(line: Line, told: str) -> None:
    line.send(letter(Message_ID="<1@post.example>"))
    (entry,) = line.entries(1)
    due = line.one(select(Conversation.due_at))
    ours = line.answer(entry.conversation_id)
    until(lambda: line.deliveries()[0].state == "sent")

    def wait(unit: Unit) -> None:
        conversation = unit.lock(Conversation, entry.conversation_id)
        assert conversation is not None
        conversation.wait(unit, line.ids["sara"], clock.now() + 20 * clock.DAY)

    def fail(unit: Unit) -> None:
        unit.change(update(Delivery).values(state="failed"))
        answer = unit.first(select(Entry).where(Entry.author_kind == "person", Entry.kind == "mail"))
        assert answer is not None
        reported.failed(unit, answer)

    line.storage.write_now(TEST, wait)
    if told == "by mail":
        line.send(report(str(ours.message_id)), sender="")
        line.entries(2)
    else:
        line.storage.write_now(TEST, fail)
    conversation = line.one(select(Conversation))
    assert (conversation.wait_until, conversation.due_at) == (None, due)
    said = [(each.body["what"], each.author_id) for each in line.all(select(Entry).where(Entry.kind == "change"))]
    assert said == [("waiting", line.ids["sara"]), *([("resumed", None)] if told == "by the server" else [])]


@pytest.mark.parametrize(
    "forged",
    [
        report("<1.2@granvik.example>"),
        report("<1@post.example>"),  # the citizen's own
        b"From: MAILER-DAEMON@x.example\nSubject: failure notice\n\nida@post.example: 550 5.1.1 unknown\n",
    ],
)
def test_who_does_not_know_the_message_id_changes_nothing(line: Line, forged: bytes) -> None:
    conversation_id, _ = asked_and_answered(line)
    line.send(forged, sender="")
    line.entries(2)
    assert stands(line) == ("sent", None)
    assert line.one(select(Conversation.closed_at).where(Conversation.id == conversation_id)) is not None


def test_a_bounce_about_another_recipient_is_shown_and_fails_nothing(line: Line) -> None:
    conversation_id, message_id = asked_and_answered(line)
    line.send(report(message_id, recipient="somebody@else.example"), sender="")
    assert line.entries(2)[1].conversation_id == conversation_id
    assert stands(line) == ("sent", None)


def test_a_bounce_that_only_speaks_counts_as_well(line: Line) -> None:
    _, message_id = asked_and_answered(line)
    text = (
        "From: MAILER-DAEMON@post.example\nSubject: failure notice\n\n"
        "Hi. This is the qmail-send program at post.example.\n"
        f"<{IDA}>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n"
        f"Return-Path: <{GRANVIK}>\nMessage-ID: {message_id}\nSubject: hej\n"
    )
    line.send(text.encode(), sender="")
    line.entries(2)
    state, reason = stands(line)
    assert state == "failed"
    assert str(reason).startswith("The address doesn't exist (")


def test_delayed_then_delivered_then_read(line: Line) -> None:
    conversation_id, message_id = asked_and_answered(line)
    line.send(report(message_id, "delayed", status="4.4.1", words="connection timed out"), sender="")
    line.entries(2)
    (row,) = line.deliveries()
    assert (row.state, row.delayed_at is not None, row.delivered_at) == ("sent", True, None)
    assert row.reason == "It is delayed on its way; the other side tries on (4.4.1 connection timed out)."
    line.send(report(message_id, "delivered", status="2.0.0"), receipt(message_id), sender="")
    line.entries(4)
    (row,) = line.deliveries()
    assert (row.state, row.reason) == ("sent", None)
    assert row.delivered_at is not None
    assert row.read_at is not None
    conversation = line.one(select(Conversation))
    assert (conversation.id, conversation.due_at) == (conversation_id, NEVER)
    assert conversation.closed_at is not None


@pytest.mark.parametrize("action", ["relayed", "delivered", "delayed"])
def test_what_was_uncertain_is_sent_when_the_other_side_speaks_of_it(line: Line, action: str) -> None:
    _, message_id = asked_and_answered(line, "uncertain")
    line.send(report(message_id, action, status="2.0.0"), sender="")
    line.entries(2)
    assert stands(line)[0] == "sent"


def test_what_a_person_sent_again_no_older_bounce_fails(line: Line) -> None:
    _, message_id = asked_and_answered(line, "failed")

    def again(unit: Unit) -> None:
        conversation = unit.all(select(Conversation))[0]
        decided.send_again(unit, conversation, line.ids["sara"], line.deliveries()[0].id)
        unit.change(update(Delivery).values(again_at=clock.now() + clock.DAY))

    line.storage.write_now(TEST, again)
    until(lambda: line.deliveries()[0].state == "sent")
    line.send(report(message_id), sender="")
    line.entries(2)
    assert stands(line) == ("sent", None)


def test_a_receipt_of_ours_that_nobody_gets_is_nobody_s_to_mend(line: Line) -> None:
    conversation_id, message_id = asked_and_answered(line)

    def by_the_hub(unit: Unit) -> None:
        unit.change(update(Entry).where(Entry.author_kind == "person", Entry.kind == "mail").values(author_kind="hub"))

    line.storage.write_now(TEST, by_the_hub)
    line.send(report(message_id), sender="")
    assert line.entries(2)[1].conversation_id == conversation_id
    assert stands(line)[0] == "failed"
    assert line.one(select(Conversation.closed_at)) is not None
