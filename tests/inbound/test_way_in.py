"""A mail on its way in: kept first, then read, placed, threaded, found; or set aside, and read again later."""

import asyncio
import hashlib
import smtplib
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import select, update

from hub import clock
from hub.app import Hub
from hub.inbound.raw_event import RawEvent
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.queue import Queue
from hub.storage import search_index
from hub.storage.scope import Scope
from hub.storage.unit import Happening, Unit
from tests.line import GRANVIK, HOLMO, TEST, Line, letter, reachable, until


def test_a_mail_becomes_a_conversation_that_search_finds(line_on_both: Line) -> None:
    line = line_on_both
    line.send(letter(Message_ID="<1@post.example>", Cc="gd@granvik.example"))
    (entry,) = line.entries(1)
    conversation = line.one(select(Conversation))
    mail = line.one(select(Mail))
    assert (entry.text, entry.visibility, entry.language) == ("Hej, när töms min brunn?", "public", "sv")
    assert entry.body["address"] == GRANVIK
    assert (conversation.subject, conversation.municipality_id) == ("Slamtömning", line.ids["granvik"])
    assert conversation.last_entry_id == entry.id
    assert clock.now() < conversation.due_at < clock.now() + 8 * clock.DAY
    assert (mail.message_id, mail.sender) == ("<1@post.example>", "ida@post.example")
    assert line.one(select(Citizen.name)) == "Ida Berg"
    for words in ("slamtömningen", "BRUNN ", "ida@post.example", "slamtom"):
        assert line.storage.read_now(_granvik(line), search_index.find, words, before=2**62, limit=9) == [entry.id]
    assert line.storage.read_now(_granvik(line), search_index.find, "brunn vigsel ", before=2**62, limit=9) == []


def test_the_same_people_write_twice_and_stay_one_citizen(line: Line) -> None:
    line.send(letter(), letter(Subject="Något annat"))
    line.entries(2)
    assert len(line.all(select(Conversation))) == 2
    assert len(line.all(select(Citizen))) == 1


def test_a_mail_to_two_municipalities_is_a_conversation_in_each(line: Line) -> None:
    line.send(letter(), to=(GRANVIK, HOLMO))
    line.entries(2)
    found = {row.municipality_id for row in line.all(select(Conversation))}
    assert found == {line.ids["granvik"], line.ids["holmo"]}


def test_an_identical_arrival_is_answered_and_counted_not_stored(line: Line) -> None:
    same = letter(Message_ID="<same@post.example>")
    line.send(same)
    line.send(same, same)
    line.entries(1)
    assert line.one(select(RawEvent.arrivals)) == 3


def test_only_listed_addresses_are_taken(line: Line) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        line.send(letter(), to=("nobody@granvik.example",))
    assert refused.value.recipients["nobody@granvik.example"][0] == 550


def test_sixty_megabytes_are_refused_and_the_next_mail_is_taken(line: Line) -> None:
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        line.send(b"Subject: stor\r\n\r\n" + 60 * 1024 * 1024 * b"a")
    assert refused.value.smtp_code == 552
    line.send(letter())
    line.entries(1)


def test_small_files_lie_in_their_row_and_large_ones_in_a_blob(line: Line) -> None:
    mail = letter()
    large = bytes(range(256)) * 1000
    mail.add_attachment(b"liten", maintype="application", subtype="pdf", filename="../å.pdf")
    mail.add_attachment(large, maintype="image", subtype="jpeg", filename="stor.jpg")
    line.send(mail)
    line.entries(1)
    small, big = line.all(select(Attachment).order_by(Attachment.size))
    assert (small.body, small.blob, small.size) == (b"liten", None, 5)
    assert big.body is None
    assert big.blob == f"attachments/{line.ids['granvik']}/{hashlib.sha256(large).hexdigest()}"
    assert line.storage.blobs.get(big.blob) == large
    raw = line.one(select(RawEvent))
    assert raw.blob is not None
    assert hashlib.sha256(line.storage.blobs.get(raw.blob)).hexdigest() == raw.sha256


