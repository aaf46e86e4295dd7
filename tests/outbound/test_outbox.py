"""Every way a delivery can end, on both engines, with a real mail server at the other end."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager

import pytest

from connectors.smtp import Smtp
from hub import clock
from hub.channels.pause import resume
from hub.contract import Deferred
from hub.errors import Conflict
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry
from hub.inbox.reply import undo
from hub.outbound.deliver import next_due
from hub.storage.unit import Unit
from tests.outbound.conftest import LEASE, PostOffice
from tests.web.world import let_pass, must

Run = Callable[[Callable[[PostOffice], Coroutine[None, None, None]]], None]
HOUR = 3600


@pytest.fixture
def run(post_office: Callable[[], AbstractAsyncContextManager[PostOffice]]) -> Run:
    """A test's story, told in an event loop of its own."""

    def run_it(story: Callable[[PostOffice], Coroutine[None, None, None]]) -> None:
        async def whole() -> None:
            async with post_office() as office:
                await story(office)

        asyncio.run(whole())

    return run_it


def test_an_answer_leaves_when_its_undo_time_is_over(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        let_pass(0)
        delivery = office.answer(undo_seconds=10)
        assert await office.outbox.deliver_due() == 0
        let_pass(9)
        assert await office.outbox.deliver_due() == 0
        assert office.sink.taken == 0
        let_pass(1)
        assert await office.outbox.deliver_due() == 1
        row = office.row(delivery)
        assert (row.state, row.attempt, row.reason) == ("sent", 1, None)
        assert row.settled_at is not None
        assert row.outside_id is not None
        assert office.sink.taken == 1

    run(story)


def test_every_copy_leaves_with_the_files_and_names_all(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        large = b"%PDF" + bytes(range(256)) * 400
        office.answer_with(large, cc=["press@tidning.example"], sender="eva@example.com")
        assert await office.outbox.deliver_due() == 2
        first, second = sorted(office.sink.messages(), key=lambda each: "+" not in each["Reply-To"])
        assert {(each["To"], each["Cc"]) for each in (first, second)} == {("eva@example.com", "press@tidning.example")}
        assert first["Message-ID"] == second["Message-ID"]
        assert second["Reply-To"].endswith("<kommunen@granvik.example>")
        for each in (first, second):
            (file,) = each.iter_attachments()
            assert (file.get_filename(), file.get_content_type()) == ("blå karta.pdf", "application/pdf")
            assert file.get_content() == large

    run(story)


def test_a_file_that_is_gone_keeps_the_mail_back(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        delivery = office.answer_with(b"innehall", lost=True)
        await office.outbox.deliver_due()
        row = office.row(delivery)
        assert (row.state, office.sink.taken) == ("deferred", 0)
        assert "missing" in (row.reason or "")

    run(story)


def test_an_answer_that_was_undone_never_leaves(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        let_pass(0)
        delivery = office.answer(undo_seconds=10)
        office.world.do(take_back, office, delivery)
        let_pass(49 * HOUR)
        assert await office.outbox.deliver_due() == 0
        assert office.sink.arrived == []

    run(story)


def test_what_has_been_leased_can_no_longer_be_undone(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        let_pass(0)
        delivery = office.answer(undo_seconds=10)
        let_pass(10)
        assert len(await office.lease()) == 1
        with pytest.raises(Conflict):
            office.world.do(take_back, office, delivery)

    run(story)


def take_back(unit: Unit, office: PostOffice, delivery_id: int) -> None:
    entry = must(unit.get(Entry, must(unit.get(Delivery, delivery_id)).entry_id))
    undo(unit, must(unit.get(Conversation, entry.conversation_id)), office.world.ids["sara"], entry)


def test_who_asks_us_to_stay_away_longer_is_heeded(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def later(*_: object) -> None:
        raise Deferred("Fewer, please.", wait=95.5)

    async def story(office: PostOffice) -> None:
        let_pass(0)
        monkeypatch.setattr(Smtp, "send", later)
        delivery = office.answer()
        await office.outbox.deliver_due()
        row = office.row(delivery)
        assert (row.state, row.reason) == ("deferred", "Fewer, please.")
        assert (row.not_before - clock.now()) / clock.SECOND == 95.5

    run(story)


def test_not_now_is_tried_again_ever_later_and_given_up_after_48_hours(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        let_pass(0)
        began = clock.now()
        office.sink.plan["rcpt"] = "450"
        delivery = office.answer()
        pauses = []
        while await office.outbox.deliver_due():
            row = office.row(delivery)
            if row.state != "deferred":
                break
            assert row.reason == "450 4.0.0 as planned"
            pauses.append((row.not_before - clock.now()) // clock.SECOND)
            let_pass(pauses[-1] - 1)
            assert await office.outbox.deliver_due() == 0
            let_pass(1)
        assert pauses[:3] == [30, 120, 600]
        assert pauses == sorted(pauses)
        assert pauses[-1] == 4 * HOUR
        assert row.state == "failed"
        assert row.reason == "Given up after 48 hours. 450 4.0.0 as planned"
        assert 48 * HOUR < (clock.now() - began) // clock.SECOND < 53 * HOUR
        assert row.settled_at == clock.now()
        assert office.sink.taken == 0

    run(story)


def test_what_nobody_got_is_owed_again(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        office.sink.plan["rcpt"] = "550"
        delivery = office.answer()

        def due(unit: Unit) -> int:
            entry = must(unit.get(Entry, must(unit.get(Delivery, delivery)).entry_id))
            return must(unit.get(Conversation, entry.conversation_id)).due_at

        assert office.world.do(due) == clock.NEVER
        assert await office.outbox.deliver_due() == 1
        assert office.world.do(due) < clock.NEVER

    run(story)


@pytest.mark.parametrize("moment", ["mail", "rcpt", "data", "after_dot"])
def test_a_refusal_is_shown_in_the_servers_words_and_final(run: Run, moment: str) -> None:
    async def story(office: PostOffice) -> None:
        office.sink.plan[moment] = "550"
        delivery = office.answer()
        assert await office.outbox.deliver_due() == 1
        row = office.row(delivery)
        assert (row.state, row.reason) == ("failed", "550 4.0.0 as planned")
        assert row.settled_at is not None
        office.sink.plan.clear()
        let_pass(49 * HOUR)
        assert await office.outbox.sweep() == 0
        assert await office.outbox.deliver_due() == 0
        assert office.sink.taken == 0

    run(story)


@pytest.mark.parametrize("deed", ["hang", "cut", "reset"])
def test_no_answer_after_the_dot_is_uncertain_and_never_sent_again(run: Run, deed: str) -> None:
    async def story(office: PostOffice) -> None:
        office.sink.plan["after_dot"] = deed
        delivery = office.answer()
        tries = office.deliver_to_who_hangs if deed == "hang" else office.outbox.deliver_due
        assert await tries() == 1
        row = office.row(delivery)
        assert row.state == "uncertain"
        assert row.reason == "The mail server didn't say whether it took it."
        office.sink.plan.clear()
        for _ in range(3):
            let_pass(20 * HOUR)
            assert await office.outbox.sweep() == 0
            assert await office.outbox.deliver_due() == 0
        assert office.row(delivery).state == "uncertain"
        assert len(office.sink.arrived) == office.sink.taken == 1

    run(story)


@pytest.mark.parametrize(
    ("moment", "deed"), [("connect", "hang"), ("connect", "cut"), ("mail", "reset"), ("rcpt", "hang")]
)
def test_no_answer_before_it_was_handed_over_is_tried_again(run: Run, moment: str, deed: str) -> None:
    async def story(office: PostOffice) -> None:
        office.sink.plan[moment] = deed
        delivery = office.answer()
        tries = office.deliver_to_who_hangs if deed == "hang" else office.outbox.deliver_due
        assert await tries() == 1
        row = office.row(delivery)
        assert (row.state, row.handed_over_at) == ("deferred", None)
        assert row.reason
        office.sink.plan.clear()
        let_pass(31)
        assert await office.outbox.deliver_due() == 1
        assert office.row(delivery).state == "sent"
        assert office.sink.taken == 1

    run(story)


def test_a_process_that_died_before_handing_over_is_followed_by_another_attempt(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        delivery = office.answer()
        assert len(await office.lease()) == 1
        let_pass(LEASE - 1)
        assert await office.outbox.sweep() == 0
        let_pass(2)
        assert await office.outbox.sweep() == 1
        assert await office.outbox.deliver_due() == 1
        row = office.row(delivery)
        assert (row.state, row.attempt, office.sink.taken) == ("sent", 2, 1)

    run(story)


def test_who_lost_its_lease_before_handing_over_sends_nothing(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        delivery = office.answer()
        (slow,) = await office.lease()
        let_pass(LEASE + 1)
        await office.outbox.sweep()
        (quick,) = await office.lease()
        assert quick.fence > slow.fence
        await office.deliver(slow)
        assert office.sink.arrived == []
        assert office.row(delivery).state == "leased"
        await office.deliver(quick)
        assert office.row(delivery).state == "sent"
        await office.deliver(slow)
        assert (office.row(delivery).state, office.sink.taken) == ("sent", 1)

    run(story)


@pytest.mark.parametrize(("answer", "state"), [(None, "sent"), ("550", "failed")])
def test_an_answer_after_the_sweep_called_it_uncertain_still_settles_it(
    run: Run, answer: str | None, state: str
) -> None:
    async def story(office: PostOffice) -> None:
        if answer:
            office.sink.plan["after_dot"] = answer
        office.sink.gate.clear()
        delivery = office.answer()
        (leased,) = await office.lease()
        attempt = asyncio.create_task(office.deliver(leased))
        await office.sink.came.wait()
        assert office.row(delivery).state == "handed_over"
        let_pass(LEASE + 1)
        assert await office.outbox.sweep() == 1
        row = office.row(delivery)
        assert row.state == "uncertain"
        assert row.reason
        office.sink.gate.set()
        await attempt
        row = office.row(delivery)
        assert (row.state, row.reason) == (state, "550 4.0.0 as planned" if answer else None)
        assert row.settled_at is not None
        assert len(office.sink.arrived) == 1

    run(story)


def test_a_wanted_log_in_pauses_the_channel_and_keeps_the_answers(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        office.sink.plan["mail"] = "530"
        delivery = office.answer()
        await office.outbox.deliver_due()
        assert "wants a log-in" in (office.channel().paused_why or "")
        assert office.row(delivery).state == "deferred"
        office.sink.plan.clear()
        await stands_still_until_resumed(office, [delivery, office.answer()])

    run(story)


def test_settings_that_do_not_fit_pause_the_channel_and_keep_the_answers(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        port = office.channel().config["port"]
        office.set(port=0)
        delivery = office.answer()
        await office.outbox.deliver_due()
        assert "port" in (office.channel().paused_why or "")
        assert office.row(delivery).state == "deferred"
        office.set(port=port)
        await stands_still_until_resumed(office, [delivery, office.answer()])

    run(story)


async def stands_still_until_resumed(office: PostOffice, deliveries: list[int]) -> None:
    let_pass(20 * HOUR)
    assert await office.lease() == []
    # Nor does it make the outbox look again and again: what stands still isn't due.
    assert office.world.do(next_due) is None
    attempts = [office.row(each).attempt for each in deliveries]
    assert attempts == [1, 0]
    office.world.do(resume, office.registry, office.channel_id, lambda _: True)
    assert await office.outbox.deliver_due() == 2
    assert [office.row(each).state for each in deliveries] == ["sent", "sent"]
    assert office.sink.taken == 2


def test_every_attempt_carries_the_same_message_id(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        let_pass(0)
        office.sink.plan["after_dot"] = "450"
        office.sink.times = 2
        delivery = office.answer()
        for seconds in (0, 30, 120):
            let_pass(seconds)
            assert await office.outbox.deliver_due() == 1
        row = office.row(delivery)
        assert (row.state, row.attempt, office.sink.taken) == ("sent", 3, 1)
        ids = [str(each["Message-ID"]) for each in office.sink.messages()]
        assert ids == [row.message_id] * 3

    run(story)


def test_the_wire_carries_whom_it_is_from_and_what_it_answers(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        delivery = office.answer("Åh, den är på väg.", subject="Var är min faktura?")
        await office.outbox.deliver_due()
        (message,) = office.sink.messages()
        row = office.row(delivery)
        token = row.message_id[1:45]
        assert str(message["From"]) == "Granvik <kommunen@granvik.example>"
        assert message["To"].addresses[0].addr_spec == "citizen1@example.com"
        assert message["Reply-To"].addresses[0].addr_spec == f"kommunen+{token}@granvik.example"
        assert str(message["Message-ID"]) == row.message_id
        assert row.message_id.endswith("@granvik.example>")
        assert str(message["In-Reply-To"]) == "<1@example.com>"
        assert str(message["References"]) == "<1@example.com>"
        assert str(message["Subject"]) == "Re: Var är min faktura?"
        assert "Åh, den är på väg." in must(message.get_body(("plain",))).get_content()

    run(story)


def test_one_bad_recipient_does_not_hold_up_the_others(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        office.sink.plan["rcpt"] = "550"
        office.sink.times = 1
        deliveries = [office.answer() for _ in range(25)]
        while await office.outbox.deliver_due():
            pass
        states = sorted(office.row(each).state for each in deliveries)
        assert states == ["failed"] + ["sent"] * 24
        assert office.sink.taken == 24

    run(story)
