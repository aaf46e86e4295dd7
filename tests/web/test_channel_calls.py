"""Another system calls a channel: believed when it proves itself, kept before it is answered, told nothing else."""

import asyncio
import time
from collections.abc import Mapping
from types import SimpleNamespace

import pytest
from httpx import Response
from sqlalchemy import select

from hub.channels.channel import Channel
from hub.channels.open import store_settings
from hub.channels.pause import pause
from hub.contract import Answer, Secret, WebCall
from hub.errors import Unavailable
from hub.inbound.calls import Calls
from hub.inbound.raw_event import RawEvent
from hub.inbound.receive import Receiver
from hub.plugin_host.registry import Offer, Registry
from hub.storage.ids import new_id
from hub.storage.unit import Unit
from hub.web.channel_calls import MOST_BYTES
from tests.connectors.phone_webhook.test_contract import WHOLE, whole
from tests.connectors.phone_webhook.test_events import connector
from tests.plugin_host.mailslot import Mailslot, MailslotConfig, signature
from tests.plugin_host.mailslot_tests import LETTER
from tests.web.world import World, let_pass

KEY = Secret("hemligt")


@pytest.fixture
def slot(world: World) -> SimpleNamespace:
    """A channel that is called, as `torg serve` runs it."""
    offer, registry, rung = Offer(), Registry(), list[tuple[int, str]]()
    offer.connector(Mailslot)
    registry.take("mailslot", "1", offer, built_in=False)
    channel_id = world.do(_add)
    receiver = Receiver(world.storage, lambda kept: None)
    calls = Calls(world.storage, registry, receiver, lambda *what: rung.append(what))
    running: list[asyncio.Task[None]] = []

    async def called(channel_id: int, call: WebCall) -> Answer:
        if not running:
            running.append(asyncio.ensure_future(receiver.run()))
        return await calls.take(channel_id, call)

    world.client.app.state.called = called
    return SimpleNamespace(id=channel_id, rung=rung, world=world)


def _add(unit: Unit) -> int:
    channel = Channel(id=new_id(), kind="mailslot", name="Mailslot", home_id=None, sends_by_id=None, config={})
    store_settings(channel, MailslotConfig(key=KEY), unit.keys)
    unit.add(channel)
    return channel.id


def call(slot: SimpleNamespace, content: bytes = LETTER, query: str = "", **headers: str) -> Response:
    signed = {"signature": signature(KEY, content), **headers}
    response: Response = slot.world.client.post(f"/calls/{slot.id}{query}", content=content, headers=signed)
    return response


def kept(slot: SimpleNamespace) -> list[bytes]:
    bodies = select(RawEvent.body).where(RawEvent.channel_id == slot.id)
    return list(slot.world.do(lambda unit: unit.all(bodies)))


def test_what_it_brings_is_kept_and_answered_by_the_connector(slot: SimpleNamespace) -> None:
    said = call(slot)
    assert (said.status_code, said.text, said.headers["content-type"]) == (200, " 1", "text/plain; charset=utf-8")
    assert kept(slot) == [LETTER]
    assert call(slot).status_code == 200
    assert kept(slot) == [LETTER], "brought again, it is known"
    assert slot.rung == []


def test_a_handshake_brings_nothing_and_is_answered(slot: SimpleNamespace) -> None:
    assert call(slot, b"", "?hello=p%C3%A5%20dig&more=1").text == "på dig 0"
    assert kept(slot) == []


def test_who_has_more_rings(slot: SimpleNamespace) -> None:
    assert call(slot, b"").status_code == 200
    assert slot.rung == [(slot.id, "")]


@pytest.mark.parametrize("wrong", ["", "0" * 64, "ö"])
def test_who_does_not_prove_themselves_is_told_401_and_nothing_is_kept(slot: SimpleNamespace, wrong: str) -> None:
    said = slot.world.client.post(f"/calls/{slot.id}", content=LETTER, headers={"signature": wrong.encode()})
    assert said.status_code == 401
    assert "mailslot" not in said.text.lower()
    assert kept(slot) == []


def test_no_session_and_no_token_of_ours_is_asked_for_or_given(slot: SimpleNamespace) -> None:
    said = call(slot, authorization="Bearer nonsense", cookie="torg=nonsense", origin="https://other.example")
    assert said.status_code == 200
    assert "set-cookie" not in said.headers
    assert said.headers["x-content-type-options"] == "nosniff"


def test_other_channels_and_none_at_all_are_one_answer(slot: SimpleNamespace) -> None:
    slot.world.do(lambda unit: unit.add(Channel(id=7, kind="smtp_in", name="In", config={})))
    answers = {slot.world.client.post(f"/calls/{each}", content=LETTER).text for each in (1, 7)}
    assert len(answers) == 1
    assert slot.world.client.post("/calls/1", content=LETTER).status_code == 404
    assert slot.world.client.get(f"/calls/{slot.id}").status_code == 405


def test_a_paused_channel_and_storage_in_trouble_say_come_again(
    slot: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise Unavailable("The disk is full.")

    with monkeypatch.context() as trouble:
        call(slot, b"")  # its settings are known
        trouble.setattr(slot.world.storage, "write", full)
        said = call(slot)
        assert (said.status_code, said.headers["retry-after"]) == (503, "5")
    assert kept(slot) == []
    slot.world.do(pause, slot.id, "Flyttas.")
    let_pass(3)
    said = call(slot)
    assert said.status_code == 503
    assert "Flyttas" not in said.text


def test_a_call_has_a_size(slot: SimpleNamespace) -> None:
    assert call(slot, b"x" * (MOST_BYTES + 1)).status_code == 413
    assert kept(slot) == []


def test_who_calls_is_told_what_is_wrong_with_the_call(slot: SimpleNamespace) -> None:
    async def called(_: int, call: WebCall) -> Answer:
        exchange = connector()
        return exchange.answer(call, [str(each) for each in exchange.accept(call)])

    slot.world.client.app.state.called = called

    def said(event: Mapping[str, object], at: float | None = None) -> tuple[int, str]:
        made = whole(event, at)
        answer = slot.world.client.post(f"/calls/{slot.id}", content=made.content, headers=dict(made.headers))
        return answer.status_code, answer.json()["detail"] if answer.content else ""

    assert said(WHOLE) == (204, "")
    status, why = said({name: each for name, each in WHOLE.items() if name != "call_id"})
    assert (status, "required field `call_id`" in why) == (400, True)
    status, why = said({**WHOLE, "kind": "rang"})
    assert (status, "`$.kind`" in why) == (400, True)
    status, why = said(WHOLE, at=time.time() - 360)
    assert status == 401
    assert "seconds off; it may be 300. Set the clock of the exchange." in why
