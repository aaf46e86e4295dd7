"""A lookup's object has a way out to its base_url, and to nowhere without one."""

import asyncio
from typing import Annotated, ClassVar

import pytest
from msgspec import Meta

from hub.contract import Config, Identifier, Lookup, Misconfigured
from hub.lookups.definition import Declared, Published
from hub.lookups.open import close_lookup, open_lookup, opened
from hub.plugin_host.http import Forbidden
from hub.plugin_host.registry import Offer, Registry
from tests.lookups.far_side import far_side
from tests.lookups.source import Ledgered, Settings


class OpenSettings(Config, frozen=True):
    base_url: Annotated[str, Meta(title="Address")] = ""
    in_the_open: Annotated[bool, Meta(title="Without encryption")] = False


class Reader(Lookup[OpenSettings]):
    """Reads what it lists."""

    kind = "reader"
    title = "A reader"
    Config = OpenSettings
    answers: ClassVar[frozenset[Identifier]] = frozenset({"invoice"})
    allowed_paths = (r"/invoices/\d+",)


def test_it_asks_its_own_source() -> None:
    async def ask() -> bytes:
        async with far_side() as side:
            lookup = opened(Reader, OpenSettings(base_url=side.url))
            with pytest.raises(Forbidden):
                await lookup.tools.http.request("GET", "/invoices/all")
            answer = await lookup.tools.http.request("GET", "/invoices/17")
            await close_lookup(lookup)
            assert len(side.ledger) == 1
            return answer.content

    assert asyncio.run(ask()) == b"answer"


def test_an_open_line_is_for_the_settings_to_say() -> None:
    with pytest.raises(Misconfigured):
        opened(Reader, OpenSettings(base_url="http://economy.example"))
    opened(Reader, OpenSettings(base_url="http://economy.example", in_the_open=True))


def test_without_an_address_there_is_no_way_out() -> None:
    with pytest.raises(Forbidden):
        _ = opened(Reader, OpenSettings()).tools.http


def test_settings_that_no_longer_fit_are_named() -> None:
    """The plugin is another one since they were saved."""
    registry, offer = Registry(), Offer()
    offer.lookup(Ledgered)
    registry.take("tests", "1", offer, built_in=False)
    declared = Declared(name="invoices", kind="ledgered", title={"sv": "Fakturor"})
    assert isinstance(open_lookup(Published(1, 1, 1, "published", declared, {}), registry).config, Settings)
    with pytest.raises(Misconfigured) as wrong:
        open_lookup(Published(1, 1, 1, "published", declared, {"organisation": "7"}), registry)
    assert wrong.value.field == "organisation"
