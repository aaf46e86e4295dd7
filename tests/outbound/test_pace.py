"""So many mails a minute leave by a channel that has a pace, whichever process sends; the others don't wait for it."""

from hub import clock
from hub.channels.channel import Channel
from hub.doorbell import Doorbell
from hub.outbound.deliver import lease, next_due
from hub.outbound.pipeline import Outbox
from hub.storage.unit import Unit
from tests.outbound.conftest import LEASE, PostOffice
from tests.outbound.test_outbox import Run, run
from tests.web.world import let_pass, must

__all__ = ["run"]


def pace(office: PostOffice, per_minute: int | None) -> None:
    def write(unit: Unit) -> None:
        must(unit.get(Channel, office.channel_id)).per_minute = per_minute

    office.world.do(write)


def test_of_a_channel_with_a_pace_one_leaves_at_a_time(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        let_pass(0)
        pace(office, 6)
        given = [office.answer() for _ in range(3)]
        assert [await office.outbox.deliver_due() for _ in range(3)] == [1, 0, 0]
        waits = office.world.do(next_due)
        assert waits == office.channel().next_send_at
        let_pass(9)
        assert await office.outbox.deliver_due() == 0
        let_pass(1)
        assert await office.outbox.deliver_due() == 1
        let_pass(10)
        assert await office.outbox.deliver_due() == 1
        assert [office.row(each).state for each in given] == ["sent"] * 3
        assert office.world.do(next_due) is None

    run(story)


def test_two_processes_share_the_pace_and_over_a_minute_no_more_leave(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        let_pass(0)
        pace(office, 20)
        other = Outbox(office.world.storage, office.registry, Doorbell(), LEASE, 20)
        for _ in range(25):
            office.answer()
        left, began = 0, clock.now()
        while clock.now() < began + 59 * clock.SECOND:  # a slow machine's own seconds pass, too
            left += await office.outbox.deliver_due() + await other.deliver_due()
            let_pass(1)
        assert 10 < left == office.sink.taken <= 20

    run(story)


def test_without_a_pace_all_leave_at_once_and_a_pause_holds_both(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        pace(office, 1)
        for _ in range(2):
            office.answer()

        def hold(unit: Unit, why: str | None) -> None:
            must(unit.get(Channel, office.channel_id)).paused_why = why

        office.world.do(hold, "Vi byter server.")
        assert await office.outbox.deliver_due() == 0
        office.world.do(hold, None)
        pace(office, None)
        assert await office.outbox.deliver_due() == 2

    run(story)


def test_one_leaves_at_a_time_whatever_the_planner_of_queries_thinks_best(run: Run) -> None:
    def by_loops(unit: Unit) -> None:
        if unit.dialect == "postgresql":
            for way in ("hashjoin", "hashagg", "mergejoin", "material", "sort"):
                unit.session.connection().exec_driver_sql(f"SET LOCAL enable_{way} = off")

    def leased(unit: Unit) -> int:
        by_loops(unit)
        return len(lease(unit, LEASE, 20))

    async def story(office: PostOffice) -> None:
        let_pass(0)
        pace(office, 20)
        for _ in range(5):
            office.answer()
        assert office.world.do(leased) == 1

    run(story)
