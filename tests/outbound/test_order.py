"""Who locks a conversation and its delivery locks them in this order: nobody waits for one who waits for them."""

import asyncio
import threading

import psycopg
import pytest
from sqlalchemy import make_url

from hub.outbound import settle
from hub.outbound.deliver import OUTBOX
from tests.line import until
from tests.outbound.conftest import PostOffice
from tests.outbound.test_outbox import Run, run

__all__ = ["run"]
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.mark.parametrize("state", ["failed", "deferred"])
def test_a_failure_is_settled_after_who_has_the_conversation(run: Run, state: str) -> None:
    async def story(office: PostOffice) -> None:
        engine = office.world.storage.engines.writer
        office.answer()
        (leased,) = await office.lease()
        if engine.dialect.name == "sqlite":  # one writer: there is nobody to wait for
            office.world.storage.write_now(OUTBOX, settle.settle, leased.id, leased.fence, settle.Outcome(state, "No."))
            assert office.row(leased.id).state == state
            return
        dsn = make_url(engine.url.render_as_string(hide_password=False)).set(drivername="postgresql")
        with psycopg.connect(dsn.render_as_string(hide_password=False)) as mail_in:
            mail_in.execute("SELECT id FROM conversation FOR UPDATE")
            outcome = settle.Outcome(state, "No.")
            settling = threading.Thread(
                target=office.world.storage.write_now, args=(OUTBOX, settle.settle, leased.id, leased.fence, outcome)
            )
            settling.start()
            await asyncio.to_thread(until, lambda: mail_in.execute(WAITS).fetchone() != (0,))
            mail_in.execute("SELECT id FROM delivery WHERE id = %s FOR UPDATE NOWAIT", [leased.id])
        settling.join(60)
        assert office.row(leased.id).state == state

    run(story)
