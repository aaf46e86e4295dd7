"""Phones: which of ours an exchange means by an extension, a number, a log-in or an id."""

from collections.abc import Collection

from sqlalchemy import select

from hub import clock
from hub.access.person import Membership, Person
from hub.inbox.number import e164
from hub.storage.unit import Unit

_TAKES_CALLS = ("agent", "lead")


class Phones:
    """Of those who take calls in these municipalities now, in one query."""

    def __init__(self, unit: Unit, municipality_ids: Collection[int]) -> None:
        now = clock.now()
        rows = unit.rows(
            select(Membership.municipality_id, Person.id, Person.phone, Person.email)
            .join(Person, Person.id == Membership.person_id)
            .where(
                Membership.municipality_id.in_(municipality_ids),
                Membership.role.in_(_TAKES_CALLS),
                Membership.since <= now,
                Membership.until.is_(None) | (Membership.until > now),
                Person.disabled_at.is_(None),
            )
        )
        self._of: dict[int, set[tuple[int, str | None, str]]] = {}
        for municipality_id, person_id, phone, email in rows:
            self._of.setdefault(municipality_id, set()).add((person_id, phone, email))

    def person(self, municipality_id: int, agent: str | None, country: str) -> int | None:
        """By phone, then log-in (the e-mail address), then id. None: nobody, or several share it."""
        said = (agent or "").strip().casefold()
        people = self._of.get(municipality_id)
        if not said or not people:
            return None
        number = e164(said, country)
        for found in (
            {each for each, phone, _ in people if phone and phone.strip().casefold() == said},
            {each for each, phone, _ in people if number and phone and e164(phone, country) == number},
            {each for each, _, email in people if email.casefold() == said},
            {each for each, _, _ in people if str(each) == said},
        ):
            if found:
                return found.pop() if len(found) == 1 else None
        return None
