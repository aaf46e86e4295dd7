"""A reply goes to who takes part and to nobody else, finds its way back, and can be taken back until it leaves."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import delete, update

from hub import clock
from hub.clock import NEVER
from hub.errors import Conflict, Invalid
from hub.inbox import reply_token
from hub.inbox.citizen import CitizenPoint
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry
from hub.storage.unit import Happening, Unit
from tests.inbox.writing import HOUSE, TUESDAY, answer, at, contact, deliveries, mail_of, now, opened, take_part, undo
from tests.storage.centre import KEYS, Centre, conversation, must


def test_the_entry_its_mail_and_its_delivery_are_there_together(centre: Centre) -> None:
    one = opened(centre)
    before = now(centre, one)
    told: list[Happening] = []
    centre.storage.on_commit(told.extend)
    entry = answer(centre, one)
    mail, (delivery,) = mail_of(centre, entry), deliveries(centre)
    assert (entry.kind, entry.visibility, entry.text) == ("mail", "public", "Den kommer i maj.")
    assert (entry.author_kind, entry.author_id, entry.channel_id) == ("person", centre.ids["sara"], centre.ids["out"])
    assert (delivery.entry_id, delivery.recipient, delivery.state) == (entry.id, "anna@example.com", "queued")
    assert (delivery.not_before, delivery.attempt, delivery.fence) == (TUESDAY + 10 * clock.SECOND, 0, 0)
    assert delivery.message_id == mail.message_id
    assert mail.sender == HOUSE
    after = now(centre, one)
    assert (after.version, after.last_entry_id, after.due_at) == (before.version + 1, entry.id, NEVER)
    assert [(each.kind, each.id) for each in told] == [
        ("entry_added", entry.id),
        ("conversation_changed", one),
        ("delivery_queued", delivery.id),
    ]


def test_a_mail_without_deliveries_has_nothing_to_undo(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    entry = answer(sqlite_centre, one)
    sqlite_centre.here(lambda unit: unit.change(delete(Delivery)))
    with pytest.raises(Conflict, match="nothing to undo"):
        undo(sqlite_centre, entry)


def test_a_reply_ends_the_wait(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    sqlite_centre.here(
        lambda unit: conversation(unit, one).wait(unit, sqlite_centre.ids["sara"], TUESDAY + 9 * clock.DAY)
    )
    answer(sqlite_centre, one)
    found = now(sqlite_centre, one)
    assert (found.wait_until, found.due_at) == (None, NEVER)


@pytest.mark.parametrize("text", ["", "   ", "\r\n\t\u00a0"])
def test_an_empty_answer_is_refused_and_nothing_is_stored(sqlite_centre: Centre, text: str) -> None:
    one = opened(sqlite_centre)
    before = now(sqlite_centre, one).version
    with pytest.raises(Invalid, match="an answer says something") as caught:
        answer(sqlite_centre, one, text)
    assert caught.value.field == "text"
    assert (now(sqlite_centre, one).version, deliveries(sqlite_centre)) == (before, [])


def test_a_copy_in_an_incoming_mail_never_becomes_a_recipient(centre: Centre) -> None:
    one = opened(centre)
    at(1)
    contact(centre, one, cc=("eve@example.com", "press@example.org"))
    entry = answer(centre, one)
    assert [each.recipient for each in deliveries(centre)] == ["anna@example.com"]
    recipients = mail_of(centre, entry).recipients
    assert (recipients["to"], set(recipients)) == (["anna@example.com"], {"to", "reply_to"})
    assert "example.org" not in str(recipients)


def test_who_wrote_last_and_takes_part_is_answered(centre: Centre) -> None:
    one = opened(centre)
    centre.here(take_part, one, "Olle@Example.com")
    at(1)
    contact(centre, one, sender="olle@example.com")
    answer(centre, one)
    at(2)
    contact(centre, one, sender="anna@example.com")
    answer(centre, one)
    assert [each.recipient for each in deliveries(centre)] == ["Olle@Example.com", "anna@example.com"]


def test_who_takes_no_part_is_not_answered_even_having_written_last(centre: Centre) -> None:
    one = opened(centre)
    at(1)
    contact(centre, one, sender="eve@example.com")
    answer(centre, one)
    assert [each.recipient for each in deliveries(centre)] == ["anna@example.com"]


def test_neither_an_ended_address_nor_a_phone_number_is_answered_by_mail(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    sqlite_centre.here(take_part, one, "gone@example.com", ended=True)
    sqlite_centre.here(take_part, one, "+46701234567", kind="phone")
    at(1)
    contact(sqlite_centre, one, sender="gone@example.com")
    answer(sqlite_centre, one)
    assert [each.recipient for each in deliveries(sqlite_centre)] == ["anna@example.com"]


def test_with_nobody_left_to_answer_it_says_so(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    sqlite_centre.here(lambda unit: unit.change(update(CitizenPoint).values(ended_at=TUESDAY)))
    with pytest.raises(Invalid, match="nobody in this conversation can be answered by mail"):
        answer(sqlite_centre, one)
    assert deliveries(sqlite_centre) == []


def test_an_automatic_mail_is_not_what_is_answered(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    sqlite_centre.here(take_part, one, "olle@example.com")
    at(1)
    contact(sqlite_centre, one, message_id="<asked@example.com>")
    at(2)
    contact(sqlite_centre, one, sender="olle@example.com", automatic="auto_reply", message_id="<away@example.com>")
    entry = answer(sqlite_centre, one)
    assert mail_of(sqlite_centre, entry).in_reply_to == "<asked@example.com>"
    assert deliveries(sqlite_centre)[0].recipient == "anna@example.com"


def test_the_message_id_is_ours_and_the_thread_goes_on_from_what_was_asked(centre: Centre) -> None:
    one = opened(centre)
    at(1)
    contact(centre, one, message_id="<third@example.com>", refs=("<first@example.com>", "<second@example.com>"))
    entry = answer(centre, one)
    mail = mail_of(centre, entry)
    assert mail.in_reply_to == "<third@example.com>"
    assert mail.refs == ["<first@example.com>", "<second@example.com>", "<third@example.com>"]
    token, _, rest = must(mail.message_id).strip("<>").partition(".")
    assert rest == f"{entry.id:x}@granvik.example"
    assert reply_token.read(KEYS, token, centre.ids["granvik"], "anna@example.com") == one


def test_of_a_long_thread_the_newest_references_are_kept(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    at(1)
    contact(sqlite_centre, one, message_id="<last@x>", refs=tuple(f"<{i}@x>" for i in range(50)))
    refs = mail_of(sqlite_centre, answer(sqlite_centre, one)).refs
    assert refs == [*(f"<{i}@x>" for i in range(31, 50)), "<last@x>"]


def test_two_answers_have_message_ids_of_their_own(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    for _ in range(2):
        answer(sqlite_centre, one)
    assert len({each.message_id for each in deliveries(sqlite_centre)}) == 2


def test_the_address_to_reply_to_carries_the_token(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    reply_to = mail_of(sqlite_centre, answer(sqlite_centre, one)).recipients["reply_to"]
    assert reply_to.startswith("kommunen+")
    assert reply_to.endswith("@granvik.example")
    (token,) = reply_token.candidates([reply_to])
    assert reply_token.read(KEYS, token, sqlite_centre.ids["granvik"], "anna@example.com") == one


def test_an_address_too_long_for_a_token_is_left_as_it_is(sqlite_centre: Centre) -> None:
    one, address = opened(sqlite_centre), "kundtjanst.och.medborgarservice@granvik.example"
    mail = mail_of(sqlite_centre, answer(sqlite_centre, one, address=address))
    assert mail.recipients["reply_to"] == address
    (token,) = reply_token.candidates([must(mail.message_id)])
    assert reply_token.read(KEYS, token, sqlite_centre.ids["granvik"], "anna@example.com") == one


@pytest.mark.parametrize(
    ("subject", "answered"),
    [
        ("Faktura", "Re: Faktura"),
        ("Re: Faktura", "Re: Faktura"),
        ("SV: Faktura", "SV: Faktura"),
        ("re:Faktura", "re:Faktura"),
        ("VS: Faktura", "VS: Faktura"),
        ("AW: Faktura", "AW: Faktura"),
        ("Sv : Faktura", "Sv : Faktura"),
        ("Vsevolod", "Re: Vsevolod"),
        ("Renhållning", "Re: Renhållning"),
        ("", "Re: "),
    ],
)
def test_a_subject_is_marked_as_an_answer_once(sqlite_centre: Centre, subject: str, answered: str) -> None:
    one = opened(sqlite_centre)

    def name(unit: Unit) -> None:
        conversation(unit, one).subject = subject

    sqlite_centre.here(name)
    assert answer(sqlite_centre, one).body["subject"] == answered


def test_undoing_in_time_restores_what_was_owed(centre: Centre) -> None:
    one = opened(centre)
    before = now(centre, one)
    at(5)
    entry = answer(centre, one)
    at(14)
    undo(centre, entry)
    (delivery,) = deliveries(centre)
    assert (delivery.state, delivery.reason, delivery.settled_at) == ("failed", "undone", TUESDAY + 14 * clock.SECOND)
    after = now(centre, one)
    assert (after.due_at, after.version) == (before.due_at, before.version + 2)
    newest: Entry = centre.here(lambda unit: must(unit.get(Entry, after.last_entry_id)))
    assert newest.body == {"what": "undone", "entry": str(entry.id)}
    assert centre.here(lambda unit: must(unit.get(Entry, entry.id)).undone_at) == TUESDAY + 14 * clock.SECOND


def test_an_answer_that_stays_still_answers_when_a_later_one_is_undone(centre: Centre) -> None:
    one = opened(centre)
    at(5)
    answer(centre, one)
    at(6)
    undo(centre, answer(centre, one, "Och en sak till."))
    assert now(centre, one).due_at == NEVER


def test_at_the_end_of_the_time_to_undo_it_is_too_late(centre: Centre) -> None:
    one = opened(centre)
    entry = answer(centre, one)
    at(10)
    with pytest.raises(Conflict, match="too late to undo"):
        undo(centre, entry)
    (delivery,) = deliveries(centre)
    assert (delivery.state, now(centre, one).due_at) == ("queued", NEVER)


def test_an_answer_is_undone_once(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    entry = answer(sqlite_centre, one)
    undo(sqlite_centre, entry)
    with pytest.raises(Conflict, match="too late"):
        undo(sqlite_centre, entry)


@pytest.mark.parametrize("state", ["leased", "handed_over", "sent", "deferred", "failed", "uncertain"])
def test_what_has_begun_to_leave_is_not_undone(sqlite_centre: Centre, state: str) -> None:
    one = opened(sqlite_centre)
    entry = answer(sqlite_centre, one)
    sqlite_centre.here(lambda unit: unit.change(update(Delivery).values(state=state)))
    with pytest.raises(Conflict, match="too late"):
        undo(sqlite_centre, entry)
    assert [each.state for each in deliveries(sqlite_centre)] == [state]


def test_undoing_in_a_closed_conversation_owes_nothing(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    entry = answer(sqlite_centre, one)
    sqlite_centre.here(lambda unit: conversation(unit, one).close(unit, sqlite_centre.ids["sara"]))
    undo(sqlite_centre, entry)
    assert now(sqlite_centre, one).due_at == NEVER


def test_an_undo_that_meets_a_lease_waits_for_it_and_is_too_late(centre: Centre) -> None:
    """Both begin in time; the lease's unit is still open when the undo comes."""
    one = opened(centre)
    entry = answer(centre, one)
    leasing, undoing = Event(), Event()

    def lease(unit: Unit) -> None:
        unit.change(update(Delivery).values(state="leased", fence=1))
        leasing.set()
        assert undoing.wait(60)

    with ThreadPoolExecutor(2) as pool:
        leased = pool.submit(centre.do, lease)
        assert leasing.wait(60)
        undone = pool.submit(undo, centre, entry)
        with pytest.raises(TimeoutError):
            undone.result(0.2)
        undoing.set()
        leased.result(60)
        with pytest.raises(Conflict, match="too late"):
            undone.result(60)
    assert [(each.state, each.fence) for each in deliveries(centre)] == [("leased", 1)]
