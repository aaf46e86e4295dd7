"""What a search with filters does in the database: each by the index that was made for it, on both engines."""

import pytest

from hub.edge.searching import search_desk
from hub.storage.scope import Scope
from tests.inbox.test_queries import WATCHED, fill, plan, recorded, refresh_statistics
from tests.web.world import World

pytestmark = pytest.mark.untouched

INDEXES = {
    "faktura": "INTEGER PRIMARY KEY|pk_entry",
    "faktura is:open topic:fakturor": "INTEGER PRIMARY KEY|pk_entry",
    "is:open": "ix_conversation_newest_open",
    "is:unread": "ix_conversation_newest_open",
    "is:overdue queue:vatten": "ix_conversation_newest_open|ix_conversation_open",
    "queue:vatten": "ix_conversation_queue",
    "topic:fakturor": "ix_matter_topic",
    "assignee:me": "ix_conversation_assignee",
    "assignee:sara": "ix_conversation_assignee",
    "is:closed after:yesterday": "uq_conversation_municipality_id_id|autoindex_conversation",
    "to:granvik": "uq_conversation_municipality_id_id|autoindex_conversation",
}


@pytest.fixture
def filled(world: World) -> World:
    world.do(fill, world)
    world.mail("Min faktura")
    refresh_statistics(world)
    return world


def test_every_search_goes_by_its_index(filled: World) -> None:
    sara = filled.actor("sara")
    scope = Scope.of(sara)
    for text, index in INDEXES.items():
        with recorded(filled) as statements:
            filled.storage.read_now(scope, search_desk, sara, text, None, 50)
        plans = [plan(filled, scope, statement) for statement in statements]
        for found in plans:
            for table in WATCHED:
                assert f"SCAN {table}\n" not in found, f"{text}: {found}"
                assert f"Seq Scan on {table} " not in found, f"{text}: {found}"
                assert not any(reads_all(line) for line in found.splitlines()), f"{text}: {found}"
        assert any(each in found for each in index.split("|") for found in plans), "\n\n".join([text, *plans])


def reads_all(line: str) -> bool:
    """PostgreSQL's way to join a whole table when it may not scan it."""
    return "Hash Join" in line or "Hash Left Join" in line or "Merge Left Join" in line


def test_a_page_of_rows_takes_as_many_statements_however_long(filled: World) -> None:
    sara = filled.actor("sara")
    counts = []
    for limit in (1, 50):
        with recorded(filled) as statements:
            filled.storage.read_now(Scope.of(sara), search_desk, sara, "is:closed", None, limit)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6
