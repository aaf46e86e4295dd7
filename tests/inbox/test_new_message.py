"""A conversation that we begin: with whom, by which channel, what is owed, and what is left of it when it is undone."""

from typing import Any

import pytest
from sqlalchemy import func, select

from hub.channels.channel import Channel
from hub.channels.route import new_route, reply_route
from hub.clock import NEVER
from hub.errors import Invalid
from hub.inbox import new_message, reply, reply_token
from hub.inbox.citizen import Citizen
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.matter import Matter
from hub.inbox.municipality import Municipality
from hub.inbox.outgoing import Route
from hub.inbox.queue import Queue
from hub.inbox.topic import Topic
from hub.storage.unit import Unit
from tests.inbox.writing import HOUSE, at, contact, deliveries, mail_of, now, opened, undo
from tests.storage.centre import KEYS, Centre, conversation, must


def begin(centre: Centre, **options: Any) -> tuple[Conversation, Entry]:
    """By Sara, in Granvik's kontakt unless said otherwise."""
    given = {"to": "Ny@Invanare.example", "subject": "Om din ansökan", "text": "Vi saknar en uppgift.", **options}
    text, queue = given.pop("text"), given.pop("queue", "kontakt")
    topics = given.pop("topics", [])

    def write(unit: Unit) -> tuple[Conversation, Entry]:
        return new_message.begin(
            unit,
            must(unit.get(Municipality, centre.ids["granvik"])),
            must(unit.get(Queue, centre.ids[queue])),
            centre.ids["sara"],
            text,
            Route(centre.ids["out"], HOUSE, "Granvik"),
            10,
            topics=[must(unit.get(Topic, centre.ids[each])) for each in topics],
            **given,
        )

    return centre.here(write)


def test_a_conversation_a_participant_a_mail_and_nothing_owed(centre: Centre) -> None:
    at(0)
    one, entry = begin(centre, cc=["press@tidning.example"], topics=["fakturor"])
    found = now(centre, one.id)
    assert (found.due_at, found.closed_at, found.subject) == (NEVER, None, "Om din ansökan")
    assert [each.recipient for each in deliveries(centre)] == ["Ny@Invanare.example", "press@tidning.example"]
    mail = mail_of(centre, entry)
    (token,) = reply_token.candidates([mail.recipients["reply_to"]])
    assert reply_token.read(KEYS, token, centre.ids["granvik"], "ny@invanare.example") == one.id
    assert entry.body["subject"] == "Om din ansökan"
    query = select(func.count()).select_from(Matter).where(Matter.conversation_id == one.id)
    assert centre.here(lambda unit: unit.first(query)) == 1


def test_a_known_address_is_its_citizens(centre: Centre) -> None:
    known = now(centre, opened(centre)).citizen_id
    assert begin(centre, to="ANNA@example.com")[0].citizen_id == known
    citizen = centre.here(lambda unit: must(unit.get(Citizen, known)))
    one, _ = begin(centre, to=citizen)
    assert (one.citizen_id, deliveries(centre)[-1].recipient) == (known, "anna@example.com")


def test_the_same_address_elsewhere_is_somebody_else(centre: Centre) -> None:
    elsewhere = opened(centre, of="holmo", sender="ny@invanare.example")
    assert begin(centre)[0].citizen_id != now(centre, elsewhere).citizen_id


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("text", {"text": " \n"}),
        ("subject", {"subject": "\r\n"}),
        ("queue", {"queue": "innbygger"}),
        ("to", {"to": "ingen"}),
        ("cc", {"cc": ["ingen"]}),
        ("topic", {"topics": ["regninger"]}),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_there(
    sqlite_centre: Centre, field: str, options: dict[str, Any]
) -> None:
    if "topics" in options:
        sqlite_centre.ids["regninger"] = sqlite_centre.do(_retired_topic, sqlite_centre.ids["granvik"])
    with pytest.raises(Invalid) as caught:
        begin(sqlite_centre, **options)
    assert caught.value.field == field
    assert sqlite_centre.here(lambda unit: unit.all(select(Conversation))) == []


def _retired_topic(unit: Unit, municipality_id: int) -> int:
    row = Topic(municipality_id=municipality_id, words={"sv": "Förr"}, synonyms=[], retired_at=1)
    unit.add(row)
    return row.id


def test_undone_it_is_closed_for_there_is_nothing_in_it(centre: Centre) -> None:
    at(0)
    one, entry = begin(centre)
    undo(centre, entry)
    found = now(centre, one.id)
    assert (found.closed_at is not None, found.due_at) == (True, NEVER)
    body = centre.here(lambda unit: must(unit.get(Entry, found.last_entry_id)).body)
    assert (body["what"], body["closed"]) == ("undone", True)


def test_before_the_citizen_answers_we_may_write_again(centre: Centre) -> None:
    at(0)
    one, first = begin(centre)

    def again(unit: Unit) -> Entry:
        found = conversation(unit, one.id)
        return reply.reply(unit, found, centre.ids["sara"], "Och en sak till.", reply_route(unit, found), 10)

    second = mail_of(centre, centre.here(again))
    assert second.in_reply_to == mail_of(centre, first).message_id
    assert deliveries(centre)[-1].recipient == "Ny@Invanare.example"
    at(1)
    contact(centre, one.id, sender="ny@invanare.example")
    assert centre.here(lambda unit: conversation(unit, one.id).owed(unit)) < NEVER


def test_it_leaves_from_the_queues_own_address(centre: Centre) -> None:
    ids = centre.ids

    def configure(unit: Unit) -> int:
        row = must(unit.get(Channel, ids["in"]))
        row.sends_by_id = ids["out"]
        row.config = {
            "addresses": {
                "post@granvik.example": f"granvik/{ids['kontakt']}",
                "vatten@granvik.example": f"granvik/{ids['vatten']}",
                "post@holmo.example": f"holmo/{ids['kontakt']}",
            }
        }
        return row.id

    def route(unit: Unit, code: str, queue: str, channel: int | None = None) -> str:
        found = new_route(unit, must(unit.get(Municipality, ids[code])), ids[queue], channel)
        assert found.channel_id == ids["out"]
        return found.address

    with pytest.raises(Invalid, match="no channel of Granvik") as caught:
        centre.here(route, "granvik", "kontakt")
    assert caught.value.field == "channel"
    channel = centre.do(configure)
    assert centre.here(route, "granvik", "vatten") == "vatten@granvik.example"
    assert centre.here(route, "granvik", "kontakt", channel) == "post@granvik.example"
    assert centre.here(route, "holmo", "vatten") == "post@holmo.example"
    with pytest.raises(Invalid):
        centre.here(route, "granvik", "kontakt", ids["out"])
