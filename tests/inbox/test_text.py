"""Text messages of ours: what became of them, as whoever took them says it, late, doubled and in any order."""

from decimal import Decimal

import pytest
from sqlalchemy import select, update

from hub import clock
from hub.inbox import decided, text
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.text import Text, TextRoute
from hub.storage.unit import Unit
from tests.inbox.writing import now, opened
from tests.storage.centre import Centre, conversation, must

ROUTE_FROM, IDA = "+46766861004", "+46706861004"


def answered(centre: Centre, conversation_id: int) -> None:
    """By a text that the operator has taken, and that closed the conversation."""

    def answer(unit: Unit) -> None:
        route = TextRoute(centre.ids["out"], ROUTE_FROM, IDA)
        found = conversation(unit, conversation_id)
        entry = text.answer(unit, found, centre.ids["sara"], "Vi ringer dig.", route, 0, then="close")
        unit.change(update(Delivery).where(Delivery.entry_id == entry.id).values(state="sent"))
        unit.change(update(Text).where(Text.entry_id == entry.id).values(outside_id="s77"))

    centre.here(answer)


def report(centre: Centre, action: text.Reported, outside_id: str = "s77") -> bool:
    return centre.here(lambda unit: text.report(unit, centre.ids["out"], outside_id, action, clock.now(), ""))


def stands(found: Conversation) -> tuple[bool, bool]:
    """Whether it is open, and owed."""
    return found.closed_at is None, found.due_at != clock.NEVER


def test_an_answer_that_did_not_arrive_is_owed_again(centre: Centre) -> None:
    one = opened(centre)
    answered(centre, one)
    assert stands(now(centre, one)) == (False, False)
    assert report(centre, "failed")
    assert stands(now(centre, one)) == (True, True)
    version = now(centre, one).version
    assert report(centre, "failed")  # once more
    assert now(centre, one).version == version


def test_what_is_said_of_the_first_does_not_end_what_a_person_sends_again(centre: Centre) -> None:
    one = opened(centre)
    answered(centre, one)
    assert report(centre, "failed")

    def again(unit: Unit) -> None:
        row = must(unit.first(select(Delivery)))
        decided.send_again(unit, conversation(unit, one), centre.ids["sara"], row.id)

    centre.here(again)
    assert report(centre, "failed")  # theirs, brought once more
    assert centre.here(lambda unit: unit.all(select(Delivery.state))) == ["queued"]


@pytest.mark.parametrize("late", ["sent", "failed"])
def test_what_has_arrived_has_arrived(centre: Centre, late: text.Reported) -> None:
    one = opened(centre)
    answered(centre, one)
    assert report(centre, "delivered")
    assert report(centre, late)
    assert stands(now(centre, one)) == (False, False)
    assert not report(centre, "failed", "of nobody")


def test_a_price_is_the_last_ones_to_that_country_by_the_same_number(centre: Centre) -> None:
    one = opened(centre)
    route = TextRoute(centre.ids["out"], ROUTE_FROM, IDA)

    def was_paid(unit: Unit, cost: str, parts: int, number: str = IDA, ours: str = ROUTE_FROM) -> None:
        entry = text.send(unit, conversation(unit, one), "Hej!", TextRoute(centre.ids["out"], ours, number), 0)
        entry.body = entry.body | {"parts": parts, "cost": cost}
        unit.change(update(Text).where(Text.entry_id == entry.id).values(outside_id=f"s{entry.id}"))

    def price(unit: Unit) -> text.Price | None:
        return text.price(unit, conversation(unit, one).municipality_id, route)

    assert centre.here(price) is None
    for paid in (
        ("1.04 SEK", 2),
        ("9.00 SEK", 1, "+4791234567"),
        ("7.00 SEK", 1, IDA, "+46766861005"),
        ("free", 1),
        ("", 1),
    ):
        centre.here(was_paid, *paid)
    assert centre.here(price) == text.Price(Decimal("0.52"), "SEK")
