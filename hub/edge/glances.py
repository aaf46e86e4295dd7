"""Glances: parts of a conversation that a page asks for by themselves, each with the rights of whoever asks."""

import base64
import re
from collections.abc import Sequence
from html import escape

from sqlalchemy import select

from hub.access import policy
from hub.access.person import Actor
from hub.edge import work
from hub.errors import NotFound
from hub.inbox import desk_list, queries
from hub.inbox.conversation import Conversation
from hub.inbox.desk_list import DeskLine
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.matter import Matter
from hub.inbox.queries import ConversationLine, Filter, MatterLine
from hub.storage.unit import Unit

_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_MOST_PICTURES = 5_000_000
"""Bytes of a mail's own pictures that are shown in it; the others are among its files."""
_CID = re.compile(r'src="cid:([^"]{1,500})"', re.I)


def line(unit: Unit, actor: Actor, conversation_id: int) -> ConversationLine:
    """As a list shows it: no reading. Raises NotFound."""
    found = policy.require_open(actor, unit.get(Conversation, conversation_id))
    return queries.conversation_line(unit, found.id)


def require_readable(unit: Unit, actor: Actor, conversation_id: int) -> None:
    """Raises NotFound unless this person may read it. No reading: nothing of it is shown."""
    work.readable(unit, actor, unit.get(Conversation, conversation_id))


def matter(unit: Unit, actor: Actor, conversation_id: int, matter_id: int) -> MatterLine:
    """One question of it. Raises NotFound."""
    found = policy.require_open(actor, unit.get(Conversation, conversation_id))
    row = unit.first(select(Matter).where(Matter.id == matter_id, Matter.conversation_id == found.id))
    if row is None:
        raise NotFound("There is no such question in this conversation.")
    return queries.matter_line(row)


def lines_in(unit: Unit, actor: Actor, filtered: Filter, ids: Sequence[int]) -> Sequence[DeskLine]:
    """Those of the conversations that a list shows, in its order."""
    inside = queries.those_in(unit, policy.visible(actor), filtered, ids)
    return desk_list.lines_of(unit, actor.id, inside)


def html_of(unit: Unit, actor: Actor, entry_id: int) -> str:
    """A mail as it was sent, sanitised, its own pictures in it: for a frame alone. Raises NotFound."""
    entry = unit.get(Entry, entry_id)
    if entry is None:
        raise NotFound("There is no such message.")
    work.opened(unit, actor, entry.conversation_id)
    mail = unit.first(select(Mail).where(Mail.municipality_id == entry.municipality_id, Mail.entry_id == entry.id))
    if mail is None or not mail.safe_html:
        raise NotFound("This message was sent as text alone.")
    pictures = _pictures(unit, entry, set(_CID.findall(mail.safe_html)))
    return _CID.sub(lambda found: f'src="{pictures.get(found[1], "")}"', mail.safe_html)


def _pictures(unit: Unit, entry: Entry, wanted: set[str]) -> dict[str, str]:
    """By their id in the mail, as `data:` addresses: a frame that is nobody's may fetch nothing."""
    found: dict[str, str] = {}
    room = _MOST_PICTURES
    rows = select(Attachment).where(Attachment.entry_id == entry.id, Attachment.inline_id.in_(sorted(wanted)))
    for row in unit.all(rows.order_by(Attachment.id)) if wanted else ():
        if row.media_type in _PICTURES and row.size <= room and row.inline_id:
            room -= row.size
            encoded = base64.b64encode(_content(unit, row)).decode()
            found[row.inline_id] = escape(f"data:{row.media_type};base64,{encoded}")
    return found


def _content(unit: Unit, row: Attachment) -> bytes:
    return (row.body if row.blob is None else unit.blobs.get(row.blob)) or b""
