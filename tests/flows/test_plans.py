"""Plans: on SQLite no statement of a day's work reads through what grows, nor through one municipality's share of it.

The planner goes by figures that are the same here as in a database of a million conversations, see
`hub.storage.statistics`. So what it makes of a statement here is what it makes of it there.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from hub.storage.statistics import write
from tests.line import Line, letter, until
from tests.web.world import World, keep_raw
from tests.web.world import world as open_world

GROWING = {
    *("entry", "mail", "conversation", "participant", "citizen", "citizen_point", "raw_event", "attachment"),
    *("delivery", "audit", "reading", "request", "matter", "draft", "identity", "search_entry"),
}
OF_ALL = re.compile(r"SCAN (\w+)(.*)")
OF_A_MUNICIPALITY = re.compile(r"SEARCH (\w+) USING (?:COVERING )?INDEX (\w+) \(municipality_id=\?\)")
FEW = ("_open", "_mine", "_unsettled", "_went_wrong", "_new", "_new_group", "_quarantined")
"""Indexes that hold little: of what isn't done."""
NEWEST = "SELECT entry.id \nFROM entry ORDER BY entry.id DESC\n LIMIT ? OFFSET ?"
"""Looks at one row: the last of the table."""
OF_NOBODY = "WHERE raw_event.municipality_id IS NULL"
"""What nobody knows yet whose it is: little, and what is found in its order is enough."""
BY_WORDS = "VIRTUAL TABLE INDEX"


class Recorded:
    """What SQLite was asked meanwhile, each statement once, with the values it had."""

    def __init__(self, but: Engine | None = None) -> None:
        self.statements: dict[str, Any] = {}
        self._but = but

    def note(self, connection: Connection, _: Any, statement: str, values: Any, __: Any, many: bool) -> None:
        asked = statement.lstrip().split(None, 1)[0]
        if asked in {"SELECT", "UPDATE", "DELETE", "WITH"} and connection.engine is not self._but:
            self.statements.setdefault(statement, values[0] if many else values)

    def reading_through(self, engine: Engine) -> list[str]:
        """Statements that do, with the step of their plan."""
        found = []
        with engine.connect() as connection:
            for statement, values in self.statements.items():
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
                is_little = statement == NEWEST or OF_NOBODY in statement
                found += [f"{row[3]}: {statement}" for row in plan if reads_through(row[3]) and not is_little]
        return found


def reads_through(step: str) -> bool:
    """Whether a step of a plan looks at rows without end."""
    if match := OF_ALL.match(step):
        table, how = match.groups()
        return table in GROWING and BY_WORDS not in how and not how.endswith(FEW)
    if match := OF_A_MUNICIPALITY.match(step):
        table, index = match.groups()
        return table in GROWING and not index.endswith(FEW)
    return False


@contextmanager
def recorded(but: Engine | None = None) -> Iterator[Recorded]:
    found = Recorded(but)
    event.listen(Engine, "before_cursor_execute", found.note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", found.note)


def test_mails_in_and_answers_out(sqlite_database: str, tmp_path: Path) -> None:
    line = Line(tmp_path, sqlite_database)
    mine = line.storage.engines
    with recorded(mine.reader) as found, line.running():
        line.send(letter(), letter("Och mer"))
        first, _ = line.entries(2)
        ours = line.answer(first.conversation_id)
        until(lambda: [each.state for each in line.deliveries()] == ["sent"])
        line.send(letter("Tack!", In_Reply_To=str(ours.message_id)), b"From: x@x.example\r\n\r\nHej")
        line.entries(4)
    assert found.reading_through(mine.reader) == []
    line.storage.close()


def test_a_day_at_the_desk(sqlite_database: str, tmp_path: Path) -> None:
    with open_world(sqlite_database, tmp_path) as world:
        asked, other = world.mail(attachments=[("a.pdf", "application/pdf", b"%PDF")]), world.mail("Om slamtömning")
        world.do(keep_raw, world.ids, "raw", b"x", state="quarantined", code="granvik")
        with recorded() as found:
            look(world, asked)
            work(world, asked, other)
        assert len(found.statements) > 40
        assert found.reading_through(world.storage.engines.reader) == []


def look(world: World, conversation: int) -> None:
    """At everything that an agent and IT look at."""
    for path in (
        "/conversations",
        "/conversations?assignee=me",
        "/conversations?assignee=none",
        "/conversations?waiting=true",
        "/conversations?overdue=true",
        "/conversations?kind=mail",
        f"/conversations?queue={world.ids['kontakt']}",
        "/conversations?state=closed",
        "/counts",
        "/search?q=faktura",
        "/search?q=slam%20",
        f"/conversations/{conversation}",
        f"/conversations/{conversation}/timeline",
        f"/conversations/{conversation}/timeline?order=newest",
    ):
        assert world.get(path).status_code == 200, path
    citizen = world.get(f"/conversations/{conversation}").json()["citizen"]["id"]
    assert world.get(f"/citizens/{citizen}").status_code == 200
    assert world.get(f"/conversations?citizen={citizen}").status_code == 200
    for path in ("/channels", "/raw-events", "/raw-events?state=quarantined", f"/raw-events?channel={world.ids['in']}"):
        assert world.get(path, "ida").status_code == 200, path


def work(world: World, conversation: int, other: int) -> None:
    """What an agent does to them."""

    def change(method: str, what: str, of: int = conversation, **options: Any) -> None:
        path = f"/conversations/{of}/{what}"
        world.change(method, path, version=world.version(of), **options).raise_for_status()

    change("PUT", "assignment", json={"person": "me"})
    for number, (kind, said) in enumerate((("replies", {"text": "Svar"}), ("notes", {"text": "Ring"}))):
        key = {"Idempotency-Key": f"k{number}"}
        answer = world.ask("POST", f"/conversations/{conversation}/{kind}", json=said, headers=key)
        answer.raise_for_status()
        if kind == "replies":
            change("DELETE", f"replies/{answer.json()['id']}")
    change("PUT", "closure")
    change("DELETE", "closure")
    change("PUT", "queue", other, json={"queue": str(world.ids["vatten"])})


@pytest.fixture
def engine(sqlite_database: str, tmp_path: Path) -> Iterator[Engine]:
    with open_world(sqlite_database, tmp_path) as world:
        yield world.storage.engines.writer


def figures(engine: Engine) -> set[tuple[str, str]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT idx, stat FROM sqlite_stat1 WHERE idx IS NOT NULL"))
        return {(row.idx, row.stat) for row in rows}


def test_each_index_has_its_figures(engine: Engine) -> None:
    indexes = text("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name NOT LIKE 'search%'")
    with engine.connect() as connection:
        there = set(connection.execute(indexes).scalars())
    assert {name for name, _ in figures(engine)} == there


def test_what_somebody_counted_gives_way_to_them(engine: Engine) -> None:
    before = figures(engine)
    with engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()
    assert figures(engine) != before
    with engine.connect() as connection:
        write(connection)
        connection.commit()
    assert figures(engine) == before
