"""What Sara writes to Anna, on a Tuesday at nine: the verbs, each in a unit of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from hub import clock
from hub.inbox import reply
from hub.inbox.citizen import CitizenPoint
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry, Mail
from hub.inbox.outgoing import Route
from hub.inbox.participant import Participant
from hub.storage.unit import Unit
from tests.storage.centre import Centre, add_contact, conversation, must

HOUSE = "kommunen@granvik.example"
TUESDAY = clock.from_datetime(datetime(2026, 11, 24, 9, tzinfo=ZoneInfo("Europe/Stockholm")))


def at(seconds: int) -> None:
    """The clock stands still, that long after Tuesday at nine."""
    clock.set_source(lambda: TUESDAY + seconds * clock.SECOND)


def opened(centre: Centre, **options: Any) -> int:
    at(0)
    return centre.mail(**options)


def answer(
    centre: Centre, conversation_id: int, text: str = "Den kommer i maj.", address: str = HOUSE, **options: Any
) -> Entry:
    """Held back for ten seconds. Options as those of `reply`."""
    route = Route(centre.ids["out"], address, "Granvik")
    return centre.here(
        lambda unit: reply.reply(
            unit, must(unit.lock(Conversation, conversation_id)), centre.ids["sara"], text, route, 10, **options
        )
    )


def undo(centre: Centre, entry: Entry) -> None:
    def take_back(unit: Unit) -> None:
        found = must(unit.lock(Conversation, entry.conversation_id))
        reply.undo(unit, found, centre.ids["sara"], must(unit.get(Entry, entry.id)))

    centre.here(take_back)


def contact(centre: Centre, conversation_id: int, **options: Any) -> None:
    centre.here(lambda unit: add_contact(unit, centre.ids, conversation(unit, conversation_id), **options))


def now(centre: Centre, conversation_id: int) -> Conversation:
    return centre.here(conversation, conversation_id)


def mail_of(centre: Centre, entry: Entry) -> Mail:
    found: Mail = centre.here(lambda unit: must(unit.first(select(Mail).where(Mail.entry_id == entry.id))))
    return found


def deliveries(centre: Centre) -> Sequence[Delivery]:
    return centre.here(lambda unit: unit.all(select(Delivery).order_by(Delivery.id)))


def take_part(unit: Unit, conversation_id: int, address: str, *, kind: str = "email", ended: bool = False) -> None:
    """Somebody else of that household, added by an agent."""
    found = conversation(unit, conversation_id)
    point = CitizenPoint(
        municipality_id=found.municipality_id,
        citizen_id=found.citizen_id,
        first_citizen_id=found.citizen_id,
        kind=kind,
        value=address,
        match_key=address.lower(),
        ended_at=clock.now() if ended else None,
    )
    unit.add(point)
    unit.add(
        Participant(
            municipality_id=found.municipality_id,
            conversation_id=found.id,
            citizen_point_id=point.id,
            role="added",
        )
    )
