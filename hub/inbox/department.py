"""Department: a part of the municipality that matters are handed to. Its address is where a handover goes."""

from sqlalchemy.orm import Mapped

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
