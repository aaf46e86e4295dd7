"""What stays the matter is told to IT: once to each, again after hours, and that it is over; and how it gets there."""

import asyncio
import hmac
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

import inbox_ui
from hub import clock
from hub.channels.channel import Channel
from hub.channels.pause import pause
from hub.errors import Invalid
from hub.inbox.municipality import by_code
from hub.plugin_host.manager import load
from hub.storage.unit import Unit
from hub.watch import alarm, target, tell
from hub.watch.alarm import Alarm, AlarmNotice
from hub.watch.round import Round
from tests.web.world import World, let_pass, must

REGISTRY = load(())


@pytest.fixture(autouse=True)
def listening(world: World, tmp_path: Path) -> None:
    """And what is sent lies in a folder."""

    def set_up(unit: Unit) -> None:
        unit.change(update(Channel).values(lease_until=clock.NEVER))
        must(unit.get(Channel, world.ids["out"])).config = {"folder": str(tmp_path / "outgoing")}

    world.do(set_up)


def trouble(world: World, why: str | None = "The port is in use.", name: str = "in") -> None:
    world.do(lambda unit: setattr(must(unit.get(Channel, world.ids[name])), "trouble", why))


def look(world: World, after: int = 0) -> int:
    if after:
        let_pass(after)
    return world.do(alarm.look_after, REGISTRY)


def notices(world: World) -> list[tuple[str, str]]:
    query = select(AlarmNotice.what, AlarmNotice.state).order_by(AlarmNotice.id)
    return [(what, state) for what, state in world.do(lambda unit: unit.rows(query))]


def mail_target(world: World, address: str = "it@granvik.example", code: str | None = None, hours: int = 4) -> int:
    return world.do(lambda unit: target.add_mail(unit, address, by_code(unit, code) if code else None, hours).id)


def test_what_stays_is_told_once_again_and_when_it_is_over(world: World) -> None:
    mail_target(world)
    trouble(world)
    assert (look(world), look(world, 30)) == (0, 0), "a restart is none's alarm"
    assert (look(world, 40), look(world), look(world, 3600)) == (1, 0, 0)
    assert look(world, 3 * 3600) == 1
    trouble(world, None)
    assert (look(world), look(world)) == (1, 0)
    assert [what for what, _ in notices(world)] == ["raised", "again", "over"]
    trouble(world)
    assert (look(world), look(world, 70)) == (0, 1), "it begins anew"


def test_what_is_over_before_it_was_told_is_told_by_nobody(world: World) -> None:
    mail_target(world)
    trouble(world)
    look(world)
    trouble(world, None)
    assert look(world, 70) == 0
    assert notices(world) == []


def test_a_refused_log_in_is_told_within_five_minutes(world: World) -> None:
    mail_target(world)
    world.do(pause, world.ids["out"], "535 no")
    seconds = 0
    while not notices(world):
        look(world, 15)
        seconds += 15
    assert seconds <= 300
    world.do(pause, world.ids["out"], "natt", by_person=True)
    look(world)
    assert [what for what, _ in notices(world)] == ["raised", "over"], "somebody has seen to it"


def test_each_is_told_of_its_own_channels(world: World) -> None:
    everybodys, nesoys = mail_target(world), mail_target(world, "it@nesoy.example", "nesoy")
    trouble(world, name="mute")  # Granvik's
    look(world)
    assert look(world, 70) == 1
    told = world.do(lambda unit: unit.all(select(AlarmNotice.target_id)))
    assert list(told) == [everybodys]
    assert nesoys not in told


def test_two_workers_write_and_send_it_once(world: World) -> None:
    mail_target(world)
    trouble(world)
    look(world)
    let_pass(70)
    storage = world.storage

    def work() -> None:
        storage.write_now(tell.WATCH, alarm.look_after, REGISTRY)
        storage.write_now(tell.WATCH, tell.lease, REGISTRY)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert world.do(lambda unit: unit.first(select(func.count(AlarmNotice.id)))) == 1
    assert world.do(lambda unit: unit.first(select(AlarmNotice.attempt))) == 1


def send(world: World) -> int:
    return asyncio.run(tell.tell(world.storage, REGISTRY, inbox_ui.say))


def mails(world: World) -> list[str]:
    folder = Path(world.do(lambda unit: must(unit.get(Channel, world.ids["out"])).config["folder"]))
    return [each.read_text(encoding="utf-8") for each in sorted(folder.glob("*.eml"))]


def test_a_mail_says_what_and_what_to_do_in_the_municipalitys_language(world: World) -> None:
    mail_target(world, code="granvik")
    trouble(world, "127.0.0.1 port 25 is in use by another program.", name="mute")
    look(world)
    look(world, 70)
    assert send(world) == 1
    (mail,) = mails(world)
    assert "Auto-Submitted: auto-" in mail
    assert "Subject: Larm: mute" in mail
    assert notices(world) == [("raised", "sent")]
    assert send(world) == 0
    since = world.do(lambda unit: must(unit.first(select(Alarm.since))))
    here = clock.to_datetime(since).astimezone(ZoneInfo("Europe/Stockholm"))
    assert f"Sedan {here:%Y-%m-%d %H:%M} (Europe/Stockholm)." in mail, "not in UTC, which nobody there lives in"


