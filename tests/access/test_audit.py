"""Audit: whatever is done to rows or seals behind its back is found; what is merely late is not taken for it."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from sqlalchemy import select, text

from hub import clock
from hub.access import audit
from hub.access.audit import SETTLE, Audit, AuditSeal, Finding, Verdict, log_act
from hub.access.reading import Reading, log_reading
from hub.storage import ids
from hub.storage.ids import id_at
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.web.world import World

START = 1_600_000_000 * clock.SECOND
FIELDS = ("municipality_id", "at", "person_id", "act", "subject_key", "purpose", "conversation_id", "source", "outcome")

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def long_ago(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock of the test's own, and ids that follow it."""
    monkeypatch.setattr(ids._source, "_last", 0)
    clock.set_source(lambda: START)


def acts(world: World, count: int, code: str | None = "granvik", act: str = "conversation.close") -> None:
    """A second between each."""

    def log(unit: Unit) -> None:
        log_act(
            unit,
            act,
            sara,
            municipality_id=world.ids[code] if code else None,
            subject=("conversation", 7),
            conversation_id=7,
            purpose="because",
        )

    sara = world.actor("sara")
    for _ in range(count):
        later(1)
        world.do(log)


def later(seconds: int) -> None:
    then = clock.now() + seconds * clock.SECOND
    clock.set_source(lambda: then)


def sealed(world: World) -> Verdict:
    """Two seals of three rows in both chains, all well."""
    for _ in range(2):
        acts(world, 3)
        acts(world, 3, None, "municipality.add")
        later(100)
        assert world.do(audit.seal) == 2
    found = verified(world)
    assert (found.rows, found.seals, found.unsealed, found.findings) == (12, 4, 0, [])
    return found


def verified(world: World, heads: Mapping[str, str] | None = None) -> Verdict:
    return world.storage.read_now(Scope.everything("test"), audit.verify, heads or {})


def tamper(world: World, statement: str, **values: object) -> int:
    """As somebody who owns the database: past triggers and roles."""
    with world.storage.engines.writer.begin() as connection:
        if connection.dialect.name == "sqlite":
            for table in ("audit", "audit_seal"):
                for act in ("update", "delete"):
                    connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_{act}")
        return connection.execute(text(statement), values).rowcount


def rows(world: World, code: str | None = "granvik") -> Sequence[Audit]:
    of = Audit.municipality_id.is_(None) if code is None else Audit.municipality_id == world.ids[code]
    return world.do(lambda unit: unit.all(select(Audit).where(of).order_by(Audit.id)))


def seals(world: World, code: str = "granvik") -> Sequence[AuditSeal]:
    of = AuditSeal.municipality_id == world.ids[code]
    return world.do(lambda unit: unit.all(select(AuditSeal).where(of).order_by(AuditSeal.id)))


def chains(found: Sequence[Finding]) -> set[str]:
    return {each.chain for each in found}


def test_two_chains_are_sealed_apart_each_with_a_head_of_its_own(world: World) -> None:
    found = sealed(world)
    granvik = str(world.ids["granvik"])
    assert set(found.heads) == {"centre", granvik}
    assert all(re.fullmatch("[0-9a-f]{64}", head) for head in found.heads.values())
    assert found.heads["centre"] != found.heads[granvik]
    first, second = seals(world)
    assert (first.previous, second.previous, second.digest) == ("0" * 64, first.digest, found.heads[granvik])
    assert [(each.first_id, each.last_id) for each in (first, second)] == [
        (rows(world)[0].id, rows(world)[2].id),
        (rows(world)[3].id, rows(world)[5].id),
    ]
    assert verified(world, found.heads).findings == []


@ON_SQLITE
def test_sealing_again_makes_nothing_new(world: World) -> None:
    head = sealed(world).heads
    assert world.do(audit.seal) == 0
    assert verified(world).heads == head


@ON_SQLITE
def test_a_later_row_of_one_chain_moves_only_its_head(world: World) -> None:
    before = sealed(world).heads
    acts(world, 1, None)
    later(100)
    assert world.do(audit.seal) == 1
    after = verified(world, before)
    assert after.findings == []
    assert after.heads["centre"] != before["centre"]
    assert after.heads[str(world.ids["granvik"])] == before[str(world.ids["granvik"])]


