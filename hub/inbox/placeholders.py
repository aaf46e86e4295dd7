"""Placeholders: `{{name}}` in texts that people keep ready, such as signatures. Nothing is computed, nothing looked up.

A value is put in once, as words on one line: what looks like a placeholder in it stays what it is. Whoever makes HTML
of the whole escapes it there, as all words.
"""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from hub.errors import Invalid
from hub.formats.charsets import clean
from hub.inbox.citizen import Citizen
from hub.inbox.colleagues import person_name
from hub.inbox.conversation import Conversation
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue
from hub.storage.unit import Unit

OURS = ("agent", "queue", "municipality")
"""What may stand in any of them."""
_ANY = re.compile(r"\{\{([^{}]*)\}\}")


class Where(Struct, frozen=True):
    """Whose words they become: a person's, in a queue of a municipality. `citizen_id`: to whom, where it is known."""

    municipality_id: int
    queue_id: int
    by_id: int
    language: str | None
    citizen_id: int | None = None


def where(conversation: Conversation, by_id: int) -> Where:
    """In a conversation."""
    return Where(
        conversation.municipality_id, conversation.queue_id, by_id, conversation.language, conversation.citizen_id
    )


def check(field: str, text: str, known: Sequence[str]) -> None:
    """Raises Invalid for one that there isn't, naming those that there are."""
    for found in _ANY.finditer(text):
        if found[1].strip() not in known:
            shown = ", ".join(f"{{{{{name}}}}}" for name in known)
            raise Invalid(field, "there is no {placeholder}; there is {known}", placeholder=found[0][:100], known=shown)


def filled(text: str, values: Mapping[str, str]) -> str:
    """With the values that there are; the rest stays as it stands."""

    def value(found: re.Match[str]) -> str:
        said = values.get(found[1].strip())
        return found[0] if said is None else said

    return _ANY.sub(value, text)


def values(unit: Unit, at: Where) -> Mapping[str, str]:
    """Of all that are known. A citizen who is known by an address alone has no name to be called by."""
    return whoever_says_it(unit, at) | said_by(person_name(unit, at.by_id) or "")


def said_by(agent: str) -> dict[str, str]:
    """Of the person of ours whose words they become."""
    return {"agent": _one_line(agent)}


def whoever_says_it(unit: Unit, at: Where) -> dict[str, str]:
    """All the others."""
    municipality, queue = unit.get(Municipality, at.municipality_id), unit.get(Queue, at.queue_id)
    citizen = None if at.citizen_id is None else unit.get(Citizen, at.citizen_id)
    named = {
        "queue": None if queue is None else in_language(queue.words, at.language, municipality),
        "municipality": None if municipality is None else municipality.name,
        "citizen": "" if citizen is None or "@" in citizen.name else citizen.name,
    }
    return {name: _one_line(value or "") for name, value in named.items()}


def in_language(words: Mapping[str, str], language: str | None, municipality: Municipality | None) -> str:
    """In the reader's language, else the municipality's, else the first there is."""
    own = municipality.language if municipality is not None else ""
    return words.get(language or "") or words.get(own) or next(iter(words.values()), "")


def _one_line(value: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in clean(value)).split())
