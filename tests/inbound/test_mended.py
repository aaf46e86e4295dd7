"""What was set aside for its channel's settings is read by those of today; what was read stays where it is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import select, update

from connectors.asterisk_ami import AsteriskAmi
from connectors.asterisk_ami.settings import AmiConfig
from connectors.elks import Elks
from connectors.graph_mail import GraphMail, GraphMailConfig
from connectors.imap import Imap
from connectors.imap.settings import ImapConfig
from connectors.phone_log.rows import event_of
from connectors.phone_log.settings import PhoneLogConfig
from connectors.phone_webhook import SIGNED, PhoneWebhook, PhoneWebhookConfig
from connectors.smtp_in import SmtpIn, SmtpInConfig
from hub.channels import add
from hub.channels import settings as changing
from hub.channels.channel import Channel
from hub.contract import RawEvent as Event
from hub.contract.config import read_config
from hub.inbound.children import Children
from hub.inbound.mended import mended
from hub.inbound.pipeline import INTAKE, Pipeline, load
from hub.inbound.raw_event import RawEvent
from hub.inbound.replay import replay
from hub.storage.unit import Unit
from tests.exchange import IDA, SWITCHBOARD, TOKEN, Exchange

OTHER = "+46191234999"
LOG = {"start": "Tid", "number": "Nummer", "called": "Till", "result": "Resultat"}


@pytest.fixture
def exchange(sqlite_database: str, tmp_path: Path) -> Iterator[Exchange]:
    """On SQLite: a channel of all municipalities, and a log of its own."""
    made = _made(sqlite_database, tmp_path)
    yield made
    made.storage.close()


@pytest.fixture
def exchange_on_both(database_url: str, tmp_path: Path) -> Iterator[Exchange]:
    """On one engine after the other."""
    made = _made(database_url, tmp_path)
    yield made
    made.storage.close()


def _made(database: str, folder: Path) -> Exchange:
    made = Exchange(folder, database, "eml_folder", {"folder": str(folder)}).set_up_calls()
    made.ids["shared"] = made.write(_channel(made, "phone_webhook", {"token": TOKEN}))
    log = {"folder": str(folder), "columns": LOG, "time_format": "%d/%m/%Y", "timezone": "UTC"}
    made.ids["dated"] = made.write(_channel(made, "phone_log", {**log, "lines": {SWITCHBOARD: "granvik/Kundtjänst"}}))
    return made


def test_a_call_that_no_line_named_is_there_once_its_line_is(exchange_on_both: Exchange) -> None:
    exchange = exchange_on_both
    told = [_told(exchange, what, at) for what, at in (("newCall", 0), ("answer", 9), ("hangup", 60))]

    async def run() -> None:
        async with _reading(exchange) as again:
            set_aside = [each.id for each in await exchange.kept(*told, channel="shared")]
            assert await again(*set_aside) == ["quarantined"] * 3
            reasons = exchange.all(select(RawEvent.reason).where(RawEvent.id.in_(set_aside)))
            assert all(f"none of the lines of its channel is {OTHER}" in (each or "") for each in reasons)
            _set(exchange, "shared", lines={OTHER: "holmo/Kundtjänst"})
            assert await again(*set_aside) == ["read"] * 3
            (call,) = exchange.calls()
            assert (call.number, call.cause, call.municipality_id) == (IDA, "completed", exchange.ids["holmo"])
            _set(exchange, "shared", lines={OTHER: "granvik/Kundtjänst"})  # it has its place by now
            assert await again(*set_aside) == ["read"] * 3

    asyncio.run(run())
    assert [each.municipality_id for each in exchange.calls()] == [exchange.ids["holmo"]]
    assert {each["route"].partition("/")[0] for each in exchange.all(select(RawEvent.origin))} == {"holmo"}


def test_a_log_whose_times_were_said_to_be_otherwise_is_read_as_they_are_said_to_be_now(
    exchange: Exchange,
) -> None:
    config = exchange.storage.read_now(INTAKE, lambda unit: _draft(exchange, unit, "dated").config)
    assert isinstance(config, PhoneLogConfig)
    row = f"2026-11-02 08:15:00;{IDA};{SWITCHBOARD};tappat".encode()

    async def run() -> None:
        async with _reading(exchange) as again:
            (kept,) = await exchange.kept(event_of(config, list(LOG.values()), row), channel="dated")
            assert await again(kept.id) == ["quarantined"]
            _set(exchange, "dated", time_format="%Y-%m-%d %H:%M:%S")
            assert await again(kept.id) == ["read"]

    asyncio.run(run())
    assert [each.number for each in exchange.calls()] == [IDA]


def test_settings_that_are_no_more_leave_an_event_as_it_is(exchange: Exchange) -> None:
    (kept,) = exchange.keep(_told(exchange, "newCall", 0), channel="shared")
    found = exchange.storage.read_now(INTAKE, load, kept.id)
    assert found is not None
    where = Channel.id == exchange.ids["shared"]
    exchange.write(lambda unit: unit.change(update(Channel).where(where).values(config={"lines": 3})))
    assert exchange.storage.read_now(INTAKE, mended, exchange.registry, found) == ()


def test_a_connector_s_bug_leaves_an_event_as_it_is(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(config: object, event: Event) -> Event:
        raise KeyError("a bug")

    monkeypatch.setattr(PhoneWebhook, "anew", bug)
    (kept,) = exchange.keep(_told(exchange, "newCall", 0), channel="shared")
    found = exchange.storage.read_now(INTAKE, load, kept.id)
    assert found is not None
    assert not exchange.storage.read_now(INTAKE, mended, exchange.registry, found)


def test_each_telephone_connector_says_anew_whose_an_event_is() -> None:
    lines = {"Vatten": "granvik/1", OTHER: "holmo/2"}
    signed = b'{"event_id":"1","call_id":"c","kind":"queued","at":"2026-03-01T08:15:02Z","queue":"Vatten","to":"%s"}'
    told = Event("k", signed % OTHER.encode(), SIGNED, "c", {"route": "holmo/9", "at": "5"})
    webhook = read_config(PhoneWebhookConfig, {"token": TOKEN, "lines": lines})
    assert PhoneWebhook.anew(webhook, told).origin == {"route": "granvik/1", "at": "5", "lines": "granvik,holmo"}
    ami = read_config(AmiConfig, {"host": "h", "username": "u", "secret": "s", "lines": lines})
    joined = Event("k", b"Event: QueueCallerJoin\r\nQueue: vatten", "text/x-asterisk-manager", "c", {"at": "1"})
    assert AsteriskAmi.anew(ami, joined).origin == {"at": "1", "route": "granvik/1", "internal": "no"}
    said = {
        "number": "+46766861004",
        "username": "u",
        "password": "p",
        "key": "k" * 20,
        "public_url": "https://t.example",
    }
    elks = read_config(Elks.Config, {**said, "destination": "granvik/1", "queues": {"2": "holmo/2"}})
    pressed = Event("k", b"callid=c&result=2", "application/x-www-form-urlencoded", "c", {"do": "menu", "route": "x/1"})
    assert Elks.anew(elks, pressed).origin == {"do": "menu", "route": "holmo/2"}


def test_a_mail_whose_queue_was_named_wrongly_is_there_once_its_address_is_mended(exchange_on_both: Exchange) -> None:
    exchange = exchange_on_both
    addresses = {"hej@granvik.example": "granvik/Kundtjänst"}
    exchange.ids["mail"] = exchange.write(_channel(exchange, "smtp_in", {"addresses": addresses}))
    origin = {"from": "ida@example.com", "to": "hej+abc@granvik.example", "route": "granvik/4711"}
    mail = Event("m", b"From: ida@example.com\r\nSubject: Sopor\r\n\r\nHej", "message/rfc822", None, origin)

    async def run() -> None:
        async with _reading(exchange) as again:
            (kept,) = await exchange.kept(mail, channel="mail")
            where = Channel.id == exchange.ids["mail"]
            wrong = {"addresses": {"hej@granvik.example": "granvik/4711"}}
            exchange.write(lambda unit: unit.change(update(Channel).where(where).values(config=wrong)))
            assert await again(kept.id) == ["quarantined"]
            _set(exchange, "mail", addresses={"hej@granvik.example": "holmo/Kundtjänst"})
            assert await again(kept.id) == ["read"]

    asyncio.run(run())
    (raw,) = exchange.all(select(RawEvent))
    assert (raw.municipality_id, raw.origin["to"]) == (exchange.ids["holmo"], origin["to"])
    assert raw.origin["route"].startswith("holmo/")


def test_each_mail_connector_says_anew_whose_a_mail_is() -> None:
    body = b"Delivered-To: Bygg+r1@granvik.example\r\nTo: hej@granvik.example\r\n\r\nHej"
    addresses = {"hej@granvik.example": "granvik/1", "bygg@granvik.example": "granvik/2"}
    server = {"host": "h", "username": "u", "password": "p"}
    came = Event("INBOX/1/2", body, "message/rfc822", None, {"folder": "INBOX", "to": "x@y.example", "route": "x/1"})
    imap = read_config(ImapConfig, {**server, "addresses": addresses})
    assert Imap.anew(imap, came).origin == {"folder": "INBOX", "to": "bygg+r1@granvik.example", "route": "granvik/2"}
    unnamed = replace(came, body=b"To: someone@else.example\r\n\r\nHej", origin={"to": "bygg@granvik.example"})
    assert Imap.anew(imap, unnamed).origin == {"to": "bygg@granvik.example", "route": "granvik/2"}
    foldered = read_config(ImapConfig, {**server, "addresses": addresses, "folders": {"INBOX": "hej@granvik.example"}})
    assert Imap.anew(foldered, came).origin["route"] == "granvik/1"
    given = {"tenant": "t", "client_id": "c", "forbidden_mailbox": "chef@granvik.example", "client_secret": "s"}
    graph = read_config(GraphMailConfig, {**given, "mailbox": "Hej@granvik.example", "addresses": addresses})
    assert GraphMail.anew(graph, came).origin == {**came.origin, "route": "granvik/1"}
    smtp = read_config(SmtpInConfig, {"addresses": addresses})
    envelope = replace(came, origin={"to": "bygg+r1@granvik.example,hej@granvik.example", "route": "x/1"})
    assert SmtpIn.anew(smtp, envelope).origin == {**envelope.origin, "route": "granvik/2"}
    assert SmtpIn.anew(smtp, came) == came  # to nobody who is listed


def _channel(exchange: Exchange, kind: str, settings: Mapping[str, object]) -> Callable[[Unit], int]:
    def write(unit: Unit) -> int:
        _, config = add.prepare(unit, exchange.registry, kind, settings)
        return add.add(unit, kind, kind, config).id

    return write


def _told(exchange: Exchange, what: str, at: int) -> Event:
    fields = {"answeringNumber": "5101"} if what == "answer" else {}
    event = exchange.event(what, "1", at, to=OTHER, **fields)
    return Event(event.key, event.body, "application/vnd.torg.call-fields+json", event.group)


def _draft(exchange: Exchange, unit: Unit, channel: str, **values: object) -> changing.Draft:
    return changing.draft(unit, exchange.registry, exchange.ids[channel], values)


def _set(exchange: Exchange, channel: str, **values: object) -> None:
    def write(unit: Unit) -> None:
        made = _draft(exchange, unit, channel, **values)
        changing.save(unit, made, made.config)

    exchange.write(write)


@asynccontextmanager
async def _reading(exchange: Exchange) -> AsyncIterator[Callable[..., Awaitable[list[str]]]]:
    """What replays raw events and says how each ended."""
    async with Children(1, 20) as children:
        pipeline = Pipeline(exchange.storage, children, exchange.routers)

        async def again(*raw_ids: int) -> list[str]:
            ended = await replay(exchange.storage, pipeline, exchange.registry, exchange.routers, raw_ids)
            return [each.state for each in ended]

        yield again
