"""A conversation's verbs: each appends an entry, raises the version, and leaves due what is owed."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from hub import clock
from hub.clock import NEVER
from hub.errors import Conflict, Invalid, NotAllowed
from hub.inbox import note, reply
from hub.inbox.conversation import NO_CONTACT, Conversation, due_for
from hub.inbox.entry import Entry
from hub.inbox.outgoing import Route
from hub.inbox.queue import Queue
from hub.storage.unit import Happening, Unit
from tests.storage.centre import Centre, add_contact, must
from tests.storage.centre import conversation as stored

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (f"2026-11-{day} 09:00" for day in (24, 25, 26, 27))
Work = Callable[[Unit, Conversation], object]


def moment(local: str) -> int:
    return clock.from_datetime(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Europe/Stockholm")))


def at(local: str) -> None:
    """The clock stands still there."""
    clock.set_source(lambda: moment(local))


def opened(centre: Centre, local: str = TUESDAY, **options: Any) -> int:
    """One contact, come at that time."""
    at(local)
    return centre.mail(**options)


def do(centre: Centre, conversation_id: int, work: Work) -> Conversation:
    """As one of Granvik and Holmö; the conversation afterwards."""

    def locked(unit: Unit) -> Conversation:
        found = must(unit.lock(Conversation, conversation_id))
        work(unit, found)
        return found

    centre.here(locked)
    return now(centre, conversation_id)


def now(centre: Centre, conversation_id: int) -> Conversation:
    """As it is stored."""
    return centre.here(stored, conversation_id)


def owed(centre: Centre, conversation_id: int) -> int:
    return centre.here(lambda unit: stored(unit, conversation_id).owed(unit))


def entries(centre: Centre, conversation_id: int) -> Sequence[Entry]:
    query = select(Entry).where(Entry.conversation_id == conversation_id).order_by(Entry.id)
    return centre.here(lambda unit: unit.all(query))


def answer(centre: Centre) -> Work:
    route = Route(centre.ids["out"], "kommunen@granvik.example", "Granvik")
    return lambda unit, found: reply.reply(unit, found, centre.ids["sara"], "Svar", route, 10)


def contact(centre: Centre, **options: Any) -> Work:
    return lambda unit, found: add_contact(unit, centre.ids, found, **options)


def close(centre: Centre) -> Work:
    return lambda unit, found: found.close(unit, centre.ids["sara"])


def reopen(centre: Centre) -> Work:
    return lambda unit, found: found.reopen(unit, centre.ids["sara"])


def wait(centre: Centre, until: str) -> Work:
    return lambda unit, found: found.wait(unit, centre.ids["sara"], moment(until))


def move(centre: Centre, queue: str) -> Work:
    return lambda unit, found: found.move(unit, centre.ids["sara"], must(unit.get(Queue, centre.ids[queue])))


def assign(centre: Centre, whom: str | None) -> Work:
    return lambda unit, found: found.assign(unit, centre.ids["sara"], centre.ids[whom] if whom else None)


def set_days(centre: Centre, queue: str, days: int | None) -> None:
    def change(unit: Unit) -> None:
        must(unit.get(Queue, centre.ids[queue])).answer_days = days

    centre.do(change)


def test_each_verb_appends_one_entry_of_its_own_and_raises_the_version_by_one(centre: Centre) -> None:
    one, ids = opened(centre), {name: str(row_id) for name, row_id in centre.ids.items()}
    steps: list[tuple[Work, dict[str, object]]] = [
        (assign(centre, "vera"), {"what": "assigned", "from": None, "to": ids["vera"]}),
        (assign(centre, None), {"what": "assigned", "from": ids["vera"], "to": None}),
        (move(centre, "vatten"), {"what": "moved", "from": ids["kontakt"], "to": ids["vatten"]}),
        (wait(centre, FRIDAY), {"what": "waiting", "until": "2026-11-27T08:00:00Z"}),
        (close(centre), {"what": "closed"}),
        (reopen(centre), {"what": "reopened"}),
    ]
    before = now(centre, one)
    for count, (work, said) in enumerate(steps, 1):
        after = do(centre, one, work)
        newest = entries(centre, one)[-1]
        assert newest.body == said
        assert (after.version, after.last_entry_id) == (before.version + count, newest.id)
        assert (newest.kind, newest.visibility, newest.text) == ("change", "internal", "")
        assert (newest.author_kind, newest.author_id) == ("person", centre.ids["sara"])
        assert (newest.municipality_id, newest.first_conversation_id) == (centre.ids["granvik"], one)
    assert len(entries(centre, one)) == 1 + len(steps)


def test_what_the_hub_does_itself_has_no_author_of_ours(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    do(sqlite_centre, one, close(sqlite_centre))
    do(sqlite_centre, one, lambda unit, found: found.reopen(unit, None))
    newest = entries(sqlite_centre, one)[-1]
    assert (newest.author_kind, newest.author_id) == ("hub", None)


def test_a_verb_tells_what_happened_by_ids_once_it_is_stored(sqlite_centre: Centre) -> None:
    one, told = opened(sqlite_centre), list[Happening]()
    sqlite_centre.storage.on_commit(told.extend)
    do(sqlite_centre, one, close(sqlite_centre))
    newest, home = entries(sqlite_centre, one)[-1].id, sqlite_centre.ids["granvik"]
    assert told == [
        Happening("entry_added", newest, home, one),
        Happening("conversation_changed", one, home, one),
    ]


def test_an_older_version_than_the_newest_is_refused(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    found = do(sqlite_centre, one, assign(sqlite_centre, "vera"))
    found.expect(found.version)
    for other in (found.version - 1, found.version + 1):
        with pytest.raises(Conflict, match="changed this conversation since you read it"):
            found.expect(other)


def test_many_at_once_lose_no_entry_and_no_version(centre: Centre) -> None:
    one = opened(centre)
    before = now(centre, one).version
    with ThreadPoolExecutor(8) as pool:
        done = [
            pool.submit(do, centre, one, lambda unit, found: note.add(unit, found, centre.ids["sara"], "Ring"))
            for _ in range(24)
        ]
    assert all(each.result() for each in done)
    assert now(centre, one).version == before + 24
    assert len(entries(centre, one)) == 25


def test_a_contact_is_due_two_working_days_after_it_came(centre: Centre) -> None:
    one = opened(centre)
    assert now(centre, one).due_at == moment(THURSDAY)


def test_a_reply_clears_and_a_later_contact_is_owed_from_its_own_time(centre: Centre) -> None:
    one = opened(centre)
    at(WEDNESDAY)
    assert do(centre, one, answer(centre)).due_at == NEVER
    at(THURSDAY)
    do(centre, one, contact(centre))
    at(FRIDAY)
    do(centre, one, contact(centre))
    assert owed(centre, one) == moment("2026-11-30 09:00")


def test_neither_a_note_nor_a_change_answers_anything(centre: Centre) -> None:
    one = opened(centre)
    at(WEDNESDAY)
    do(centre, one, lambda unit, found: note.add(unit, found, centre.ids["sara"], "Vi återkommer"))
    do(centre, one, assign(centre, "vera"))
    found = now(centre, one)
    assert found.due_at == moment(THURSDAY)
    assert owed(centre, one) == moment(THURSDAY)


@pytest.mark.parametrize("automatic", [*sorted(NO_CONTACT), "list", None])
def test_automatic_mail_that_nobody_waits_behind_is_not_owed(sqlite_centre: Centre, automatic: str | None) -> None:
    one = opened(sqlite_centre)
    do(sqlite_centre, one, answer(sqlite_centre))
    at(WEDNESDAY)
    do(sqlite_centre, one, contact(sqlite_centre, automatic=automatic))
    assert owed(sqlite_centre, one) == (NEVER if automatic in NO_CONTACT else moment(FRIDAY))


def test_closing_owes_nothing_and_can_be_done_once(centre: Centre) -> None:
    one = opened(centre)
    do(centre, one, wait(centre, FRIDAY))
    at(WEDNESDAY)
    found = do(centre, one, close(centre))
    assert (found.closed_at, found.due_at, found.wait_until) == (moment(WEDNESDAY), NEVER, None)
    at(THURSDAY)
    with pytest.raises(Conflict, match="closed already"):
        do(centre, one, close(centre))
    again = now(centre, one)
    assert (again.closed_at, again.version) == (found.closed_at, found.version)


def test_reopening_owes_from_the_oldest_unanswered_contact(centre: Centre) -> None:
    one = opened(centre, "2026-11-23 09:00")
    do(centre, one, answer(centre))
    at(TUESDAY)
    do(centre, one, contact(centre))
    at(WEDNESDAY)
    do(centre, one, contact(centre))
    do(centre, one, close(centre))
    at("2026-12-15 09:00")
    found = do(centre, one, reopen(centre))
    assert (found.closed_at, found.due_at) == (None, moment(THURSDAY))
    with pytest.raises(Conflict, match="open already"):
        do(centre, one, reopen(centre))


def test_reopening_what_was_answered_owes_nothing(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    at(WEDNESDAY)
    do(sqlite_centre, one, answer(sqlite_centre))
    do(sqlite_centre, one, close(sqlite_centre))
    assert do(sqlite_centre, one, reopen(sqlite_centre)).due_at == NEVER


def test_waiting_is_due_when_the_wait_ends(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    found = do(sqlite_centre, one, wait(sqlite_centre, "2026-12-24 18:00"))
    assert found.wait_until == found.due_at == moment("2026-12-24 18:00")


def test_nobody_waits_for_a_time_gone_by_or_in_a_closed_conversation(sqlite_centre: Centre) -> None:
    one = opened(sqlite_centre)
    for until in (TUESDAY, "2026-11-23 09:00"):
        with pytest.raises(Invalid, match="passed already"):
            do(sqlite_centre, one, wait(sqlite_centre, until))
    do(sqlite_centre, one, close(sqlite_centre))
    with pytest.raises(Conflict, match="reopen it first"):
        do(sqlite_centre, one, wait(sqlite_centre, FRIDAY))


@pytest.mark.parametrize(("days", "due"), [(0, TUESDAY), (1, WEDNESDAY), (5, "2026-12-01 09:00"), (None, THURSDAY)])
def test_a_move_owes_by_the_new_queues_rule(sqlite_centre: Centre, days: int | None, due: str) -> None:
    one = opened(sqlite_centre)
    set_days(sqlite_centre, "vatten", days)
    at(WEDNESDAY)
    found = do(sqlite_centre, one, move(sqlite_centre, "vatten"))
    assert (found.queue_id, found.due_at) == (sqlite_centre.ids["vatten"], moment(due))


def test_a_move_changes_nothing_that_is_waited_for_closed_or_answered(sqlite_centre: Centre) -> None:
    set_days(sqlite_centre, "vatten", 5)
    waiting, closed, answered = (opened(sqlite_centre) for _ in range(3))
    do(sqlite_centre, waiting, wait(sqlite_centre, FRIDAY))
    do(sqlite_centre, closed, close(sqlite_centre))
    do(sqlite_centre, answered, answer(sqlite_centre))
    found = [do(sqlite_centre, each, move(sqlite_centre, "vatten")).due_at for each in (waiting, closed, answered)]
    assert found == [moment(FRIDAY), NEVER, NEVER]


def test_a_queue_that_does_not_answer_here_is_refused_and_nothing_changes(centre: Centre) -> None:
    one = opened(centre)
    before = now(centre, one)

    def retire(unit: Unit) -> None:
        must(unit.get(Queue, centre.ids["vatten"])).retired_at = clock.now()

    centre.do(retire)
    for queue in ("innbygger", "vatten"):
        with pytest.raises(Invalid, match="doesn't answer") as caught:
            do(centre, one, move(centre, queue))
        assert caught.value.field == "queue"
    after = now(centre, one)
    assert (after.queue_id, after.version) == (before.queue_id, before.version)


def test_due_follows_the_municipalitys_own_calendar(sqlite_centre: Centre) -> None:
    """17 May is a day off in Norway alone."""
    ids, came = sqlite_centre.ids, moment("2027-05-14 09:00")
    due = [
        sqlite_centre.do(due_for, ids[code], ids[queue], came)
        for code, queue in (("granvik", "kontakt"), ("nesoy", "innbygger"))
    ]
    assert due == [moment("2027-05-18 09:00"), moment("2027-05-19 09:00")]


def test_another_municipalitys_conversation_is_not_there(centre: Centre) -> None:
    at(TUESDAY)
    foreign = centre.mail(of="nesoy", queue_name="innbygger")
    assert centre.here(lambda unit: unit.lock(Conversation, foreign)) is None
    row = centre.do(lambda unit: must(unit.get(Conversation, foreign)))
    with pytest.raises(NotAllowed, match="outside your own"):
        centre.here(lambda unit: row.close(unit, centre.ids["sara"]))
