"""Contacting: calls and visits as whoever takes them sees and writes them down, for every route and page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from hub.access import duty, policy
from hub.access.person import Actor
from hub.channels.route import notice_route
from hub.edge import versions, work
from hub.edge.beginning import Sender, sender
from hub.edge.idempotency import Answer, Asked, Made, once
from hub.edge.parameters import IdText, id_of, instant_of
from hub.edge.versions import fingerprint
from hub.errors import Invalid, NotFound
from hub.inbox import contact, notice
from hub.inbox.contact import Question, Said
from hub.inbox.conversation import Conversation
from hub.inbox.department import Department
from hub.inbox.entry import Entry
from hub.inbox.matter import Matter
from hub.inbox.municipality import Municipality
from hub.inbox.number import e164
from hub.inbox.queries import ConversationLine, conversation_line
from hub.inbox.text import TextRoute
from hub.inbox.topic import Topic
from hub.storage.unit import Unit

Note = Annotated[str, Meta(max_length=contact.LONGEST_NOTE, pattern=r"^[^\x00]*$")]
Name = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00]*$")]
Cause = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Instant = Annotated[datetime, Meta(tz=True)]


class NewContact(Struct, forbid_unknown_fields=True):
    """One that no exchange tells of. `municipality`: code or id; `queue`: id."""

    kind: Literal["call", "visit"]
    municipality: Annotated[str, Meta(max_length=100)]
    queue: IdText


class NewQuestion(Struct, forbid_unknown_fields=True):
    """`avoidable_cause` null: it wasn't avoidable. `matter`: the conversation's own that is meant; else it is new."""

    topic: IdText
    outcome: Literal["solved_here", "handed_over", "not_finished"]
    avoidable_cause: Cause | None = None
    matter: IdText | None = None


class NewRegistration(Struct, forbid_unknown_fields=True):
    """What it was about. `name`: of a citizen who has none yet. `department`, `answer_by`: of what is handed over.

    `call_back_at`: of what isn't finished; `number`: where, of a caller whose own nobody knows.
    `notice`: what is promised is told the caller by text message.
    """

    questions: Annotated[Sequence[NewQuestion], Meta(min_length=1, max_length=contact.MOST_QUESTIONS)]
    note: Note = ""
    name: Name = ""
    department: IdText | None = None
    answer_by: Instant | None = None
    call_back_at: Instant | None = None
    number: Annotated[str, Meta(max_length=40)] = ""
    notice: bool = False


class ContactAdded(Struct, frozen=True):
    """The one that was begun."""

    id: str
    conversation_id: str


class Registered(Struct, frozen=True):
    """As it was written down, and what became of its conversation. `version`: for the next correction."""

    id: str
    version: str
    conversation: ConversationLine


def begin(unit: Unit, actor: Actor, said: NewContact, creation: Asked) -> Answer:
    """In a queue of theirs. Raises NotFound, NotAllowed, Invalid."""
    municipality, queue = sender(unit, actor, Sender(said.municipality, said.queue))

    def create() -> Made:
        conversation, entry = contact.begin(unit, municipality, queue, actor.id, said.kind)
        work.log(unit, actor, "contact.begin", conversation, entry)
        return Made(ContactAdded(str(entry.id), str(conversation.id)), conversation.version, municipality.id)

    return once(unit, actor, creation, create)


def register(
    unit: Unit, actor: Actor, conversation_id: int, entry_id: int, if_match: str | None, said: NewRegistration
) -> Registered:
    """What it was about and how it ended. `if_match`: of what is written down; the exchange may go on telling."""
    number = _number(unit, actor, conversation_id, said.number)
    _take_turns(unit, actor, conversation_id, entry_id, number)
    conversation, entry = _held(unit, actor, conversation_id, entry_id)
    versions.expect(version_of(entry), if_match)
    found = _said(unit, conversation, said, number)
    contact.register(unit, conversation, entry, actor.id, found)
    if said.notice:
        notice.send(unit, conversation, told_by(unit, conversation, entry), found.answer_by, found.call_back_at)
    work.log(unit, actor, "contact.register", conversation, entry)
    return Registered(str(entry.id), version_of(entry), conversation_line(unit, conversation.id))


def keep(unit: Unit, actor: Actor, conversation_id: int, entry_id: int, begun: Mapping[str, Any]) -> None:
    """What is filled in so far. Raises NotFound."""
    _, entry = _held(unit, actor, conversation_id, entry_id)
    contact.keep(entry, actor.id, begun)


def finish(unit: Unit, actor: Actor, conversation_id: int, entry_id: int) -> None:
    """They have hung up, of a call that no exchange tells of. Raises NotFound."""
    conversation, entry = _held(unit, actor, conversation_id, entry_id)
    contact.finish(unit, conversation, entry)


def discard(unit: Unit, actor: Actor, conversation_id: int, entry_id: int, if_match: str | None) -> ConversationLine:
    """It wasn't one after all. Raises NotFound, Conflict, VersionMissing, Stale."""
    conversation, entry = _held(unit, actor, conversation_id, entry_id)
    versions.expect(version_of(entry), if_match)
    contact.discard(unit, conversation, entry, actor.id)
    work.log(unit, actor, "contact.discard", conversation, entry)
    return conversation_line(unit, conversation.id)


