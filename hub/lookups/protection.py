"""Protection: who has a protected identity. What can't be read counts as protected: nothing of them is asked or shown.

Where the municipality has a register of them it is asked live, by whichever lookup its definition names so.
"""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from sqlalchemy import select, update

from hub import clock
from hub.contract import AnyCard, FieldsCard
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.points import identity_key
from hub.lookups.question import spellings
from hub.storage.unit import Unit

Flag: TypeAlias = Literal["open", "protected", "unknown", "unread"]
"""`unread`: the register is to be asked; `unknown`: it can't be, and nobody has said."""
FIELD = "protected"
"""The field of a register's card."""
_OPEN = frozenset({"no", "nej", "nei", "false", "0", "n"})


def flag(
    unit: Unit,
    municipality_id: int,
    said: str | None,
    numbers: Sequence[str],
    *,
    has_register: bool,
    shared: dict[Any, Any] | None = None,
) -> Flag:
    """Of whoever has these numbers, and of the citizen of a conversation. `said`: that one's flag, as last read.

    `shared`: what the other questions of this unit have read.
    """
    if has_register and numbers:
        return "unread"
    shared = {} if shared is None else shared
    whose = ("protection", municipality_id, *numbers)
    if whose not in shared:
        shared[whose] = _known(unit, municipality_id, numbers)
    known = [*shared[whose], *([said] if said else [])]
    if "yes" in known:
        return "protected"
    return "open" if all(each == "no" for each in known) else "unknown"


def told(cards: Sequence[AnyCard]) -> bool | None:
    """What a register says; None: nothing that can be understood."""
    said = [
        field.value.strip().casefold()
        for card in cards
        if isinstance(card, FieldsCard)
        for field in card.fields
        if field.label == FIELD
    ]
    if not said or not all(said):
        return None
    return not all(each in _OPEN for each in said)


def keep(unit: Unit, municipality_id: int, number: str, is_protected: bool | None) -> None:
    """As last read from the register, on everybody here who has the number."""
    known = select(CitizenPoint.citizen_id).where(*_by_numbers(unit, municipality_id, [number]))
    words = {True: "yes", False: "no", None: "unknown"}[is_protected]
    unit.change(
        update(Citizen)
        .where(Citizen.municipality_id == municipality_id, Citizen.id.in_(known))
        .values(protection=words, protection_read_at=clock.now())
    )


def _known(unit: Unit, municipality_id: int, numbers: Sequence[str]) -> Sequence[str]:
    if not numbers:
        return []
    join = (Citizen.municipality_id == CitizenPoint.municipality_id) & (Citizen.id == CitizenPoint.citizen_id)
    query = select(Citizen.protection).join(CitizenPoint, join)
    return unit.all(query.where(*_by_numbers(unit, municipality_id, numbers)))


def _by_numbers(unit: Unit, municipality_id: int, numbers: Sequence[str]):  # type: ignore[no-untyped-def]  # SQL conditions
    keys = [identity_key(unit.keys, municipality_id, each) for each in spellings(numbers)]
    return (
        CitizenPoint.municipality_id == municipality_id,
        CitizenPoint.kind == "identity",
        CitizenPoint.match_key.in_(keys),
    )
