"""Findable: by what words a call, a visit, a text message or a chat is found: whose it is stands in no text of theirs.

Who is named later is found by that name in what there was of them before, too.
"""

from sqlalchemy import select

from hub.inbox.call import Call
from hub.inbox.chat import Chat
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Attachment, Entry
from hub.inbox.text import Text
from hub.storage import search_index
from hub.storage.unit import Unit
from hub.storage.words import marks, tokens

_MOST = 500
"""Entries that get a name anew: of a caller who was never named, the newest."""


def found_by(
    kind: str, said: str, language: str | None, name: str = "", address: str = "", *, files: bool = False
) -> list[str]:
    """Tokens of an entry. `name`, `address`: of the citizen's side, as words and for `from:`."""
    return [*tokens(f"{said} {name} {address}", language), *marks(kind, name, address, files=files)]


def of_call(entry: Entry, call: Call | None, name: str) -> list[str]:
    """Also of a visit, which has no `call`."""
    number = (call.number or "") if call is not None else ""
    queue = (call.queue_name or "") if call is not None else ""
    return found_by(entry.kind, f"{entry.text} {queue}", entry.language, name, number)


def name_again(unit: Unit, citizen: Citizen) -> None:
    """Somebody has said what they are called: their calls, visits and text messages are found by that from now on."""
    rows = unit.rows(
        select(Entry, Call, Text)
        .join(
            Conversation,
            (Conversation.municipality_id == Entry.municipality_id) & (Conversation.id == Entry.conversation_id),
        )
        .outerjoin(Call, (Call.municipality_id == Entry.municipality_id) & (Call.entry_id == Entry.id))
        .outerjoin(Text, (Text.municipality_id == Entry.municipality_id) & (Text.entry_id == Entry.id))
        .where(
            Conversation.municipality_id == citizen.municipality_id,
            Conversation.citizen_id == citizen.id,
            Entry.kind.in_(("call", "visit", "sms")),
            Entry.author_kind == "citizen",
        )
        .order_by(Entry.id.desc())
        .limit(_MOST)
    )
    for entry, call, text in rows:
        if text is None:
            found = of_call(entry, call, citizen.name)
        else:
            found = found_by("sms", entry.text, entry.language, citizen.name, text.number)
        search_index.replace(unit, entry.id, entry.municipality_id, found)


def chat_again(unit: Unit, row: Chat) -> None:
    """Its citizen has left an address: the newest that they said is found by that.

    A process of the public face may take nothing out of the index: there, whoever answers or ends the chat does it.
    """
    if not search_index.may_replace(unit):
        return
    newest = unit.first(
        select(Entry)
        .where(
            Entry.municipality_id == row.municipality_id,
            Entry.conversation_id == row.conversation_id,
            Entry.kind == "chat",
            Entry.author_kind == "citizen",
        )
        .order_by(Entry.id.desc())
    )
    if newest is None:
        return
    here = Attachment.municipality_id == row.municipality_id
    files = unit.first(select(Attachment.id).where(here, Attachment.entry_id == newest.id)) is not None
    found = found_by("chat", newest.text, newest.language, row.name, row.email, files=files)
    search_index.replace(unit, newest.id, newest.municipality_id, found)