CHANGES: dict[str, object] = {
    "at": "at + 1",
    "person_id": "NULL",
    "act": "'conversation.Close'",
    "subject_key": "NULL",
    "purpose": "'because '",
    "conversation_id": "8",
    "source": "'cli'",
    "outcome": "'refused'",
}


def test_every_column_of_a_row_counts(world: World) -> None:
    found = sealed(world)
    assert set(CHANGES) | {"municipality_id"} == set(FIELDS)
    victim = rows(world)[4]
    for column, value in CHANGES.items():
        assert tamper(world, f"UPDATE audit SET {column} = {value} WHERE id = :id", id=victim.id) == 1  # noqa: S608 - from above
        assert chains(verified(world).findings) == {str(world.ids["granvik"])}, column
        tamper(world, f"UPDATE audit SET {column} = :was WHERE id = :id", was=getattr(victim, column), id=victim.id)  # noqa: S608 - the same
        assert verified(world, found.heads).findings == [], column


def delete_row(world: World, place: int) -> None:
    assert tamper(world, "DELETE FROM audit WHERE id = :id", id=rows(world)[place].id) == 1


def insert_row(world: World, after: int) -> None:
    one = rows(world)[after]
    values = {name: getattr(one, name) for name in FIELDS}
    names = ", ".join(values)
    given = ", ".join(f":{name}" for name in values)
    tamper(world, f"INSERT INTO audit (id, {names}) VALUES (:id, {given})", id=one.id + 1, **values)  # noqa: S608 - our names


def move_row(world: World, place: int) -> None:
    """To the other chain."""
    tamper(world, "UPDATE audit SET municipality_id = NULL WHERE id = :id", id=rows(world)[place].id)


def swap_rows(world: World, place: int) -> None:
    """Their ids, so that they seem to have come in the other order."""
    one, other = rows(world)[place : place + 2]
    for was, becomes in ((one.id, 1), (other.id, one.id), (1, other.id)):
        assert tamper(world, "UPDATE audit SET id = :becomes WHERE id = :was", becomes=becomes, was=was) == 1


def flip_digest(world: World, place: int) -> None:
    one = seals(world)[place]
    flipped = ("0" if one.digest[0] != "0" else "1") + one.digest[1:]
    tamper(world, "UPDATE audit_seal SET digest = :digest WHERE id = :id", digest=flipped, id=one.id)


def delete_seal(world: World, place: int) -> None:
    assert tamper(world, "DELETE FROM audit_seal WHERE id = :id", id=seals(world)[place].id) == 1


def widen_seal(world: World, place: int) -> None:
    one = seals(world)[place]
    tamper(world, "UPDATE audit_seal SET first_id = first_id - 1 WHERE id = :id", id=one.id)


@ON_SQLITE
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("damage", [delete_row, insert_row, move_row, flip_digest, widen_seal])
def test_damage_inside_is_found_without_a_head(world: World, damage: Callable[[World, int], None], place: int) -> None:
    sealed(world)
    damage(world, place)
    assert str(world.ids["granvik"]) in chains(verified(world).findings)


@ON_SQLITE
def test_a_seal_taken_out_of_the_middle_is_found_without_a_head(world: World) -> None:
    sealed(world)
    delete_seal(world, 0)
    assert chains(verified(world).findings) == {str(world.ids["granvik"])}


@ON_SQLITE
@pytest.mark.parametrize("place", [0, 2, 4])
def test_reordered_rows_are_found_within_a_seal_and_across_two(world: World, place: int) -> None:
    sealed(world)
    swap_rows(world, place)
    assert chains(verified(world).findings) == {str(world.ids["granvik"])}


@ON_SQLITE
def test_a_row_before_the_first_is_found(world: World) -> None:
    sealed(world)
    tamper(world, "UPDATE audit SET id = 5 WHERE id = :id", id=rows(world, None)[0].id)
    assert chains(verified(world).findings) == {"centre"}


