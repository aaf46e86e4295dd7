"""The wall between municipalities, from inside the program: what a person's unit can't reach, on both engines."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, exists, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import aliased

from hub.errors import NotAllowed
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry, Mail
from hub.inbox.matter import Matter
from hub.storage import search_index
from hub.storage.ids import new_id
from hub.storage.unit import Unit
from tests.storage.centre import Centre, conversation, must

NEWEST = 2**63 - 1


@pytest.fixture
def ours(centre: Centre) -> int:
    """A conversation of Granvik's."""
    return centre.mail(of="granvik")


@pytest.fixture
def theirs(centre: Centre, ours: int) -> int:
    """One of Nesøy's, beside ours."""
    return centre.mail(of="nesoy", queue_name="innbygger", text="Hvor er min faktura?")


READINGS: dict[str, Callable[[], Any]] = {
    "select": lambda: select(Conversation.id),
    "an entity": lambda: select(Conversation).with_only_columns(Conversation.id),
    "an alias": lambda: select(aliased(Conversation).id),
    "a join": lambda: select(Conversation.id).join(Entry, Entry.conversation_id == Conversation.id).distinct(),
    "an outer join": lambda: (
        select(Conversation.id).select_from(Citizen).join(Conversation, Conversation.citizen_id == Citizen.id)
    ),
    "a subquery": lambda: select(select(Conversation.id).subquery().c.id),
    "in a subquery": lambda: select(Conversation.id).where(Conversation.id.in_(select(Entry.conversation_id))),
    "exists": lambda: select(Conversation.id).where(exists().where(Entry.conversation_id == Conversation.id)),
    "a common table expression": lambda: select(select(Conversation.id).cte().c.id),
    "a union": lambda: select(Conversation.id).union(select(Conversation.id)),
}


@pytest.mark.parametrize("name", READINGS)
def test_reading_finds_own_rows_only(centre: Centre, ours: int, theirs: int, name: str) -> None:
    found = centre.here(lambda unit: [row[0] for row in unit.rows(READINGS[name]())])
    assert found == [ours]


def test_counting_counts_own_rows_only(centre: Centre, ours: int, theirs: int) -> None:
    assert centre.here(lambda unit: unit.first(select(func.count()).select_from(Entry))) == 1


def test_a_joined_table_is_filtered_as_well(centre: Centre, ours: int, theirs: int) -> None:
    other = aliased(Mail)
    pairs = select(Mail.municipality_id, other.municipality_id).join(other, other.id != Mail.id, isouter=True)
    assert centre.here(lambda unit: [tuple(row) for row in unit.rows(pairs)]) == [(centre.ids["granvik"], None)]


def test_a_foreign_row_is_not_there_to_get(centre: Centre, theirs: int) -> None:
    assert centre.here(lambda unit: unit.get(Conversation, theirs)) is None


def test_a_foreign_row_is_not_there_to_lock(centre: Centre, theirs: int) -> None:
    assert centre.here(lambda unit: unit.lock(Conversation, theirs)) is None


def test_two_municipalities_of_one_centre_are_seen_together(centre: Centre, ours: int, theirs: int) -> None:
    other = centre.mail(of="holmo")
    assert centre.here(lambda unit: unit.all(select(Conversation.id).order_by(Conversation.id))) == [ours, other]


def test_without_memberships_nothing_is_seen(centre: Centre, ours: int, theirs: int) -> None:
    assert centre.storage.read_now(centre.scope(), lambda unit: unit.all(select(Conversation))) == []


def test_the_scope_of_everything_sees_all(centre: Centre, ours: int, theirs: int) -> None:
    assert centre.do(lambda unit: set(unit.all(select(Conversation.id)))) == {ours, theirs}


def test_a_scope_ends_with_its_unit(centre: Centre, ours: int, theirs: int) -> None:
    centre.do(lambda unit: unit.all(select(Conversation)))
    assert centre.here(lambda unit: unit.all(select(Conversation.id))) == [ours]


