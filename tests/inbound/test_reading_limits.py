"""A parser that hangs is ended, and what is told or read again: through real mail and a real child."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import nh3
import pytest
from sqlalchemy import select

from connectors.smtp_in import SmtpIn
from hub import clock
from hub.app import Hub
from hub.contract import RawEvent as Event
from hub.formats import mail
from hub.inbound.raw_event import RawEvent
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry, Mail
from hub.storage.unit import Happening, Unit
from tests.line import TEST, Line, letter, reachable, until

HANGS = """
import time
from hub.formats import mail
reads = mail._parse
def hangs(body, *rest, **named):
    if b"X-Hang: yes" in body:
        time.sleep(60)
    return reads(body, *rest, **named)
mail._parse = hangs
"""


def test_a_parser_that_hangs_is_ended_and_its_mail_set_aside(
    sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(HANGS)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[2]}")
    line = Line(tmp_path, sqlite_database, parse_seconds=1)
    with line.running():
        line.send(letter(X_Hang="yes"), letter("jag kom fram", Subject="b"))
        (entry,) = line.entries(1)
        until(lambda: line.raw_states() == ["quarantined", "read"])
    assert entry.text == "jag kom fram"
    reason = line.one(select(RawEvent.reason).where(RawEvent.state == "quarantined"))
    assert reason == "It took more than 1 s to read."
    line.storage.close()


def test_nothing_is_parsed_or_cleaned_in_the_hub(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("parsed outside a child")

    html = letter()
    html.add_alternative("<p>Hej</p>", subtype="html")
    for module, name in ((mail, "parse_mail"), (mail, "_parse"), (nh3, "clean")):
        monkeypatch.setattr(module, name, never)
    with pytest.raises(AssertionError, match="outside a child"):  # what the connector calls would notice
        SmtpIn.parse([Event("a", html.as_bytes(), "message/rfc822")])
    line.send(html)
    line.entries(1)
    assert "Hej" in (line.one(select(Mail.safe_html)) or "")
    assert line.raw_states() == ["read"]


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


def test_reading_again_leaves_alone_what_people_did(line_on_both: Line) -> None:
    line = line_on_both
    files_too = letter()
    files_too.add_attachment(b"liten", maintype="application", subtype="pdf", filename="a.pdf")
    files_too.add_attachment(b"stor" * 30_000, maintype="image", subtype="jpeg", filename="b.jpg")
    line.send(files_too)
    (entry,) = line.entries(1)

    def close(unit: Unit) -> None:
        conversation = unit.lock(Conversation, entry.conversation_id)
        assert conversation is not None
        conversation.close(unit, line.ids["sara"])

    line.storage.write_now(TEST, close)
    files = select(Attachment.public_id).order_by(Attachment.size)
    before, addresses = line.one(select(Conversation)), line.all(files)
    told = _replay(line)
    after = line.one(select(Conversation))
    assert (after.closed_at, after.due_at, after.version) == (before.closed_at, clock.NEVER, before.version)
    assert line.all(files) == addresses
    assert len(line.all(select(Entry))) == 2
    assert [each.kind for each in told] == ["conversation_changed"]


def test_what_is_told_is_committed_already(sqlite_database: str, tmp_path: Path) -> None:
    line = Line(tmp_path, sqlite_database)
    told: list[Happening] = []
    found: list[bool] = []

    def listen(happened: Sequence[Happening]) -> None:
        told.extend(happened)
        entries = line.all(select(Entry.id))
        found.extend(each.id in entries for each in happened if each.kind == "entry_added")

    async def run() -> None:
        hub = Hub(line.settings, serves=True, works=True)
        hub.storage.on_commit(listen)
        async with hub.running():
            await asyncio.to_thread(until, lambda: reachable(line.port))
            await asyncio.to_thread(line.send, letter())
            await asyncio.to_thread(line.entries, 1)

    asyncio.run(run())
    assert [each.kind for each in told if each.kind in {"raw_kept", "entry_added"}] == ["raw_kept", "entry_added"]
    assert found == [True]
    line.storage.close()


def _replay(line: Line) -> list[Happening]:
    told: list[Happening] = []

    async def run() -> None:
        hub = Hub(line.settings, serves=False, works=True)
        hub.storage.on_commit(told.extend)
        async with hub.running():
            await hub.replay(line.one(select(RawEvent.id)))

    asyncio.run(run())
    return told
