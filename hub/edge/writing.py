"""Writing: notes, forwards and new messages, as all routes and pages send them, each in one unit; `replying` answers.

Asked for twice with one key it is done once. What is sent takes its draft with it; taken back, it is one again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace
from sqlalchemy import Select, select

from hub import clock
from hub.access import policy
from hub.access.person import Actor
from hub.channels.route import new_route, reply_route, sender_for, senders
from hub.edge import versions, work
from hub.edge.beginning import Sender, sender
from hub.edge.desk import Desk
from hub.edge.idempotency import Answer, Asked, Made, once
from hub.edge.parameters import IdText, Said, id_of
from hub.errors import Invalid, NotFound
from hub.inbox import draft, forward, letterhead, new_message, note, outgoing, placeholders, queries, reply
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.draft import Place, Written
from hub.inbox.entry import Entry, Mail
from hub.inbox.municipality import Municipality
from hub.inbox.outgoing import Route
from hub.inbox.queries import ConversationLine
from hub.inbox.queue import of_municipality
from hub.inbox.timeline import AttachmentLine
from hub.inbox.topic import Topic
from hub.storage.scope import Scope
from hub.storage.unit import Unit

Address = Annotated[str, Meta(max_length=254, pattern=r"^[^\x00]*$")]
Addresses = Annotated[Sequence[Address], Meta(max_length=outgoing.MOST_RECIPIENTS)]
Subject = Annotated[str, Meta(max_length=300, pattern=r"^[^\x00]*$")]
Maybe = Annotated[str, Meta(max_length=100_000, pattern=r"^[^\x00]*$")]
PublicId = Annotated[str, Meta(max_length=100)]
Along = Annotated[Sequence[PublicId], Meta(max_length=100)] | None
Uploads = Annotated[Sequence[Annotated[str, Meta(max_length=50)]], Meta(max_length=draft.MOST_UPLOADS)]
Topics = Annotated[Sequence[IdText], Meta(max_length=20)]
Instant = Annotated[datetime, Meta(tz=True)]
OWN = Scope.everything("taking back one's own")


class NewNote(Struct, forbid_unknown_fields=True):
    """For the others; `uploads` as in an answer."""

    text: Said
    uploads: Uploads = ()


class NewForward(Struct, forbid_unknown_fields=True):
    """`entries`: what of the citizen's goes along, masked; null: their newest. `text` stands above it.

    `files`: what they sent that goes along as it is, by the ids in the timeline; `uploads`: what the writer adds.
    """

    to: Addresses
    cc: Addresses = ()
    subject: Subject = ""
    text: Maybe = ""
    entries: Annotated[Sequence[IdText], Meta(max_length=50)] | None = None
    files: Annotated[Sequence[PublicId], Meta(max_length=draft.MOST_UPLOADS)] = ()
    uploads: Uploads = ()


class NewMessage(Struct, forbid_unknown_fields=True):
    """`municipality`: its code or id. Either `to`, an address, or `citizen`, an id. `uploads`: as in an answer.

    `channel`: one that mail comes in by; null: the one whose answers come to the queue.
    """

    municipality: Annotated[str, Meta(max_length=100)]
    queue: IdText
    subject: Subject
    text: Said
    to: Address | None = None
    citizen: IdText | None = None
    cc: Addresses = ()
    channel: IdText | None = None
    topics: Topics = ()
    uploads: Uploads = ()


class Undone(Struct, frozen=True):
    """What it was taken back from; null where its writer may not open that any more.

    `begins`: it was a new message, and is its writer's draft again. `crossed`: they have begun another one meanwhile,
    so it is none, and stands in its conversation, undone, with its files.
    """

    line: ConversationLine | None
    begins: bool
    crossed: bool


class Added(Struct, frozen=True):
    """The entry that was made. `undo_until`: until then DELETE takes a mail back; null for a note."""

    id: str
    conversation_id: str
    version: int
    undo_until: datetime | None


class ForwardOffer(Struct, frozen=True):
    """What a forward would say by itself, masked: to be shown, and changed, before it is sent.

    `files`: what the citizen sent, oldest first; it goes along where it is chosen. `address`: whence it leaves; null:
    no channel sends for this queue yet. `signature`: what stands below the writer's words.
    """

    address: str | None
    signature: str
    subject: str
    quotation: str
    files: Sequence[AttachmentLine]


class BeginOffer(Struct, frozen=True):
    """A queue that somebody may write from, and the address it would be; null: no channel sends for it."""

    municipality_id: str
    queue_id: str
    address: str | None


def added(answer: Answer) -> Added:
    """What a page needs of an answer that a route gives as it is."""
    return msgspec.json.decode(answer.body, type=Added)


def send_note(unit: Unit, actor: Actor, conversation_id: int, said: NewNote, creation: Asked) -> Answer:
    """A note for the others: it never leaves the house."""
    found = work.held(unit, actor, conversation_id)

    def create() -> Made:
        found.require_whole()
        files = draft.take(unit, draft.of(found, actor.id, "note"), said.uploads)
        entry = note.add(unit, found, actor.id, said.text, files)
        return made(unit, actor, "conversation.note", found, entry, None)

    return once(unit, actor, creation, create)


def send_forward(
    unit: Unit,
    actor: Actor,
    conversation_id: int,
    said: NewForward,
    creation: Asked,
    *,
    undo_seconds: int,
    most_bytes: int,
) -> Answer:
    """To somebody outside; the citizen is still owed their answer. `most_bytes`: of all files that go along."""
    found = work.held(unit, actor, conversation_id)

    def create() -> Made:
        found.require_whole()
        entry = forward.forward(
            unit,
            found,
            actor.id,
            said.text,
            _forward_route(unit, found),
            undo_seconds,
            to=said.to,
            cc=said.cc,
            subject=said.subject,
            entry_ids=None if said.entries is None else [id_of("entries", each) for each in said.entries],
            file_ids=said.files,
            files=draft.take(unit, draft.of(found, actor.id, "forward"), said.uploads),
            most_bytes=most_bytes,
        )
        return made(unit, actor, "conversation.forward", found, entry, undo_seconds)

    return once(unit, actor, creation, create)


def offer_forward(unit: Unit, actor: Actor, conversation_id: int, entries: Sequence[int] | None = None) -> ForwardOffer:
    """For the composer. Raises NotFound, and Invalid for an entry that may not go along."""
    found = policy.require_work(actor, unit.get(Conversation, conversation_id))
    subject, quotation = forward.suggested_subject(unit, found), forward.quotation(unit, found, entries)
    try:
        address = _forward_route(unit, found).address
    except Invalid:  # said when it is sent
        address = None
    signature = letterhead.below(unit, placeholders.where(found, actor.id)).signature
    return ForwardOffer(address, signature, subject, quotation, forward.files_of(unit, found))


def offer_begin(unit: Unit, actor: Actor) -> Sequence[BeginOffer]:
    """Where this person may begin a conversation: for the form of a new message."""
    found = []
    places = select(Municipality).where(Municipality.id.in_(unit.scope.municipalities or ()))
    for municipality in unit.all(places.order_by(Municipality.name)):
        known = senders(unit, municipality)
        for queue in of_municipality(unit, municipality):
            if policy.may_begin(actor, municipality.id, queue.id):
                sender = sender_for(known, queue.id)
                address = sender.address if sender is not None else None
                found.append(BeginOffer(str(municipality.id), str(queue.id), address))
    return found


def send_message(unit: Unit, actor: Actor, said: NewMessage, creation: Asked, *, undo_seconds: int) -> Answer:
    """A conversation that we begin. Raises NotFound for a municipality or queue that isn't theirs to write from."""
    municipality, queue = sender(unit, actor, Sender(said.municipality, said.queue))
    if (said.to is None) == (said.citizen is None):
        raise Invalid("to", "a message goes to an address or to a citizen: name one of them")
    channel_id = None if said.channel is None else id_of("channel", said.channel)

    def create() -> Made:
        conversation, entry = new_message.begin(
            unit,
            municipality,
            queue,
            actor.id,
            said.text,
            new_route(unit, municipality, queue.id, channel_id),
            undo_seconds,
            to=_citizen(unit, municipality, said.citizen) if said.to is None else said.to,
            subject=said.subject,
            cc=said.cc,
            files=draft.take(unit, Place(actor.id, municipality_id=municipality.id), said.uploads),
            topics=[_topic(unit, each) for each in said.topics],
        )
        return made(unit, actor, "conversation.begin", conversation, entry, undo_seconds)

    return once(unit, actor, creation, create)