def test_units_within_each_other_see_their_own_rows_each(centre: Centre, ours: int, theirs: int) -> None:
    """The same statements by turns, in one thread: of one municipality, of several, of another one."""
    everyone = select(Conversation.id).order_by(Conversation.id)

    def outer(unit: Unit) -> list[Sequence[int]]:
        def inner(other: Unit) -> list[Sequence[int]]:
            return [other.all(everyone), unit.all(everyone), other.all(everyone), unit.all(everyone)]

        return centre.storage.read_now(centre.scope("nesoy"), inner)

    assert centre.here(outer) == [[theirs], [ours], [theirs], [ours]]
    assert centre.storage.read_now(centre.scope("granvik", "nesoy"), lambda unit: unit.all(everyone)) == [ours, theirs]
    assert centre.here(lambda unit: unit.all(everyone)) == [ours]


AFTER = select(Conversation.id).where(Conversation.id > bindparam("after")).order_by(Conversation.id)


def test_a_statement_that_is_kept_sees_own_rows_in_each_scope(centre: Centre, ours: int, theirs: int) -> None:
    """The same object, asked by turns in all kinds of scope, within each other too."""

    def everywhere(outer: Unit) -> list[object]:
        def inner(unit: Unit) -> list[object]:
            return [unit.all(AFTER, after=0), outer.all(AFTER, after=0), outer.first(AFTER, after=ours)]

        return [
            *centre.storage.read_now(centre.scope("nesoy"), inner),
            *centre.storage.read_now(centre.scope(), inner),
            *centre.storage.read_now(centre.scope("granvik", "nesoy"), inner),
        ]

    assert centre.here(everywhere) == [[theirs], [ours], None, [], [ours], None, [ours, theirs], [ours], None]
    assert centre.do(lambda unit: (unit.all(AFTER, after=0), unit.first(AFTER, after=ours))) == ([ours, theirs], theirs)


def test_a_bulk_update_changes_own_rows_only(centre: Centre, ours: int, theirs: int) -> None:
    changed = centre.here(lambda unit: unit.change(update(Conversation).values(subject="x")))
    assert changed == 1
    assert centre.do(lambda unit: conversation(unit, theirs).subject) == "Faktura"


def test_a_bulk_update_by_id_changes_no_foreign_row(centre: Centre, theirs: int) -> None:
    statement = update(Conversation).where(Conversation.id == theirs).values(subject="x").returning(Conversation.id)
    assert centre.here(lambda unit: unit.changed(statement)) == []


def test_a_bulk_delete_removes_own_rows_only(centre: Centre, ours: int, theirs: int) -> None:
    assert centre.here(lambda unit: unit.change(delete(Mail))) == 1
    assert centre.do(lambda unit: unit.first(select(func.count()).select_from(Mail))) == 1


def test_update_many_passes_foreign_rows_over(centre: Centre, ours: int, theirs: int) -> None:
    rows = [{"id": ours, "subject": "x"}, {"id": theirs, "subject": "x"}]
    centre.here(lambda unit: unit.update_many(Conversation, rows))
    subjects = centre.do(lambda unit: [conversation(unit, each).subject for each in (ours, theirs)])
    assert subjects == ["x", "Faktura"]


def test_a_new_row_of_a_foreign_municipality_is_refused(centre: Centre) -> None:
    with pytest.raises(NotAllowed):
        centre.here(lambda unit: unit.add(Citizen(municipality_id=centre.ids["nesoy"], name="x", protection="no")))
    assert centre.do(lambda unit: unit.all(select(Citizen))) == []


def test_a_row_cannot_be_given_to_a_foreign_municipality(centre: Centre, ours: int) -> None:
    def give(unit: Unit) -> None:
        row = must(unit.first(select(Mail)))
        row.municipality_id = centre.ids["nesoy"]

    with pytest.raises(NotAllowed):
        centre.here(give)


@pytest.mark.parametrize("value", ["a foreign one", "one's own", "another column's"])
def test_a_bulk_update_gives_no_row_away(centre: Centre, ours: int, value: str) -> None:
    """Not even to where one may write, and not even as everybody: what refers to it would stay behind."""
    values = {"a foreign one": centre.ids["nesoy"], "one's own": centre.ids["holmo"], "another column's": Citizen.id}
    statement = update(Citizen).values({Citizen.municipality_id: values[value]})
    for run in (centre.here, centre.do):
        with pytest.raises(NotAllowed):
            run(lambda unit: unit.change(statement))
        with pytest.raises(NotAllowed):
            run(lambda unit: unit.changed(statement.returning(Citizen.id)))
    homes = centre.do(lambda unit: unit.all(select(Citizen.municipality_id)))
    assert homes == [centre.ids["granvik"]]