@ON_SQLITE
def test_a_finding_names_the_seal_and_its_rows(world: World) -> None:
    sealed(world)
    delete_row(world, 1)
    (finding,) = verified(world).findings
    first = seals(world)[0]
    assert f"seal {first.id} (rows {first.first_id} to {first.last_id}) doesn't fit its rows" in finding.sentence


@ON_SQLITE
def test_a_cut_tail_of_rows_is_found_without_a_head(world: World) -> None:
    sealed(world)
    delete_row(world, -1)
    assert chains(verified(world).findings) == {str(world.ids["granvik"])}


def test_a_cut_tail_of_rows_and_seals_misses_the_head(world: World) -> None:
    before = sealed(world)
    last = seals(world)[-1]
    delete_seal(world, -1)
    assert tamper(world, "DELETE FROM audit WHERE municipality_id = :of AND id >= :id", of=world.ids["granvik"], id=last.first_id) == 3  # fmt: skip  # noqa: E501
    assert verified(world).findings == []  # nobody can tell from the inside: that is what the head is for
    (finding,) = verified(world, before.heads).findings
    assert finding.chain == str(world.ids["granvik"])
    assert before.heads[finding.chain][:12] in finding.sentence
    assert "its tail was cut" in finding.sentence


def test_a_chain_rewritten_with_the_key_misses_the_head(world: World) -> None:
    before = sealed(world)
    of = world.ids["granvik"]
    tamper(world, "UPDATE audit SET outcome = 'refused' WHERE id = :id", id=rows(world)[0].id)
    tamper(world, "DELETE FROM audit_seal WHERE municipality_id = :of", of=of)
    assert world.do(audit.seal) == 1
    assert verified(world).findings == []
    assert chains(verified(world, before.heads).findings) == {str(of)}


@ON_SQLITE
def test_a_chain_that_is_gone_is_found_by_its_head(world: World) -> None:
    before = sealed(world)
    for table in ("audit", "audit_seal"):
        tamper(world, f"DELETE FROM {table} WHERE municipality_id = :of", of=world.ids["granvik"])  # noqa: S608 - two names
    (finding,) = verified(world, before.heads).findings
    assert (finding.chain, "all its rows were removed" in finding.sentence) == (str(world.ids["granvik"]), True)


@ON_SQLITE
def test_an_older_head_is_still_in_a_chain_that_went_on(world: World) -> None:
    first = seals_after_first(world)
    acts(world, 2)
    later(100)
    world.do(audit.seal)
    assert verified(world, {str(world.ids["granvik"]): first}).findings == []


def seals_after_first(world: World) -> str:
    sealed(world)
    return seals(world)[0].digest


@ON_SQLITE
def test_without_the_key_no_seal_can_be_made(world: World) -> None:
    """A plain hash over the same bytes is no seal."""
    sealed(world)
    one = seals(world)[1]
    forged = hashlib.sha256(one.previous.encode()).hexdigest()
    tamper(world, "UPDATE audit_seal SET digest = :digest WHERE id = :id", digest=forged, id=one.id)
    assert chains(verified(world).findings) == {str(world.ids["granvik"])}


@ON_SQLITE
def test_rows_rest_until_they_are_a_minute_old(world: World) -> None:
    acts(world, 1)
    made = clock.now()
    clock.set_source(lambda: made + SETTLE - 1)
    assert world.do(audit.seal) == 0
    assert verified(world).unsealed == 1
    clock.set_source(lambda: made + SETTLE)
    assert world.do(audit.seal) == 1
    assert verified(world).unsealed == 0


def test_a_smaller_id_that_comes_late_within_the_rest_raises_no_alarm(world: World) -> None:
    acts(world, 3)
    slow = clock.now() + clock.SECOND // 2
    acts(world, 3)
    assert rows(world)[2].id < id_at(slow) < rows(world)[3].id
    later(50)
    world.do(late_row, world.ids["granvik"], slow)  # its unit began when that id was made, and commits only now
    assert world.do(audit.seal) == 0
    later(11)
    assert world.do(audit.seal) == 1
    found = verified(world)
    assert (found.rows, found.unsealed, found.findings) == (7, 0, [])


