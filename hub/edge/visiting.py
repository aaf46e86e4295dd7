"""Visiting: what a citizen does in a web chat, in the scope of its municipality alone; by their secret, nothing else.

Whoever shows none of this channel is told the same as for one that never was. Nothing that they claim is looked up,
so nothing can be found out by claiming it.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from litestar.exceptions import TooManyRequestsException
from msgspec import Meta, Struct
from sqlalchemy import func, select

from hub import clock
from hub.channels import hourly
from hub.channels.chat_place import ChatPlace
from hub.channels.route import new_route
from hub.contract.chat import Asked
from hub.edge import ticket
from hub.edge.parameters import IdText, id_of
from hub.edge.visitor_view import mine
from hub.errors import Conflict, Invalid
from hub.inbox import chat, receipt, transcript, turn
from hub.inbox.chat import Chat
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry
from hub.inbox.municipality import Municipality
from hub.inbox.outgoing import File
from hub.inbox.queue import Queue, resolve
from hub.inbox.turn import Visitor
from hub.storage.scope import Scope
from hub.storage.unit import Unit

MOST_FILES = 20
"""Of one chat."""
MOST_WAITING = 1_000
"""Of one channel: whoever comes then is told to leave a message."""
TURNS_A_MINUTE, FILES_A_MINUTE = 40, 10
"""Of one chat, whoever takes them."""
_INSTEAD = "what comes for it lies in the queue of the chat itself; set the channel's topics"

log = logging.getLogger(__name__)

Text = Annotated[str, Meta(min_length=1, max_length=turn.LONGEST, pattern=r"^[^\x00]*$")]
Line = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Key = Annotated[str, Meta(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Language = Literal["sv", "nb", "nn", "da", "en"]


class Reception(Struct, frozen=True):
    """What is told to whoever opens the widget. `open`: a chat can begin, for topics that `closed_topics` doesn't name.

    `message`: one can be left when it isn't. `asks`: no | may | must of each field. `ticket`: to begin with.
    """

    municipality: str
    open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    message: bool
    topics: Sequence[str]
    closed_topics: Sequence[str]
    languages: Sequence[str]
    greeting: str
    privacy_url: str
    asks: Mapping[str, Asked]
    files: bool
    file_megabytes: int
    transcripts: bool
    ticket: str


class NewChat(Struct, forbid_unknown_fields=True):
    """`ticket`: of the reception; asked for again with it, it is the same chat. `key`: of the first turn."""

    ticket: Annotated[str, Meta(max_length=100)]
    key: Key
    text: Text
    language: Language
    name: Line = ""
    email: Annotated[str, Meta(max_length=254, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    topic: Line = ""


class Begun(Struct, frozen=True):
    """`secret`: what this chat is opened with from now on; shown here and kept nowhere. `reference`: to name it by."""

    secret: str
    reference: str


class NewTurn(Struct, forbid_unknown_fields=True):
    """`key`: the page's own name for it: sent again, it is there once."""

    key: Key
    text: Text


class Marks(Struct, forbid_unknown_fields=True):
    """The newest turn that the page has, and has shown."""

    delivered: IdText | None = None
    seen: IdText | None = None


class ByMail(Struct, forbid_unknown_fields=True):
    """`answers`: what is answered later goes there. `transcript`: what was said goes there when the chat is over."""

    email: Annotated[str, Meta(min_length=3, max_length=254, pattern=r"^[^\x00-\x1f\x7f]*$")]
    answers: bool = True
    transcript: bool = False


def scope_of(place: ChatPlace) -> Scope:
    """What a visitor's units may touch."""
    return Scope.of_visitors(place.municipality_id)


def receive(unit: Unit, place: ChatPlace) -> Reception:
    """For everybody the same, but for the ticket."""
    settings = place.settings
    open_topics = [each for each in settings.topics if place.is_open(each)]
    is_open = bool(open_topics) if settings.topics else place.is_open()
    return Reception(
        municipality=place.name,
        open=is_open,
        opens_at=None if is_open else _next(place),
        closes_at=place.closes_at() if is_open else None,
        message=settings.after_hours == "message" and not place.paused,
        topics=list(settings.topics),
        closed_topics=[each for each in settings.topics if each not in open_topics] if is_open else (),
        languages=place.languages,
        greeting=settings.greeting,
        privacy_url=settings.privacy_url,
        asks={"name": settings.name, "email": settings.email},
        files=settings.files,
        file_megabytes=settings.file_megabytes,
        transcripts=settings.transcripts,
        ticket=ticket.make(unit.keys, place.channel_id),
    )


