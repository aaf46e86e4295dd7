"""Department: a part of the municipality that matters are handed to. Its address is where a handover goes."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Mapped

from hub.errors import Invalid
from hub.inbox.municipality import Municipality
from hub.storage.base import MunicipalityRow, Words, own
from hub.storage.unit import Unit


class Department(MunicipalityRow):
    """`address`: an e-mail address, or None."""

    __tablename__ = "department"
    __table_args__ = (own(),)
    words: Mapped[Words]
    address: Mapped[str | None]


def add(unit: Unit, municipality: Municipality, words: Words, address: str | None) -> Department:
    """A new department of this municipality."""
    row = Department(municipality_id=municipality.id, words=words, address=address)
    unit.add(row)
    return row


def of_municipality(unit: Unit, municipality_id: int) -> Sequence[Department]:
    """In the order in which they were added."""
    return unit.all(select(Department).where(Department.municipality_id == municipality_id).order_by(Department.id))


def by_name(unit: Unit, municipality_id: int, said: str) -> Department:
    """By its name in any language, or its id. Raises Invalid, naming those there are."""
    there = of_municipality(unit, municipality_id)
    wanted = said.strip().casefold()
    for row in there:
        if wanted == str(row.id) or wanted in {each.casefold() for each in row.words.values()}:
            return row
    names = ", ".join(next(iter(row.words.values()), "") for row in there) or "none"
    raise Invalid("department", "there is no department {said}; there are: {names}", said=said, names=names)