def take(unit: Unit, actor: Actor, conversation_id: int) -> None:
    """Whoever talks is rung for nothing else, if they can be rung at all."""
    policy.require_work(actor, unit.get(Conversation, conversation_id))
    duty.talks(unit, actor.id)


def ready(unit: Unit, actor: Actor) -> None:
    """The next may come, to whoever was busy with this one."""
    if duty.state_of(unit, actor.id) == "busy":
        duty.say(unit, actor.id, "ready")


def told_by(unit: Unit, conversation: Conversation, entry: Entry) -> TextRoute | None:
    """The way to tell whoever called what was promised; None: there is none."""
    call, municipality = contact.call_of(unit, entry), unit.get(Municipality, conversation.municipality_id)
    return None if call is None or municipality is None else notice_route(unit, municipality, call.number)


def version_of(entry: Entry) -> str:
    """Of what is written down of it: what an exchange tells changes nothing about that."""
    registered = (entry.body or {}).get("registered") or {}
    return fingerprint(entry.id, registered.get("at"), registered.get("by"), entry.undone_at)


def entry_of(unit: Unit, conversation: Conversation, entry_id: int) -> Entry:
    """A call or a visit of that conversation's. Raises NotFound."""
    entry = unit.get(Entry, entry_id)
    if entry is None or entry.conversation_id != conversation.id or entry.kind not in contact.KINDS:
        raise NotFound("There is no such call or visit in this conversation.")
    return entry


def _number(unit: Unit, actor: Actor, conversation_id: int, written: str) -> str | None:
    """As the world writes it. Raises Invalid for what is none."""
    if not written.strip():
        return None
    conversation = policy.require_open(actor, unit.get(Conversation, conversation_id))
    home = unit.get(Municipality, conversation.municipality_id)
    found = e164(written, home.country) if home else None
    if found is None:
        raise Invalid("number", "that is no telephone number: write it as one dials it, with + and country from abroad")
    return found


def _take_turns(unit: Unit, actor: Actor, conversation_id: int, entry_id: int, number: str | None) -> None:
    """With whoever reckons what is owed to the caller: by number first, then the conversation, as all do."""
    conversation = policy.require_open(actor, unit.get(Conversation, conversation_id))
    call = contact.call_of(unit, entry_of(unit, conversation, entry_id))
    number = call.number if call is not None and call.number is not None else number
    if number is not None:
        unit.take_turns([f"number {conversation.municipality_id}/{number}"])


def _held(unit: Unit, actor: Actor, conversation_id: int, entry_id: int) -> tuple[Conversation, Entry]:
    conversation = work.held(unit, actor, conversation_id)
    unit.lock(Entry, entry_id)  # as it is now: whoever waited for the conversation may have seen it before
    return conversation, entry_of(unit, conversation, entry_id)


def _said(unit: Unit, conversation: Conversation, said: NewRegistration, number: str | None) -> Said:
    department = None
    if said.department is not None:
        department = unit.get(Department, id_of("department", said.department))
        if department is None or department.municipality_id != conversation.municipality_id:
            raise Invalid("department", "there is no such department in this municipality")
    return Said(
        questions=[_question(unit, conversation, each) for each in said.questions],
        note=said.note,
        name=said.name,
        department=department,
        answer_by=None if said.answer_by is None else instant_of("answer_by", said.answer_by),
        call_back_at=None if said.call_back_at is None else instant_of("call_back_at", said.call_back_at),
        number=number,
    )


def _question(unit: Unit, conversation: Conversation, said: NewQuestion) -> Question:
    topic = unit.get(Topic, id_of("topic", said.topic))
    if topic is None or topic.municipality_id != conversation.municipality_id:
        raise Invalid("topic", "this topic isn't one of the conversation's municipality")
    known = None
    if said.matter is not None:
        known = unit.get(Matter, id_of("matter", said.matter))
        if known is None or known.conversation_id != conversation.id:
            raise Invalid("matter", "there is no such question in this conversation")
    return Question(topic, said.outcome, said.avoidable_cause, known)
