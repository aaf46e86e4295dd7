"""What lists and search do in the database: each by the index that was made for it, on both engines."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from hub import clock
from hub.access import policy
from hub.edge import guarding, listing, merging, searching
from hub.inbound import overview
from hub.inbox import confidential, desk_list, links, queries, timeline
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry, Mail
from hub.inbox.queries import Filter
from hub.plugin_host.registry import Registry
from hub.storage.ids import new_id
from hub.storage.keyset import read_cursor, write_cursor
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from hub.watch import health
from tests.web.world import World, keep_raw, must

MANY = 3_000
Statement = tuple[str, Any]
WATCHED = ("conversation", "entry", "reading", "matter", "attachment", "raw_event", "mail", "citizen")


def lists(world: World) -> dict[str, tuple[str, Callable[[Unit], object]]]:
    """Name -> the index it shall go by, and the list."""
    sara, ida, lena = world.actor("sara"), world.actor("ida"), world.actor("lena")
    within = policy.within(sara)

    def conversations(**wanted: Any) -> Callable[[Unit], object]:
        return lambda unit: queries.conversations(unit, within, Filter(**wanted), None, 50)

    def raw(state: str | None) -> Callable[[Unit], object]:
        wanted = overview.Wanted(state, None, None, 50)
        return lambda unit: overview.raw_events(unit, sorted(ida.municipality_ids), wanted)

    def nobodys(state: str | None) -> Callable[[Unit], object]:
        wanted = overview.Wanted(state, None, None, 50)
        return lambda unit: overview.raw_events_of_nobody(unit, [world.ids["in"]], wanted)

    def found(**how: Any) -> Callable[[Unit], object]:
        wanted = overview.Wanted(None, None, None, 50, **how)
        return lambda unit: overview.raw_events(unit, sorted(ida.municipality_ids), wanted)

    return {
        "open": ("ix_conversation_open", conversations()),
        "open in a queue": ("ix_conversation_open", conversations(queue_id=world.ids["vatten"])),
        "open and unassigned": ("ix_conversation_open", conversations(unassigned=True)),
        "mine": ("ix_conversation_mine", conversations(assignee_id=sara.id)),
        "waiting": ("ix_conversation_open", conversations(waiting=True)),
        "overdue": ("ix_conversation_open", conversations(overdue=True)),
        "of a kind": ("ix_conversation_open", conversations(contact_kind="mail")),
        "of a municipality": ("ix_conversation_open", conversations(municipality_id=world.ids["granvik"])),
        "rows of the desk": (
            "ix_reading_conversation",
            lambda unit: listing.whole_list(unit, sara, Filter(), None, 50),
        ),
        "newest entries": (
            "ix_entry_timeline",
            lambda unit: listing.whole_list(unit, sara, Filter(), None, 50),
        ),
        "counts of the rail": (
            "ix_conversation_open|ix_conversation_newest_open",
            lambda unit: desk_list.counts(unit, within),
        ),
        "count of mine": ("ix_conversation_mine", lambda unit: desk_list.count_mine(unit, within, sara.id)),
        "with the masked ones": (
            "ix_conversation_open",
            lambda unit: listing.whole_list(unit, sara, Filter(), None, 50),
        ),
        "closed": ("uq_conversation_municipality_id_id|autoindex_conversation", conversations(closed=True)),
        "closed of mine": ("ix_conversation_assignee", conversations(closed=True, assignee_id=sara.id)),
        "a citizen's": (
            "ix_conversation_citizen",
            lambda unit: queries.conversations_of(unit, within, a_citizen(unit), None, 50),
        ),
        "timeline": (
            "ix_entry_timeline",
            lambda unit: timeline.timeline(
                unit, must(unit.get(Conversation, world.ids["one"])), lambda _: True, None, 50
            ),
        ),
        "counts": ("ix_conversation_open|ix_conversation_newest_open", lambda unit: queries.open_counts(unit, within)),
        "search": (
            "INTEGER PRIMARY KEY|pk_entry",
            lambda unit: searching.search_entries(unit, sara, "faktura", None, 50),
        ),
        "also sent": (
            "ix_mail_message_id",
            lambda unit: links.also_sent(unit, must(unit.get(Conversation, world.ids["newest"])), lambda _: True),
        ),
        "merge candidates": (
            "ix_conversation_citizen|ix_conversation_open",
            lambda unit: merging.candidates(unit, sara, world.ids["newest"]),
        ),
        "since when it is confidential": (
            "ix_entry_timeline",
            lambda unit: confidential.since(unit, must(unit.get(Conversation, world.ids["newest"]))),
        ),
        "whose glass was broken": ("ix_reading_conversation", lambda unit: guarding.breakages(unit, lena)),
        "raw events found": ("ix_raw_event_sender|ix_raw_event_message", found(find="anna@post.example")),
        "raw events of a day": ("ix_raw_event_municipality", found(since=clock.now() - clock.DAY, until=clock.now())),
        "raw events": ("ix_raw_event_municipality", raw(None)),
        "quarantined": ("ix_raw_event_quarantined", raw("quarantined")),
        "raw events of nobody": ("ix_raw_event_municipality", nobodys(None)),
        "quarantined of nobody": ("ix_raw_event_quarantined", nobodys("quarantined")),
        "channels": (
            "ix_raw_event_new",
            lambda unit: health.channels(unit, Registry(), lambda home: policy.runs_channels(ida, home)),
        ),
    }


@pytest.mark.untouched
def test_every_list_goes_by_its_index(world: World) -> None:
    world.do(fill, world)
    world.ids["newest"] = world.mail("Min faktura")
    refresh_statistics(world)
    scope, wrong = Scope.of(world.actor("sara")), []
    for name, (index, ask) in lists(world).items():
        with recorded(world) as statements:
            world.storage.read_now(scope, ask)
        plans = [plan(world, scope, statement) for statement in statements]
        scans = [each for table in WATCHED for each in (f"SCAN {table}\n", f"Seq Scan on {table} ")]
        if any(each in found for each in scans for found in plans):
            wrong.append(f"{name} reads a whole table")
        if not any(each in found for each in index.split("|") for found in plans):
            wrong.append(f"{name} doesn't go by {index}")
        if wrong and wrong[-1].startswith(name):
            wrong += plans
    assert not wrong, "\n\n".join(wrong)


def test_a_page_of_many_municipalities_is_one_statement_and_its_rows_another(world: World) -> None:
    world.mail()
    world.mail(municipality="holmo")
    _, ask = lists(world)["open"]
    with recorded(world) as statements:
        world.storage.read_now(Scope.of(world.actor("sara")), ask)
    assert len(statements) == 2


def test_nothing_is_listed_outside_the_scope(world: World) -> None:
    """Even if policy were wrong."""
    world.mail(municipality="nesoy", queue="innbygger")

    def ask(unit: Unit) -> object:
        foreign = Filter(municipality_id=world.ids["nesoy"])
        everything = policy.within(world.actor("nils"))
        return queries.conversations(unit, everything, foreign, None, 50)

    assert world.storage.read_now(Scope.of(world.actor("sara")), ask) == ([], None)


@pytest.mark.parametrize("keys", [(0,), (1, 2), (2**63 - 1, -1)])
def test_a_cursor_says_its_keys_again(keys: tuple[int, ...]) -> None:
    assert read_cursor(write_cursor(keys), len(keys)) == keys


def fill(unit: Unit, world: World) -> None:
    """Enough rows for the planner to mind; one in fifty is open, most are another municipality's."""
    citizens: list[dict[str, Any]] = []
    conversations: list[dict[str, Any]] = []
    now = clock.now()
    for number in range(MANY):
        here = world.ids[{0: "granvik", 1: "holmo"}.get(number % 20, "nesoy")]
        citizen = new_id()
        citizens.append(
            {"id": citizen, "municipality_id": here, "kind": "person", "name": "x", "language": None,
             "protection": "no", "protection_read_at": None}
        )  # fmt: skip
        conversations.append(
            {"id": new_id(), "municipality_id": here, "citizen_id": citizen, "queue_id": world.ids["kontakt"],
             "confidential_queue_id": None, "assignee_id": world.ids["sara"] if number % 40 < 2 else None,
             "subject": "x", "language": "sv", "opened_at": now, "due_at": now + number, "wait_until": None,
             "closed_at": now if number % 100 > 1 else None, "last_entry_id": None, "version": 1, "moved_from": None,
             "related_id": None, "retain_until": None, "hold": False}
        )  # fmt: skip
    unit.insert_many(Citizen, citizens)
    unit.insert_many(Conversation, conversations)
    entries: list[dict[str, Any]] = [
        {"id": new_id(), "municipality_id": each["municipality_id"], "conversation_id": each["id"],
         "first_conversation_id": each["id"], "kind": "note", "occurred_at": now, "recorded_at": now,
         "author_kind": "hub", "author_id": None, "channel_id": None, "raw_event_id": None, "item_key": None,
         "visibility": "internal", "language": None, "text": "x", "body": {}, "undone_at": None}
        for each in conversations
    ]  # fmt: skip
    unit.insert_many(Entry, entries)
    unit.insert_many(
        Mail,
        [
            {"id": new_id(), "municipality_id": each["municipality_id"], "entry_id": each["id"],
             "message_id": f"<{each['id']}@filled.example>", "in_reply_to": None, "refs": [], "sender": "x@x.example",
             "recipients": {}, "automatic": None, "authentication": None, "safe_html": None}
            for each in entries
        ],
    )  # fmt: skip
    world.ids["citizen"], world.ids["one"] = citizens[1]["id"], conversations[1]["id"]
    for number in range(1_000):
        state, code = "quarantined" if number % 100 == 0 else "read", "granvik" if number % 20 == 0 else "nesoy"
        keep_raw(unit, world.ids, str(number), b"x", state=state, code=code)


def a_citizen(unit: Unit) -> Citizen:
    """Any."""
    return Citizen(id=1, municipality_id=(unit.scope.municipalities or (0,))[0], name="x")


def refresh_statistics(world: World) -> None:
    with world.storage.engines.writer.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()


@contextmanager
def recorded(world: World) -> Iterator[list[Statement]]:
    """The SELECTs on watched tables that are sent meanwhile."""
    found: list[Statement] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if any(f"FROM {table}" in statement.replace("\n", " ") for table in WATCHED):
            found.append((statement, parameters))

    engine = world.storage.engines.reader
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def plan(world: World, scope: Scope, statement: Statement) -> str:
    """As text, a line a step. PostgreSQL: under row-level security, and a small table is no excuse."""
    sql, parameters = statement
    with world.storage.engines.reader.connect() as connection:
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).all()
            return "\n".join(row[3] for row in rows) + "\n"
        municipalities = "{" + ",".join(map(str, scope.municipalities or ())) + "}"
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        connection.execute(
            text("SELECT set_config('role', 'torg_app', true), set_config('torg.municipalities', :m, true)"),
            {"m": municipalities},
        )
        return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {sql}", parameters).all())
