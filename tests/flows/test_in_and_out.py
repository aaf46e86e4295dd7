"""There and back by real processes: a citizen's mail, an agent's answer over the API, real mail, the citizen again."""

import asyncio
import json
import threading
import urllib.request
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.smtp import Envelope, Session
from sqlalchemy import select

from hub.access import login
from hub.access.person import Person
from hub.channels import add
from hub.channels.channel import Channel
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry, Mail
from hub.proof.stand_ins.smtp_sink import Sink, SinkConversation, serve
from hub.storage.unit import Unit
from tests.bench.installation import Installation, serving
from tests.connectors.tools import free_port
from tests.line import GRANVIK, TEST, Line, letter, until


class Post(Sink):
    """The citizen's mail server: what the hub sent, as it arrived."""

    def __init__(self, ledger: Path) -> None:
        super().__init__(ledger)
        self.taken: list[tuple[list[str], EmailMessage]] = []

    async def handle_DATA(  # noqa: N802 - aiosmtpd finds it by this name
        self, server: SinkConversation, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        read = message_from_bytes(envelope.content, policy=policy.default)
        self.taken.append(([str(each) for each in envelope.rcpt_tos], read))
        return await super().handle_DATA(server, session, envelope)


class Office:
    """`torg serve`, the line's database, and the mail server that it sends to."""

    def __init__(self, line: Line, post: Post, installation: Installation) -> None:
        self.line, self.post, self.installation = line, post, installation

    def ask(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.installation.web}/api/v1{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.installation.token}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own address
            return json.load(answer)

    def upload(self, conversation_id: int, name: str, content: bytes) -> str:
        """Into Sara's draft of an answer; its id."""
        answer = httpx.post(
            f"http://127.0.0.1:{self.installation.web}/api/v1/conversations/{conversation_id}/uploads",
            headers={"Authorization": f"Bearer {self.installation.token}"},
            files={"file": (name, content, "application/pdf")},
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def answer(self, conversation_id: int, text: str) -> EmailMessage:
        """By Sara, over the API; the mail that the citizen gets."""
        before = len(self.post.taken)
        self.ask("POST", f"/conversations/{conversation_id}/replies", {"text": text})
        until(lambda: len(self.post.taken) > before)
        recipients, mail = self.post.taken[-1]
        assert recipients == ["ida@post.example"]
        return mail


@pytest.fixture
def post(tmp_path: Path) -> Iterator[tuple[Post, int]]:
    """Listening, in a thread of its own, with its port."""
    loop, sink = asyncio.new_event_loop(), Post(tmp_path / "sink.jsonl")
    server = loop.run_until_complete(serve(sink))
    thread = threading.Thread(target=loop.run_forever, name="post")
    thread.start()
    yield sink, server.sockets[0].getsockname()[1]
    server.close()
    asyncio.run_coroutine_threadsafe(sink.hang_up(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def office(database_url: str, tmp_path: Path, post: tuple[Post, int]) -> Iterator[Office]:
    """Running, on one engine after the other."""
    line = Line(tmp_path, database_url)
    sink, port = post

    def send_by_mail(unit: Unit) -> str:
        _, config = add.prepare(
            unit, line.registry, "smtp", {"host": "127.0.0.1", "port": port, "security": "none", "timeout": 5}
        )
        incoming, sara = unit.get(Channel, line.ids["in"]), unit.get(Person, line.ids["sara"])
        assert incoming is not None
        assert sara is not None
        incoming.sends_by_id = add.add(unit, "smtp", "mail out", config).id
        return login.add_token(unit, sara, "flow")

    token = line.storage.write_now(TEST, send_by_mail)
    granvik, desk, web = line.ids["granvik"], line.ids["desk"], free_port()
    installation = Installation(
        tmp_path, line.settings, line.storage, [granvik], [desk], line.ids["in"], token, line.port, web
    )
    with serving(installation):
        yield Office(line, sink, installation)
    line.storage.close()


def test_a_question_its_answer_and_the_answer_to_that_are_one_conversation(office: Office) -> None:
    line = office.line
    line.send(letter(Message_ID="<1@post.example>", References="<0@post.example>"))
    (asked,) = line.entries(1)
    conversation = str(asked.conversation_id)
    assert [each["id"] for each in office.ask("GET", "/conversations")["items"]] == [conversation]

    ours = office.answer(asked.conversation_id, "Hej Ida, på torsdag.")
    assert ours["In-Reply-To"] == "<1@post.example>"
    assert ours["References"].split() == ["<0@post.example>", "<1@post.example>"]
    assert ours["Subject"] == "Re: Slamtömning"
    assert "Hej Ida, på torsdag." in ours.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # it has one
    reply_to = ours["Reply-To"].addresses[0].addr_spec
    local, _, domain = reply_to.partition("@")
    assert (local.partition("+")[0], domain) == ("kommunen", "granvik.example")
    assert len(local) <= 64
    assert local.partition("+")[2] in ours["Message-ID"]
    until(lambda: [row.state for row in line.deliveries()] == ["sent"])
    sent = select(Mail.message_id).join(Entry, Entry.id == Mail.entry_id).where(Entry.author_kind == "person")
    assert line.one(sent) == ours["Message-ID"]
    assert office.ask("GET", f"/conversations/{conversation}")["conversation"]["due_at"] is None

    thanks = letter("Tack, då vet jag!", To=reply_to, Message_ID="<2@post.example>", **_answering(ours))
    line.send(thanks, to=(reply_to,))
    assert [row.conversation_id for row in line.entries(2)] == [asked.conversation_id] * 2
    assert office.ask("GET", f"/conversations/{conversation}")["conversation"]["due_at"] is not None

    again = office.answer(asked.conversation_id, "Tack själv!")
    assert again["In-Reply-To"] == "<2@post.example>"
    assert again["References"].split()[-2:] == [ours["Message-ID"], "<2@post.example>"]
    kinds = [each["kind"] for each in office.ask("GET", f"/conversations/{conversation}/timeline")["items"]]
    assert kinds == ["mail"] * 4


def test_a_stranger_with_the_same_headers_joins_nothing_and_is_answered_nothing_of_it(office: Office) -> None:
    line = office.line
    line.send(letter(Message_ID="<1@post.example>"))
    (asked,) = line.entries(1)
    ours = office.answer(asked.conversation_id, "Hej Ida, på torsdag.")
    reply_to = ours["Reply-To"].addresses[0].addr_spec
    stranger = "olle@annan.example"
    line.send(letter("Vad svarade ni?", From=stranger, **_answering(ours)), to=(reply_to,), sender=stranger)
    line.send(letter("Och nu?", From=stranger, **_answering(ours)), to=(GRANVIK,), sender=stranger)
    line.send(letter("Tack!", **_answering(ours)), to=(reply_to,))
    _, *others, thanks = line.entries(4)
    assert thanks.conversation_id == asked.conversation_id
    for other in others:
        assert other.conversation_id != asked.conversation_id
        theirs = select(Conversation.related_id).where(Conversation.id == other.conversation_id)
        assert line.one(theirs) == asked.conversation_id
    office.ask("GET", f"/conversations/{asked.conversation_id}")
    assert [recipients for recipients, _ in office.post.taken] == [["ida@post.example"]]


def test_copies_and_files_leave_and_who_was_copied_begins_anew(office: Office) -> None:
    line = office.line
    line.send(letter(Message_ID="<1@post.example>"))
    (asked,) = line.entries(1)
    karta = bytes(range(256)) * 8_000
    file = office.upload(asked.conversation_id, "blå karta.pdf", karta)
    said = {"text": "Se kartan.", "cc": ["olle@annan.example"], "uploads": [file], "then": "close"}
    office.ask("POST", f"/conversations/{asked.conversation_id}/replies", said)
    until(lambda: len(office.post.taken) == 2)
    assert sorted(recipients for recipients, _ in office.post.taken) == [["ida@post.example"], ["olle@annan.example"]]
    for _, mail in office.post.taken:
        assert (mail["To"], mail["Cc"]) == ("ida@post.example", "olle@annan.example")
        (attached,) = mail.iter_attachments()
        assert (attached.get_filename(), attached.get_content()) == ("blå karta.pdf", karta)
    assert office.ask("GET", f"/conversations/{asked.conversation_id}")["conversation"]["closed_at"] is not None

    copy = next(mail for recipients, mail in office.post.taken if recipients == ["olle@annan.example"])
    line.send(letter("Jag då?", From="olle@annan.example", **_answering(copy)), sender="olle@annan.example")
    _, theirs = line.entries(2)
    assert theirs.conversation_id != asked.conversation_id
    related = select(Conversation.related_id).where(Conversation.id == theirs.conversation_id)
    assert line.one(related) == asked.conversation_id


def test_what_we_begin_the_citizen_goes_on_with(office: Office) -> None:
    line = office.line
    said = {"municipality": "granvik", "queue": str(line.ids["desk"]), "to": "ida@post.example"}
    made = office.ask("POST", "/conversations", {**said, "subject": "Din brunn", "text": "Vi kommer på torsdag."})
    until(lambda: len(office.post.taken) == 1)
    _, ours = office.post.taken[0]
    assert (ours["Subject"], ours["To"]) == ("Din brunn", "ida@post.example")
    reply_to = ours["Reply-To"].addresses[0].addr_spec
    line.send(letter("Tack!", To=reply_to, **_answering(ours)), to=(reply_to,))
    (thanks,) = line.entries(1)
    assert str(thanks.conversation_id) == made["conversation_id"]
    assert office.ask("GET", f"/conversations/{thanks.conversation_id}")["conversation"]["due_at"] is not None


def _answering(ours: EmailMessage) -> dict[str, str]:
    """The headers that a mail program answers a mail with."""
    return {
        "Subject": str(ours["Subject"]),
        "In-Reply-To": str(ours["Message-ID"]),
        "References": f"{ours['References']} {ours['Message-ID']}",
    }
