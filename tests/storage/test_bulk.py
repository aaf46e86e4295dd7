"""Many rows at once: they come back as they were put, one statement a table, the same on both engines."""

from typing import Any

import pytest
from sqlalchemy import Connection, event, select
from sqlalchemy.exc import IntegrityError, StatementError

from hub import clock
from hub.errors import NotAllowed
from hub.inbound.raw_event import RawEvent
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.storage.ids import new_id
from hub.storage.unit import Unit
from tests.storage.centre import Centre, conversation

TEXTS = (None, "", "NULL", "{}", 'a "b" \\ {c,d}', "å 漢 🦀 \u2028 \ue000", "\x01\x1f\r\n\t", "x" * 100_000)


def raw_event(centre: Centre, **values: Any) -> dict[str, Any]:
    """All columns of one that has just come."""
    return {
        "id": new_id(), "municipality_id": centre.ids["granvik"], "channel_id": centre.ids["in"], "source_key": "1",
        "group_key": None, "sha256": "0" * 64, "media_type": "message/rfc822", "origin": {}, "body": b"x", "blob": None,
        "size": 1, "whole_size": None, "received_at": clock.now(), "arrivals": 1, "state": "new", "attempts": 0,
        "reason": None, "parser": None, **values,
    }  # fmt: skip


def citizen(centre: Centre, name: str | None, of: str = "granvik") -> dict[str, Any]:
    return {
        "id": new_id(), "municipality_id": centre.ids[of], "kind": "person", "name": "x", "language": name,
        "protection": "no",
    }  # fmt: skip


def names(centre: Centre) -> list[str | None]:
    return list(centre.do(lambda unit: unit.all(select(Citizen.language).order_by(Citizen.id))))


def test_texts_come_back_as_they_were_put(centre: Centre) -> None:
    centre.do(lambda unit: unit.insert_many(Citizen, [citizen(centre, text) for text in TEXTS]))
    assert names(centre) == list(TEXTS)


def test_a_column_may_be_empty_in_every_row(centre: Centre) -> None:
    centre.do(lambda unit: unit.insert_many(Citizen, [citizen(centre, None), citizen(centre, None)]))
    assert names(centre) == [None, None]


def test_bytes_numbers_and_json_come_back_as_they_were_put(centre: Centre) -> None:
    bodies = (b"", bytes(range(256)), None)
    sizes = (0, 2**62, -1)
    origins: tuple[dict[str, Any], ...] = ({}, {"from": 'å "\\', "\u2028": [None, True, 1.5]}, {"a": {"b": []}})
    rows = [
        raw_event(centre, source_key=str(number), body=bodies[number], size=sizes[number], origin=origins[number])
        for number in range(3)
    ]
    centre.do(lambda unit: unit.insert_many(RawEvent, rows))
    query = select(RawEvent.body, RawEvent.size, RawEvent.origin).order_by(RawEvent.id)
    assert centre.do(lambda unit: [tuple(row) for row in unit.rows(query)]) == list(
        zip(bodies, sizes, origins, strict=True)
    )


def test_yes_and_no_come_back(centre: Centre) -> None:
    ids = [centre.mail(), centre.mail()]
    rows = [{"id": each, "hold": each == ids[0]} for each in ids]
    centre.do(lambda unit: unit.update_many(Conversation, rows))
    assert centre.do(lambda unit: [conversation(unit, each).hold for each in ids]) == [True, False]


def test_each_row_is_updated_with_its_own_values(centre: Centre) -> None:
    one, other, left = (centre.mail() for _ in range(3))
    rows = [
        {"id": other, "subject": "b", "wait_until": None, "version": 3},
        {"id": one, "subject": "a", "wait_until": 2**40, "version": 2},
    ]
    centre.do(lambda unit: unit.update_many(Conversation, rows))

    def found(unit: Unit) -> list[tuple[str, int | None, int]]:
        read = [conversation(unit, each) for each in (one, other, left)]
        return [(row.subject, row.wait_until, row.version) for row in read]

    assert centre.do(found)[:2] == [("a", 2**40, 2), ("b", None, 3)]
    assert centre.do(found)[2][0] == "Faktura"


def test_nothing_to_write_is_no_statement(centre: Centre) -> None:
    def nothing(unit: Unit) -> int:
        unit.insert_many(Citizen, [])
        unit.update_many(Citizen, [])
        return unit.insert_new(Citizen, [], ("id",))

    assert centre.do(nothing) == 0


def test_two_hundred_rows_are_one_statement(centre: Centre) -> None:
    said: list[str] = []

    def hear(_c: Connection, _cursor: object, statement: str, *_: object) -> None:
        if "citizen" in statement:
            said.append(statement)

    event.listen(centre.storage.engines.writer, "before_cursor_execute", hear)
    rows = [citizen(centre, "sv") for _ in range(200)]
    centre.do(lambda unit: unit.insert_many(Citizen, rows))
    centre.do(lambda unit: unit.update_many(Citizen, [{"id": row["id"], "language": "nb"} for row in rows]))
    assert len(said) == 2
    assert names(centre) == ["nb"] * 200


def test_what_is_there_already_is_left_as_it_is(centre: Centre) -> None:
    def put(unit: Unit, *rows: dict[str, Any]) -> int:
        return unit.insert_new(RawEvent, rows, ("channel_id", "source_key"))

    assert centre.do(put, raw_event(centre, source_key="1", size=1)) == 1
    again = raw_event(centre, source_key="1", size=7)
    fresh = raw_event(centre, source_key="2", size=2)
    elsewhere = raw_event(centre, source_key="1", size=3, channel_id=centre.ids["out"])
    assert centre.do(put, again, fresh, fresh | {"id": new_id(), "size": 8}, elsewhere) == 2
    assert centre.do(put, again) == 0
    assert centre.do(lambda unit: unit.all(select(RawEvent.size).order_by(RawEvent.size))) == [1, 2, 3]


def test_an_id_that_is_taken_is_no_row_that_is_there(centre: Centre) -> None:
    row = raw_event(centre)
    centre.do(lambda unit: unit.insert_new(RawEvent, [row], ("channel_id", "source_key")))
    with pytest.raises(IntegrityError):
        centre.do(lambda unit: unit.insert_new(RawEvent, [row | {"source_key": "2"}], ("channel_id", "source_key")))


def test_new_rows_of_a_foreign_municipality_are_refused(centre: Centre) -> None:
    rows = [citizen(centre, "sv"), citizen(centre, "nb", of="nesoy")]
    with pytest.raises(NotAllowed):
        centre.here(lambda unit: unit.insert_new(Citizen, rows, ("id",)))
    assert names(centre) == []


def test_one_row_that_cannot_be_written_keeps_all_back(centre: Centre) -> None:
    rows = [raw_event(centre, source_key=key) for key in ("1", "2", "1")]
    with pytest.raises(IntegrityError):
        centre.do(lambda unit: unit.insert_many(RawEvent, rows))
    assert centre.do(lambda unit: unit.all(select(RawEvent.id))) == []


@pytest.mark.parametrize("name", ["a\0b", "lone \ud800 surrogate"])
def test_text_that_only_one_engine_would_take_is_refused_by_both(centre: Centre, name: str) -> None:
    with pytest.raises((ValueError, StatementError), match=r"NUL character|surrogates not allowed"):
        centre.do(lambda unit: unit.insert_many(Citizen, [citizen(centre, "sv"), citizen(centre, name)]))
    assert names(centre) == []