def test_what_cannot_be_read_is_set_aside_with_its_reason_and_the_next_goes_on(line: Line) -> None:
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(80))
    line.send(b"From: ida@post.example\r\n" + nested, letter())
    line.entries(1)
    broken, read = line.all(select(RawEvent).order_by(RawEvent.id))
    assert (broken.state, read.state) == ("quarantined", "read")
    assert "50" in (broken.reason or "")
    assert broken.attempts == 1


def test_what_was_set_aside_is_read_once_its_cause_is_gone(line: Line) -> None:
    line.storage.write_now(TEST, _retire, line.ids["desk"], clock.now())
    line.send(letter())
    until(lambda: line.raw_states() == ["quarantined"])
    assert "can't be placed" in (line.one(select(RawEvent.reason)) or "")
    line.storage.write_now(TEST, _retire, line.ids["desk"], None)
    _replay(line)
    assert line.raw_states() == ["read"]
    assert len(line.entries(1)) == 1


def test_a_replay_changes_what_parsing_decides_and_nothing_else(line_on_both: Line) -> None:
    """What people did stays, and so do the addresses of files; one change is told."""
    line, mail = line_on_both, letter()
    mail.add_attachment(b"liten", maintype="application", subtype="pdf", filename="a.pdf")
    mail.add_attachment(b"stor" * 30_000, maintype="image", subtype="jpeg", filename="b.jpg")
    line.send(mail)
    (before,) = line.entries(1)
    line.storage.write_now(TEST, _close, before.conversation_id, line.ids["sara"])
    line.storage.write_now(TEST, _spoil, before.id)
    files = select(Attachment.public_id).order_by(Attachment.size)
    conversation, addresses = line.one(select(Conversation)), line.all(files)
    told = _replay(line)
    (after,) = line.entries(1)
    assert (after.text, after.language) == (before.text, before.language)
    assert line.storage.read_now(_granvik(line), search_index.find, "brunn ", before=2**62, limit=9) == [after.id]
    again = line.one(select(Conversation))
    assert (again.version, again.due_at, again.queue_id, again.closed_at) == (
        conversation.version,
        clock.NEVER,
        conversation.queue_id,
        conversation.closed_at,
    )
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


def test_an_address_that_two_share_goes_to_who_had_it_first(line: Line) -> None:
    line.send(letter())
    line.entries(1)
    first = line.one(select(CitizenPoint))

    def share(unit: Unit) -> None:
        other = Citizen(municipality_id=first.municipality_id, name="Olle Berg")
        unit.add(other)
        same = {"kind": "email", "value": first.value, "match_key": first.match_key}
        unit.add(
            CitizenPoint(municipality_id=first.municipality_id, citizen_id=other.id, first_citizen_id=other.id, **same)
        )

    line.storage.write_now(TEST, share)
    line.send(letter(Subject="Igen"))
    line.entries(2)
    assert {row.citizen_id for row in line.all(select(Conversation))} == {first.citizen_id}


def _granvik(line: Line) -> Scope:
    return Scope((line.ids["granvik"],), "test")


def _retire(unit: Unit, queue_id: int, at: int | None) -> None:
    unit.change(update(Queue).where(Queue.id == queue_id).values(retired_at=at))


def _spoil(unit: Unit, entry_id: int) -> None:
    unit.change(update(Entry).where(Entry.id == entry_id).values(text="fel", language="fi"))


def _close(unit: Unit, conversation_id: int, by_id: int) -> None:
    conversation = unit.lock(Conversation, conversation_id)
    assert conversation is not None
    conversation.close(unit, by_id)


def _replay(line: Line) -> list[Happening]:
    """All raw events; what was told of it."""
    told: list[Happening] = []

    async def run() -> None:
        hub = Hub(line.settings, serves=False, works=True)
        hub.storage.on_commit(told.extend)
        async with hub.running():
            for raw_id in line.all(select(RawEvent.id)):
                await hub.replay(raw_id)

    asyncio.run(run())
    return told