def late_row(unit: Unit, municipality_id: int, began: int) -> None:
    unit.add(
        Audit(
            id=id_at(began) | 1,
            municipality_id=municipality_id,
            at=began,
            person_id=None,
            act="conversation.note",
            source="api",
            outcome="done",
        )
    )


@ON_SQLITE
def test_a_row_too_young_between_ripe_ones_waits_and_is_sealed_later(world: World) -> None:
    """Ids and times come from two askings of the clock, which may have been set back in between."""
    acts(world, 1)
    world.do(late_row, world.ids["granvik"], START + 10 * clock.SECOND)
    tamper(world, "UPDATE audit SET at = at + 110000000 WHERE act = 'conversation.note'")
    later(30)
    acts(world, 1)
    assert [each.at - START for each in rows(world)] == [1 * clock.SECOND, 120 * clock.SECOND, 32 * clock.SECOND]
    later(70)
    assert world.do(audit.seal) == 1
    assert (verified(world).unsealed, verified(world).findings) == (2, [])
    later(100)
    assert world.do(audit.seal) == 1
    found = verified(world)
    assert (found.rows, found.unsealed, found.findings) == (3, 0, [])


def test_more_rows_than_one_seal_holds_make_several(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_BATCH", 4)
    acts(world, 9)
    later(100)
    assert world.do(audit.seal) == 3
    found = verified(world)
    assert (found.rows, found.seals, found.findings) == (9, 3, [])
    first, second, third = seals(world)
    assert (second.previous, third.previous) == (first.digest, second.digest)


def test_two_that_seal_at_once_make_one_seal_of_each_chain(world: World) -> None:
    """A worker and the command line, say."""
    acts(world, 3)
    acts(world, 3, None)
    later(100)
    both = Barrier(2)

    def together(unit: Unit) -> int:
        unit.all(select(AuditSeal))
        with suppress(BrokenBarrierError):  # on SQLite the second begins when the first is done
            both.wait(0.3)
        return audit.seal(unit)

    with ThreadPoolExecutor(2) as pool:
        made = [each.result(60) for each in [pool.submit(world.do, together) for _ in range(2)]]
    assert sorted(made) == [0, 2]
    found = verified(world)
    assert (found.rows, found.seals, found.findings) == (6, 2, [])


def test_rows_can_only_be_added(world: World) -> None:
    sealed(world)
    for statement in ("UPDATE audit SET act = 'x'", "DELETE FROM audit", "DELETE FROM audit_seal"):
        refused = pytest.raises(Exception, match=r"only ever added|permission denied")
        with refused, world.storage.engines.writer.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL ROLE torg_system"))
            connection.execute(text(statement))
    assert verified(world).findings == []


@ON_SQLITE
def test_what_is_logged_has_a_subject_only_the_key_tells(world: World) -> None:
    acts(world, 2)
    one, other = rows(world)
    assert (one.act, one.person_id, one.at, one.source, one.outcome) == (
        "conversation.close", world.ids["sara"], START + clock.SECOND, "api", "done",
    )  # fmt: skip
    assert one.subject_key == other.subject_key
    assert one.subject_key not in {hashlib.sha256(b"conversation:7").hexdigest()[:32], None, "7"}


@ON_SQLITE
def test_the_reading_log_says_who_opened_what_and_when(world: World) -> None:
    sara = world.actor("sara")

    def read(unit: Unit) -> None:
        log_reading(unit, sara, "conversation", 7, 7)
        log_reading(unit, sara, "citizen", 7, reason="a call")
        log_reading(unit, sara, "conversation", 8, 8)

    world.do(read)
    found: Sequence[Any] = world.do(lambda unit: unit.all(select(Reading).order_by(Reading.id)))
    assert [(each.person_id, each.at, each.kind, each.conversation_id, each.reason) for each in found] == [
        (sara.id, START, "conversation", 7, None),
        (sara.id, START, "citizen", None, "a call"),
        (sara.id, START, "conversation", 8, None),
    ]
    assert len({each.subject_key for each in found}) == 3
