"""Looking: what a list and a conversation show to one person, as the API's routes and the screen's pages ask for it."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from msgspec import Struct
from sqlalchemy import select

from hub import clock
from hub.access import glass, policy
from hub.access.person import Actor
from hub.access.reading import log_reading
from hub.channels.route import text_route, why_no_text
from hub.edge import chatting, questioning, work
from hub.edge.chatting import ChatLine
from hub.errors import Invalid, NotFound
from hub.inbox import chat, desk_list, identity, links, merge, points, queries, reply, text, whose
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.desk_list import DeskLine, MaskedLine
from hub.inbox.entry import Attachment, Entry
from hub.inbox.identity import IdentityLine
from hub.inbox.letterhead import Below
from hub.inbox.links import AlsoSent, Linked
from hub.inbox.names import Names, names
from hub.inbox.points import CoveredPoint, masked_name
from hub.inbox.queries import ConversationLine, ConversationPage
from hub.inbox.text import Price
from hub.inbox.timeline import EntryLine, entry_line, timeline
from hub.lookups import definition
from hub.lookups.pin import as_shown
from hub.storage import keyset
from hub.storage.unit import Unit

EARLIER = 10
"""A citizen's other conversations that a page shows."""
ENTRIES = 50
_BY_NUMBER = ("sms", "call", "form")
"""What may bring a telephone number that texts can go to."""


class Looked(Struct, frozen=True):
    """A conversation with all that its page shows. `before`: the cursor of older entries, or None.

    `glass_until`: it is read from outside, the glass broken, until then: nothing may be written. `points`: of its
    citizen, masked. `moved_from`, `moved_to`, `also_sent`: of those only what this person may open. `has_lookups`:
    other systems can be asked here, so that an identity number is worth telling. `below`: what stands below an answer
    of its reader's. `sharers`: others who use its address. `asks`: the entry of which somebody has to say whether it is
    a new question. `takes_related`: what it may be related to can become part of it. `chat`: how that stands, where it
    is one. `texts_from`: our number, where the citizen can be answered by text message, and `texts_to` theirs, masked,
    where it was only typed, `text_price`: of one message, where it is known; `no_texts`: why not, where they wrote one.
    `mails`: anybody can be answered by mail.
    """

    page: ConversationPage
    entries: Sequence[EntryLine]
    before: str | None
    earlier: Sequence[ConversationLine]
    identity: IdentityLine | None
    points: Sequence[CoveredPoint]
    glass_until: datetime | None
    glass_reason: str | None
    moved_from: Linked | None
    moved_to: Linked | None
    also_sent: Sequence[AlsoSent]
    has_lookups: bool
    below: Below
    sharers: int
    asks: str | None
    takes_related: bool
    chat: ChatLine | None
    texts_from: str | None
    texts_to: str | None
    text_price: Price | None
    no_texts: Invalid | None
    mails: bool


class Several(Struct, frozen=True):
    """Entries of a conversation that a page asks for by themselves. `citizen`: their name, as in `CitizenName`.

    `before`: the cursor of older ones, or None.
    """

    entries: Sequence[EntryLine]
    citizen: str
    before: str | None = None


def rows(unit: Unit, actor: Actor, ids: Sequence[int]) -> Sequence[DeskLine | MaskedLine]:
    """Of a list, by ids, masked where this person may only know of it. No reading: a list shows as much."""
    return desk_list.mixed_lines_of(unit, partial(policy.shown_as, actor), actor.id, ids)


