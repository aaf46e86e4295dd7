"""A meeting that a mail carries: a card above its text, with time and place."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.inbox.entry import Entry
from hub.storage.unit import Unit
from tests.web.test_desk import Desk
from tests.web.world import must
from tests.web.world import world as make_world

MEETING = {
    "method": "request", "summary": "Platsbesök <b>", "starts": "2026-12-03T09:00:00Z", "ends": "2026-12-03T10:30:00Z",
    "all_day": False, "place": "Storgatan 1", "organizer": ["Anna Öberg", "anna@exempel.example"], "repeats": False,
}  # fmt: skip


@pytest.fixture
def desk(sqlite_database: str, tmp_path: Path) -> Iterator[Desk]:
    """What differs between engines is tested below the edge."""
    with make_world(sqlite_database, tmp_path, pages=True) as world:
        yield Desk(world)


def shown(desk: Desk, **changes: Any) -> str:
    """The conversation's page, with the meeting in its mail, which is signed."""
    signature = ("signature.asc", "application/pgp-signature", repr(changes).encode())
    found = desk.world.mail("Kan ni komma?", attachments=[signature])

    def carry(unit: Unit) -> None:
        entry = must(unit.first(select(Entry).where(Entry.conversation_id == found, Entry.kind == "mail")))
        entry.body = {**(entry.body or {}), "invitations": [MEETING | changes]}

    desk.world.do(carry)
    page = desk.get(f"/conversations/{found}").text
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_a_meeting_is_a_card_with_time_and_place_in_the_readers_zone(desk: Desk) -> None:
    text = shown(desk)
    assert "Platsbesök <b> Invitation Time Thu 3 Dec 10:00–11:30 Place Storgatan 1 From Anna Öberg" in text
    assert "signature.asc" not in text, "what a mail is signed with is no file to read"


def test_whole_days_and_one_that_is_off(desk: Desk) -> None:
    days = {"starts": "2026-12-03T00:00:00Z", "ends": "2026-12-05T00:00:00Z", "all_day": True, "method": "cancel"}
    assert "Meeting cancelled Time Thu 3 Dec – Fri 4 Dec Place" in shown(desk, **days)
    assert "Meeting Place Storgatan 1" in shown(desk, starts=None, ends=None, method="")