def test_a_foreign_row_that_was_read_elsewhere_cannot_be_removed(centre: Centre, theirs: int) -> None:
    nesoy = centre.ids["nesoy"]
    foreign = centre.do(lambda unit: must(unit.first(select(Mail).where(Mail.municipality_id == nesoy))))
    with pytest.raises(NotAllowed):
        centre.here(lambda unit: unit.remove(foreign))


def test_insert_many_refuses_the_lot_for_one_foreign_row(centre: Centre) -> None:
    rows = [
        {"id": new_id(), "municipality_id": centre.ids[code], "kind": "person", "name": "x", "protection": "no"}
        for code in ("granvik", "nesoy")
    ]
    with pytest.raises(NotAllowed):
        centre.here(lambda unit: unit.insert_many(Citizen, rows))
    assert centre.do(lambda unit: unit.all(select(Citizen))) == []


def test_update_many_gives_no_row_away(centre: Centre, ours: int) -> None:
    row = {"id": centre.do(lambda unit: must(unit.first(select(Mail.id)))), "municipality_id": centre.ids["nesoy"]}
    with pytest.raises(NotAllowed):
        centre.here(lambda unit: unit.update_many(Mail, [row]))


REFERENCES: dict[str, Callable[[Centre, int, int], Any]] = {
    "an entry in another's conversation": lambda centre, _, theirs: Entry(
        municipality_id=centre.ids["granvik"],
        conversation_id=theirs,
        first_conversation_id=theirs,
        kind="note",
        occurred_at=1,
        recorded_at=1,
        author_kind="person",
        visibility="internal",
        text="x",
        body={},
    ),
    "a matter under another's topic": lambda centre, ours, _: Matter(
        municipality_id=centre.ids["granvik"], conversation_id=ours, topic_id=centre.ids["regninger"], set_at=1
    ),
    "a conversation related to another's": lambda centre, ours, theirs: Conversation(
        municipality_id=centre.ids["granvik"],
        citizen_id=centre.do(lambda unit: conversation(unit, ours).citizen_id),
        queue_id=centre.ids["kontakt"],
        subject="x",
        opened_at=1,
        related_id=theirs,
    ),
    "a conversation of another's citizen": lambda centre, _, theirs: Conversation(
        municipality_id=centre.ids["granvik"],
        citizen_id=centre.do(lambda unit: conversation(unit, theirs).citizen_id),
        queue_id=centre.ids["kontakt"],
        subject="x",
        opened_at=1,
    ),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_cannot_leave_its_municipality(centre: Centre, ours: int, theirs: int, name: str) -> None:
    row = REFERENCES[name](centre, ours, theirs)
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"):
        centre.do(lambda unit: unit.add(row))


def test_search_finds_no_foreign_entry(centre: Centre, ours: int, theirs: int) -> None:
    found = centre.here(lambda unit: search_index.find(unit, "faktura", before=NEWEST, limit=9))
    assert centre.do(lambda unit: [must(unit.get(Entry, each)).conversation_id for each in found]) == [ours]


def test_a_text_cannot_write_itself_into_another_municipality(centre: Centre) -> None:
    token = search_index.municipality_token(centre.ids["granvik"])
    for text in (f"kanariefågel {token}", f"kanariefågel{token}", f"{token} OR kanariefågel", f"x{token[0]}"):
        centre.mail(of="nesoy", queue_name="innbygger", text=text)
    assert centre.here(lambda unit: search_index.find(unit, "kanariefågel", before=NEWEST, limit=9)) == []


def test_a_question_cannot_ask_for_another_municipality(centre: Centre, ours: int, theirs: int) -> None:
    token = search_index.municipality_token(centre.ids["nesoy"])
    for words in (token, f"faktura {token}", f'faktura" OR "{token}', f"faktura' | '{token}", "faktura) | (faktura"):
        found = centre.here(lambda unit, said=words: search_index.find(unit, said, before=NEWEST, limit=9))
        shown = centre.do(lambda unit, ids=found: [must(unit.get(Entry, each)).conversation_id for each in ids])
        assert theirs not in shown


def test_search_without_municipalities_finds_nothing(centre: Centre, ours: int, theirs: int) -> None:
    scope = centre.scope()
    assert centre.storage.read_now(scope, search_index.find, "faktura", before=NEWEST, limit=9) == []
