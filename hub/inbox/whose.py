"""Whose: which citizen points and conversations belong to, put right by one of ours: every act can be undone.

Points aren't unique: a family shares an address, and who writes by it is for a person to say. What was confirmed of an
identity ends with every act, for it was confirmed of somebody else.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ForeignKey, Index, bindparam, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from hub import clock
from hub.errors import Conflict, Invalid, NotFound
from hub.inbox import findable
from hub.inbox.citizen import Citizen, CitizenPoint, Identity
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry, Mail
from hub.inbox.participant import Participant
from hub.storage.base import MunicipalityRow, own, same_municipality
from hub.storage.types import Json
from hub.storage.unit import Unit

KINDS = ("person", "organisation")
_STRICTEST = ("yes", "unknown", "no")
_LONGEST_NAME = 200
_TAKE_PART = (
    select(CitizenPoint)
    .join(Participant, Participant.citizen_point_id == CitizenPoint.id)
    .where(
        Participant.municipality_id == bindparam("municipality"),
        Participant.conversation_id == bindparam("conversation"),
        CitizenPoint.kind.in_(("email", "phone")),
        CitizenPoint.ended_at.is_(None),
    )
)

_USING = select(CitizenPoint.citizen_id).where(
    CitizenPoint.municipality_id == bindparam("municipality"),
    CitizenPoint.kind.in_(bindparam("kinds", expanding=True)),
    CitizenPoint.match_key.in_(bindparam("keys", expanding=True)),
    CitizenPoint.claimed_at.is_(None),
    CitizenPoint.ended_at.is_(None),
    CitizenPoint.citizen_id != bindparam("but"),
)
_SHARERS = (
    select(Citizen)
    .where(Citizen.municipality_id == bindparam("municipality"), Citizen.id.in_(_USING))
    .order_by(Citizen.id)
)


class CitizenMove(MunicipalityRow):
    """`kind`: merge | split | share | give. What moved from one citizen to the other, to be moved back.

    `moved`: ids of points and conversations, and how the two were protected before.
    """

    __tablename__ = "citizen_move"
    __table_args__ = (
        own(),
        same_municipality("from_id", "citizen"),
        same_municipality("to_id", "citizen"),
        Index("ix_citizen_move_to", "municipality_id", "to_id"),
    )
    kind: Mapped[str]
    from_id: Mapped[int]
    to_id: Mapped[int]
    moved: Mapped[Any] = mapped_column(Json)
    moved_at: Mapped[int]
    moved_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    undone_at: Mapped[int | None]


def merge(unit: Unit, into: Citizen, by_id: int, other: Citizen) -> CitizenMove:
    """All that is `other`'s is `into`'s: they are one. The whole is protected as the stricter of the two."""
    _refuse(unit, into, other)
    points = select(CitizenPoint.id).where(_here(CitizenPoint, other), CitizenPoint.citizen_id == other.id)
    conversations = select(Conversation.id).where(_here(Conversation, other), Conversation.citizen_id == other.id)
    return _move(unit, "merge", by_id, other, into, unit.all(points), unit.all(conversations))


def split_off(unit: Unit, citizen: Citizen, by_id: int, point: CitizenPoint) -> CitizenMove:
    """The address is another one's, with the conversations in which nobody else takes part."""
    if point.citizen_id != citizen.id or point.ended_at is not None:
        raise NotFound("There is no such address of this citizen.")
    if point.kind not in {"email", "phone"}:
        raise Invalid("point", "only an address or a number can be somebody else's")
    left = unit.rows(
        select(func.count())
        .select_from(CitizenPoint)
        .where(CitizenPoint.citizen_id == citizen.id, _here(CitizenPoint, citizen), CitizenPoint.ended_at.is_(None))
    )[0][0]
    if left < 2:  # noqa: PLR2004 - one has to stay
        raise Conflict("It is the only one that is known of this citizen: nothing would be left of them.")
    other = _begin(unit, citizen, _name_by(unit, point))
    return _move(unit, "split", by_id, citizen, other, [point.id], _only_by(unit, citizen, point))


def share(unit: Unit, conversation: Conversation, by_id: int, name: str) -> CitizenMove:
    """Somebody else writes by the address, too, and this conversation is theirs: a new citizen with its own point."""
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME:
        raise Invalid("name", "say what they are called")
    was = _citizen(unit, conversation)
    other = _begin(unit, was, name)
    for point in _points_in(unit, conversation):
        _point_of(unit, other, point)
    return _give(unit, "share", conversation, by_id, was, other)


def give(unit: Unit, conversation: Conversation, by_id: int, to: Citizen) -> CitizenMove:
    """It is of another of those who share the address. Raises Invalid for one who doesn't."""
    was = _citizen(unit, conversation)
    if to.id not in {each.id for each in sharers(unit, conversation)}:
        raise Invalid("citizen", "this citizen doesn't use the address that the conversation came by")
    return _give(unit, "give", conversation, by_id, was, to)


