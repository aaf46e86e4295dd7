"""Colleagues: what our own people are called, by their id. They belong to a room above; here only names are read."""

from sqlalchemy import bindparam, column, select, table

from hub.storage.unit import Unit

PERSON = table("person", column("id"), column("name"))
_NAME = select(PERSON.c.name).where(PERSON.c.id == bindparam("id"))


def person_name(unit: Unit, person_id: int | None) -> str | None:
    """None of nobody, too."""
    return None if person_id is None else unit.first(_NAME, id=person_id)
