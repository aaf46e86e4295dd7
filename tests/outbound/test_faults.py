"""F03 and F04 of the fault table: the sender stops around DATA, the mail server does what it should not."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from hub.inbox import decided
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry
from hub.outbound import settle
from hub.outbound.deliver import OUTBOX
from hub.settings import Settings
from hub.storage.unit import Unit
from tests.outbound.conftest import LEASE, PostOffice
from tests.outbound.test_outbox import HOUR, Run, run
from tests.web.world import let_pass, must

__all__ = ["run"]
TWO_MINUTES = 120


@pytest.fixture
def database_url(sqlite_database: str) -> str:
    """What differs between engines stands in `test_outbox`: here the mail server does."""
    return sqlite_database


async def _before_data(office: PostOffice) -> None:
    """Leased, and no more."""
    await office.lease()


async def _handed_over(office: PostOffice) -> None:
    """Committed that it may arrive; not a byte has left."""
    (leased,) = await office.lease()
    await office.world.storage.write(OUTBOX, settle.hand_over, leased.id, leased.fence, LEASE)


async def _after_the_dot(office: PostOffice) -> None:
    """The server has all of it, and says nothing yet."""
    office.sink.gate.clear()
    (leased,) = await office.lease()
    sending = asyncio.create_task(office.deliver(leased))
    await office.sink.came.wait()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    office.sink.gate.set()


@pytest.mark.parametrize(
    ("stops", "state", "arrived"),
    [(_before_data, "sent", 1), (_handed_over, "uncertain", 0), (_after_the_dot, "uncertain", 1)],
)
def test_f03_a_sender_that_stops_loses_nothing_and_sends_nothing_twice(
    run: Run, stops: Callable[[PostOffice], Awaitable[None]], state: str, arrived: int
) -> None:
    async def story(office: PostOffice) -> None:
        let_pass(0)
        made = office.answer()
        await stops(office)
        let_pass(LEASE + 1)
        for _ in range(3):
            await office.outbox.sweep()
            await office.outbox.deliver_due()
            let_pass(20 * HOUR)
        assert (office.row(made).state, len(office.sink.arrived)) == (state, arrived)

    run(story)


def test_f03_what_a_person_has_sent_again_is_the_same_mail(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        let_pass(0)
        made = office.answer()
        await _after_the_dot(office)
        let_pass(LEASE + 1)
        await office.outbox.sweep()

        def again(unit: Unit) -> None:
            entry = must(unit.get(Entry, must(unit.get(Delivery, made)).entry_id))
            found = must(unit.get(Conversation, entry.conversation_id))
            decided.send_again(unit, found, office.world.ids["sara"], made)

        office.world.do(again)
        await office.outbox.deliver_due()
        assert office.row(made).state == "sent"
        first, second = office.sink.arrived
        assert first == second

    run(story)


def test_f04_accepted_and_hung_is_uncertain_within_two_minutes(run: Run) -> None:
    """However long the channel's own patience is."""

    async def story(office: PostOffice) -> None:
        let_pass(0)
        office.set(timeout=600)
        office.sink.gate.clear()
        made = office.answer()
        (leased,) = await office.lease()
        sending = asyncio.create_task(office.deliver(leased))
        await office.sink.came.wait()
        let_pass(LEASE + 1)
        await office.outbox.sweep()
        row = office.row(made)
        assert (row.state, row.reason) == ("uncertain", "The program stopped while the mail server was taking it.")
        office.sink.gate.set()
        await sending
        assert office.row(made).state == "sent"  # it answered after all

    run(story)
    settings = Settings()
    assert settings.lease_seconds + settings.sweep_seconds < TWO_MINUTES
    assert settings.lease_seconds == LEASE


@pytest.mark.parametrize(
    ("moment", "state"),
    [("connect", "deferred"), ("mail", "deferred"), ("rcpt", "deferred"), ("data", "uncertain"), ("body", "uncertain"),
     ("after_dot", "uncertain")],
)  # fmt: skip
def test_f04_a_connection_that_is_reset(run: Run, moment: str, state: str) -> None:
    async def story(office: PostOffice) -> None:
        office.sink.plan[moment] = "reset"
        made = office.answer()
        await office.outbox.deliver_due()
        assert office.row(made).state == state

    run(story)


@pytest.mark.parametrize(("after", "state"), [("", "deferred"), ("RCPT", "deferred"), (".", "uncertain")])
def test_f04_a_server_that_says_a_byte_at_a_time_holds_nobody_up(run: Run, after: str, state: str) -> None:
    """Never a whole line: the time for an answer counts for all of it, not for each byte."""

    async def story(office: PostOffice) -> None:
        server = await asyncio.start_server(partial(_drip, after=after), "127.0.0.1", 0)
        office.set(timeout=2, port=server.sockets[0].getsockname()[1])
        made = office.answer()
        try:
            await office.outbox.deliver_due()
        finally:
            server.close()
        assert office.row(made).state == state

    run(story)


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, after: str) -> None:
    """Well-behaved until a line begins with `after`; from then on a byte every now and then."""
    try:
        said = ""
        if after:
            writer.write(b"220 slow.example\r\n")
        while after and not said.startswith(after):
            said = (await reader.readline()).decode()
            if not said:
                return
            if said.startswith("DATA"):
                writer.write(b"354 go on\r\n")
                while (said := (await reader.readline()).decode()) not in {".\r\n", ""}:
                    pass
            elif not said.startswith(after):
                writer.write(b"250 OK\r\n")
        while True:
            writer.write(b"2")
            await writer.drain()
            await asyncio.sleep(0.05)
    except ConnectionError:
        pass
    finally:
        writer.close()


def test_f04_an_error_of_tls_puts_it_off_and_says_why(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        office.set(security="starttls")
        made = office.answer()
        await office.outbox.deliver_due()
        row = office.row(made)
        assert row.state == "deferred"
        assert "starttls" in (row.reason or "")
        assert office.sink.arrived == []
        office.set(security="none")
        let_pass(31)
        await office.outbox.deliver_due()
        assert office.row(made).state == "sent"

    run(story)


def test_f04_greylisted_it_comes_again_as_the_same_mail_and_arrives_once(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        let_pass(0)
        office.sink.plan["rcpt"] = "451"
        made = office.answer()
        await office.outbox.deliver_due()
        first = office.row(made)
        assert (first.state, first.reason) == ("deferred", "451 4.0.0 as planned")
        office.sink.plan.clear()
        let_pass(30)
        await office.outbox.deliver_due()
        row = office.row(made)
        assert (row.state, row.attempt, row.message_id) == ("sent", 2, first.message_id)
        assert len(office.sink.arrived) == 1

    run(story)
