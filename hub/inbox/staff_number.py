"""Staff number: which numbers are the municipality's own. Who calls from one is a colleague, and counted apart."""

from collections.abc import Collection, Sequence

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped

from hub.errors import Invalid
from hub.inbox.municipality import Municipality
from hub.inbox.number import e164
from hub.storage.base import MunicipalityRow, own
from hub.storage.unit import Unit

_LONGEST = 20


class StaffNumber(MunicipalityRow):
    """`pattern`: a number or an extension, a range of them (`5000-5999`), or how they begin (`+4619212*`)."""

    __tablename__ = "staff_number"
    __table_args__ = (own(), UniqueConstraint("municipality_id", "pattern"))
    pattern: Mapped[str]


def add(unit: Unit, municipality: Municipality, written: str) -> StaffNumber:
    """Raises Invalid for what is no such pattern, and for one that is there."""
    pattern = _pattern(written, municipality.country)
    if pattern in {each.pattern for each in of_municipality(unit, municipality.id)}:
        raise Invalid("pattern", f"{municipality.code} has {pattern} already")
    row = StaffNumber(municipality_id=municipality.id, pattern=pattern)
    unit.add(row)
    return row


def remove(unit: Unit, municipality: Municipality, written: str) -> int:
    """Its id. Raises Invalid, naming what there is."""
    pattern = _pattern(written, municipality.country)
    rows = of_municipality(unit, municipality.id)
    found = next((each for each in rows if each.pattern == pattern), None)
    if found is None:
        known = ", ".join(each.pattern for each in rows) or "none yet"
        raise Invalid("pattern", f"{municipality.code} has no staff number {pattern}; it has: {known}")
    unit.remove(found)
    return found.id


def of_municipality(unit: Unit, municipality_id: int) -> Sequence[StaffNumber]:
    """In the order of their signs."""
    return unit.all(
        select(StaffNumber).where(StaffNumber.municipality_id == municipality_id).order_by(StaffNumber.pattern)
    )


class Staff:
    """The staff numbers of these municipalities, in one query."""

    def __init__(self, unit: Unit, municipality_ids: Collection[int]) -> None:
        self._patterns: dict[int, list[str]] = {}
        query = select(StaffNumber.municipality_id, StaffNumber.pattern)
        for municipality_id, pattern in unit.rows(query.where(StaffNumber.municipality_id.in_(municipality_ids))):
            self._patterns.setdefault(municipality_id, []).append(pattern)

    def is_one(self, municipality_id: int, written: str | None, number: str | None) -> bool:
        """Whether a colleague calls from there."""
        return any(matches(each, written, number) for each in self._patterns.get(municipality_id, ()))


def matches(pattern: str, written: str | None, number: str | None) -> bool:
    """Whether a caller is one of them: as the exchange wrote them, or in E.164."""
    said = [each for each in (number, (written or "").strip()) if each]
    if pattern.endswith("*"):
        return any(each.startswith(pattern[:-1]) for each in said)
    first, _, last = pattern.partition("-")
    if not last:
        return first in said
    return any(len(each) == len(first) and each.lstrip("+").isdecimal() and first <= each <= last for each in said)


def _pattern(written: str, country: str) -> str:
    """Numbers in E.164, extensions as they are."""
    plain = "".join(sign for sign in written if sign not in " ()/.")
    if plain.endswith("*"):
        return _beginning(plain[:-1], country) + "*"
    ends = [_own(each, country) for each in plain.split("-")] if plain.count("-") == 1 else [_own(plain, country)]
    if len(ends) == 1:
        return ends[0]
    first, last = ends
    if len(first) != len(last) or first > last:
        raise Invalid("pattern", "a range goes from a number to a later one of as many digits: 5000-5999")
    return f"{first}-{last}"


def _own(written: str, country: str) -> str:
    number = e164(written, country)
    if number is None and not (written.isdecimal() and len(written) <= _LONGEST):
        raise Invalid(
            "pattern", "a staff number is a number or an extension, a range 5000-5999, or a beginning 019212*"
        )
    return number or written


def _beginning(written: str, country: str) -> str:
    """Too short to be read as a number: a national one gets its country's code."""
    from phonenumbers import country_code_for_region  # noqa: PLC0415 - only where somebody writes one

    digits = written.removeprefix("+")
    if not digits.isdecimal() or len(digits) > _LONGEST:
        raise Invalid("pattern", "a beginning is digits and an asterisk: 019212*, +4619212*, 52*")
    if written.startswith("00"):
        return f"+{written[2:]}"
    if written.startswith("0"):
        return f"+{country_code_for_region(country)}{written[1:]}"
    return written
