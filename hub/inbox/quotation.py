"""Quotation: which entry an answer by mail repeats below its words, and what of it.

It is what the citizen wrote to us last, a mail or something else; before they have written, our own mail. What isn't a
mail says in no header whom it is from: it is quoted only to an address of the citizen whose conversation it began in,
for conversations of two people can be made one.
"""

from sqlalchemy import bindparam, select

from hub.inbox.citizen import CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry, Mail
from hub.storage.unit import Unit

WRITTEN = ("mail", "form", "chat", "sms")
"""Kinds of entry that are in writing: of a call or a visit there is nothing in the citizen's own words."""
_NEWEST = (
    select(Entry)
    .where(
        Entry.conversation_id == bindparam("conversation"),
        Entry.kind.in_(WRITTEN),
        Entry.author_kind == "citizen",
        Entry.visibility == "public",
        Entry.text != "",
    )
    .order_by(Entry.occurred_at.desc(), Entry.id.desc())
)
_MOST = 50
"""Turns: who wrote more knows what it was by the last of them."""


def find(unit: Unit, conversation: Conversation, asked: Mail | None, recipient: CitizenPoint) -> Entry | None:
    """What an answer to this address quotes. `asked`: the mail that it answers, if any. None: there is nothing."""
    newest = unit.first(_NEWEST, conversation=conversation.id)
    if newest is not None and newest.kind != "mail":
        began = unit.get(Conversation, newest.first_conversation_id)
        if began is not None and began.citizen_id == recipient.citizen_id:
            return newest
    return None if asked is None else unit.get(Entry, asked.entry_id)


def words(unit: Unit, entry: Entry) -> str:
    """What is quoted of it: in a chat and in texts one thing is said in several, so all since we last answered."""
    if entry.kind not in {"chat", "sms"}:
        return entry.text
    before = select(Entry).where(
        Entry.conversation_id == entry.conversation_id,
        Entry.first_conversation_id == entry.first_conversation_id,
        Entry.visibility == "public",
        Entry.undone_at.is_(None),
        Entry.occurred_at <= entry.occurred_at,
        Entry.id <= entry.id,
    )
    said: list[str] = []
    for each in unit.all(before.order_by(Entry.occurred_at.desc(), Entry.id.desc()).limit(_MOST)):
        if each.kind != entry.kind or each.author_kind != "citizen":
            break
        said.append(each.text)
    return "\n".join(text for text in reversed(said) if text.strip())
