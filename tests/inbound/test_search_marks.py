"""What intake writes into the search index beside the words: who wrote it, its kind, whether with files."""

import asyncio

from sqlalchemy import select

from hub.access.person import Actor, Held
from hub.app import Hub
from hub.edge.searching import search_entries
from hub.inbound.raw_event import RawEvent
from hub.inbox.entry import Entry
from hub.storage.scope import Scope
from tests.line import Line, letter


def found(line: Line, text: str) -> list[str]:
    """Message texts, the newest first."""
    actor = Actor(1, "Sara", "s@x", "sv", (Held(line.ids["granvik"], "agent", None),), frozenset({"read"}))
    hits, _ = line.storage.read_now(Scope.of(actor), search_entries, actor, text, None, 9)
    by_id = {row.id: row.text.strip() for row in line.all(select(Entry))}
    return [by_id[each.entry_id] for each in hits]


def replay(line: Line) -> None:
    """All raw events."""

    async def run() -> None:
        hub = Hub(line.settings, serves=False, works=True)
        async with hub.running():
            for raw_id in line.all(select(RawEvent.id)):
                await hub.replay(raw_id)

    asyncio.run(run())


def test_mails_are_found_by_sender_kind_and_files(line_on_both: Line) -> None:
    line = line_on_both
    line.send(letter("ett"))
    line.entries(1)
    line.send(letter("två", From="ida@post.example"))
    line.entries(2)
    line.send(letter("tre", From='"Bo Ek" <bo@post.example>'))
    line.entries(3)
    assert found(line, "from:berg ") == ["två", "ett"]
    assert found(line, "from:ida@post.example ") == ["två", "ett"]
    assert found(line, 'from:"bo ek" ') == found(line, "tre from:post kind:mail ") == ["tre"]
    replay(line)
    assert found(line, "from:berg ") == ["två", "ett"]  # by the name that is known, which the second leaves out
    assert found(line, "has:attachment") == []
    file = letter("fyra")
    file.add_attachment(b"karta", maintype="application", subtype="pdf", filename="karta.pdf")
    line.send(file)
    line.entries(4)
    assert found(line, "has:attachment") == found(line, "karta ") == ["fyra"]
