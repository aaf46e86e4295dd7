"""Who looked: a question and what came of it are one line, found by whatever it is looked for by."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.engine import Engine

from hub import clock
from hub.access import person
from hub.access.person import Actor, Membership
from hub.inbox import confidential, matter
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue
from hub.inbox.topic import Topic
from hub.lookups import definition
from hub.lookups.ask import ask
from hub.lookups.definition import Declared
from hub.lookups.looked import Line, Wanted, lines
from hub.lookups.question import Question
from hub.lookups.sources import Sources
from hub.lookups.use import LookupUse, use
from hub.storage import ids
from hub.storage.unit import Unit
from tests.lookups.looking import look
from tests.lookups.source import Ledgered, Settings, registry
from tests.storage.centre import EVERYTHING, Centre, conversation, must

NOON = (clock.now() // clock.DAY + 1) * clock.DAY + clock.DAY // 2
"""Tomorrow's."""


class Looked:
    """A centre whose people have asked."""

    def __init__(self, centre: Centre) -> None:
        self.centre, self.granvik = centre, centre.ids["granvik"]
        self.at = NOON
        self.sara = centre.do(self._join, "sara", "agent", "kontakt")
        self.vera = centre.do(self._join, "vera", "lead", None)

    def _join(self, unit: Unit, who: str, role: str, queue: str | None) -> Actor:
        row = must(unit.get(person.Person, self.centre.ids[who]))
        home = must(unit.get(Municipality, self.granvik))
        member = person.join(unit, row, home, role, self.centre.ids[queue] if queue else None)
        member.since = NOON - 30 * clock.DAY
        return must(person.actor(unit, row.id, frozenset()))

    def look(self, by: Actor | None = None, code: str = "granvik", **said: Any) -> None:
        """A minute after the one before."""
        self.at += clock.MINUTE
        clock.set_source(lambda: self.at)
        self.centre.do(look, self.centre.ids[code], by, **said)
        clock.set_source(lambda: self.at)

    def lines(self, **wanted: Any) -> list[Line]:
        return list(self.centre.here(lines, [self.granvik], Wanted(**wanted))[0])

    def use(self, days: int = 7) -> dict[str, LookupUse]:
        return {each.name: each for each in self.centre.here(use, self.granvik, days)}


