"""Note: what one of ours writes for the others. Internal: it never leaves the house."""

from collections.abc import Sequence

from hub.errors import Invalid
from hub.inbox import outgoing
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.outgoing import File
from hub.storage import search_index
from hub.storage.unit import Unit
from hub.storage.words import marks, tokens


def add(unit: Unit, conversation: Conversation, by_id: int, text: str, files: Sequence[File] = ()) -> Entry:
    """A note in the conversation's timeline; found by search like any other text."""
    if not text.strip():
        raise Invalid("text", "a note says something")
    entry = conversation.append(
        unit,
        Entry(kind="note", author_kind="person", author_id=by_id, visibility="internal", text=text, body={}),
    )
    outgoing.attach(unit, entry, files)
    words = " ".join([text, *(each.name for each in files)])
    found_by = [*tokens(words, conversation.language), *marks("note", files=bool(files))]
    search_index.write(unit, [(entry.id, entry.municipality_id, found_by)])
    return entry