def look_at(unit: Unit, actor: Actor, conversation_id: int) -> Looked:
    """As it is opened. Raises NotFound."""
    found = work.opened(unit, actor, conversation_id)
    broken = glass.live(unit, actor, found)
    may_open = partial(policy.may_open, actor)
    newest, before = timeline(unit, found, may_open, None, ENTRIES, newest_first=True)
    citizen = unit.get(Citizen, found.citizen_id)
    assert citizen is not None  # a composite foreign key sees to it
    earlier, _ = queries.conversations_of(unit, policy.within(actor), citizen, None, EARLIER + 1)
    related = unit.get(Conversation, found.related_id)
    row = chat.of_conversation(unit, found.id)
    writes_texts = any(each.kind == "sms" for each in newest)
    mails = any(each.kind == "mail" for each in newest) or reply.has_recipient(unit, found)
    by_number = any(each.kind in _BY_NUMBER for each in newest)
    texts = text_route(unit, found) if by_number or not mails else None
    return Looked(
        page=queries.conversation_page(unit, found, may_open),
        entries=as_shown(newest[::-1]),
        before=before,
        earlier=[each for each in earlier if each.id != str(found.id)][:EARLIER],
        identity=identity.live_line(unit, found),
        points=points.covered(unit, citizen),
        glass_until=None if broken is None else clock.to_datetime(broken.until),
        glass_reason=None if broken is None else broken.reason,
        moved_from=links.moved_from(unit, found, may_open),
        moved_to=links.moved_to(unit, found, may_open),
        also_sent=links.also_sent(unit, found, may_open),
        has_lookups=definition.has_any(unit, found.municipality_id),
        below=reply.below(unit, found, actor.id),
        sharers=len(whose.sharers(unit, found)),
        asks=questioning.asked(newest[::-1]) if found.closed_at is None else None,
        takes_related=related is not None and may_open(related) and merge.fits(found, related),
        chat=None if row is None else chatting.line_of(unit, row),
        texts_from=None if texts is None else texts.our_number,
        texts_to=points.masked_number(texts.number) if texts is not None and texts.claimed else None,
        text_price=None if texts is None else text.price(unit, found.municipality_id, texts),
        no_texts=why_no_text(unit, found) if writes_texts and texts is None else None,
        mails=mails,
    )


def newer_entries(unit: Unit, actor: Actor, conversation_id: int, after: str | None) -> Several:
    """What came after `after`, a timeline cursor. Raises NotFound."""
    found = work.opened(unit, actor, conversation_id)
    entries, _ = timeline(unit, found, partial(policy.may_open, actor), after, ENTRIES)
    return Several(as_shown(entries), _citizen(unit, found))


def older_entries(unit: Unit, actor: Actor, conversation_id: int, before: str | None) -> Several:
    """What came before `before`, oldest first."""
    found = work.opened(unit, actor, conversation_id)
    entries, further = timeline(unit, found, partial(policy.may_open, actor), before, ENTRIES, newest_first=True)
    return Several(as_shown(entries[::-1]), _citizen(unit, found), further)


def entry(unit: Unit, actor: Actor, conversation_id: int, entry_id: int) -> Several:
    """One of its entries alone, as it is now. Raises NotFound."""
    conversation = work.opened(unit, actor, conversation_id)
    found = entry_line(unit, conversation, partial(policy.may_open, actor), entry_id)
    if found is None:
        raise NotFound("There is no such message.")
    return Several(as_shown([found]), _citizen(unit, conversation))


def file_of(unit: Unit, actor: Actor, public_id: str) -> tuple[bytes, str, str]:
    """An attachment's content, name and media type, the last two as a stranger wrote them; the reading is logged.

    Raises Unavailable and NotAllowed for one that the virus scanner keeps closed.
    """
    found = unit.first(select(Attachment).where(Attachment.public_id == public_id.replace("\0", "")))
    entry = unit.get(Entry, found.entry_id) if found is not None else None
    conversation = unit.get(Conversation, entry.conversation_id) if entry is not None else None
    if found is None or conversation is None:
        raise NotFound("There is no such attachment.")
    try:
        broken = work.readable(unit, actor, conversation)
    except NotFound:
        raise NotFound("There is no such attachment.") from None
    found.require_open()
    log_reading(unit, actor, "attachment", found.id, conversation.id, broken.reason if broken else None)
    content = found.body if found.blob is None else unit.blobs.get(found.blob)
    return content or b"", found.name, found.media_type


def cursor(entries: Sequence[EntryLine], otherwise: str = "") -> str:
    """Of the last of them, for `newer_entries`."""
    if not entries:
        return otherwise
    return keyset.write_cursor((clock.from_datetime(entries[-1].occurred_at), int(entries[-1].id)))


def centre(unit: Unit, _: Actor) -> Names:
    """What everything in this person's scope is called."""
    return names(unit)


def _citizen(unit: Unit, conversation: Conversation) -> str:
    citizen = unit.get(Citizen, conversation.citizen_id)
    return masked_name(citizen.name) if citizen else ""