def set_kind(unit: Unit, citizen: Citizen, kind: str) -> None:
    """What was confirmed of an identity was a person's, and ends."""
    if kind not in KINDS:
        raise Invalid("kind", "a citizen is a person or an organisation")
    citizen.kind = kind
    _end_identities(unit, citizen.municipality_id, [citizen.id])


def undo(unit: Unit, move: CitizenMove) -> None:
    """What it moved and still lies there goes back; what came since stays."""
    if move.undone_at is not None:
        raise Conflict("It was undone already.")
    back, there = unit.get(Citizen, move.from_id), unit.get(Citizen, move.to_id)
    assert back is not None  # composite foreign keys see to it
    assert there is not None
    points, conversations = _ids(move.moved["points"]), _ids(move.moved["conversations"])
    here = CitizenPoint.municipality_id == move.municipality_id
    unit.change(
        update(CitizenPoint).where(here, CitizenPoint.id.in_(points), CitizenPoint.citizen_id == there.id)
        .values(citizen_id=back.id)
    )  # fmt: skip
    own_ones = Conversation.municipality_id == move.municipality_id
    unit.change(
        update(Conversation).where(own_ones, Conversation.id.in_(conversations), Conversation.citizen_id == there.id)
        .values(citizen_id=back.id, version=Conversation.version + 1)
    )  # fmt: skip
    findable.moved(unit, move.municipality_id, conversations)
    for conversation_id in conversations if move.kind in {"share", "give"} else ():
        _change_points(unit, move.municipality_id, conversation_id, there, back)
    if not there.protection_read_at or there.protection_read_at <= move.moved_at:  # else it was read anew since
        there.protection = move.moved["protection"]
    if move.kind == "share":
        _end_points(unit, there)
    _end_identities(unit, move.municipality_id, [back.id, there.id])
    move.undone_at = clock.now()


def moves(unit: Unit, citizen: Citizen) -> Sequence[CitizenMove]:
    """What came to this citizen from others or went to others and can be taken back, the newest first."""
    one_of_them = (CitizenMove.to_id == citizen.id) | (CitizenMove.from_id == citizen.id)
    return unit.all(
        select(CitizenMove)
        .where(CitizenMove.municipality_id == citizen.municipality_id, one_of_them, CitizenMove.undone_at.is_(None))
        .order_by(CitizenMove.id.desc())
    )


def sharers(unit: Unit, conversation: Conversation) -> Sequence[Citizen]:
    """The others who are known by an address that takes part in it; who only claims it isn't."""
    points = _points_in(unit, conversation)
    if not points:
        return []
    return unit.all(
        _SHARERS,
        municipality=conversation.municipality_id,
        but=conversation.citizen_id,
        kinds=list({each.kind for each in points}),
        keys=list({each.match_key for each in points}),
    )


def _refuse(unit: Unit, into: Citizen, other: Citizen) -> None:
    if into.id == other.id or into.municipality_id != other.municipality_id:
        raise Invalid("citizen", "only another citizen of the same municipality can be the same one")
    if into.kind != other.kind:
        raise Invalid("citizen", "one of them is an organisation: whoever writes for it is somebody else")
    numbers = unit.all(
        select(CitizenPoint.match_key).where(
            _here(CitizenPoint, into),
            CitizenPoint.citizen_id.in_([into.id, other.id]),
            CitizenPoint.kind == "identity",
            CitizenPoint.claimed_at.is_(None),  # whoever typed it may have typed another's
            CitizenPoint.ended_at.is_(None),
        )
    )
    if len(set(numbers)) > 1:
        raise Conflict("They have different identity numbers: they are two.")


def _move(
    unit: Unit,
    kind: str,
    by_id: int,
    was: Citizen,
    to: Citizen,
    points: Sequence[int],
    conversations: Sequence[int],
) -> CitizenMove:
    unit.change(
        update(CitizenPoint).where(_here(CitizenPoint, was), CitizenPoint.id.in_(points)).values(citizen_id=to.id)
    )
    unit.change(
        update(Conversation)
        .where(_here(Conversation, was), Conversation.id.in_(conversations))
        .values(citizen_id=to.id, version=Conversation.version + 1)  # lists keep what they showed of a version
    )
    findable.moved(unit, was.municipality_id, conversations)
    moved = {
        "points": [str(each) for each in points],
        "conversations": [str(each) for each in conversations],
        "protection": to.protection,
    }
    to.protection = min(was.protection, to.protection, key=_STRICTEST.index)
    _end_identities(unit, was.municipality_id, [was.id, to.id])
    row = CitizenMove(
        municipality_id=was.municipality_id, kind=kind, from_id=was.id, to_id=to.id, moved=moved, moved_at=clock.now(),
        moved_by=by_id,
    )  # fmt: skip
    unit.add(row)
    return row


