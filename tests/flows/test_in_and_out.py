"""There and back by real processes: a citizen's mail, an agent's answer over the API, real mail, the citizen again."""

from collections.abc import Callable, Iterator
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry, Mail
from tests.flows.house import CitizensMailServer, House
from tests.line import GRANVIK, letter


@pytest.fixture
def house(build: Callable[..., House], database_url: str) -> Iterator[House]:
    """Serving, on one engine after the other."""
    made = build(database_url)
    with made.serving():
        yield made
    assert made.bugs() == []


def test_a_question_its_answer_and_the_answer_to_that_are_one_conversation(
    house: House, outside: CitizensMailServer
) -> None:
    house.send(letter(Message_ID="<1@post.example>", References="<0@post.example>"))
    (asked,) = house.entries(1)
    conversation = str(asked.conversation_id)
    assert [each["id"] for each in house.look("/conversations")["items"]] == [conversation]
    assert [each["conversation_id"] for each in house.look("/search?q=slamtömningen")["items"]] == [conversation]

    ours = answered(house, outside, asked.conversation_id, "Hej Ida, på torsdag.")
    assert ours["From"].addresses[0].addr_spec == GRANVIK
    assert ours["In-Reply-To"] == "<1@post.example>"
    assert ours["References"].split() == ["<0@post.example>", "<1@post.example>"]
    assert ours["Subject"] == "Re: Slamtömning"
    assert "Hej Ida, på torsdag." in ours.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # it has one
    reply_to = ours["Reply-To"].addresses[0].addr_spec
    local, _, domain = reply_to.partition("@")
    assert (local.partition("+")[0], domain) == ("kommunen", "granvik.example")
    assert len(local) <= 64
    assert local.partition("+")[2] in ours["Message-ID"]
    (delivery,) = house.sent(1)
    assert delivery.outside_id
    sent = select(Mail.message_id).join(Entry, Entry.id == Mail.entry_id).where(Entry.author_kind == "person")
    assert house.one(sent) == ours["Message-ID"]
    assert house.look(f"/conversations/{conversation}")["conversation"]["due_at"] is None

    thanks = letter("Tack, då vet jag!", To=reply_to, Message_ID="<2@post.example>", **_answering(ours))
    house.send(thanks, to=(reply_to,))
    assert [row.conversation_id for row in house.entries(2)] == [asked.conversation_id] * 2
    assert house.look(f"/conversations/{conversation}")["conversation"]["due_at"] is not None

    again = answered(house, outside, asked.conversation_id, "Tack själv!")
    assert again["In-Reply-To"] == "<2@post.example>"
    assert again["References"].split()[-2:] == [ours["Message-ID"], "<2@post.example>"]
    kinds = [each["kind"] for each in house.look(f"/conversations/{conversation}/timeline")["items"]]
    assert kinds == ["mail"] * 4


def test_a_stranger_with_the_same_headers_joins_nothing_and_is_answered_nothing_of_it(
    house: House, outside: CitizensMailServer
) -> None:
    house.send(letter(Message_ID="<1@post.example>"))
    (asked,) = house.entries(1)
    ours = answered(house, outside, asked.conversation_id, "Hej Ida, på torsdag.")
    reply_to = ours["Reply-To"].addresses[0].addr_spec
    stranger = "olle@annan.example"
    house.send(letter("Vad svarade ni?", From=stranger, **_answering(ours)), to=(reply_to,), sender=stranger)
    house.send(letter("Och nu?", From=stranger, **_answering(ours)), to=(GRANVIK,), sender=stranger)
    house.send(letter("Tack!", **_answering(ours)), to=(reply_to,))
    _, *others, thanks = house.entries(4)
    assert thanks.conversation_id == asked.conversation_id
    for other in others:
        assert other.conversation_id != asked.conversation_id
        theirs = select(Conversation.related_id).where(Conversation.id == other.conversation_id)
        assert house.one(theirs) == asked.conversation_id
    house.look(f"/conversations/{asked.conversation_id}")
    assert len(outside.arrived) == 1


def test_copies_and_files_leave_and_who_was_copied_begins_anew(house: House, outside: CitizensMailServer) -> None:
    house.send(letter(Message_ID="<1@post.example>"))
    (asked,) = house.entries(1)
    karta = bytes(range(256)) * 8_000
    file = {"file": ("blå karta.pdf", karta, "application/pdf")}
    uploaded = house.make(f"/conversations/{asked.conversation_id}/uploads", files=file)["id"]
    house.reply(asked.conversation_id, "Se kartan.", cc=["olle@annan.example"], uploads=[uploaded], then="close")
    sent = outside.mails(2)
    assert sorted(recipients for recipients, _ in sent) == [["ida@post.example"], ["olle@annan.example"]]
    for _, mail in sent:
        assert (mail["To"], mail["Cc"]) == ("ida@post.example", "olle@annan.example")
        (attached,) = mail.iter_attachments()
        assert (attached.get_filename(), attached.get_content()) == ("blå karta.pdf", karta)
    assert house.look(f"/conversations/{asked.conversation_id}")["conversation"]["closed_at"] is not None

    copy = next(mail for recipients, mail in sent if recipients == ["olle@annan.example"])
    house.send(letter("Jag då?", From="olle@annan.example", **_answering(copy)), sender="olle@annan.example")
    _, theirs = house.entries(2)
    assert theirs.conversation_id != asked.conversation_id
    related = select(Conversation.related_id).where(Conversation.id == theirs.conversation_id)
    assert house.one(related) == asked.conversation_id


def test_what_we_begin_the_citizen_goes_on_with(house: House, outside: CitizensMailServer) -> None:
    said = {"municipality": "granvik", "queue": str(house.ids["desk"]), "to": "ida@post.example"}
    made = house.make("/conversations", {**said, "subject": "Din brunn", "text": "Vi kommer på torsdag."})
    ((_, ours),) = outside.mails(1)
    assert (ours["Subject"], ours["To"]) == ("Din brunn", "ida@post.example")
    reply_to = ours["Reply-To"].addresses[0].addr_spec
    house.send(letter("Tack!", To=reply_to, **_answering(ours)), to=(reply_to,))
    (thanks,) = house.entries(1)
    assert str(thanks.conversation_id) == made["conversation_id"]
    assert house.look(f"/conversations/{thanks.conversation_id}")["conversation"]["due_at"] is not None


def answered(house: House, outside: CitizensMailServer, conversation_id: int, text: str) -> EmailMessage:
    """By Sara; the mail that the citizen gets."""
    before = len(outside.arrived)
    house.reply(conversation_id, text)
    recipients, mail = outside.mails(before + 1)[-1]
    assert recipients == ["ida@post.example"]
    return mail


def _answering(ours: EmailMessage) -> dict[str, str]:
    """The headers that a mail program answers a mail with."""
    return {
        "Subject": str(ours["Subject"]),
        "In-Reply-To": str(ours["Message-ID"]),
        "References": f"{ours['References']} {ours['Message-ID']}",
    }
