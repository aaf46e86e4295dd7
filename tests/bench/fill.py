"""Fills an installation with conversations as if they had come long ago: 2 % open, words by a Zipf law.

Rows as `hub.inbound.normalise` writes them, in bulk: citizen, point, conversation, participant, entry, mail, tokens.
"""

import random
from collections.abc import Iterator
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
TOGETHER = 5000
_APART = 17 * clock.SECOND
_TABLES = (Citizen, CitizenPoint, Conversation, Participant, Entry, Mail)


def fill(installation: Installation, count: int, already: int = 0) -> None:
    """Until there are `count` conversations, of which `already` are there."""
    storage = installation.storage
    index = None
    if storage.engines.writer.dialect.name == "postgresql":
        index = _owner(installation, "SELECT pg_get_indexdef('ix_search_entry_tokens'::regclass)")
        _owner(installation, "DROP INDEX ix_search_entry_tokens")
    group: list[dict[type[Any], dict[str, Any]]] = []
    for rows in _rows(installation, count, already):
        group.append(rows)
        if len(group) == TOGETHER:
            storage.write_now(BENCH, _write, group)
            group = []
    storage.write_now(BENCH, _write, group)
    if index is not None:
        _owner(installation, str(index))
    settle(installation)


def settle(installation: Installation) -> None:
    """What the database does in the minutes after many rows came, done now: else it does it while we measure."""
    if installation.storage.engines.upkeep is not None:
        installation.storage.engines.upkeep.catch_up()
    else:
        _owner(installation, "VACUUM ANALYZE")


def _rows(installation: Installation, count: int, already: int) -> Iterator[dict[type[Any], dict[str, Any]]]:
    chance = random.Random(count)  # noqa: S311 - figures that can be repeated
    start = clock.now() - (count + 10) * _APART
    for number, _, subject, body, name, address in records(count, seed=11):  # type: ignore[no-untyped-call]  # copied in unmodified
        if number < already:
            continue
        place = number % len(installation.municipalities)
        yield _conversation(
            installation,
            place,
            start + number * _APART,
            chance.random() < OPEN,
            (subject, body, name, f"{number}.{address}"),
        )


def _conversation(
    installation: Installation, place: int, at: int, is_open: bool, said: tuple[str, str, str, str]
) -> dict[type[Any], dict[str, Any]]:
    subject, body, name, address = said
    municipality = installation.municipalities[place]
    citizen, point, conversation, entry = (id_at(at) for _ in range(4))
    own = {"municipality_id": municipality}
    return {
        Citizen: {"id": citizen, **own, "kind": "person", "name": name, "protection": "unknown"},
        CitizenPoint: {
            "id": point, **own, "citizen_id": citizen, "first_citizen_id": citizen, "kind": "email",
            "value": address, "match_key": address,
        },
        Conversation: {
            "id": conversation, **own, "citizen_id": citizen, "queue_id": installation.queues[place],
            "subject": subject, "language": "sv", "opened_at": at, "version": 1, "last_entry_id": entry, "hold": False,
            "due_at": at + 2 * clock.DAY if is_open else NEVER, "closed_at": None if is_open else at + clock.DAY,
        },
        Participant: {
            "id": id_at(at), **own, "conversation_id": conversation, "citizen_point_id": point, "role": "sender",
        },
        Entry: {
            "id": entry, **own, "conversation_id": conversation, "first_conversation_id": conversation, "kind": "mail",
            "occurred_at": at, "recorded_at": at, "author_kind": "citizen", "channel_id": installation.channel_id,
            "item_key": str(entry), "visibility": "public", "language": "sv", "text": body,
            "body": {"subject": subject, "name": name, "sender": address, "address": f"post@m{place + 1}.example"},
        },
        Mail: {
            "id": id_at(at), **own, "entry_id": entry, "message_id": f"<{entry}@fill.example>", "refs": [],
            "sender": address, "recipients": {"to": [], "cc": []},
        },
    }  # fmt: skip


def _write(unit: Unit, group: list[dict[type[Any], dict[str, Any]]]) -> None:
    for table in _TABLES:
        unit.insert_many(table, [rows[table] for rows in group])
    search_index.write(
        unit,
        [
            (
                rows[Entry]["id"],
                rows[Entry]["municipality_id"],
                tokens(f"{rows[Conversation]['subject']} {rows[Entry]['text']}", "sv"),
            )
            for rows in group
        ],
    )


def _owner(installation: Installation, statement: str) -> object:
    """The first value of what it answers, if it does."""
    engine = installation.storage.engines.writer
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET statement_timeout = 0"))
        answer = connection.execute(text(statement))
        return answer.scalar() if answer.returns_rows else None