def _give(unit: Unit, kind: str, conversation: Conversation, by_id: int, was: Citizen, to: Citizen) -> CitizenMove:
    row = _move(unit, kind, by_id, was, to, [], [conversation.id])
    _change_points(unit, conversation.municipality_id, conversation.id, was, to)
    return row


def _change_points(unit: Unit, municipality_id: int, conversation_id: int, was: Citizen, to: Citizen) -> None:
    """Who takes part by a point of the one does so by the other's of the same address."""
    taking_part = unit.rows(
        select(Participant.id, CitizenPoint)
        .join(CitizenPoint, CitizenPoint.id == Participant.citizen_point_id)
        .where(
            Participant.municipality_id == municipality_id,
            Participant.conversation_id == conversation_id,
            CitizenPoint.citizen_id == was.id,
        )
    )
    for row_id, point in taking_part:
        point_id = _point_of(unit, to, point).id
        unit.change(update(Participant).where(Participant.id == row_id).values(citizen_point_id=point_id))


def _point_of(unit: Unit, citizen: Citizen, like: CitizenPoint) -> CitizenPoint:
    known = unit.first(
        _of(CitizenPoint, citizen).where(CitizenPoint.kind == like.kind, CitizenPoint.match_key == like.match_key)
    )
    if known is None:
        known = CitizenPoint(
            municipality_id=citizen.municipality_id, citizen_id=citizen.id, first_citizen_id=citizen.id,
            kind=like.kind, value=like.value, match_key=like.match_key, claimed_at=like.claimed_at,
        )  # fmt: skip
        unit.add(known)
    return known


def _points_in(unit: Unit, conversation: Conversation) -> Sequence[CitizenPoint]:
    return unit.all(_TAKE_PART, municipality=conversation.municipality_id, conversation=conversation.id)


def _end_points(unit: Unit, citizen: Citizen) -> None:
    """Of one who was begun for a conversation that is none of theirs, and has no other."""
    if unit.first(select(Conversation.id).where(_here(Conversation, citizen), Conversation.citizen_id == citizen.id)):
        return
    points = update(CitizenPoint).where(_here(CitizenPoint, citizen), CitizenPoint.citizen_id == citizen.id)
    unit.change(points.values(ended_at=clock.now()))


def _only_by(unit: Unit, citizen: Citizen, point: CitizenPoint) -> Sequence[int]:
    """The citizen's conversations in which this point takes part and no other of theirs."""
    own_ones = (
        select(Participant.conversation_id)
        .join(CitizenPoint, CitizenPoint.id == Participant.citizen_point_id)
        .where(Participant.municipality_id == citizen.municipality_id, CitizenPoint.citizen_id == citizen.id)
    )
    by_it = own_ones.where(CitizenPoint.id == point.id)
    by_others = own_ones.where(CitizenPoint.id != point.id)
    return unit.all(
        select(Conversation.id).where(
            _here(Conversation, citizen),
            Conversation.citizen_id == citizen.id,
            Conversation.id.in_(by_it),
            Conversation.id.not_in(by_others),
        )
    )


def _name_by(unit: Unit, point: CitizenPoint) -> str:
    """As the newest mail from there has it."""
    newest = (
        select(Entry.body)
        .join(Mail, (Mail.municipality_id == Entry.municipality_id) & (Mail.entry_id == Entry.id))
        .join(Participant, Participant.conversation_id == Entry.conversation_id)
        .where(
            Participant.municipality_id == point.municipality_id,
            Participant.citizen_point_id == point.id,
            Entry.author_kind == "citizen",
            Mail.sender == point.match_key,
        )
        .order_by(Entry.id.desc())
    )
    body = unit.first(newest)
    return str((body or {}).get("name") or "")[:_LONGEST_NAME] or point.value


def _begin(unit: Unit, like: Citizen, name: str) -> Citizen:
    row = Citizen(
        municipality_id=like.municipality_id, kind=like.kind, name=name, language=like.language,
        protection="yes" if like.protection == "yes" else "unknown",
    )  # fmt: skip
    unit.add(row)
    return row


def _citizen(unit: Unit, conversation: Conversation) -> Citizen:
    found = unit.get(Citizen, conversation.citizen_id)
    assert found is not None  # a composite foreign key sees to it
    return found


def _end_identities(unit: Unit, municipality_id: int, citizen_ids: Sequence[int]) -> None:
    now = clock.now()
    unit.change(
        update(Identity)
        .where(
            Identity.municipality_id == municipality_id, Identity.citizen_id.in_(citizen_ids), Identity.ends_at > now
        )
        .values(ends_at=now)
    )


def _of(cls: type[CitizenPoint], citizen: Citizen) -> Any:
    return select(cls).where(_here(cls, citizen), cls.citizen_id == citizen.id)


def _here(cls: type[CitizenPoint] | type[Conversation], citizen: Citizen) -> Any:
    return cls.municipality_id == citizen.municipality_id


def _ids(said: Sequence[str]) -> list[int]:
    return [int(each) for each in said]
