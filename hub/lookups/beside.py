"""Beside: what a conversation knows of its citizen that can be asked by, in clear: for the gate alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import BigInteger, Text, bindparam, or_, select, type_coerce

from hub import clock
from hub.contract import Identifier
from hub.inbox.citizen import Citizen, CitizenPoint, Identity
from hub.inbox.conversation import Conversation
from hub.inbox.matter import Matter
from hub.inbox.municipality import Municipality
from hub.inbox.points import clear_value
from hub.inbox.topic import Topic
from hub.storage.prepared import Prepared
from hub.storage.unit import Unit

_KINDS: Sequence[Identifier] = ("identity", "customer", "property", "address")
"""Points of a citizen that can be asked by."""


class Beside(Struct, frozen=True):
    """`protection`: of the citizen, as last read; `is_unread`: the register was asked, and what it said can't be read.

    `confirmation`: the id of the one that holds now, None: the identity isn't confirmed. `known`: what the citizen can
    be asked about by; `topics`: as the municipality calls them, each with the names of the lookups that it allows.
    """

    conversation: Conversation
    protection: str
    is_unread: bool
    country: str
    confirmation: int | None
    known: Mapping[Identifier, str]
    topics: Sequence[tuple[str, Sequence[str]]]

    @property
    def is_confirmed(self) -> bool:
        """The identity, now."""
        return self.confirmation is not None

    def allowing(self, name: str) -> str:
        """The topic that allows this lookup; empty: none does."""
        return next((topic for topic, lookups in self.topics if name in lookups), "")


_FACTS = Prepared(
    select(
        Citizen.protection,
        Citizen.protection_read_at,
        Municipality.language,
        Municipality.country,
        select(Identity.id)
        .where(
            Identity.municipality_id == Citizen.municipality_id,
            Identity.conversation_id == bindparam("conversation_id", type_=BigInteger),
            Identity.citizen_id == Citizen.id,
            Identity.ends_at > bindparam("now", type_=BigInteger),
        )
        .order_by(Identity.id.desc())
        .limit(1)
        .scalar_subquery(),
    )
    .join(Municipality, Municipality.id == Citizen.municipality_id)
    .where(
        Citizen.municipality_id == bindparam("municipality_id", type_=BigInteger),
        Citizen.id == bindparam("citizen_id", type_=BigInteger),
    )
)
_POINTS = Prepared(
    select(CitizenPoint.kind, CitizenPoint.value)
    .where(
        CitizenPoint.municipality_id == bindparam("municipality_id", type_=BigInteger),
        CitizenPoint.citizen_id == bindparam("citizen_id", type_=BigInteger),
        or_(*(CitizenPoint.kind == each for each in _KINDS)),
        CitizenPoint.ended_at.is_(None),
        CitizenPoint.claimed_at.is_(None),  # whoever typed it may have typed another's
    )
    .order_by(CitizenPoint.id)
)
_TOPICS = Prepared(
    select(type_coerce(Topic.words, Text), type_coerce(Topic.lookups, Text))
    .join(Matter, (Matter.municipality_id == Topic.municipality_id) & (Matter.topic_id == Topic.id))
    .where(
        Matter.municipality_id == bindparam("municipality_id", type_=BigInteger),
        Matter.conversation_id == bindparam("conversation_id", type_=BigInteger),
    )
    .order_by(Matter.id)
)


def confirmation(unit: Unit, conversation: Conversation) -> int | None:
    """Of the identity, the one that holds now: for what asks no more than that."""
    ((*_, held),) = _facts(unit, conversation)
    return held if held is None else int(held)


def beside(unit: Unit, conversation: Conversation) -> Beside:
    """As it is now."""
    here = {"municipality_id": conversation.municipality_id}
    citizen = here | {"citizen_id": conversation.citizen_id}
    asked = here | {"conversation_id": conversation.id}
    ((protection, read_at, language, country, confirmed),) = _facts(unit, conversation)
    points = _POINTS.rows(unit, **citizen)
    return Beside(
        conversation,
        protection,
        protection == "unknown" and read_at is not None,
        country,
        confirmed,
        {kind: clear_value(unit.keys, conversation.municipality_id, kind, value) for kind, value in points},
        [(_word(words, language), msgspec.json.decode(lookups)) for words, lookups in _TOPICS.rows(unit, **asked)],
    )


def _facts(unit: Unit, conversation: Conversation) -> Sequence[Sequence[Any]]:
    return _FACTS.rows(
        unit,
        municipality_id=conversation.municipality_id,
        citizen_id=conversation.citizen_id,
        conversation_id=conversation.id,
        now=clock.now(),
    )


def _word(words: str, language: str) -> str:
    found: Mapping[str, str] = msgspec.json.decode(words)
    return found.get(language) or next(iter(found.values()))