async def take_back(
    desk: Desk, conversation_id: int, entry_id: int, if_match: str | None, *, begun: bool = False
) -> Undone:
    """What of ours hasn't left yet; by its writer also where they may not open its conversation any more.

    `begun`: another new message stands unsaved before its writer: this one doesn't become the draft that it will be.
    """
    try:
        return await desk.write(undo, conversation_id, entry_id, if_match, begun=begun)
    except NotFound:  # their own words would leave, and nobody else knows that they shall not
        return await desk.storage.write(OWN, undo_own, desk.actor, conversation_id, entry_id, if_match, begun=begun)


def undo(
    unit: Unit, actor: Actor, conversation_id: int, entry_id: int, if_match: str | None, *, begun: bool = False
) -> Undone:
    """By whoever works there. Its writer finds it among their drafts again.

    Of a conversation that has become part of another one meanwhile the mail lies there, and so does the draft.
    """
    found = work.held(unit, actor, conversation_id)
    versions.expect(found.version, if_match, any_will_do=True)
    while found.is_part and found.related_id is not None:
        found = work.held(unit, actor, found.related_id)
    entry = unit.first(_sent_by_us(entry_id).where(Entry.conversation_id == found.id))
    if entry is None:
        raise NotFound("There is no such answer in this conversation.")
    reply.undo(unit, found, actor.id, entry)
    work.log(unit, actor, "conversation.undo", found, entry)
    if entry.author_id != actor.id:
        return Undone(queries.conversation_line(unit, found.id), begins=False, crossed=False)
    is_new = entry.body.get("what") == "new"
    again = not (is_new and begun) and _put_back(unit, actor, found, entry)
    return Undone(queries.conversation_line(unit, found.id), begins=again and is_new, crossed=not again)


