"""Rebuild (fault F22): what was made of raw events, dropped and made again, is the same; so is what a replay makes.

TORG_TEST_LARGE=1 does it with 5,000 mails.
"""

import asyncio
import hashlib
import os
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, text

from hub.contract import Router
from hub.inbound.children import Children
from hub.inbound.pipeline import Pipeline
from hub.inbound.raw_event import RawEvent
from hub.inbound.replay import replay
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry, Mail
from hub.storage.unit import Unit
from plugins.routing.by_recipient import by_recipient
from tests.formats.samples import bench_mails
from tests.inbound.test_bombs import bombs
from tests.line import TEST, Line, letter, until

MAILS = 5_000 if os.environ.get("TORG_TEST_LARGE") else 120
SEED = 20_261_126
DERIVED = ("search_entry", "attachment", "mail", "participant", "entry", "conversation", "citizen_point", "citizen")
"""Tables, in an order that their references allow."""


def test_f22_what_is_made_of_raw_events_is_the_same_made_again(line_on_both: Line) -> None:
    line = line_on_both
    line.send(*_mails())
    until(lambda: "new" not in line.raw_states() and len(line.raw_states()) == len(_mails()), 60 + MAILS / 20)
    before = line.storage.read_now(TEST, _made)
    assert len(before) > MAILS
    _drop_what_was_made(line)
    assert line.storage.read_now(TEST, _made) == []
    until(lambda: "new" not in line.raw_states(), 60 + MAILS / 20)
    assert line.storage.read_now(TEST, _made) == before
    asyncio.run(_replay_all(line))
    assert line.storage.read_now(TEST, _made) == before


def _mails() -> Sequence[bytes]:
    """Of all kinds; every fifth goes on with an earlier one; some that can't be read."""
    said = [body for _, body in bench_mails(MAILS, seed=SEED)]
    begun = [letter(f"Fråga {n}", Message_ID=f"<{n}@post.example>") for n in range(10)]
    gone_on = [letter(f"Mer om {n}", In_Reply_To=f"<{n}@post.example>", Subject="SV: Slamtömning") for n in range(10)]
    bent = [body for name, body in bombs().items() if len(body) < 40_000 and name != "nothing"]
    return [*said, *(mail.as_bytes() for mail in (*begun, *gone_on)), *bent]


def _made(unit: Unit) -> list[Any]:
    """All that people see of it, by their raw events: ids and the moment of making aside, which are new each time."""
    files: dict[int, list[Any]] = defaultdict(list)
    for each in unit.all(select(Attachment)):
        content = unit.blobs.get(each.blob) if each.blob else each.body or b""
        digest = hashlib.sha256(content).hexdigest()
        files[each.entry_id].append((each.name, each.media_type, each.size, each.inline_id, digest))
    rows = unit.rows(
        select(Entry, Mail, Conversation, Citizen, RawEvent.source_key)
        .join(Mail, Mail.entry_id == Entry.id)
        .join(Conversation, Conversation.id == Entry.conversation_id)
        .join(Citizen, Citizen.id == Conversation.citizen_id)
        .join(RawEvent, RawEvent.id == Entry.raw_event_id)
        .order_by(Entry.raw_event_id)
    )
    first: dict[int, str] = {}
    found: list[Any] = []
    for entry, mail, conversation, citizen, key in rows:
        first.setdefault(conversation.id, key)
        found.append(
            (
                key, first[conversation.id], first.get(conversation.related_id or 0), conversation.subject,
                conversation.due_at, conversation.queue_id, citizen.name, entry.text, entry.body, entry.language,
                mail.sender, mail.recipients, mail.message_id, mail.refs, mail.automatic, mail.safe_html,
                sorted(files[entry.id], key=repr),
            )
        )  # fmt: skip
    points = unit.rows(
        select(CitizenPoint.match_key, Citizen.name).join(Citizen, Citizen.id == CitizenPoint.citizen_id)
    )
    quarantined = unit.rows(select(RawEvent.source_key, RawEvent.reason).where(RawEvent.state == "quarantined"))
    return [*found, *sorted(points), *sorted(quarantined)] if found else []


def _drop_what_was_made(line: Line) -> None:
    with line.storage.engines.writer.begin() as connection:
        for table in DERIVED:
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - a constant
        connection.execute(text("UPDATE raw_event SET state = 'new', reason = NULL"))


async def _replay_all(line: Line) -> None:
    routers: dict[str, Router] = {"by_recipient": by_recipient}
    read = line.all(select(RawEvent.id).where(RawEvent.state == "read").order_by(RawEvent.id))
    async with Children(1, 20) as children:
        await replay(line.storage, Pipeline(line.storage, children, routers), line.registry, routers, read)