def test_it_leaves_by_another_channel_than_the_one_in_trouble(world: World) -> None:
    def second(unit: Unit) -> int:
        out = must(unit.get(Channel, world.ids["out"]))
        unit.add(Channel(kind="eml_folder", name="spare", config={"folder": out.config["folder"] + "2"}))
        return must(unit.first(select(Channel.id).where(Channel.name == "spare")))

    mail_target(world)
    trouble(world, name="out")
    look(world)
    look(world, 70)
    assert world.do(tell.lease, REGISTRY)[0].channel_id == world.ids["out"], "there is no other"
    spare = world.do(second)
    let_pass(120)
    assert world.do(tell.lease, REGISTRY)[0].channel_id == spare


def test_a_process_that_died_loses_none_and_doubles_no_mail(world: World) -> None:
    mail_target(world)
    trouble(world)
    look(world)
    look(world, 70)
    (first,) = world.do(tell.lease, REGISTRY)
    assert world.do(tell.lease, REGISTRY) == []
    let_pass(120)
    (again,) = world.do(tell.lease, REGISTRY)
    assert (again.id, again.fence) == (first.id, first.fence + 1)
    assert not world.do(tell.hand_over, first), "who was paused meanwhile sends nothing"
    assert world.do(tell.hand_over, again)
    let_pass(120)
    assert world.do(tell.lease, REGISTRY) == []
    assert notices(world) == [("raised", "uncertain")]


class Called(BaseHTTPRequestHandler):
    """Keeps what it is called with, and answers as it is told."""

    ledger: list[tuple[Mapping[str, str], bytes]] = []  # noqa: RUF012 - one for a test
    status = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Called.ledger.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(Called.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def called() -> Iterator[str]:
    Called.ledger, Called.status = [], 204
    server = HTTPServer(("127.0.0.1", 0), Called)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/alarms?from=torg"
    server.shutdown()
    server.server_close()


def test_a_call_is_signed_and_made_again_until_it_is_answered(world: World) -> None:
    with called() as url:
        _, key = world.do(lambda unit: (0, target.add_webhook(unit, url, None)[1]))
        trouble(world)
        look(world)
        look(world, 70)
        Called.status = 503
        send(world)
        assert notices(world) == [("raised", "queued")]
        let_pass(60)
        Called.status = 204
        send(world)
    assert notices(world) == [("raised", "sent")]
    (headers, body), (headers_again, body_again) = Called.ledger
    assert body == body_again
    assert headers["torg-notice"] == headers_again["torg-notice"]
    said = json.loads(body)
    assert (said["what"], said["channel"], said["kind"]) == ("raised", "in", "stopped")
    at, _, signature = headers["torg-signature"].removeprefix("t=").partition(",v1=")
    assert signature == hmac.new(key.encode(), f"{at}.".encode() + body, sha256).hexdigest()


def test_a_call_that_had_to_wait_for_others_is_made_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those before it took longer than the lease that they were all taken under: another worker has the rest."""

    async def slow(notice: tell.Leased) -> None:
        made.append(notice.id)
        let_pass(50)
        if len(made) == 2:  # the lease of the third is over then
            world.do(tell.lease, REGISTRY)

    made: list[int] = []
    monkeypatch.setattr(tell, "_call", slow)
    with called() as url:
        for number in range(3):
            world.do(target.add_webhook, f"{url}&{number}", None)
    trouble(world)
    look(world)
    look(world, 70)
    send(world)
    assert len(made) == 2
    let_pass(120)
    send(world)
    assert sorted(made) == sorted(set(made)), "each once"
    assert {state for _, state in notices(world)} == {"sent"}


@pytest.mark.parametrize(
    "url",
    [
        "ftp://it.granvik.example/x", "http://it.granvik.example/x", "https://user:secret@it.granvik.example/x",
        "https://", "it.granvik.example", "https://it.granvik.example/a/../b", "https://it.granvik.example/%2e",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_called_is_refused(world: World, url: str) -> None:
    with pytest.raises(Invalid) as wrong:
        world.do(target.add_webhook, url, None)
    assert wrong.value.field == "webhook"
    assert "secret" not in str(wrong.value)


def test_a_round_looks_and_tells(world: World) -> None:
    mail_target(world)
    watch = Round(world.storage, REGISTRY, inbox_ui.say)
    assert asyncio.run(watch.go()) == 0
    trouble(world)
    assert asyncio.run(watch.go()) == 0
    let_pass(70)
    assert asyncio.run(watch.go()) == 1
    assert notices(world) == [("raised", "sent")]
    trouble(world, None)
    assert asyncio.run(watch.go()) == 1
    assert notices(world) == [("raised", "sent"), ("over", "sent")]
    assert asyncio.run(watch.go()) == 0


def test_a_trial_arrives(world: World) -> None:
    row_id = mail_target(world)
    world.do(lambda unit: alarm.try_out(unit, must(unit.get(target.AlarmTarget, row_id))))
    assert send(world) == 1
    assert notices(world) == [("try", "sent")]
