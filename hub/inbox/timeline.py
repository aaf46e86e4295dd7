"""Timeline: a conversation's entries as its page shows them, with their mail, files and deliveries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Select, bindparam, select, tuple_

from hub import clock
from hub.inbox.call import Call
from hub.inbox.colleagues import PERSON
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.links import MayOpen, told
from hub.inbox.points import masked_number
from hub.inbox.queries import shown, shown_id
from hub.storage import keyset
from hub.storage.one_of import listed, one_of
from hub.storage.types import Instant
from hub.storage.unit import Unit

_OF_EXCHANGE = frozenset({"caller", "called"})
_ENTRIES = (
    select(Entry, Mail, PERSON.c.name)
    .join(Mail, (Mail.municipality_id == Entry.municipality_id) & (Mail.entry_id == Entry.id), isouter=True)
    .join(PERSON, PERSON.c.id == Entry.author_id, isouter=True)
    .where(Entry.conversation_id == bindparam("conversation"))
)
_ONE = _ENTRIES.where(Entry.id == bindparam("entry"))


def _page(*, newest_first: bool, further: bool) -> Select[*tuple[Any, ...]]:
    """`further`: behind the one that is named."""
    keys, edge = tuple_(Entry.occurred_at, Entry.id), tuple_(bindparam("at", type_=Instant), bindparam("entry"))
    query = _ENTRIES.where(keys < edge if newest_first else keys > edge) if further else _ENTRIES
    order = (Entry.occurred_at.desc(), Entry.id.desc()) if newest_first else (Entry.occurred_at, Entry.id)
    return query.order_by(*order).limit(bindparam("most"))


_PAGES = {
    (newest_first, further): _page(newest_first=newest_first, further=further)
    for newest_first in (False, True)
    for further in (False, True)
}
"""However many are asked for: a statement for each number would put those of others out of what is remembered."""
_FILES = (
    select(
        Attachment.entry_id,
        Attachment.public_id,
        Attachment.name,
        Attachment.media_type,
        Attachment.size,
        Attachment.inline_id,
        Attachment.scan,
        Attachment.scan_said,
    )
    .where(one_of(Attachment.entry_id, "entries"))
    .order_by(Attachment.id)
)
_CALLS = (
    select(Call, PERSON.c.name)
    .join(PERSON, PERSON.c.id == Call.answered_by_id, isouter=True)
    .where(one_of(Call.entry_id, "entries"))
)
_DELIVERIES = select(Delivery).where(one_of(Delivery.entry_id, "entries")).order_by(Delivery.id)


class Author(Struct, frozen=True):
    """`kind`: citizen | person | hub; id and name where it is one of ours."""

    kind: str
    id: str | None
    name: str | None


class MailFields(Struct, frozen=True):
    """`html` is sanitised, and still only to be shown in a sandbox. `automatic` null: written by a person."""

    message_id: str | None
    in_reply_to: str | None
    sender: str
    recipients: Any
    automatic: str | None
    authentication: str | None
    html: str | None


class TransferLine(Struct, frozen=True):
    """Where a call was handed on to, and who took it there, as the exchange knows them."""

    at: datetime
    by: str | None
    to: str | None
    answered_by: str | None


class CallFields(Struct, frozen=True):
    """`number`: masked, a hint. `answered_by`: one of ours, else as the exchange calls them.

    `lost_in`: menu | queue | ringing, of one that nobody took. `cause` unknown: its end was never told, and
    `ended_at` is when the last was told of it.
    """

    state: str
    direction: str
    number: str | None
    called: str | None
    queue: str | None
    menu_path: Sequence[str]
    answered_by: str | None
    answered_at: datetime | None
    ended_at: datetime | None
    cause: str | None
    lost_in: str | None
    wait_seconds: int | None
    talk_seconds: int | None
    transfers: Sequence[TransferLine]
    staff: bool
    registered_at: datetime | None
    called_back_at: datetime | None


class AttachmentLine(Struct, frozen=True):
    """A file; its content is at /attachments/{public_id}. `size` in bytes.

    `scan` null: it can be opened; "waits": the virus scanner hasn't looked at it yet; "found": it is shut away, for
    there is `scan_said` in it.
    """

    public_id: str
    name: str
    media_type: str
    size: int
    inline_id: str | None
    scan: str | None = None
    scan_said: str | None = None


class DeliveryLine(Struct, frozen=True):
    """Where an outgoing entry stands with one recipient. `not_before`: until then it can be undone.

    `delayed_at`, `delivered_at`, `read_at`: when the other side said so, after it had taken it.
    """

    id: str
    recipient: str
    state: str
    attempt: int
    not_before: datetime
    settled_at: datetime | None
    reason: str | None
    delayed_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None


class EntryLine(Struct, frozen=True):
    """One item of the timeline. `undone_at`: taken back before it left."""

    id: str
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    author: Author
    channel_id: str | None
    visibility: str
    language: str | None
    text: str
    body: Any
    undone_at: datetime | None
    mail: MailFields | None
    attachments: Sequence[AttachmentLine]
    deliveries: Sequence[DeliveryLine]
    call: CallFields | None = None


def timeline(
    unit: Unit,
    conversation: Conversation,
    may_open: MayOpen,
    after: str | None,
    limit: int,
    *,
    newest_first: bool = False,
) -> tuple[Sequence[EntryLine], str | None]:
    """A page, and the cursor of the next one or None. `may_open`: which conversations elsewhere are named."""
    edge = keyset.read_cursor(after, 2)
    query = _PAGES[newest_first, edge is not None]
    at, entry_id = edge or (0, 0)
    found = unit.rows(query, conversation=conversation.id, at=at, entry=entry_id, most=limit + 1)
    rows = found[:limit]
    further = keyset.write_cursor((rows[-1][0].occurred_at, rows[-1][0].id)) if len(found) > limit else None
    return _lines(unit, rows, may_open), further


def entry_line(unit: Unit, conversation: Conversation, may_open: MayOpen, entry_id: int) -> EntryLine | None:
    """One of them, as it is now."""
    found = _lines(unit, unit.rows(_ONE, conversation=conversation.id, entry=entry_id), may_open)
    return found[0] if found else None


def _lines(unit: Unit, rows: Sequence[Any], may_open: MayOpen) -> Sequence[EntryLine]:
    ids = [entry.id for entry, _, _ in rows]
    files, deliveries = _attachments(unit, ids), _deliveries(unit, ids)
    calls = _calls(unit, [entry.id for entry, _, _ in rows if entry.kind == "call"])
    return [
        replace(
            _line(entry, _kept(entry, told(unit, entry, may_open)), mail, name, files, deliveries),
            call=calls.get(entry.id),
        )
        for entry, mail, name in rows
    ]


def _kept(entry: Entry, body: Any) -> Any:
    """A pinned card whose time is over is told of, and not shown. Who called stands masked beside it."""
    if entry.kind == "call":
        return {name: said for name, said in (body or {}).items() if name not in _OF_EXCHANGE}
    is_over = entry.erase_at is not None and entry.erase_at <= clock.now()
    return {**body, "card": None} if is_over else body


def _line(
    entry: Entry,
    body: Any,
    mail: Mail | None,
    name: str | None,
    files: Mapping[int, Sequence[AttachmentLine]],
    deliveries: Mapping[int, Sequence[DeliveryLine]],
) -> EntryLine:
    return EntryLine(
        id=str(entry.id),
        kind=entry.kind,
        occurred_at=clock.to_datetime(entry.occurred_at),
        recorded_at=clock.to_datetime(entry.recorded_at),
        author=Author(entry.author_kind, shown_id(entry.author_id), name),
        channel_id=shown_id(entry.channel_id),
        visibility=entry.visibility,
        language=entry.language,
        text=entry.text,
        body=body,
        undone_at=shown(entry.undone_at),
        mail=None
        if mail is None
        else MailFields(
            message_id=mail.message_id,
            in_reply_to=mail.in_reply_to,
            sender=mail.sender,
            recipients=mail.recipients,
            automatic=mail.automatic,
            authentication=mail.authentication,
            html=mail.safe_html,
        ),
        attachments=files.get(entry.id, ()),
        deliveries=deliveries.get(entry.id, ()),
    )


def _attachments(unit: Unit, entry_ids: Sequence[int]) -> Mapping[int, Sequence[AttachmentLine]]:
    """Without their content."""
    found = defaultdict(list)
    for entry_id, *fields in unit.rows(_FILES, entries=listed(entry_ids)):
        found[entry_id].append(AttachmentLine(*fields))
    return found


def _calls(unit: Unit, entry_ids: Sequence[int]) -> Mapping[int, CallFields]:
    if not entry_ids:
        return {}
    rows = unit.rows(_CALLS, entries=listed(entry_ids))
    return {row.entry_id: call_fields(row, name) for row, name in rows}


def call_fields(row: Call, name: str | None) -> CallFields:
    """`name`: of ours who answered it."""
    return CallFields(
        state=row.state,
        direction=row.direction,
        number=None if row.number is None else masked_number(row.number),
        called=row.called,
        queue=row.queue_name,
        menu_path=row.menu_path,
        answered_by=name or row.answered_by,
        answered_at=shown(row.answered_at),
        ended_at=shown(row.ended_at),
        cause=row.cause,
        lost_in=row.lost_in,
        wait_seconds=row.wait_seconds,
        talk_seconds=row.talk_seconds,
        transfers=[TransferLine(**{**each, "at": clock.to_datetime(each["at"])}) for each in row.transfers],
        staff=row.staff,
        registered_at=shown(row.registered_at),
        called_back_at=shown(row.called_back_at),
    )


def _deliveries(unit: Unit, entry_ids: Sequence[int]) -> Mapping[int, Sequence[DeliveryLine]]:
    found = defaultdict(list)
    for row in unit.all(_DELIVERIES, entries=listed(entry_ids)):
        line = DeliveryLine(
            id=str(row.id),
            recipient=row.recipient,
            state=row.state,
            attempt=row.attempt,
            not_before=clock.to_datetime(row.not_before),
            settled_at=shown(row.settled_at),
            reason=row.reason,
            delayed_at=shown(row.delayed_at),
            delivered_at=shown(row.delivered_at),
            read_at=shown(row.read_at),
        )
        found[row.entry_id].append(line)
    return found
