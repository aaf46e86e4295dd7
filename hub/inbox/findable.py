"""Findable: by what words a call, a visit, a text message or a chat is found: whose it is stands in no text of theirs.

Who is named later is found by that name in what there was of them before, too.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, select

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
"""Entries that are indexed again at once: of a caller who was never named, or is another now, the newest."""


def found_by(
    kind: str, said: str, language: str | None, name: str = "", address: str = "", *, files: Sequence[str] = ()
) -> list[str]:
    """Tokens of an entry. `name`, `address`: of the citizen's side, as words and for `from:`; `files`: their names."""
    words = " ".join([said, name, address, *files])
    return [*tokens(words, language), *marks(kind, name, address, files=bool(files))]


def of_call(entry: Entry, call: Call | None, name: str) -> list[str]:
    """Also of a visit, which has no `call`."""
    number = (call.number or "") if call is not None else ""
    queue = (call.queue_name or "") if call is not None else ""
    return found_by(entry.kind, f"{entry.text} {queue}", entry.language, name, number)


def name_again(unit: Unit, citizen: Citizen) -> None:
    """Somebody has said what they are called: their calls, visits and text messages are found by that from now on."""
    _again(
        unit, _theirs(Conversation.municipality_id == citizen.municipality_id, Conversation.citizen_id == citizen.id)
    )


def moved(unit: Unit, municipality_id: int, conversation_ids: Sequence[int]) -> None:
    """These conversations are another citizen's now: what is in them is found by that one's name."""
    _again(unit, _theirs(Conversation.municipality_id == municipality_id, Conversation.id.in_(conversation_ids)))


def again(unit: Unit, before: int) -> int | None:
    """Of the entries that are older than this one, the newest, as they would be indexed today; the oldest of them."""
    return _again(unit, _theirs(Entry.id < before))


def _theirs(*which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Calls, visits and text messages of the citizens' side, newest first, with the names of those whose they are."""
    return (
        select(Entry, Call, Text, Citizen.name)
        .join(
            Conversation,
            (Conversation.municipality_id == Entry.municipality_id) & (Conversation.id == Entry.conversation_id),
        )
        .join(
            Citizen,
            (Citizen.municipality_id == Conversation.municipality_id) & (Citizen.id == Conversation.citizen_id),
        )
        .outerjoin(Call, (Call.municipality_id == Entry.municipality_id) & (Call.entry_id == Entry.id))
        .outerjoin(Text, (Text.municipality_id == Entry.municipality_id) & (Text.entry_id == Entry.id))
        .where(*which, Entry.kind.in_(("call", "visit", "sms")), Entry.author_kind == "citizen")
        .order_by(Entry.id.desc())
        .limit(_MOST)
    )


def _again(unit: Unit, query: Select[*tuple[Any, ...]]) -> int | None:
    """The last of them."""
    entry = None
    for entry, call, text, name in unit.rows(query):
        if text is None:
            found = of_call(entry, call, name)
        else:
            found = found_by("sms", entry.text, entry.language, name, text.number)
        search_index.replace(unit, entry.id, entry.municipality_id, found)
    return None if entry is None else entry.id


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
    files = unit.all(select(Attachment.name).where(here, Attachment.entry_id == newest.id).order_by(Attachment.id))
    found = found_by("chat", newest.text, newest.language, row.name, row.email, files=files)
    search_index.replace(unit, newest.id, newest.municipality_id, found)
