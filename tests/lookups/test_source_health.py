"""How the systems do that lookups ask: last answer, time, failing since, by what the audit has of them."""

import pytest

from hub import clock
from hub.lookups import definition
from hub.lookups.definition import Declared
from hub.lookups.health import LookupHealth, health
from hub.storage import ids
from tests.lookups.source import Settings
from tests.lookups.test_looked import Looked
from tests.storage.centre import Centre


@pytest.fixture
def looked(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> Looked:
    """Ids never go back in time, but this database is a new one. Two lookups are asked there, and one that isn't."""
    monkeypatch.setattr(ids._source, "_last", 0)
    for name in ("invoices", "waste"):
        declared = Declared(name=name, kind="ledgered", title={"sv": name})
        centre.do(definition.publish, centre.ids["granvik"], declared, Settings())
    return Looked(centre)


def of(looked: Looked, name: str = "invoices") -> LookupHealth:
    found = {each.name: each for each in looked.centre.here(health, looked.granvik)}
    assert found.keys() == {"invoices", "waste"}, "those that are published, and no other"
    return found[name]


def test_one_that_answers(looked: Looked) -> None:
    looked.look(looked.sara, after=240)
    looked.look(None, ended="none", place="command line", after=90)
    found = of(looked)
    assert (found.last_ms, found.failing_since, found.failed_as, found.errors) == (90, None, None, 0)
    assert found.last_answer_at == clock.to_datetime(looked.at + 90_000)
    assert (found.today, sum(found.hours), found.hours[-1], len(found.hours)) == (2, 2, 2, 24)
    nobody = of(looked, "waste")
    assert (nobody.last_answer_at, nobody.last_ms, nobody.failing_since, sum(nobody.hours)) == (None, None, None, 0)


def test_one_that_fails_does_so_since_its_first_failure(looked: Looked) -> None:
    looked.look(looked.sara)
    good = of(looked).last_answer_at
    looked.look(looked.sara, ended="no_answer")
    first = looked.at
    looked.look(looked.vera, ended="Unreachable")
    found = of(looked)
    assert found.last_answer_at == good
    assert found.failing_since == clock.to_datetime(first + 300_000)
    assert (found.failed_as, found.errors, found.today) == ("Unreachable", 2, 3)
    looked.look(looked.sara, ended="several")
    assert (of(looked).failing_since, of(looked).errors) == (None, 2)


@pytest.mark.parametrize("ended", ["left", "withdrawn", "protected", "of another", "another's", None])
def test_what_is_not_the_sources_fault_is_no_failure(looked: Looked, ended: str | None) -> None:
    looked.look(looked.sara)
    looked.look(looked.sara, ended=ended)
    assert (of(looked).failing_since, of(looked).errors, of(looked).today) == (None, 0, 2)


def test_another_municipalitys_and_another_lookups_are_not_counted(looked: Looked) -> None:
    looked.look(None, "nesoy", ended="Unreachable")
    looked.look(looked.sara, lookup="old_invoices", ended="Unreachable")
    looked.look(looked.sara, lookup="waste", ended="Unreachable")
    assert (of(looked).failing_since, of(looked).errors, of(looked).today) == (None, 0, 0)
    assert of(looked, "waste").errors == 1


def test_what_is_older_than_a_day_or_a_week_is_left_out(looked: Looked) -> None:
    looked.look(looked.sara)
    looked.at += clock.DAY + 3600 * clock.SECOND
    clock.set_source(lambda: looked.at)
    found = of(looked)
    assert (found.today, sum(found.hours)) == (0, 0)
    assert found.last_answer_at is not None
    looked.at += 7 * clock.DAY
    clock.set_source(lambda: looked.at)
    assert of(looked).last_answer_at is None
