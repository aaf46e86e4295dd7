"""Opened lookups: none is closed under whoever asks by it, whatever is published meanwhile."""

import asyncio
from typing import Any

import pytest

from hub.contract import Lookup
from hub.lookups import definition, sources
from hub.lookups.definition import Declared, Published
from hub.lookups.sources import Sources
from tests.lookups.source import Settings, registry
from tests.storage.centre import Centre


def _publish(centre: Centre) -> Published:
    declared = Declared(name="invoices", kind="ledgered", title={"sv": "Fakturor"})
    return centre.do(definition.publish, centre.ids["granvik"], declared, Settings())


def test_one_that_is_left_while_an_earlier_one_is_closed_is_closed_after_its_question(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Lookup[Any]] = []

    async def close(lookup: Lookup[Any]) -> None:
        await asyncio.sleep(0)
        closed.append(lookup)

    monkeypatch.setattr(sources, "close_lookup", close)
    first, second = _publish(centre), _publish(centre)

    async def run() -> None:
        opened = Sources(centre.storage, registry())
        async with opened.lookup(first):
            pass

        async def ask() -> None:
            async with opened.lookup(second) as lookup:
                await asyncio.sleep(0)
                assert lookup not in closed

        asking = asyncio.create_task(ask())
        await asyncio.sleep(0)  # the first is being closed
        await opened.drop(second)
        await asking
        assert len(closed) == 2

    asyncio.run(run())
