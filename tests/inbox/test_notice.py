"""What was promised, told by text message: the day and the time as the citizen's language writes them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from hub import clock
from hub.inbox import notice, text
from hub.inbox.delivery import Delivery
from hub.inbox.municipality import Municipality
from hub.inbox.text import Text, TextRoute
from hub.outbound import settle
from hub.storage.unit import Unit
from tests.inbox.writing import now, opened
from tests.storage.centre import Centre, conversation, must

AT = clock.from_datetime(datetime(2099, 12, 2, 10, 5, tzinfo=ZoneInfo("Europe/Stockholm")))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("sv", "vi ringer dig onsdag 2 december kl. 10:05."),
        ("nb", "vi ringer deg onsdag 2. desember kl. 10:05."),
        ("nn", "vi ringjer deg onsdag 2. desember kl. 10:05."),
        ("da", "vi ringer til dig onsdag den 2. december kl. 10.05."),
        ("fi", "soitamme sinulle keskiviikkona 2. joulukuuta klo 10.05."),
        ("en", "we will call you on Wednesday 2 December at 10:05."),
    ],
)
def test_the_day_and_the_time_are_written_as_the_language_does(centre: Centre, language: str, said: str) -> None:
    one = opened(centre)

    def promise(unit: Unit) -> str:
        found = conversation(unit, one)
        found.language = language
        route = TextRoute(centre.ids["out"], "+46766861004", "+46706861004")
        return notice.send(unit, found, route, None, AT).text

    assert centre.here(promise).endswith(said)


@pytest.mark.parametrize("language", [*notice.ANSWERED, None])
def test_how_many_messages_it_takes_at_most_is_known_before_it_is_promised(language: str | None) -> None:
    long = "Upplands Väsby och grannarnas gemensamma kontaktcenter för medborgare"
    for name, most in (("Granvik kommun", 1), (long, 2)):
        assert notice.parts(Municipality(name=name, language="sv"), language) == most


def told(centre: Centre, one: int, *, waits: bool) -> None:
    """What is promised for then, by a text message that the operator has taken."""

    def tell(unit: Unit) -> None:
        found = conversation(unit, one)
        if waits:
            found.wait(unit, centre.ids["sara"], AT)
        else:
            found.assign(unit, centre.ids["sara"], centre.ids["sara"])
            found.close(unit, centre.ids["sara"])
        entry = notice.send(unit, found, TextRoute(centre.ids["out"], "+46766861004", "+46706861004"), AT, None)
        unit.change(update(Delivery).where(Delivery.entry_id == entry.id).values(state="sent"))
        unit.change(update(Text).where(Text.entry_id == entry.id).values(outside_id="s78"))

    centre.here(tell)


@pytest.mark.parametrize("waits", [True, False])
def test_one_that_reached_nobody_brings_its_conversation_back(centre: Centre, waits: bool) -> None:
    one = opened(centre)
    told(centre, one, waits=waits)
    before = now(centre, one)
    assert (before.closed_at is None, before.due_at > clock.now()) == (waits, True)
    for _ in range(2):  # brought once more
        centre.here(lambda unit: text.report(unit, centre.ids["out"], "s78", "failed", clock.now(), ""))
        back = now(centre, one)
        assert (back.closed_at, back.assignee_id) == (None, before.assignee_id)
        assert back.due_at <= clock.now()
        assert back.wait_until in {None, back.due_at}


def test_one_that_cannot_leave_brings_its_conversation_back_as_well(centre: Centre) -> None:
    one = opened(centre)
    told(centre, one, waits=True)

    def fails(unit: Unit) -> bool:
        delivery_id = must(unit.first(select(Delivery.id)))
        unit.change(update(Delivery).where(Delivery.id == delivery_id).values(state="leased", fence=7))
        return settle.settle(unit, delivery_id, 7, settle.Outcome("failed", "46elks says: no such number"))

    assert centre.here(fails)
    assert now(centre, one).due_at <= clock.now()
