"""Identity: that a citizen is who they say, confirmed in a conversation by one of ours, until the day ends there."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import Select, bindparam, select, update

from hub import clock
from hub.contract.references import by_ten
from hub.errors import Invalid, NotFound
from hub.inbox.citizen import Citizen, CitizenPoint, Identity
from hub.inbox.colleagues import person_name
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.inbox.points import seal_identity
from hub.inbox.queries import PersonName
from hub.storage.unit import Unit

WAYS = ("control_question", "called_back", "id_at_desk", "eid", "known_to_department")
"""How; an address, a number or a name in a mail is none of them."""

_NUMBER = re.compile(r"\d{6,8}[-+ A-FU-Y]?[0-9A-Z]{3,4}")
"""Nordic: a Finnish one has letters, where its century is told and at its end."""
_LIVE = (
    select(Identity)
    .where(
        Identity.municipality_id == bindparam("municipality"),
        Identity.conversation_id == bindparam("conversation"),
        Identity.citizen_id == bindparam("citizen"),
        Identity.ends_at > bindparam("now"),
    )
    .order_by(Identity.id.desc())
)
_SWEDISH = re.compile(r"(19|20)\d{6}-?\d{4}")


class IdentityLine(Struct, frozen=True):
    """How it was confirmed, by whom, and until when that holds."""

    how: str
    confirmed_at: datetime
    confirmed_by: PersonName
    ends_at: datetime


def confirm(unit: Unit, conversation: Conversation, by_id: int, how: str, number: str = "") -> Entry:
    """Holds in this conversation until midnight in its municipality. Confirmed again, the earlier one ends.

    `number`: the citizen's identity number, where it was told; kept as theirs. Raises Invalid when they have another.
    """
    if how not in WAYS:
        raise Invalid("how", f"how is one of {', '.join(WAYS)}")
    now = clock.now()
    municipality = _home(unit, conversation)
    if number.strip():
        _learn(unit, conversation, municipality.country, number.strip(), how, now)
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


def _learn(unit: Unit, conversation: Conversation, country: str, number: str, how: str, now: int) -> None:
    if not _NUMBER.fullmatch(number) or (country == "SE" and not _SWEDISH.fullmatch(number)):
        raise Invalid("number", "write the whole identity number, with its century: 19121212-1212")
    if country == "SE" and not by_ten("".join(filter(str.isdecimal, number))[2:]):
        raise Invalid("number", "the last digit of this number doesn't fit the others: is one mistyped?")
    value, key = seal_identity(unit.keys, conversation.municipality_id, number)
    claimed = _numbers(conversation).where(CitizenPoint.claimed_at.is_not(None), CitizenPoint.match_key == key)
    for each in unit.all(claimed):  # told in a form as well: from now on it is known
        each.ended_at = now
    known = unit.all(_numbers(conversation).where(CitizenPoint.claimed_at.is_(None)))
    if any(each.match_key != key for each in known):
        raise Invalid("number", "another identity number is known of this citizen: is it the same person?")
    if not known:
        unit.add(
            CitizenPoint(
                municipality_id=conversation.municipality_id,
                citizen_id=conversation.citizen_id,
                first_citizen_id=conversation.citizen_id,
                kind="identity",
                value=value,
                match_key=key,
                confirmed_at=now,
                confirmed_how=how,
            )
        )


def withdraw(unit: Unit, conversation: Conversation, by_id: int) -> Entry:
    """It was somebody else after all: a number that they told here today goes, too. Raises NotFound when nothing is
    confirmed."""
    now = clock.now()
    if not _end(unit, conversation, now):
        raise NotFound("No identity is confirmed in this conversation.")
    _unlearn(unit, conversation, now)
    return conversation.append_change(unit, by_id, "identity_withdrawn", {})


def another_call(unit: Unit, conversation: Conversation, at: int) -> None:
    """A call of the same number is a hint again of who it is: what was confirmed before it began holds no more."""
    live_before = (
        Identity.municipality_id == conversation.municipality_id,
        Identity.conversation_id == conversation.id,
        Identity.confirmed_at < at,
        Identity.ends_at > clock.now(),
    )
    unit.change(update(Identity).where(*live_before).values(ends_at=clock.now()))


def _unlearn(unit: Unit, conversation: Conversation, now: int) -> None:
    """It never was the citizen's, so no row says that it was; and whether they are protected, it doesn't tell."""
    today = select(Identity.confirmed_at).where(
        Identity.municipality_id == conversation.municipality_id,
        Identity.conversation_id == conversation.id,
        Identity.confirmed_at >= _midnight(now, _home(unit, conversation).timezone, days=0),
    )
    for point in unit.all(_numbers(conversation).where(CitizenPoint.confirmed_at.in_(today))):
        read_since = (Citizen.protection == "no", Citizen.protection_read_at >= point.confirmed_at)
        here = (Citizen.municipality_id == point.municipality_id, Citizen.id == point.citizen_id)
        unit.change(update(Citizen).where(*here, *read_since).values(protection="unknown", protection_read_at=None))
        unit.remove(point)


def _numbers(conversation: Conversation) -> Select[CitizenPoint]:
    """Of its citizen."""
    return select(CitizenPoint).where(
        CitizenPoint.municipality_id == conversation.municipality_id,
        CitizenPoint.citizen_id == conversation.citizen_id,
        CitizenPoint.kind == "identity",
        CitizenPoint.ended_at.is_(None),
    )


def live(unit: Unit, conversation: Conversation) -> Identity | None:
    """The confirmation that holds now, for the conversation's own citizen."""
    return unit.first(
        _LIVE,
        municipality=conversation.municipality_id,
        conversation=conversation.id,
        citizen=conversation.citizen_id,
        now=clock.now(),
    )


def live_line(unit: Unit, conversation: Conversation) -> IdentityLine | None:
    """As a page shows it."""
    found = live(unit, conversation)
    if found is None:
        return None
    by = PersonName(str(found.confirmed_by), person_name(unit, found.confirmed_by) or "")
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


def _home(unit: Unit, conversation: Conversation) -> Municipality:
    found = unit.get(Municipality, conversation.municipality_id)
    assert found is not None  # a foreign key sees to it
    return found


def _midnight(now: int, timezone: str, days: int = 1) -> int:
    """As so many days begin after this one."""
    zone = ZoneInfo(timezone)
    day = clock.to_datetime(now).astimezone(zone).date() + timedelta(days=days)
    return clock.from_datetime(datetime.combine(day, time(), zone).astimezone(UTC))