@pytest.fixture
def looked(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> Looked:
    """Ids never go back in time, but this database is a new one."""
    monkeypatch.setattr(ids._source, "_last", 0)
    return Looked(centre)


def test_a_question_of_the_gate_is_one_line(centre: Centre) -> None:
    known, granvik = registry(), centre.ids["granvik"]
    centre.do(definition.publish, granvik, Declared(name="invoices", kind="ledgered", title={"sv": "F"}), Settings())

    async def put() -> None:
        sources = Sources(centre.storage, known)
        await ask(sources, EVERYTHING, None, Question(granvik, "invoices", "invoice", "17", "Frågar"))
        await sources.close()

    for _ in range(2):
        asyncio.run(put())
        Ledgered.does = lambda _: []
    none, found = centre.here(lines, [granvik], Wanted())[0]
    assert (found.ended, found.outcome, found.lookup, found.place) == ("found", "found 1", "invoices", "command line")
    assert (found.person, found.offices, found.purpose) == (None, [], "Frågar")
    assert none.ended == "none"
    assert none.about == found.about
    assert found.milliseconds is not None


def test_who_asked_and_as_what(looked: Looked) -> None:
    looked.look(looked.sara)
    looked.look(looked.vera)
    vera, sara = looked.lines()
    assert (must(sara.person).name, [(each.role, each.unit) for each in sara.offices]) == (
        "Sara",
        [("agent", {"sv": "kontakt"})],
    )
    assert [(each.role, each.unit) for each in vera.offices] == [("lead", None)]
    assert sara.milliseconds == 300


def test_what_was_shown_in_clear_is_a_line_and_no_question(looked: Looked) -> None:
    told = looked.centre.mail()
    looked.look(looked.sara, conversation_id=told)
    looked.look(looked.vera, conversation_id=told, act="lookup.reveal", ended=BOMKOD, purpose="Bommen")
    shown, question = looked.lines()
    assert (must(shown.person).name, shown.purpose, shown.lookup) == ("Vera", "Bommen", "invoices")
    assert (shown.ended, shown.outcome, shown.field) == ("revealed", BOMKOD, "fields.Bomkod")
    assert (shown.milliseconds, shown.about) == (None, question.about)
    assert (question.ended, question.field) == ("found", "")
    assert looked.lines(ended="revealed") == [shown]
    assert looked.lines(person_id=looked.vera.id) == [shown]
    counted = looked.use()["invoices"]
    assert (counted.asked, counted.ended["found"], counted.days[-1].asked) == (1, 1, 1)
    assert (counted.revealed, counted.last_asked_at) == (1, question.at)
    looked.look(looked.vera, conversation_id=told, lookup="gone", act="lookup.reveal", ended=BOMKOD)
    assert (looked.use()["gone"].asked, looked.use()["gone"].revealed) == (0, 1)


def test_an_office_is_that_of_the_day(looked: Looked) -> None:
    looked.look(looked.sara)

    def leave(unit: Unit) -> None:
        for row in unit.all(select(Membership).where(Membership.person_id == looked.sara.id)):
            row.until = looked.at + 1

    looked.centre.do(leave)
    looked.look(looked.sara)
    later, then = looked.lines()
    assert [each.role for each in then.offices] == ["agent"]
    assert later.offices == []


BOMKOD = "fields.Bomkod, card 1 of 1 asked for at 2026-11-28T05:00:00+00:00"
ENDS = {
    "found": "found 3", "none": "none", "several": "several", "failed": "Unreachable", "another's": "another's",
    "not_theirs": "of another", "protected": "refused",
}  # fmt: skip


def test_an_answer_is_that_of_its_own_conversation(looked: Looked) -> None:
    for ended in (None, "found 1"):
        looked.look(looked.sara, conversation_id=looked.centre.mail(), ended=ended)
    assert [each.ended for each in looked.lines()] == ["found", "unanswered"]


def test_by_what_came_of_it(looked: Looked) -> None:
    for ended in ENDS.values():
        looked.look(looked.sara, ended=ended)
    looked.look(looked.sara, ended=None)
    looked.look(looked.sara, ended="protected", lookup="waste")
    looked.look(looked.sara, act="lookup.stopped", ended="neighbours")
    everything = [each.ended for each in looked.lines()]
    assert everything == ["stopped", "protected", "unanswered", *list(ENDS)[::-1]]
    for ended in ENDS:
        assert {each.ended for each in looked.lines(ended=ended)} == {ended}
    assert [each.lookup for each in looked.lines(ended="protected")] == ["waste", "invoices"]
    assert [each.ended for each in looked.lines(ended="alarm")] == [
        "stopped",
        "protected",
        "protected",
        "not_theirs",
        "another's",
    ]
    assert {each.id for each in looked.lines(ended="failed")} < {each.id for each in looked.lines()}


def test_by_person_lookup_time_conversation_and_words(looked: Looked) -> None:
    told = looked.centre.mail()
    looked.look(looked.sara, purpose="Åsa frågar om 100 % rabatt")
    looked.look(looked.vera, lookup="waste_bins")
    looked.look(looked.vera, lookup="wastexbins", conversation_id=told)
    newest, middle, oldest = looked.lines()
    for wanted, found in (
        ({"person_id": looked.sara.id}, [oldest]),
        ({"lookup": "waste_bins"}, [middle]),
        ({"conversation_id": told}, [newest]),
        ({"since": clock.from_datetime(middle.at)}, [newest, middle]),
        ({"until": clock.from_datetime(middle.at)}, [oldest]),
        ({"words": "åsa RABATT"}, [oldest]),
        ({"words": "100 %"}, [oldest]),
        ({"words": "1_0"}, []),
        ({"words": "åsa faktura"}, []),
        ({"municipality_id": looked.centre.ids["nesoy"]}, []),
    ):
        assert looked.lines(**wanted) == found, wanted


def test_page_by_page(looked: Looked) -> None:
    for number in range(7):
        looked.look(looked.sara, purpose=f"Fråga {number}")
    found: list[str] = []
    after: str | None = None
    while True:
        page, after = looked.centre.here(lines, [looked.granvik], Wanted(after=after, limit=3))
        found += [each.purpose for each in page]
        if after is None:
            break
    assert found == [f"Fråga {number}" for number in range(6, -1, -1)]


def test_of_elsewhere_nothing_shows(looked: Looked) -> None:
    looked.look(None, "nesoy")
    assert looked.lines() == []
    both = [looked.granvik, looked.centre.ids["nesoy"]]
    assert looked.centre.here(lines, both, Wanted())[0] == []


def test_how_a_lookup_is_used(looked: Looked) -> None:
    declared = Declared(name="invoices", kind="ledgered", title={"sv": "Fakturor"})
    looked.centre.do(definition.publish, looked.granvik, declared, Settings())
    for milliseconds in (100, 200, 900):
        looked.look(looked.sara, after=milliseconds, about=("invoice", str(milliseconds)))
    looked.look(looked.vera, ended="Unreachable", purpose="Ett annat ord")
    looked.look(None, ended="no answer", place="command line")
    looked.look(looked.sara, ended=None)
    for _ in range(3):
        looked.look(looked.sara, lookup="gone", purpose="Om Anna", about=("invoice", "18"))
    found = looked.use()
    invoices = found["invoices"]
    assert (invoices.asked, invoices.version, invoices.title) == (6, 1, {"sv": "Fakturor"})
    assert invoices.ended == {
        "found": 3, "none": 0, "several": 0, "failed": 2, "another's": 0, "not_theirs": 0, "protected": 0, "stopped": 0,
    }  # fmt: skip
    assert invoices.errors == {"Unreachable": 1, "no answer": 1}
    assert [each.asked for each in invoices.days] == [0] * 6 + [6]
    assert (invoices.median_ms, invoices.p95_ms) == (300, 900)
    assert [(each.purpose, each.asked) for each in invoices.purposes] == [("The citizen asks", 4)]
    who = {tuple(office.role for office in each.offices): each.asked for each in invoices.offices}
    assert who == {("agent",): 4, ("lead",): 1, (): 1}
    last_good = must(invoices.last_good_at)
    assert last_good - clock.to_datetime(NOON) == timedelta(minutes=3, milliseconds=900)
    assert (found["gone"].version, found["gone"].title) == (None, {"en": "gone"})
    assert (found["gone"].asked, found["gone"].purposes) == (3, ())


def test_topics_but_not_of_what_is_confidential(looked: Looked) -> None:
    named = looked.centre.ids
    told, secret, elsewhere = (
        looked.centre.mail(),
        looked.centre.mail(),
        looked.centre.mail(of="nesoy", queue_name="innbygger"),
    )

    def settle(unit: Unit) -> None:
        topic = must(unit.get(Topic, named["fakturor"]))
        for each in (told, secret):
            matter.add(unit, conversation(unit, each), looked.sara.id, topic)
        confidential.limit(unit, conversation(unit, secret), looked.sara.id, must(unit.get(Queue, named["kontakt"])))

    looked.centre.do(settle)
    for each in (told, told, secret, elsewhere):
        looked.look(looked.sara, conversation_id=each)
    topics = looked.use()["invoices"].topics
    assert [(each.topic_id, each.asked) for each in topics] == [(str(named["fakturor"]), 2)]


def test_days_are_those_of_the_municipality(looked: Looked) -> None:
    here = clock.to_datetime(NOON).astimezone(ZoneInfo("Europe/Stockholm"))
    midnight = clock.from_datetime((here + timedelta(days=1)).replace(hour=0))
    looked.at = midnight - 2 * clock.MINUTE
    looked.look(looked.sara)
    looked.look(looked.sara)
    looked.look(looked.sara)
    assert [each.asked for each in looked.use()["invoices"].days] == [0, 0, 0, 0, 0, 1, 2]


PLANS: dict[str, dict[str, Any]] = {
    "ix_audit_lookups": {},
    "ix_audit_looked_by": {"person_id": 1},
    "ix_audit_looked_in": {"conversation_id": 1},
    "ix_audit_alarms": {"ended": "alarm"},
}


@pytest.mark.untouched
@pytest.mark.parametrize("index", PLANS)
def test_each_search_goes_by_its_index(looked: Looked, index: str) -> None:
    if index == "ix_audit_lookups":
        looked.look(looked.sara)
    statement, values = _recorded(looked, lambda unit: lines(unit, [looked.granvik], Wanted(**PLANS[index])))[0]
    assert index in _plan(looked.centre, statement, values)


@pytest.mark.untouched
def test_pairs_and_use_go_by_indexes(looked: Looked) -> None:
    for _ in range(3):
        looked.look(looked.sara)
    asked = _recorded(looked, lambda unit: lines(unit, [looked.granvik], Wanted()))
    asked += _recorded(looked, lambda unit: use(unit, looked.granvik, 7))
    assert len(asked) > 8
    for statement, values in asked:
        plan = _plan(looked.centre, statement, values)
        assert "SCAN audit" not in plan.replace("SCAN audit USING", ""), (statement, plan)
        assert "Seq Scan on audit" not in plan, (statement, plan)


def _recorded(looked: Looked, work: Callable[[Unit], object]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        if "FROM audit" in statement.replace("\n", " "):
            found.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        looked.centre.here(work)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return found


def _plan(centre: Centre, statement: str, values: Any) -> str:
    with centre.storage.engines.reader.connect() as connection:
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            return "\n".join(row[3] for row in rows)
        for setting in ("enable_seqscan", "enable_bitmapscan"):  # a small table is no excuse
            connection.execute(text(f"SET LOCAL {setting} = off"))
        enter = "SELECT set_config('role', 'torg_app', true), set_config('torg.municipalities', :m, true)"
        connection.execute(text(enter), {"m": f"{{{centre.ids['granvik']}}}"})
        return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values).all())
