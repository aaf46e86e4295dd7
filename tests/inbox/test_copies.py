"""Copies of an answer: to whom the agent names and to nobody else, each a delivery of its own, none a participant."""

import pytest
from sqlalchemy import select

from hub.errors import Invalid
from hub.inbox import outgoing, reply_token
from hub.inbox.participant import Participant
from tests.inbox.writing import HOUSE, answer, contact, deliveries, mail_of, opened, take_part, undo
from tests.storage.centre import KEYS, Centre, must


def test_a_copy_is_a_delivery_under_the_same_message_id(centre: Centre) -> None:
    one = opened(centre)
    entry = answer(centre, one, cc=["Press@Tidning.example", "olle@example.com"])
    sent = deliveries(centre)
    assert [each.recipient for each in sent] == ["anna@example.com", "Press@Tidning.example", "olle@example.com"]
    assert len({(each.message_id, each.not_before, each.entry_id) for each in sent}) == 1
    recipients = mail_of(centre, entry).recipients
    assert (recipients["to"], recipients["cc"]) == (["anna@example.com"], ["Press@Tidning.example", "olle@example.com"])


def test_who_is_copied_takes_no_part(centre: Centre) -> None:
    one = opened(centre)
    answer(centre, one, cc=["press@tidning.example"])
    query = select(Participant.role).where(Participant.conversation_id == one)
    assert centre.here(lambda unit: unit.all(query)) == ["sender"]
    contact(centre, one)
    answer(centre, one)
    assert [each.recipient for each in deliveries(centre)][-1] == "anna@example.com"


def test_a_copy_carries_a_token_only_for_who_takes_part(centre: Centre) -> None:
    one = opened(centre)
    centre.here(take_part, one, "Olle@example.com")
    mail = mail_of(centre, answer(centre, one, cc=["press@tidning.example", "olle@example.com"]))
    assert outgoing.reply_to(mail, "press@tidning.example") == HOUSE
    for recipient in ("anna@example.com", "olle@example.com"):
        (token,) = reply_token.candidates([outgoing.reply_to(mail, recipient)])
        assert reply_token.read(KEYS, token, centre.ids["granvik"], recipient) == one


def test_an_address_is_copied_once_and_the_citizen_not_again(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    answer(sqlite_centre, one, cc=[" olle@example.com ", "OLLE@example.com", "Anna@Example.com"])
    assert [each.recipient for each in deliveries(sqlite_centre)] == ["anna@example.com", "olle@example.com"]


@pytest.mark.parametrize(
    "bad",
    [
        *("", "olle", "olle@", "@example.com", "a@b@c", "o lle@example.com", "Olle <olle@example.com>"),
        *("a@x.se, b@x.se", "olle@example.com\r\nBcc: x@y.se", "a" * 65 + "@x.se", "a@" + "x" * 253 + ".se"),
    ],
)
def test_what_is_no_address_is_named_and_nothing_is_sent(sqlite_centre: Centre, bad: str) -> None:
    one = opened(sqlite_centre)
    with pytest.raises(Invalid, match="is no mail address") as caught:
        answer(sqlite_centre, one, cc=["olle@example.com", bad])
    assert caught.value.field == "cc"
    assert deliveries(sqlite_centre) == []


def test_a_mail_is_no_mailing(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    with pytest.raises(Invalid, match="20 addresses at most"):
        answer(sqlite_centre, one, cc=[f"a{number}@example.com" for number in range(21)])


def test_all_copies_are_taken_back_or_none(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    entry = answer(sqlite_centre, one, cc=["olle@example.com"])
    undo(sqlite_centre, entry)
    assert [(each.state, each.reason) for each in deliveries(sqlite_centre)] == [("failed", "undone")] * 2
    assert must(entry.id) == deliveries(sqlite_centre)[0].entry_id
