"""Identity: that a citizen is who they say, confirmed in a conversation by one of ours, until the day ends there."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.errors import Invalid, NotFound
from hub.inbox.citizen import Identity
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.inbox.queries import PERSON, PersonName
from hub.storage.unit import Unit

WAYS = ("control_question", "called_back", "id_at_desk", "eid", "known_to_department")
"""How; an address, a number or a name in a mail is none of them."""


class IdentityLine(Struct, frozen=True):
    """How it was confirmed, by whom, and until when that holds."""

    how: str
    confirmed_at: datetime
    confirmed_by: PersonName
    ends_at: datetime


def confirm(unit: Unit, conversation: Conversation, by_id: int, how: str) -> Entry:
    """Holds in this conversation until midnight in its municipality. Confirmed again, the earlier one ends."""
    if how not in WAYS:
        raise Invalid("how", f"how is one of {', '.join(WAYS)}")
    municipality = unit.get(Municipality, conversation.municipality_id)
    assert municipality is not None  # a foreign key sees to it
    now = clock.now()
    _end(unit, conversation, now)
    unit.add(
        Identity(
            municipality_id=conversation.municipality_id,
            citizen_id=conversation.citizen_id,
            conversation_id=conversation.id,
            confirmed_at=now,
            confirmed_by=by_id,
            how=how,
            ends_at=_midnight(now, municipality.timezone),
        )
    )
    return conversation.append_change(unit, by_id, "identity_confirmed", {"how": how})


def withdraw(unit: Unit, conversation: Conversation, by_id: int) -> Entry:
    """It was somebody else after all. Raises NotFound when nothing is confirmed."""
    if not _end(unit, conversation, clock.now()):
        raise NotFound("No identity is confirmed in this conversation.")
    return conversation.append_change(unit, by_id, "identity_withdrawn", {})


def live(unit: Unit, conversation: Conversation) -> Identity | None:
    """The confirmation that holds now, for the conversation's own citizen."""
    return unit.first(
        select(Identity)
        .where(
            Identity.municipality_id == conversation.municipality_id,
            Identity.conversation_id == conversation.id,
            Identity.citizen_id == conversation.citizen_id,
            Identity.ends_at > clock.now(),
        )
        .order_by(Identity.id.desc())
    )


def live_line(unit: Unit, conversation: Conversation) -> IdentityLine | None:
    """As a page shows it."""
    found = live(unit, conversation)
    if found is None:
        return None
    names = unit.rows(select(PERSON.c.name).where(PERSON.c.id == found.confirmed_by))
    by = PersonName(str(found.confirmed_by), names[0][0] if names else "")
    return IdentityLine(found.how, clock.to_datetime(found.confirmed_at), by, clock.to_datetime(found.ends_at))


def _end(unit: Unit, conversation: Conversation, now: int) -> bool:
    rows = unit.all(
        select(Identity).where(
            Identity.municipality_id == conversation.municipality_id,
            Identity.conversation_id == conversation.id,
            Identity.ends_at > now,
        )
    )
    for row in rows:
        row.ends_at = now
    return bool(rows)


def _midnight(now: int, timezone: str) -> int:
    zone = ZoneInfo(timezone)
    tomorrow = clock.to_datetime(now).astimezone(zone).date() + timedelta(days=1)
    return clock.from_datetime(datetime.combine(tomorrow, time(), zone).astimezone(UTC))
