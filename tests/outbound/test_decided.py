"""What a person decides on a delivery whose end no program knows (F03): again under its Message-ID, or it arrived."""

import pytest
from sqlalchemy import select

from hub.contract import OutgoingMessage, Receipt
from hub.errors import Conflict, NotFound
from hub.inbox import decided
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry
from hub.storage.unit import Unit
from tests.outbound.conftest import PostOffice
from tests.outbound.test_outbox import HOUR, Run, run
from tests.web.world import let_pass, must

__all__ = ["run"]


async def _uncertain(office: PostOffice) -> int:
    office.sink.plan["after_dot"] = "reset"
    made = office.answer()
    await office.outbox.deliver_due()
    office.sink.plan.clear()
    assert office.row(made).state == "uncertain"
    return made


def _whole(unit: Unit, delivery_id: int) -> Conversation:
    entry = must(unit.get(Entry, must(unit.get(Delivery, delivery_id)).entry_id))
    return must(unit.get(Conversation, entry.conversation_id))


def test_sent_again_it_leaves_once_more_under_the_same_message_id(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        made = await _uncertain(office)
        sara = office.world.ids["sara"]
        office.world.do(lambda unit: decided.send_again(unit, _whole(unit, made), sara, made))
        assert await office.outbox.deliver_due() == 1
        row = office.row(made)
        assert (row.state, row.attempt, row.reason) == ("sent", 1, None)
        first, second = office.sink.messages()
        assert first["Message-ID"] == second["Message-ID"]
        assert office.sink.arrived[0] == office.sink.arrived[1]
        with pytest.raises(Conflict):
            office.world.do(lambda unit: decided.send_again(unit, _whole(unit, made), sara, made))

    run(story)


def test_what_arrived_is_sent_and_never_leaves_again(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        made = await _uncertain(office)
        sara = office.world.ids["sara"]
        office.world.do(lambda unit: decided.arrived(unit, _whole(unit, made), sara, "Sara Lind", made))
        let_pass(50 * HOUR)
        assert await office.outbox.deliver_due() == 0
        row = office.row(made)
        assert (row.state, row.reason) == ("sent", "Sara Lind says that it arrived.")
        assert len(office.sink.arrived) == 1

    run(story)


def test_given_up_and_sent_again_it_has_48_hours_anew(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        let_pass(0)
        office.sink.plan["rcpt"] = "450"
        made = office.answer()
        while await office.outbox.deliver_due() and office.row(made).state == "deferred":
            let_pass(4 * HOUR)
        assert office.row(made).state == "failed"
        sara = office.world.ids["sara"]
        office.world.do(lambda unit: decided.send_again(unit, _whole(unit, made), sara, made))
        for pause in (30, 120, 600):
            assert await office.outbox.deliver_due() == 1
            assert office.row(made).state == "deferred"
            let_pass(pause)

    run(story)


def test_nothing_is_decided_on_what_is_another_conversations_or_under_way(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        made, other = await _uncertain(office), office.world.mail()
        sara = office.world.ids["sara"]
        with pytest.raises(NotFound):
            office.world.do(lambda unit: decided.send_again(unit, must(unit.get(Conversation, other)), sara, made))
        leaves = office.answer()
        with pytest.raises(Conflict):
            office.world.do(lambda unit: decided.send_again(unit, _whole(unit, leaves), sara, leaves))
        with pytest.raises(Conflict):
            office.world.do(lambda unit: decided.arrived(unit, _whole(unit, leaves), sara, "Sara Lind", leaves))

    run(story)


def test_refused_for_one_recipient_it_failed_for_that_one_alone(run: Run) -> None:
    """A connector whose other side took the message for some only (Receipt.refused)."""

    async def story(office: PostOffice) -> None:
        first = office.answer_with(b"fil", cc=["press@tidning.example"], sender="eva@example.com")

        async def send(_: object, message: OutgoingMessage, handing_over: object) -> Receipt:
            await handing_over()  # type: ignore[operator]  # as the hub gives it
            return Receipt("taken", {"PRESS@tidning.example": "550 5.1.1 no such user"})

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(office.registry.connectors["smtp"], "send", send)
            assert await office.outbox.deliver_due() == 2
        assert office.row(first).state == "sent"
        rows = office.world.do(lambda unit: [(each.recipient, each.state, each.reason) for each in _of(unit, first)])
        assert ("press@tidning.example", "failed", "550 5.1.1 no such user") in rows

    run(story)


def _of(unit: Unit, delivery_id: int) -> list[Delivery]:
    return list(unit.all(select(Delivery).where(Delivery.entry_id == must(unit.get(Delivery, delivery_id)).entry_id)))
