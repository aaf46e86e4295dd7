"""A channel's object serves one mail after the other, as long as its settings stay and it didn't fail."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar

import pytest

from hub.channels import settings
from hub.channels.channel import Channel
from hub.channels.renewing import renewing
from hub.contract import Config, Misconfigured, OutgoingMessage, Receipt, Refused, Secret, Sends, Unreachable
from hub.outbound import connectors
from hub.outbound.connectors import CHANNELS, Connectors
from hub.storage.unit import Unit
from tests.outbound.conftest import PostOffice
from tests.outbound.test_outbox import Run, run
from tests.web.world import must

__all__ = ["run"]


class Settings(Config, frozen=True):
    """What it logs in with."""

    token: Secret = Secret("the first")


async def next_token(_: Secret | None) -> Secret | None:
    return Secret("the next")


class Counter(Sends[Settings]):
    """Says how many of it there are."""

    kind = "counter_of_the_test"
    title = "A counter"
    Config = Settings
    made: ClassVar[list["Counter"]] = []
    trouble: ClassVar[Exception | None] = None

    async def send(self, message: OutgoingMessage, handing_over: Callable[[], Awaitable[None]]) -> Receipt:  # noqa: ARG002 - it sends nothing
        if self not in self.made:
            self.made.append(self)
            await self.tools.renew_secret("token", next_token)
        if Counter.trouble is not None:
            raise Counter.trouble
        await handing_over()
        return Receipt(None)


@pytest.fixture(autouse=True)
def counter() -> None:
    Counter.made.clear()
    Counter.trouble = None


def count(office: PostOffice) -> None:
    """Mail leaves by a counter from now on."""
    office.registry.connectors[Counter.kind] = Counter  # type: ignore[index]  # a plugin that is there for the test

    def write(unit: Unit) -> None:
        row = must(unit.get(Channel, office.channel_id))
        row.kind, row.config, row.secrets = Counter.kind, {}, None

    office.world.do(write)


def change(office: PostOffice) -> None:
    def write(unit: Unit) -> None:
        must(unit.get(Channel, office.channel_id)).changed_at = 1

    office.world.do(write)


def test_one_object_sends_all_until_its_settings_are_others(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        count(office)
        given = [office.answer() for _ in range(3)]
        assert await office.outbox.deliver_due() == 3
        given.append(office.answer())
        assert await office.outbox.deliver_due() == 1
        assert len(Counter.made) == 1
        change(office)
        given.append(office.answer())
        assert await office.outbox.deliver_due() == 1
        assert len(Counter.made) == 2
        assert {office.row(each).state for each in given} == {"sent"}

    run(story)


def test_a_secret_that_it_is_given_anew_is_kept(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        count(office)
        office.answer()
        assert await office.outbox.deliver_due() == 1
        async with Connectors(office.world.storage, office.registry).of(office.channel_id) as other:
            assert other.config.token.reveal() == "the next"

    run(story)


def test_a_secret_that_is_used_up_when_it_is_renewed_is_used_by_one_at_a_time(run: Run) -> None:
    """The puller, what sends and who tries the settings: each takes what the one before was given."""
    used: list[str] = []

    async def use_up(present: Secret | None) -> Secret | None:
        used.append(present.reveal() if present else "the first")
        await asyncio.sleep(0.05)
        return Secret(f"after {used[-1]}")

    async def story(office: PostOffice) -> None:
        count(office)
        objects = [renewing(office.world.storage, office.channel_id) for _ in range(4)]
        await asyncio.gather(*(each("token", use_up) for each in objects))
        assert len(set(used)) == 4, "none was used twice"
        async with Connectors(office.world.storage, office.registry).of(office.channel_id) as other:
            assert other.config.token.reveal() == f"after {used[-1]}"

    run(story)


@pytest.mark.parametrize("given", [{}, {"token": "typed"}])
def test_settings_that_are_saved_keep_what_was_renewed_meanwhile(run: Run, given: dict[str, str]) -> None:
    """A secret that somebody gives is theirs, whatever comes of the one before."""

    async def story(office: PostOffice) -> None:
        count(office)
        storage = office.world.storage
        made = await storage.read(CHANNELS, settings.draft, office.registry, office.channel_id, given)
        config = await settings.check(storage, made)
        await renewing(storage, office.channel_id)("token", next_token)
        await storage.write(CHANNELS, settings.save, made, config)
        async with Connectors(storage, office.registry).of(office.channel_id) as other:
            assert other.config.token.reveal() == given.get("token", "the next")

    run(story)


def test_a_no_to_one_mail_costs_nothing_and_a_failure_begins_anew(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        count(office)
        for trouble, made in ((Refused("Nobody of that name."), 1), (Unreachable("It is away."), 1), (None, 2)):
            Counter.trouble = trouble
            office.answer()
            assert await office.outbox.deliver_due() == 1
            assert len(Counter.made) == made

    run(story)


def test_who_is_left_alone_is_put_away_and_who_is_used_is_not(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connectors, "IDLE", 0.0)

    async def story(office: PostOffice) -> None:
        count(office)
        open_ones = Connectors(office.world.storage, office.registry)
        async with open_ones.of(office.channel_id) as first:
            async with open_ones.of(office.channel_id) as same:
                assert same is first
            await open_ones.close()  # whoever uses it may end
            assert await first.tools.block(lambda: "still there") == "still there"
            async with open_ones.of(office.channel_id) as second:
                assert second is not first
        await asyncio.sleep(0.1)
        for gone in (first, second):
            with pytest.raises(RuntimeError, match="shutdown"):
                await gone.tools.block(lambda: "gone")

    run(story)


def test_a_channel_that_is_not_there_says_so(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        with pytest.raises(Misconfigured, match="isn't there any more"):
            async with Connectors(office.world.storage, office.registry).of(1):
                pass

    run(story)
