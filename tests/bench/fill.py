"""Fills an installation with conversations as if they had come long ago: 2 % open, words by a Zipf law.

Rows as `hub.inbound.normalise` writes them, in bulk: citizen, point, conversation, participant, entry, mail, tokens.
The first fifty are open and have twenty mails each: a list page is full and a long conversation is there at every size.
"""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import text

from hub import clock
from hub.clock import NEVER
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry, Mail
from hub.inbox.participant import Participant
from hub.storage import search_index
from hub.storage.ids import id_at
from hub.storage.unit import Unit
from hub.storage.words import tokens
from tests.bench.gen_mail import records
from tests.bench.installation import BENCH, Installation

OPEN = 0.02
LONG, MAILS = 50, 20
TOGETHER = 5000
_TOLD = 30.0
"""Seconds from one line that says how far it is to the next."""
_APART = 17 * clock.SECOND
_TABLES = (Citizen, CitizenPoint, Conversation, Participant, Entry, Mail)
_Rows = dict[type[Any], list[dict[str, Any]]]
"""Of one conversation, by their tables."""


def fill(installation: Installation, count: int, already: int = 0, say: Callable[[str], None] | None = None) -> None:
    """Until there are `count` conversations, of which `already` are there. `say` is told how far it is."""
    storage = installation.storage
    begun = told = time.monotonic()
    index = None
    if storage.engines.writer.dialect.name == "postgresql":
        index = _owner(installation, "SELECT pg_get_indexdef('ix_search_entry_tokens'::regclass)")
        _owner(installation, "DROP INDEX ix_search_entry_tokens")
    group: list[_Rows] = []
    for number, rows in enumerate(_rows(installation, count, already), already + 1):
        group.append(rows)
        if len(group) == TOGETHER:
            storage.write_now(BENCH, _write, group)
            group = []
            if say is not None and time.monotonic() > told + _TOLD:
                told = time.monotonic()
                left = (told - begun) / (number - already) * (count - number) / 60
                say(f"filled {number:,} of {count:,}, about {left:.0f} min more")
    storage.write_now(BENCH, _write, group)
    if index is not None:
        _owner(installation, str(index))
    settle(installation)


def entries(count: int, already: int) -> int:
    """How many are filled in with so many conversations."""
    return count - already + (0 if already else LONG * (MAILS - 1))


def settle(installation: Installation) -> None:
    """What the database does in the minutes after many rows came, done now: else it does it while we measure."""
    if installation.storage.engines.embedded is not None:
        installation.storage.engines.embedded.upkeep.catch_up()
    else:
        _owner(installation, "VACUUM ANALYZE")


def whole(installation: Installation) -> tuple[float, float]:
    """MB of the rows with their indexes, and of the files beside them; after what the database puts off."""
    settle(installation)
    if installation.storage.engines.embedded is None:
        size = int(str(_owner(installation, "SELECT pg_database_size(current_database())")))
    else:
        used = [
            int(str(_owner(installation, f"PRAGMA {name}"))) for name in ("page_count", "freelist_count", "page_size")
        ]
        size = (used[0] - used[1]) * used[2]
    files = sum(each.stat().st_size for each in Path(installation.settings.blob_folder).rglob("*") if each.is_file())
    return size / 1e6, files / 1e6


def _rows(installation: Installation, count: int, already: int) -> Iterator[_Rows]:
    chance = random.Random(count)  # noqa: S311 - figures that can be repeated
    start = clock.now() - (count + 10) * _APART
    for number, _, subject, body, name, address in records(count, seed=11):  # type: ignore[no-untyped-call]  # copied in unmodified
        if number < already:
            continue
        place = number % len(installation.municipalities)
        is_long = number < LONG
        is_open = chance.random() < OPEN or is_long
        times = [start + number * _APART + each * clock.SECOND // 2 for each in range(MAILS if is_long else 1)]
        rows = _conversation(installation, place, times, is_open, (subject, body, name, f"{number}.{address}"))
        if is_long:
            installation.long_ones.append(rows[Conversation][0]["id"])
        yield rows


def _conversation(
    installation: Installation, place: int, times: list[int], is_open: bool, said: tuple[str, str, str, str]
) -> _Rows:
    """A mail at each of these times."""
    subject, body, name, address = said
    at = times[0]
    citizen, point, conversation = (id_at(at) for _ in range(3))
    entries = [id_at(each) for each in times]
    own = {"municipality_id": installation.municipalities[place]}
    return {
        Citizen: [{"id": citizen, **own, "kind": "person", "name": name, "protection": "unknown"}],
        CitizenPoint: [{
            "id": point, **own, "citizen_id": citizen, "first_citizen_id": citizen, "kind": "email",
            "value": address, "match_key": address,
        }],
        Conversation: [{
            "id": conversation, **own, "citizen_id": citizen, "queue_id": installation.queues[place],
            "subject": subject, "language": "sv", "opened_at": at, "version": 1, "last_entry_id": entries[-1],
            "hold": False,
            "due_at": at + 2 * clock.DAY if is_open else NEVER, "closed_at": None if is_open else at + clock.DAY,
        }],
        Participant: [{
            "id": id_at(at), **own, "conversation_id": conversation, "citizen_point_id": point, "role": "sender",
        }],
        Entry: [{
            "id": entry, **own, "conversation_id": conversation, "first_conversation_id": conversation, "kind": "mail",
            "occurred_at": then, "recorded_at": then, "author_kind": "citizen", "channel_id": installation.channel_id,
            "item_key": str(entry), "visibility": "public", "language": "sv", "text": body,
            "body": {"subject": subject, "name": name, "sender": address, "address": f"post@m{place + 1}.example"},
        } for entry, then in zip(entries, times, strict=True)],
        Mail: [{
            "id": id_at(then), **own, "entry_id": entry, "message_id": f"<{entry}@fill.example>", "refs": [],
            "sender": address, "recipients": {"to": [], "cc": []},
        } for entry, then in zip(entries, times, strict=True)],
    }  # fmt: skip


def _write(unit: Unit, group: list[_Rows]) -> None:
    for table in _TABLES:
        unit.insert_many(table, [row for rows in group for row in rows[table]])
    search_index.write(
        unit,
        [
            (
                entry["id"],
                entry["municipality_id"],
                tokens(f"{entry['body']['subject']} {entry['text']}", "sv"),
            )
            for rows in group
            for entry in rows[Entry]
        ],
    )


def _owner(installation: Installation, statement: str) -> object:
    """The first value of what it answers, if it does."""
    engine = installation.storage.engines.writer
    if engine.dialect.name == "postgresql":  # VACUUM wants no transaction
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET statement_timeout = 0"))
        answer = connection.execute(text(statement))
        return answer.scalar() if answer.returns_rows else None
