"""Glances: parts of a conversation that a page asks for by themselves, each with the rights of whoever asks."""

import base64
import logging
import re
from html import escape

from sqlalchemy import select

from hub.access import policy
from hub.access.person import Actor
from hub.edge import work
from hub.errors import Corrupt, NotFound
from hub.inbox import queries
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry, Mail
from hub.inbox.matter import Matter
from hub.inbox.queries import ConversationLine, MatterLine
from hub.storage.unit import Unit

_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_MOST_PICTURES = 5_000_000
"""Bytes of a mail's own pictures that are shown in it; the others are among its files."""
_CID = re.compile(r'src="cid:([^"]{1,500})"', re.I)
_IMG = re.compile(r'<img\b(?:[^>"]|"[^"]*")*+>', re.I)
"""As the sanitiser writes one: every value in double quotes."""
_ALT = re.compile(r'\salt="([^"]*)"', re.I)

log = logging.getLogger(__name__)


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


def html_of(unit: Unit, actor: Actor, entry_id: int, instead: str) -> str:
    """A mail as it was sent, sanitised, its own pictures in it: for a frame alone. Raises NotFound.

    `instead`: what stands where one of them can't be shown and the mail has no words for it.
    """
    entry = unit.get(Entry, entry_id)
    if entry is None:
        raise NotFound("There is no such message.")
    work.log_opening(unit, actor, entry.conversation_id)
    mail = unit.first(select(Mail).where(Mail.municipality_id == entry.municipality_id, Mail.entry_id == entry.id))
    if mail is None or not mail.safe_html:
        raise NotFound("This message was sent as text alone.")
    pictures = _pictures(unit, entry, set(_CID.findall(mail.safe_html)))

    def shown(tag: re.Match[str]) -> str:
        cid = _CID.search(tag[0])
        if cid is None:
            return tag[0]
        if cid[1] in pictures:
            return tag[0].replace(cid[0], f'src="{pictures[cid[1]]}"', 1)
        said = _ALT.search(tag[0])
        words = said[1] if said and said[1].strip() else escape(instead)
        return f'<img alt="{words}">'  # as large as its words need, whatever room was kept for it

    return _IMG.sub(shown, mail.safe_html)


def _pictures(unit: Unit, entry: Entry, wanted: set[str]) -> dict[str, str]:
    """By their id in the mail, as `data:` addresses: a frame that is nobody's may fetch nothing."""
    found: dict[str, str] = {}
    room = _MOST_PICTURES
    rows = select(Attachment).where(Attachment.entry_id == entry.id, Attachment.inline_id.in_(sorted(wanted)))
    for row in unit.all(rows.order_by(Attachment.id)) if wanted else ():
        if row.media_type in _PICTURES and row.size <= room and row.inline_id and row.scan is None:
            try:
                encoded = base64.b64encode(_content(unit, row)).decode()
            except Corrupt as error:  # the mail can be read without it
                log.error("entry %d: %s", entry.id, error)
                continue
            room -= row.size
            found[row.inline_id] = escape(f"data:{row.media_type};base64,{encoded}")
    return found


def _content(unit: Unit, row: Attachment) -> bytes:
    return (row.body if row.blob is None else unit.blobs.get(row.blob)) or b""