def begin(unit: Unit, place: ChatPlace, said: NewChat, network: str) -> Begun:
    """A chat, waiting to be taken, with its first turn. Raises Invalid with the field, Conflict when it is closed."""
    secret, row = _before(unit, place, said)
    if row is None:
        _require_fields(place, said)
        if not place.is_open(said.topic or None):
            raise Conflict("The chat is closed now.")
        waiting = select(func.count()).where(
            Chat.channel_id == place.channel_id, Chat.ended_at.is_(None), Chat.taken_at.is_(None)
        )
        if unit.rows(waiting)[0][0] >= MOST_WAITING:
            raise Conflict("Too many wait in this chat now.")
        row = _row(unit, place, said, secret, network, left=False)
    _say(unit, row, said.key, said.text)
    return Begun(secret, receipt.reference(row.conversation_id))


def leave(unit: Unit, place: ChatPlace, said: NewChat, network: str) -> Begun:
    """A message, while nobody is there: an ordinary contact, answered by mail. Raises Invalid, Conflict."""
    secret, row = _before(unit, place, said)
    if row is None:
        _require_fields(place, said)
        if not said.email.strip():
            raise Invalid("email", "an address is needed for the answer")
        if place.settings.after_hours != "message" or place.paused:
            raise Conflict("No message can be left here.")
        row = _row(unit, place, said, secret, network, left=True)
    _say(unit, row, said.key, said.text)
    return Begun(secret, receipt.reference(row.conversation_id))


def say(unit: Unit, channel_id: int, secret: str, said: NewTurn, files: Sequence[File] = ()) -> str:
    """The id of the turn. Raises NotFound, Conflict when the chat is over."""
    return str(_say(unit, mine(unit, channel_id, secret), said.key, said.text, files).id)


def say_with_file(unit: Unit, channel_id: int, secret: str, key: str, file: File) -> str:
    """The same of a file, whose content lies in the blob folder. Raises Invalid when there are too many."""
    row = mine(unit, channel_id, secret)
    if turn.said_before(unit, row, key) is None and files_of(unit, row) >= MOST_FILES:
        raise Invalid("file", "no more files can be sent in this chat")
    return str(_say(unit, row, key, "", [file]).id)


def too_many(seconds: int) -> TooManyRequestsException:
    """Who is told to wait, and how long."""
    return TooManyRequestsException("Too many at once from you. Wait a little.", headers={"Retry-After": str(seconds)})


def files_of(unit: Unit, row: Chat) -> int:
    """How many there are from either side."""
    query = (
        select(func.count())
        .select_from(Attachment)
        .join(Entry, (Entry.municipality_id == Attachment.municipality_id) & (Entry.id == Attachment.entry_id))
        .where(Entry.conversation_id == row.conversation_id, Entry.kind == "chat")
    )
    found: int = unit.rows(query)[0][0]
    return found


def known(unit: Unit, channel_id: int, secret: str) -> tuple[int, int]:
    """The ids of the chat and its conversation. Raises NotFound."""
    row = mine(unit, channel_id, secret)
    return row.id, row.conversation_id


def goes_on(unit: Unit, channel_id: int, secret: str, *, left: bool = False) -> bool:
    """Whether it is a chat's that isn't over. `left`: and whose page said that it goes, and came nowhere again."""
    row = chat.by_secret(unit, channel_id, secret) if secret else None
    if row is None or row.ended_at is not None:
        return False
    return not left or (row.left_at or 0) > row.heard_at


def mark(unit: Unit, channel_id: int, secret: str, said: Marks) -> None:
    """What the page has and has shown: of turns that are this chat's."""
    row = mine(unit, channel_id, secret)
    ids = [None if each is None else id_of("marks", each) for each in (said.delivered, said.seen)]
    own = set(
        unit.all(
            select(Entry.id).where(
                Entry.id.in_([each for each in ids if each is not None]),
                Entry.first_conversation_id == row.conversation_id,
                Entry.kind == "chat",
                Entry.author_kind == "person",
            )
        )
    )
    unit.lock(Chat, row.id)  # as it is now: of two signs at once the later isn't undone by the earlier
    row.mark(unit, *(each if each in own else None for each in ids))


def leaving(unit: Unit, channel_id: int, secret: str, at: int) -> None:
    """The page goes. That it comes again, loaded anew, is heard; else the round by the clock ends the chat."""
    row = unit.lock(Chat, mine(unit, channel_id, secret).id)
    if row is not None and row.ended_at is None:
        row.left_at = at


def end(unit: Unit, channel_id: int, secret: str) -> None:
    """The visitor leaves. That they have already is all right."""
    row = mine(unit, channel_id, secret)
    conversation = unit.lock(Conversation, row.conversation_id)
    assert conversation is not None  # a composite foreign key sees to it
    turn.leave(unit, row, conversation, "visitor")


