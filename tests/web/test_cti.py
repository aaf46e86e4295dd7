"""Where exchanges know to tell helpdesks of calls: the address with a token, and the answers that they know."""

import asyncio
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from httpx import Response
from sqlalchemy import select

from connectors.phone_webhook import PhoneWebhook, PhoneWebhookConfig
from hub.channels.channel import Channel
from hub.channels.open import store_settings
from hub.channels.pause import pause
from hub.contract import Answer, Secret, WebCall
from hub.inbound.calls import Calls
from hub.inbound.raw_event import RawEvent
from hub.inbound.receive import Receiver
from hub.plugin_host.registry import Offer, Registry
from hub.storage.ids import new_id
from hub.storage.unit import Unit
from tests.web.world import World

TOKEN = "en-hemlighet-som-ingen-gissar"
NEW = {"event": "newCall", "callId": "1", "from": "46701740605", "to": "46191234500", "direction": "in"}


@pytest.fixture
def exchange(world: World) -> SimpleNamespace:
    """A channel that is called, as `torg serve` runs it."""
    offer, registry = Offer(), Registry()
    offer.connector(PhoneWebhook)
    registry.take("phone_webhook", "1", offer, built_in=True)

    def add(unit: Unit) -> int:
        channel = Channel(id=new_id(), kind="phone_webhook", name="Växel", home_id=None, sends_by_id=None, config={})
        store_settings(channel, PhoneWebhookConfig(token=Secret(TOKEN), blocked=("+46701740605",)), unit.keys)
        unit.add(channel)
        return channel.id

    receiver = Receiver(world.storage, lambda kept: None)
    calls = Calls(world.storage, registry, receiver, lambda *what: None)
    running: list[asyncio.Task[None]] = []

    async def called(channel_id: int, call: WebCall) -> Answer:
        if not running:
            running.append(asyncio.ensure_future(receiver.run()))
        return await calls.take(channel_id, call)

    world.client.app.state.called = called
    world.client.app.state.called_by = calls.channel_of
    return SimpleNamespace(id=world.do(add), world=world)


def tell(exchange: SimpleNamespace, fields: dict[str, str], token: str = TOKEN) -> Response:
    """As form fields."""
    response: Response = exchange.world.client.post(
        f"/api/v1/cti/{token}",
        content=urlencode(fields),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    return response


def kept(exchange: SimpleNamespace) -> int:
    ids = select(RawEvent.id).where(RawEvent.channel_id == exchange.id)
    return len(exchange.world.do(lambda unit: unit.all(ids)))


def test_events_are_kept_and_answered_as_exchanges_know_it(exchange: SimpleNamespace) -> None:
    said = tell(exchange, {**NEW, "from": "46701740606"})
    assert (said.status_code, said.json(), said.headers["content-type"]) == (200, {}, "application/json")
    assert exchange.world.client.post(f"/api/v1/cti/{TOKEN}", json={**NEW, "event": "hangup"}).json() == {}
    assert tell(exchange, NEW).json() == {"action": "reject", "reason": "busy"}
    assert tell(exchange, NEW).status_code == 200
    assert kept(exchange) == 3, "the same again is known"


@pytest.mark.parametrize("token", ["x", TOKEN[:-1], TOKEN + "0", "%C3%B6", "7"])
def test_a_token_that_is_nobodys_is_401_and_nothing_is_kept(exchange: SimpleNamespace, token: str) -> None:
    said = tell(exchange, NEW, token)
    assert (said.status_code, said.json()) == (401, {"error": "Invalid token!"})
    assert kept(exchange) == 0


def test_what_is_no_event_is_422_in_their_words(exchange: SimpleNamespace) -> None:
    said = tell(exchange, {**NEW, "direction": "up"})
    assert (said.status_code, said.json()) == (422, {"error": "Invalid direction!"})
    assert kept(exchange) == 0


def test_a_channel_that_is_paused_is_422(exchange: SimpleNamespace) -> None:
    def stop(unit: Unit) -> None:
        channel = unit.get(Channel, exchange.id)
        assert channel is not None
        pause(unit, channel.id, "underhåll")

    exchange.world.do(stop)
    assert tell(exchange, NEW).status_code == 422
