"""New message: a conversation that we begin. Nothing is owed in it until the citizen answers."""

from collections.abc import Sequence

from sqlalchemy import select

from hub import clock
from hub.clock import NEVER
from hub.errors import Invalid
from hub.inbox import matter, outgoing, reply, reply_token
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.inbox.outgoing import Envelope, File, Route
from hub.inbox.participant import Participant
from hub.inbox.queue import Queue, answers_for
from hub.inbox.topic import Topic
from hub.storage.unit import Unit


def begin(
    unit: Unit,
    municipality: Municipality,
    queue: Queue,
    by_id: int,
    text: str,
    route: Route,
    undo_seconds: int,
    *,
    to: str | Citizen,
    subject: str,
    cc: Sequence[str] = (),
    files: Sequence[File] = (),
    topics: Sequence[Topic] = (),
) -> tuple[Conversation, Entry]:
    """The conversation and its first mail, held back for `undo_seconds`. `to`: an address, or a citizen who has one.

    Whoever an address belongs to in this municipality is taken for its reader; nobody's makes a new citizen.
    """
    if not text.strip():
        raise Invalid("text", "a message says something")
    if not outgoing.clean_subject(subject):
        raise Invalid("subject", "a message has a subject: it is what its reader sees first")
    if not answers_for(unit, queue, municipality):
        raise Invalid("queue", "this queue doesn't answer for the municipality: choose another one")
    point = _point_of(unit, to) if isinstance(to, Citizen) else _point_at(unit, municipality, to)
    copies = outgoing.recipients("cc", cc, but=[point.value])
    citizen = unit.get(Citizen, point.citizen_id)
    conversation = Conversation(
        municipality_id=municipality.id,
        citizen_id=point.citizen_id,
        queue_id=queue.id,
        subject=outgoing.clean_subject(subject),
        language=(citizen.language if citizen else None) or municipality.language,
        opened_at=clock.now(),
        due_at=NEVER,
    )
    unit.add(conversation)
    unit.add(
        Participant(
            municipality_id=municipality.id,
            conversation_id=conversation.id,
            citizen_point_id=point.id,
            role="added",
            confirmed_by=by_id,
        )
    )
    entry = _write(unit, conversation, by_id, text, route, undo_seconds, point.value, copies, files)
    entry.body = entry.body | {"topics": [str(each.id) for each in topics]}  # so that its draft has them again
    for each in topics:
        matter.add(unit, conversation, by_id, each)
    return conversation, entry


def _write(
    unit: Unit,
    conversation: Conversation,
    by_id: int,
    text: str,
    route: Route,
    undo_seconds: int,
    recipient: str,
    copies: Sequence[str],
    files: Sequence[File],
) -> Entry:
    """Undone, the conversation is closed: there is nothing in it. So that is what its mail says was before."""
    after = reply.state(conversation)
    body = {
        "what": "new",
        "subject": conversation.subject,
        "before": {**after, "closed_at": clock.to_iso(conversation.opened_at)},
        "after": after,
    }
    entry = outgoing.write(unit, conversation, by_id, route, text, body)
    token = reply_token.make(unit.keys, conversation.id, conversation.municipality_id, recipient)
    tagged = reply_token.address_with(token, route.address)
    envelope = Envelope(
        to=[recipient],
        cc=copies,
        reply_to={recipient: tagged} if tagged else {},
        message_id=f"<{token}.{entry.id:x}@{route.address.rpartition('@')[2]}>",
    )
    outgoing.send(unit, conversation, entry, route, envelope, undo_seconds, files)
    return entry


def _point_of(unit: Unit, citizen: Citizen) -> CitizenPoint:
    """Their mail address known longest."""
    found = unit.first(
        select(CitizenPoint)
        .where(CitizenPoint.citizen_id == citizen.id, CitizenPoint.kind == "email", CitizenPoint.ended_at.is_(None))
        .order_by(CitizenPoint.id)
    )
    if found is None:
        raise Invalid("citizen", "no mail address of this citizen's is known: write one")
    return found


def _point_at(unit: Unit, municipality: Municipality, to: str) -> CitizenPoint:
    """Of several who share it, the one known longest, as for a mail that comes in."""
    (address,) = outgoing.recipients("to", [to])
    found = unit.first(
        select(CitizenPoint)
        .where(
            CitizenPoint.municipality_id == municipality.id,
            CitizenPoint.kind == "email",
            CitizenPoint.match_key == address.lower(),
            CitizenPoint.claimed_at.is_(None),
            CitizenPoint.ended_at.is_(None),
        )
        .order_by(CitizenPoint.id)
    )
    if found is not None:
        return found
    citizen = Citizen(municipality_id=municipality.id, name=address)
    unit.add(citizen)
    point = CitizenPoint(
        municipality_id=municipality.id,
        citizen_id=citizen.id,
        first_citizen_id=citizen.id,
        kind="email",
        value=address,
        match_key=address.lower(),
    )
    unit.add(point)
    return point
