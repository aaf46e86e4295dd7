"""Caller: whose a telephone number may be. A hint: it confirms nobody, and brings no two citizens together."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select

from hub.inbox.citizen import Citizen, CitizenPoint
from hub.storage.ids import new_id
from hub.storage.unit import Unit

Line = tuple[int, str]
"""A municipality and a number in E.164."""


class Callers:
    """Citizens of these numbers, in one query; new ones are written by `write`. Of several, the one known longest."""

    def __init__(self, unit: Unit, lines: Collection[Line]) -> None:
        self._unit = unit
        self._new: dict[type[Any], list[dict[str, Any]]] = {Citizen: [], CitizenPoint: []}
        self._known: dict[Line, tuple[int, int]] = {}
        self._names: dict[Line, str] = {}
        if lines:
            rows = unit.rows(
                select(
                    CitizenPoint.municipality_id,
                    CitizenPoint.match_key,
                    CitizenPoint.citizen_id,
                    CitizenPoint.id,
                    Citizen.name,
                )
                .join(
                    Citizen,
                    (Citizen.municipality_id == CitizenPoint.municipality_id) & (Citizen.id == CitizenPoint.citizen_id),
                )
                .where(
                    CitizenPoint.municipality_id.in_({each for each, _ in lines}),
                    CitizenPoint.kind == "phone",
                    CitizenPoint.match_key.in_({number for _, number in lines}),
                    CitizenPoint.claimed_at.is_(None),  # whoever typed it into a form may have typed another's
                    CitizenPoint.ended_at.is_(None),
                )
                .order_by(CitizenPoint.id.desc())
            )
            self._known = {(row.municipality_id, row.match_key): (row.citizen_id, row.id) for row in rows}
            self._names = {(row.municipality_id, row.match_key): row.name for row in rows}

    @property
    def known(self) -> Mapping[Line, tuple[int, int]]:
        """Citizen and point."""
        return self._known

    def name(self, municipality_id: int, number: str | None) -> str:
        """Of whoever is known by it; empty where nobody is."""
        return self._names.get((municipality_id, number or ""), "")

    def citizen(
        self, municipality_id: int, number: str | None, name: str, language: str | None
    ) -> tuple[int, int | None]:
        """Citizen and point; a new one, named `name`, when the number is nobody's or withheld."""
        line = (municipality_id, number or "")
        if line in self._known:
            return self._known[line]
        citizen_id = new_id()
        self._new[Citizen].append(
            {
                "id": citizen_id,
                "municipality_id": municipality_id,
                "kind": "person",
                "name": name,
                "language": language,
                "protection": "unknown",
            }
        )
        if number is None:
            return citizen_id, None
        point_id = new_id()
        self._new[CitizenPoint].append(
            {
                "id": point_id,
                "municipality_id": municipality_id,
                "citizen_id": citizen_id,
                "first_citizen_id": citizen_id,
                "kind": "phone",
                "value": number,
                "match_key": number,
            }
        )
        self._known[line] = (citizen_id, point_id)
        return citizen_id, point_id

    def write(self) -> None:
        """Those that are new."""
        for table, rows in self._new.items():
            self._unit.insert_many(table, rows)
            rows.clear()
