"""What intake writes into the search index beside the words: who wrote it, its kind, whether with files."""

from sqlalchemy import select

from hub.access.person import Actor, Held
from hub.edge.searching import search_entries
from hub.inbox.entry import Entry
from hub.storage.scope import Scope
from tests.line import Line, letter


def found(line: Line, text: str) -> list[str]:
    """Message texts, the newest first."""
    actor = Actor(1, "Sara", "s@x", "sv", (Held(line.ids["granvik"], "agent", None),), frozenset({"read"}))
    hits, _ = line.storage.read_now(Scope.of(actor), search_entries, actor, text, None, 9)
    by_id = {row.id: row.text.strip() for row in line.all(select(Entry))}
    return [by_id[each.entry_id] for each in hits]


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
    assert found(line, "has:attachment") == []
    file = letter("fyra")
    file.add_attachment(b"karta", maintype="application", subtype="pdf", filename="karta.pdf")
    line.send(file)
    line.entries(4)
    assert found(line, "has:attachment") == found(line, "karta ") == ["fyra"]