def by_mail(unit: Unit, place: ChatPlace, secret: str, said: ByMail) -> None:
    """Where answers and what was said go. Raises NotFound, Invalid, Conflict."""
    row = mine(unit, place.channel_id, secret)
    conversation = unit.lock(Conversation, row.conversation_id)
    unit.lock(Chat, row.id)  # of two that ask at once the second finds what the first did
    assert conversation is not None  # a composite foreign key sees to it
    if said.transcript:
        transcript.ask(unit, row, said.email, allowed=place.settings.transcripts and _is_mailed(unit, row))
    if said.answers:
        turn.answer_by_mail(unit, row, conversation, said.email)


def _is_mailed(unit: Unit, row: Chat) -> bool:
    """Whether there is a channel that sends for its queue."""
    municipality = unit.get(Municipality, row.municipality_id)
    conversation = unit.get(Conversation, row.conversation_id)
    assert municipality is not None  # foreign keys see to it
    assert conversation is not None
    try:
        new_route(unit, municipality, conversation.queue_id)
    except Invalid:
        return False
    return True


def _before(unit: Unit, place: ChatPlace, said: NewChat) -> tuple[str, Chat | None]:
    secret = ticket.secret_of(unit.keys, place.channel_id, said.ticket)
    return secret, chat.by_secret(unit, place.channel_id, secret)


def _require_fields(place: ChatPlace, said: NewChat) -> None:
    asks = {"name": place.settings.name, "email": place.settings.email}
    for field, asked in asks.items():
        if asked == "must" and not getattr(said, field).strip():
            raise Invalid(field, "this has to be filled in")
    if place.settings.topics and said.topic not in place.settings.topics:
        raise Invalid("topic", "choose what it is about")


def _row(unit: Unit, place: ChatPlace, said: NewChat, secret: str, network: str, *, left: bool) -> Chat:
    hashed = unit.keys.mac("chat-network", network.encode()).hex()[:32]
    if chat.started_lately(unit, place.channel_id, hashed) >= place.settings.starts_an_hour:
        raise Conflict("Too many chats were begun from where you are. Try again later.")
    municipality, queue = _landing(unit, place, said.topic)
    visitor = Visitor(
        secret=chat.hashed(secret),
        network=hashed,
        language=said.language,
        name=" ".join(said.name.split()),
        email=said.email.strip(),
        topic=said.topic,
    )
    row = turn.begin(unit, place.channel_id, municipality, queue, visitor, left=left)
    hourly.count_came(unit, {(place.channel_id, municipality.id): 1})
    return row


def _landing(unit: Unit, place: ChatPlace, topic: str) -> tuple[Municipality, Queue]:
    """Where a chat about that lies. Nobody is turned away because a topic's queue is gone, and IT reads that it is."""
    own = place.settings.topics.get(topic)
    if own is not None:
        try:
            municipality, queue = resolve(unit, own)
        except Invalid:
            log.warning("chat %d: a topic's queue, %s, is no more: %s", place.channel_id, own, _INSTEAD)
        else:
            if municipality.id == place.municipality_id:
                return municipality, queue
            # Settings from before `check` refused it.
            log.warning("chat %d: a topic's queue, %s, is elsewhere: %s", place.channel_id, own, _INSTEAD)
    return resolve(unit, place.settings.queue)


def _say(unit: Unit, row: Chat, key: str, text: str, files: Sequence[File] = ()) -> Entry:
    conversation = unit.lock(Conversation, row.conversation_id)
    assert conversation is not None  # a composite foreign key sees to it
    if turn.said_before(unit, row, key) is None:
        _require_slow(unit, row, FILES_A_MINUTE if files else TURNS_A_MINUTE, files=bool(files))
    return turn.say(unit, row, conversation, key, text, files)


def _require_slow(unit: Unit, row: Chat, most: int, *, files: bool) -> None:
    """Of what is there, with its conversation held: so of several processes none takes more. Raises TooManyRequests."""
    lately = select(func.count()).where(
        Entry.municipality_id == row.municipality_id,
        Entry.conversation_id == row.conversation_id,
        Entry.kind == "chat",
        Entry.author_kind == "citizen",
        Entry.occurred_at > clock.now() - clock.MINUTE,
    )
    if files:
        lately = lately.where(select(Attachment.id).where(Attachment.entry_id == Entry.id).exists())
    if unit.rows(lately)[0][0] >= most:
        raise too_many(clock.MINUTE // clock.SECOND)


def _next(place: ChatPlace) -> datetime | None:
    topics: Sequence[str | None] = list(place.settings.topics) or [None]
    return min((at for each in topics if (at := place.opens_at(each)) is not None), default=None)
