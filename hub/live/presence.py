"""Presence: who is reading or typing in which conversation, until they give no more sign of it."""

from collections.abc import Iterable

from msgspec import Struct

from hub import clock
from hub.live.topics import Name

READING = 30 * clock.SECOND
TYPING = 8 * clock.SECOND
"""Microseconds that one sign of it lasts."""


class _Signs(Struct):
    reading_until: int
    typing_until: int = 0


class Presence:
    """Changes come back as (event name, conversation id): what those who look at it should hear."""

    def __init__(self) -> None:
        self._there: dict[int, dict[int, _Signs]] = {}

    def sign(self, conversation_id: int, person_id: int, state: str) -> set[tuple[Name, int]]:
        """`state`: reading | typing | sent: what they typed is there, and they type no more.

        A sign that only renews changes nothing.
        """
        now = clock.now()
        changed = self.expire()
        if state == "sent":
            there = self._there.get(conversation_id, {}).get(person_id)
            if there is not None and there.typing_until:
                there.typing_until = 0
                changed.add(("typing", conversation_id))
            return changed
        people = self._there.setdefault(conversation_id, {})
        signs = people.get(person_id)
        if signs is None:
            signs = people[person_id] = _Signs(0)
            changed.add(("presence", conversation_id))
        signs.reading_until = now + READING
        if state == "typing":
            if signs.typing_until <= now:
                changed.add(("typing", conversation_id))
            signs.typing_until = now + TYPING
        return changed

    def leave(self, person_id: int) -> set[tuple[Name, int]]:
        """They are nowhere any more."""
        changed: set[tuple[Name, int]] = set()
        for conversation_id, people in list(self._there.items()):
            signs = people.pop(person_id, None)
            if signs is not None:
                changed |= _gone(conversation_id, signs)
            if not people:
                del self._there[conversation_id]
        return changed

    def expire(self) -> set[tuple[Name, int]]:
        """Who has given no sign for too long."""
        now = clock.now()
        changed: set[tuple[Name, int]] = set()
        for conversation_id, people in list(self._there.items()):
            for person_id, signs in list(people.items()):
                if signs.reading_until <= now:
                    del people[person_id]
                    changed |= _gone(conversation_id, signs)
                elif 0 < signs.typing_until <= now:
                    signs.typing_until = 0
                    changed.add(("typing", conversation_id))
            if not people:
                del self._there[conversation_id]
        return changed

    def at(self, conversation_id: int) -> list[tuple[int, str]]:
        """(person id, reading | typing), in the order they came."""
        now = clock.now()
        people: Iterable[tuple[int, _Signs]] = self._there.get(conversation_id, {}).items()
        return [
            (person_id, "typing" if signs.typing_until > now else "reading")
            for person_id, signs in people
            if signs.reading_until > now
        ]


def _gone(conversation_id: int, signs: _Signs) -> set[tuple[Name, int]]:
    gone: set[tuple[Name, int]] = {("presence", conversation_id)}
    return gone | {("typing", conversation_id)} if signs.typing_until else gone