def undo_own(
    unit: Unit, actor: Actor, conversation_id: int, entry_id: int, if_match: str | None, *, begun: bool = False
) -> Undone:
    """By its writer, in everybody's scope: nothing of the conversation is told, which version it has neither.

    An answer makes no draft where its writer can't go; the first message of a conversation does, being of none.
    """
    entry = unit.first(_sent_by_us(entry_id).where(Entry.first_conversation_id == conversation_id))
    policy.require_take_back(actor, None if entry is None else entry.author_id)
    assert entry is not None  # else it is nobody's
    versions.expect(versions.ANY, if_match and versions.ANY)  # any: which one it is, they can't read
    found = unit.lock(Conversation, entry.conversation_id)
    while found is not None and found.is_part and found.related_id is not None:
        found = unit.lock(Conversation, found.related_id)
    assert found is not None  # a foreign key sees to it
    reply.undo(unit, found, actor.id, entry, may_open=False)
    work.log(unit, actor, "conversation.undo", found, entry)
    if entry.body.get("what") != "new" or found.municipality_id not in actor.municipality_ids:
        return Undone(None, begins=False, crossed=False)
    again = not begun and _put_back(unit, actor, found, entry)
    return Undone(None, begins=again, crossed=False)


def _sent_by_us(entry_id: int) -> Select[Entry]:
    """A mail or a text message of a person's."""
    return select(Entry).where(Entry.id == entry_id, Entry.kind.in_(("mail", "sms")), Entry.author_kind == "person")


def _put_back(unit: Unit, actor: Actor, conversation: Conversation, entry: Entry) -> bool:
    mail = unit.first(select(Mail).where(Mail.entry_id == entry.id))
    said = mail.recipients if mail is not None else {}
    copied = entry.body.get("files", {})  # the citizen's, that went along: chosen in the draft, no files of its own
    place, seen = draft.of(conversation, actor.id, "reply"), conversation.last_entry_id
    written = Written(text=entry.text, cc=said.get("cc", ()))
    addressed = replace(written, to=said.get("to", ()), subject=entry.body.get("subject", ""))
    if entry.body.get("what") == "forward":
        place = draft.of(conversation, actor.id, "forward")
        written = replace(addressed, text=entry.body["written"], along=[*entry.body["entries"], *copied])
    elif entry.body.get("what") == "new":
        place, seen = Place(actor.id, municipality_id=conversation.municipality_id), None
        written = replace(addressed, queue=str(conversation.queue_id), topics=entry.body.get("topics", ()))
    uploads = [each for each in outgoing.files_of(unit, entry.id) if each.public_id not in copied.values()]
    return draft.put_back(unit, place, written, uploads, seen)


def made(
    unit: Unit, actor: Actor, act: str, conversation: Conversation, entry: Entry, undo_seconds: int | None
) -> Made:
    work.log(unit, actor, act, conversation, entry)
    until = None if undo_seconds is None else clock.to_datetime(entry.recorded_at + undo_seconds * clock.SECOND)
    added = Added(str(entry.id), str(conversation.id), conversation.version, until)
    return Made(added, conversation.version, conversation.municipality_id)


def _forward_route(unit: Unit, conversation: Conversation) -> Route:
    """As the citizen is answered; where they never wrote by mail, as a new message would leave."""
    try:
        return reply_route(unit, conversation)
    except Invalid:
        municipality = unit.get(Municipality, conversation.municipality_id)
        if municipality is None:
            raise
        return new_route(unit, municipality, conversation.queue_id)


def _citizen(unit: Unit, municipality: Municipality, citizen_id: str | None) -> Citizen:
    found = unit.get(Citizen, None if citizen_id is None else id_of("citizen", citizen_id))
    if found is None or found.municipality_id != municipality.id:
        raise Invalid("citizen", "there is no such citizen of this municipality")
    return found


def _topic(unit: Unit, topic_id: str) -> Topic:
    found = unit.get(Topic, id_of("topics", topic_id))
    if found is None:
        raise Invalid("topics", "this topic isn't one of the conversation's municipality")
    return found
