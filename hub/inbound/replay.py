"""Replay: read raw events again, after a parser was bettered. What was quarantined gets its entries; what has them gets
only what parsing decides anew. Routing, threading and state stay as they are."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import delete, select, update

from hub.contract import Router
from hub.errors import Corrupt
from hub.inbound import filled, mended, text_rows
from hub.inbound.call_rows import take_calls
from hub.inbound.files import attachment_blobs, attachment_rows, note_waiting
from hub.inbound.lane import Parsed, Placed
from hub.inbound.normalise import (
    arrived,
    entry_values,
    found_by,
    known_senders,
    mail_values,
)
from hub.inbound.pipeline import INTAKE, Pipeline, Trusts, load, place, quarantine
from hub.inbound.raw_event import PARSER_VERSION, RawEvent
from hub.inbound.reports import Reports
from hub.inbound.thread import Incoming
from hub.inbox import reported
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry, Mail
from hub.plugin_host.registry import Registry
from hub.storage import search_index
from hub.storage.unit import Happening, Storage, Unit


class Replayed(Struct, frozen=True):
    """How a replay ended, per raw event: read | quarantined | gone."""

    raw_id: int
    state: str
    reason: str | None


async def replay(
    storage: Storage, pipeline: Pipeline, registry: Registry, routers: dict[str, Router], raw_ids: Sequence[int]
) -> list[Replayed]:
    """One after the other, each in its own transaction."""
    return [await _replay_one(storage, pipeline, registry, routers, raw_id) for raw_id in raw_ids]


def choose(unit: Unit, *, failed: bool, channel_id: int | None) -> Sequence[int]:
    """Ids of the raw events to replay: only the quarantined ones, or all that were read as well; oldest first."""
    states = ("quarantined",) if failed else ("quarantined", "read", "new")
    query = select(RawEvent.id).where(RawEvent.state.in_(states)).order_by(RawEvent.id)
    return unit.all(query if channel_id is None else query.where(RawEvent.channel_id == channel_id))


async def _replay_one(
    storage: Storage, pipeline: Pipeline, registry: Registry, routers: dict[str, Router], raw_id: int
) -> Replayed:
    try:
        kept = await storage.read(INTAKE, load, raw_id)
        if kept is not None and (changed := await storage.read(INTAKE, mended.mended, registry, kept)):
            await storage.write(INTAKE, mended.put, changed)
            kept = await storage.read(INTAKE, load, raw_id)
    except Corrupt as error:  # its bytes are gone: what was made of it stays, and the next is read
        return await storage.write(INTAKE, _set_aside, raw_id, str(error))
    if kept is None:
        return Replayed(raw_id, "gone", "there is no such raw event, or it was erased")
    parsed = (await pipeline.parse([kept]))[0]
    now = await storage.read(INTAKE, _outcome, raw_id)
    if now.state != "read":
        await pipeline.settle([parsed], now.state)
        return await storage.read(INTAKE, _outcome, raw_id)
    placed = await storage.read(INTAKE, _place_as_it_was, parsed, routers, pipeline.trusts)
    if placed.reason:  # its entries stay as they are
        return Replayed(raw_id, now.state, placed.reason)
    await storage.put_blobs(attachment_blobs(placed.mails))
    await storage.write(INTAKE, _read_anew, placed)
    return await storage.read(INTAKE, _outcome, raw_id)


def _place_as_it_was(unit: Unit, parsed: Parsed, routers: dict[str, Router], trusts: Trusts) -> Placed:
    """Its files belong to the municipality it was placed in, wherever a router would place it today."""
    placed = place(unit, [parsed], routers, trusts)[0]
    municipality_id = unit.first(select(RawEvent.municipality_id).where(RawEvent.id == parsed.kept.id))
    for mail in placed.mails:
        if municipality_id is not None:
            mail.place = replace(mail.place, municipality_id=municipality_id)
    return placed


def _read_anew(unit: Unit, placed: Placed) -> None:
    """An event that has entries and can't be read any more keeps them as they are."""
    entries = {row.item_key: row for row in unit.all(select(Entry).where(Entry.raw_event_id == placed.kept.id))}
    for mail in placed.mails:
        entry = entries.get(mail.message.key)
        if entry is not None:
            _update(unit, entry, mail)
    take_calls(unit, placed.tellings, None)
    text_rows.read_anew(unit, placed.texts)
    reports = Reports(unit, [arrived(mail) for mail in placed.mails])
    for conversation_id in sorted(set(reports.conversations.values())):
        unit.lock(Conversation, conversation_id)  # before their deliveries, as everybody does who locks both
    for key in reports.apply():
        reported.come_back(unit, reports.conversations[key])
    unit.change(
        update(RawEvent)
        .where(RawEvent.id == placed.kept.id)
        .values(parser=PARSER_VERSION, attempts=RawEvent.attempts + 1)
    )


def _update(unit: Unit, entry: Entry, mail: Incoming) -> None:
    form = mail.message.form
    for name, value in (entry_values(mail) if form is None else filled.entry_values(mail, form)).items():
        setattr(entry, name, value)
    unit.change(update(Mail).where(Mail.entry_id == entry.id).values(**mail_values(mail)))
    kept = {
        (row.sha256, row.name): {
            "public_id": row.public_id,
            "scan": row.scan,
            "scan_said": row.scan_said,
            "scan_at": row.scan_at,
        }
        for row in unit.all(select(Attachment).where(Attachment.entry_id == entry.id))
    }
    unit.change(delete(Attachment).where(Attachment.entry_id == entry.id))
    rows = attachment_rows(mail, entry.id)
    for row in rows:
        # The same file keeps its address: somebody may have it open. And what the virus scanner said of it.
        row.update(kept.pop((row["sha256"], row["name"]), {}))
        row["municipality_id"] = entry.municipality_id
    unit.insert_many(Attachment, rows)
    note_waiting(unit, [mail])
    tokens = found_by(mail, known_senders(unit, [mail])[1]) if form is None else mail.tokens
    search_index.replace(unit, entry.id, entry.municipality_id, tokens)
    unit.note(Happening("conversation_changed", entry.conversation_id, entry.municipality_id, entry.conversation_id))


def _set_aside(unit: Unit, raw_id: int, reason: str) -> Replayed:
    for state in ("quarantined", "new"):
        quarantine(unit, raw_id, reason, state)
    return Replayed(raw_id, _state(unit, raw_id) or "gone", reason)


def _state(unit: Unit, raw_id: int) -> str | None:
    return unit.first(select(RawEvent.state).where(RawEvent.id == raw_id))


def _outcome(unit: Unit, raw_id: int) -> Replayed:
    row = unit.get(RawEvent, raw_id)
    return Replayed(raw_id, row.state, row.reason) if row else Replayed(raw_id, "gone", None)
