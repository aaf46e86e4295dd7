"""Timeline: a conversation's entries as its page shows them, with their mail, files and deliveries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, select, tuple_

from hub import clock
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.links import MayOpen, told
from hub.inbox.queries import PERSON, shown, shown_id
from hub.storage import keyset
from hub.storage.unit import Unit


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


class AttachmentLine(Struct, frozen=True):
    """A file; its content is at /attachments/{public_id}. `size` in bytes."""

    public_id: str
    name: str
    media_type: str
    size: int
    inline_id: str | None


class DeliveryLine(Struct, frozen=True):
    """Where an outgoing entry stands with one recipient. `not_before`: until then it can be undone."""

    id: str
    recipient: str
    state: str
    attempt: int
    not_before: datetime
    settled_at: datetime | None
    reason: str | None


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
    keys = tuple_(Entry.occurred_at, Entry.id)
    query = _entries(conversation).limit(limit + 1)
    edge = keyset.read_cursor(after, 2)
    if edge is not None:
        query = query.where(keys < edge if newest_first else keys > edge)
    query = query.order_by(
        *((Entry.occurred_at.desc(), Entry.id.desc()) if newest_first else (Entry.occurred_at, Entry.id))
    )
    found = unit.rows(query)
    rows = found[:limit]
    further = keyset.write_cursor((rows[-1][0].occurred_at, rows[-1][0].id)) if len(found) > limit else None
    return _lines(unit, rows, may_open), further


def entry_line(unit: Unit, conversation: Conversation, may_open: MayOpen, entry_id: int) -> EntryLine | None:
    """One of them, as it is now."""
    found = _lines(unit, unit.rows(_entries(conversation).where(Entry.id == entry_id)), may_open)
    return found[0] if found else None


def _entries(conversation: Conversation) -> Select[tuple[Entry, Mail, str]]:
    return (
        select(Entry, Mail, PERSON.c.name)
        .join(Mail, (Mail.municipality_id == Entry.municipality_id) & (Mail.entry_id == Entry.id), isouter=True)
        .join(PERSON, PERSON.c.id == Entry.author_id, isouter=True)
        .where(Entry.conversation_id == conversation.id)
    )


def _lines(unit: Unit, rows: Sequence[Any], may_open: MayOpen) -> Sequence[EntryLine]:
    ids = [entry.id for entry, _, _ in rows]
    files, deliveries = _attachments(unit, ids), _deliveries(unit, ids)
    return [_line(entry, told(unit, entry, may_open), mail, name, files, deliveries) for entry, mail, name in rows]


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
    query = (
        select(
            Attachment.entry_id,
            Attachment.public_id,
            Attachment.name,
            Attachment.media_type,
            Attachment.size,
            Attachment.inline_id,
        )
        .where(Attachment.entry_id.in_(entry_ids))
        .order_by(Attachment.id)
    )
    found = defaultdict(list)
    for entry_id, *fields in unit.rows(query):
        found[entry_id].append(AttachmentLine(*fields))
    return found


def _deliveries(unit: Unit, entry_ids: Sequence[int]) -> Mapping[int, Sequence[DeliveryLine]]:
    query = select(Delivery).where(Delivery.entry_id.in_(entry_ids)).order_by(Delivery.id)
    found = defaultdict(list)
    for row in unit.all(query):
        line = DeliveryLine(
            id=str(row.id),
            recipient=row.recipient,
            state=row.state,
            attempt=row.attempt,
            not_before=clock.to_datetime(row.not_before),
            settled_at=shown(row.settled_at),
            reason=row.reason,
        )
        found[row.entry_id].append(line)
    return found
