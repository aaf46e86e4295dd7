"""Identifying: who a citizen is, confirmed in a conversation, and what is covered of them revealed, for a purpose."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import or_, select

from hub import clock
from hub.access import policy
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.access.reading import log_reading
from hub.edge import versions, work
from hub.edge.asking import SHOWN_FOR
from hub.errors import Invalid, NotFound
from hub.inbox import identity, points
from hub.inbox.citizen import CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.identity import IdentityLine
from hub.inbox.participant import Participant
from hub.inbox.points import CoveredPoint
from hub.storage.unit import Unit

_LEAST_PURPOSE, _MOST_PURPOSE = 3, 500


class Identified(Struct, frozen=True):
    """How the identity is confirmed now, null when it isn't; and the conversation's version, for the next change."""

    identity: IdentityLine | None
    version: int


class Revealed(Struct, frozen=True):
    """A point in clear. `until`: then whoever shows it covers it again."""

    id: str
    kind: str
    value: str
    until: datetime


def identified(unit: Unit, actor: Actor, conversation_id: int) -> Identified:
    """As it is now. No reading: nothing of the citizen is shown. Raises NotFound."""
    found = unit.get(Conversation, conversation_id)
    work.readable(unit, actor, found)
    assert found is not None  # else it is not readable
    return Identified(identity.live_line(unit, found), found.version)


def confirm(
    unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, how: str, number: str = ""
) -> Identified:
    """Until midnight in its municipality, in this conversation: in another one nothing is confirmed by it.

    `number`: the citizen's identity number, where they have told it.
    """
    found = work.held(unit, actor, conversation_id)
    versions.expect(found.version, if_match)
    identity.confirm(unit, found, actor.id, how, number)
    work.log(unit, actor, "identity.confirm", found, purpose=how)
    return Identified(identity.live_line(unit, found), found.version)


def withdraw(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None) -> Identified:
    """It was somebody else. Raises NotFound when nothing is confirmed."""
    found = work.held(unit, actor, conversation_id)
    versions.expect(found.version, if_match)
    identity.withdraw(unit, found, actor.id)
    work.log(unit, actor, "identity.withdraw", found)
    return Identified(None, found.version)


def point(unit: Unit, actor: Actor, conversation_id: int, point_id: int) -> CoveredPoint:
    """One of the citizen's, or of somebody's who takes part, masked. Raises NotFound."""
    found = policy.require_open(actor, unit.get(Conversation, conversation_id))
    return points.cover(unit.keys, _point(unit, found, point_id))


def reveal(unit: Unit, actor: Actor, conversation_id: int, point_id: int, purpose: str) -> Revealed:
    """The same in clear. Who asked and why is in audit and reading log, or nothing is told: it is one unit.

    Not through broken glass: that is to read what is written.
    """
    found = policy.require_work(actor, unit.get(Conversation, conversation_id))
    asked = purpose.strip()
    if not _LEAST_PURPOSE <= len(asked) <= _MOST_PURPOSE or "\0" in asked:
        raise Invalid("purpose", "say what you need it for: it is kept in the access log")
    row = _point(unit, found, point_id)
    log_reading(unit, actor, "citizen_point", row.id, found.id, asked)
    log_act(
        unit,
        "citizen.reveal",
        actor,
        municipality_id=found.municipality_id,
        subject=("citizen_point", row.id),
        conversation_id=found.id,
        purpose=asked,
    )
    until = clock.to_datetime(clock.now() + SHOWN_FOR)
    return Revealed(str(row.id), row.kind, points.clear(unit.keys, row), until)


def _point(unit: Unit, conversation: Conversation, point_id: int) -> CitizenPoint:
    taking_part = select(Participant.citizen_point_id).where(Participant.conversation_id == conversation.id)
    row = unit.first(
        select(CitizenPoint).where(
            CitizenPoint.id == point_id,
            CitizenPoint.municipality_id == conversation.municipality_id,
            or_(CitizenPoint.citizen_id == conversation.citizen_id, CitizenPoint.id.in_(taking_part)),
        )
    )
    if row is None:
        raise NotFound("There is nothing like that to be revealed in this conversation.")
    return row
