"""Knowing whose a conversation is: citizens merged, split off and told apart, from where it was seen."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.access import policy
from hub.access.audit import log_act
from hub.access.person import Actor
from hub.edge import searching, versions, work
from hub.errors import NotFound
from hub.inbox import points, queries, whose
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.points import CoveredPoint
from hub.inbox.queries import ConversationLine
from hub.inbox.whose import CitizenMove
from hub.storage.unit import Unit

MOST = 10
"""Citizens that are offered."""
_MOST_HITS = 50


class Choice(Struct, frozen=True):
    """A citizen who may be meant. `points`: masked."""

    id: str
    name: str
    kind: str
    points: Sequence[str]


class Moved(Struct, frozen=True):
    """What can be undone. `kind`: merge | split | share | give; `other`: the other citizen's name."""

    id: str
    kind: str
    other: str
    at: datetime


class Whose(Struct, frozen=True):
    """`kind`: of its citizen, person | organisation. `sharers`: others who use its address; `moves`: of its citizen."""

    kind: str
    sharers: Sequence[Choice]
    moves: Sequence[Moved]


class Done(Struct, frozen=True):
    """`move`: to undo it by."""

    conversation: ConversationLine
    move: str


def shown(unit: Unit, actor: Actor, conversation_id: int) -> Whose:
    """Who else it may be of, and what was changed about that. Raises NotFound."""
    found = policy.require_open(actor, unit.get(Conversation, conversation_id))
    citizen = _citizen(unit, found.citizen_id, found)
    moves = []
    for each in whose.moves(unit, citizen)[:MOST]:
        other = unit.get(Citizen, each.from_id if each.to_id == citizen.id else each.to_id)
        moves.append(Moved(str(each.id), each.kind, other.name if other else "", clock.to_datetime(each.moved_at)))
    return Whose(citizen.kind, [_choice(unit, each) for each in whose.sharers(unit, found)], moves)


def points_of(unit: Unit, actor: Actor, conversation_id: int) -> Sequence[CoveredPoint]:
    """How its citizen is reached or known. Raises NotFound."""
    found = policy.require_open(actor, unit.get(Conversation, conversation_id))
    return points.covered(unit, _citizen(unit, found.citizen_id, found))


def candidates(unit: Unit, actor: Actor, conversation_id: int, words: str) -> Sequence[Choice]:
    """Citizens of what this person finds by these words, or by the citizen's name. Nobody with a protected identity."""
    found = policy.require_work(actor, unit.get(Conversation, conversation_id))
    citizen = _citizen(unit, found.citizen_id, found)
    hits = searching.search_desk(unit, actor, words.strip() or citizen.name, None, _MOST_HITS).found
    ids = list(dict.fromkeys(int(each.line.conversation.citizen_id) for each in hits))
    rows = {
        row.id: row
        for row in unit.all(
            select(Citizen).where(
                Citizen.municipality_id == found.municipality_id,
                Citizen.id.in_(ids),
                Citizen.id != citizen.id,
                Citizen.kind == citizen.kind,
                Citizen.protection != "yes",
            )
        )
    }
    return [_choice(unit, rows[each]) for each in ids if each in rows][:MOST]


def merge(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, other_id: int) -> Done:
    """The other citizen is this one. Raises NotFound for one of another municipality."""
    found = _held(unit, actor, conversation_id, if_match)
    citizen, other = _citizen(unit, found.citizen_id, found), _citizen(unit, other_id, found)
    return _done(unit, actor, found, whose.merge(unit, citizen, actor.id, other))


def split_off(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, point_id: int) -> Done:
    """The address is somebody else's."""
    found = _held(unit, actor, conversation_id, if_match)
    point = unit.get(CitizenPoint, point_id)
    if point is None or point.municipality_id != found.municipality_id:
        raise NotFound("There is no such address of this citizen.")
    citizen = _citizen(unit, found.citizen_id, found)
    return _done(unit, actor, found, whose.split_off(unit, citizen, actor.id, point))


def give(
    unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, citizen_id: int | None, name: str = ""
) -> Done:
    """This conversation is of another who uses the address; None: of somebody new, called `name`."""
    found = _held(unit, actor, conversation_id, if_match)
    if citizen_id is None:
        return _done(unit, actor, found, whose.share(unit, found, actor.id, name))
    return _done(unit, actor, found, whose.give(unit, found, actor.id, _citizen(unit, citizen_id, found)))


def set_kind(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, kind: str) -> ConversationLine:
    """A person or an organisation: whoever writes for one is never merged with a person. Set back, it is undone."""
    found = _held(unit, actor, conversation_id, if_match)
    citizen = _citizen(unit, found.citizen_id, found)
    whose.set_kind(unit, citizen, kind)
    found.append_change(unit, actor.id, f"citizen_{kind}", {})
    _log(unit, actor, found, "kind", citizen.id)
    return queries.conversation_line(unit, found.id)


def undo(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None, move_id: int) -> ConversationLine:
    """Of what was changed about this conversation's citizen. Raises NotFound."""
    found = _held(unit, actor, conversation_id, if_match)
    move = unit.get(CitizenMove, move_id)
    if move is None or found.citizen_id not in {move.from_id, move.to_id}:
        raise NotFound("There is no such change of this citizen.")
    whose.undo(unit, move)
    if str(found.id) in move.moved["conversations"] and found.citizen_id == move.to_id:
        found.citizen_id = move.from_id
    return _noted(unit, actor, found, "undone", move)


def _held(unit: Unit, actor: Actor, conversation_id: int, if_match: str | None) -> Conversation:
    found = work.held(unit, actor, conversation_id)
    versions.expect(found.version, if_match)
    return found


def _done(unit: Unit, actor: Actor, found: Conversation, move: CitizenMove) -> Done:
    if str(found.id) in move.moved["conversations"]:
        found.citizen_id = move.to_id
    return Done(_noted(unit, actor, found, move.kind, move), str(move.id))


def _noted(unit: Unit, actor: Actor, found: Conversation, what: str, move: CitizenMove) -> ConversationLine:
    found.append_change(unit, actor.id, f"citizen_{what}", {"move": str(move.id)})
    for citizen_id in (move.from_id, move.to_id):
        _log(unit, actor, found, what, citizen_id)
    return queries.conversation_line(unit, found.id)


def _log(unit: Unit, actor: Actor, found: Conversation, what: str, citizen_id: int) -> None:
    log_act(
        unit,
        f"citizen.{what}",
        actor,
        municipality_id=found.municipality_id,
        subject=("citizen", citizen_id),
        conversation_id=found.id,
    )


def _citizen(unit: Unit, citizen_id: int, conversation: Conversation) -> Citizen:
    row = unit.get(Citizen, citizen_id)
    if row is None or row.municipality_id != conversation.municipality_id:
        raise NotFound("There is no such citizen.")
    return row


def _choice(unit: Unit, citizen: Citizen) -> Choice:
    covered = dict.fromkeys(each.masked for each in points.covered(unit, citizen) if each.kind != "identity")
    return Choice(str(citizen.id), points.masked_name(citizen.name), citizen.kind, list(covered)[:3])
