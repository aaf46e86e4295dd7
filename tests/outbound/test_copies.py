"""A copy in the mailbox's Sent folder: after the mail, apart from it, once; and its trouble is never the mail's."""

from typing import ClassVar

import pytest
from sqlalchemy import select

from hub.channels.channel import Channel
from hub.contract import Config, KeepsSent, Unreachable
from hub.doorbell import Doorbell
from hub.inbox.sent_copy import SentCopy
from hub.outbound.copies import Copies
from hub.storage.unit import Unit
from tests.outbound.conftest import PostOffice
from tests.outbound.test_outbox import HOUR, Run, run
from tests.web.world import let_pass, must

__all__ = ["run"]


class Settings(Config, frozen=True):
    """None."""


class Folder(KeepsSent[Settings]):
    """A mailbox with a Sent folder, which a test can make misbehave."""

    kind = "folder_of_the_test"
    title = "A mailbox"
    Config = Settings
    kept: ClassVar[dict[str, bytes]] = {}
    calls = 0
    trouble: BaseException | None = None

    async def keep_sent(self, message: bytes, message_id: str) -> None:
        Folder.calls += 1
        if Folder.trouble is not None:
            raise Folder.trouble
        self.kept.setdefault(message_id, message)


@pytest.fixture(autouse=True)
def folder() -> None:
    Folder.kept.clear()
    Folder.calls, Folder.trouble = 0, None


def keeps(office: PostOffice) -> Copies:
    """The incoming channel is that mailbox from now on."""
    office.registry.connectors[Folder.kind] = Folder  # type: ignore[index]  # a plugin that is there for the test

    def write(unit: Unit) -> None:
        row = must(unit.get(Channel, office.world.ids["in"]))
        row.kind, row.config, row.keeps_sent = Folder.kind, {}, True

    office.world.do(write)
    return Copies(office.world.storage, office.registry, Doorbell(), 20)


def copies(office: PostOffice) -> list[tuple[str, int, str | None]]:
    rows = office.world.do(lambda unit: unit.all(select(SentCopy).order_by(SentCopy.id)))
    return [(row.state, row.attempt, row.reason) for row in rows]


def test_it_comes_after_the_mail_and_is_what_its_recipient_got(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        kept = keeps(office)
        office.answer_with(b"innehall", cc=["press@tidning.example"], sender="eva@example.com")
        assert not await kept.keep_due()
        assert copies(office) == [("waits", 0, None)]
        assert await office.outbox.deliver_due() == 2
        assert await kept.keep_due()
        assert not await kept.keep_due()
        assert copies(office) == [("kept", 1, None)]
        assert Folder.calls == 1
        (message,) = Folder.kept.values()
        assert message in office.sink.arrived

    run(story)


def test_what_was_never_taken_is_in_no_folder(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        kept = keeps(office)
        office.sink.plan["rcpt"] = "550"
        office.answer()
        await office.outbox.deliver_due()
        assert not await kept.keep_due()
        assert copies(office) == [("waits", 0, None)]

    run(story)


def test_a_folder_that_cant_be_reached_is_tried_again_and_the_mail_is_sent_all_the_same(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        let_pass(0)
        kept = keeps(office)
        Folder.trouble = Unreachable("The mailbox is away.")
        delivery = office.answer()
        await office.outbox.deliver_due()
        assert await kept.keep_due()
        assert copies(office) == [("queued", 1, "The mailbox is away.")]
        assert office.row(delivery).state == "sent"
        assert not await kept.keep_due()
        Folder.trouble = None
        let_pass(30)
        assert await kept.keep_due()
        assert copies(office) == [("kept", 2, None)]
        Folder.trouble = Unreachable("The mailbox is away.")
        office.answer()
        await office.outbox.deliver_due()
        while copies(office)[-1][0] == "queued":
            assert await kept.keep_due()
            let_pass(4 * HOUR)
        assert copies(office)[-1][0] == "failed"
        assert len(office.sink.arrived) == 2

    run(story)


def test_who_stopped_in_the_middle_is_followed_and_it_is_kept_once(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        let_pass(0)
        kept = keeps(office)
        office.answer()
        await office.outbox.deliver_due()
        Folder.trouble = KeyboardInterrupt()  # as if killed after it was put there
        with pytest.raises(KeyboardInterrupt):
            await kept.keep_due()
        assert copies(office)[0][:2] == ("leased", 1)
        assert not await kept.keep_due()
        Folder.trouble = None
        let_pass(HOUR)
        assert await kept.keep_due()
        assert copies(office) == [("kept", 2, None)]
        assert len(Folder.kept) == 1

    run(story)


def test_by_default_none_is_kept(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        office.answer()
        await office.outbox.deliver_due()
        assert copies(office) == []

    run(story)
