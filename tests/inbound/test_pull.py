"""What a channel pulls is kept with how far it was fetched, or neither is; one process at a time has a channel."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
from msgspec import structs
from sqlalchemy import select, update

from connectors.mail import Mail
from hub.app import Hub
from hub.channels import add, lease, settings
from hub.channels.channel import Channel
from hub.channels.lease import LostLease
from hub.channels.pause import resume
from hub.contract import (
    AuthFailed,
    Batch,
    Called,
    Config,
    PluginError,
    Pulls,
    RawEvent,
    Receives,
    Ring,
    Unreachable,
    WebCall,
)
from hub.inbound.raw_event import RawEvent as Row
from hub.inbound.receive import Mark, Receiver
from hub.inbox.municipality import Municipality
from hub.settings import Settings
from hub.storage.unit import Unit
from tests import line as lines
from tests.line import GRANVIK, PATIENCE, TEST, Line, letter, until


class Nothing(Config, frozen=True):
    """No settings."""


class Shelf(Pulls[Nothing], Receives[Nothing]):
    """Mails on a shelf, by key; its cursor is how many were taken. Whoever calls, it rings."""

    kind = "mail"
    title = "Shelf"
    Config = Nothing
    mails: ClassVar[dict[str, bytes]] = {}
    away: ClassVar[set[str]] = set()
    told: ClassVar[list[str]] = []
    pulls: ClassVar[list[int]] = []
    error: ClassVar[Exception | None] = None
    meanwhile: ClassVar[Callable[[], object] | None] = None
    waits: ClassVar[float] = 0.05
    words: ClassVar[list[str]] = []
    loop: ClassVar[asyncio.AbstractEventLoop]

    def accept(self, call: WebCall) -> Sequence[Called]:
        return [Ring(call.content.decode())]

    def rung(self, word: str) -> None:
        self.words.append(word)

    async def pull(self, cursor: bytes | None) -> Batch:
        Shelf.loop = asyncio.get_running_loop()
        self.pulls.append(int(cursor or b"0"))
        if Shelf.error is not None:
            error = Shelf.error
            if Shelf.meanwhile is not None:
                await asyncio.to_thread(Shelf.meanwhile)
            raise error
        keys = list(self.mails)[int(cursor or b"0") :]
        events = [RawEvent(key, self.mails[key], "message/rfc822") for key in keys]
        return Batch(events=events, cursor=b"%d" % len(self.mails), vanished=len(keys), behind=0)

    async def committed(self, keys: Sequence[str]) -> None:
        self.told.extend(keys)

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, Shelf.waits))

    async def gone(self, event: RawEvent, earlier: Mapping[str, Mapping[str, str]]) -> Sequence[str]:
        return [key for key in earlier if key in self.away and key != event.key]

    parse = staticmethod(Mail.parse)


class HubWithShelf(Hub):
    """Its mails come from a shelf."""

    last: ClassVar["HubWithShelf"]

    def __init__(self, settings: Settings, *, serves: bool, works: bool) -> None:
        super().__init__(settings, serves=serves, works=works)
        self.registry._connectors["mail"] = Shelf  # the children read by their own, which knows no shelf
        HubWithShelf.last = self


@pytest.fixture
def shelf_line(sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """With an empty shelf of Granvik's, not running yet; on SQLite."""
    yield from beside_a_shelf(sqlite_database, tmp_path, monkeypatch)


@pytest.fixture
def shelf_line_on_both(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """The same on one engine after the other."""
    yield from beside_a_shelf(database_url, tmp_path, monkeypatch)


def beside_a_shelf(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    Shelf.mails.clear()
    Shelf.away.clear()
    Shelf.told.clear()
    Shelf.pulls.clear()
    monkeypatch.setattr(Shelf, "error", None)
    monkeypatch.setattr(Shelf, "meanwhile", None)
    monkeypatch.setattr(Shelf, "waits", 0.05)
    monkeypatch.setattr(lines, "Hub", HubWithShelf)
    made = Line(folder, url)
    made.ids["shelf"] = made.storage.write_now(TEST, add_shelf, made)
    yield made
    made.storage.close()


def add_shelf(unit: Unit, line: Line) -> int:
    home = unit.get(Municipality, line.ids["granvik"])
    return add.add(unit, "mail", "Shelf", Nothing(), home, line.ids["out"]).id


def mail(number: int) -> bytes:
    return letter(f"Hej, fråga {number}", Message_ID=f"<{number}@post.example>", To=GRANVIK).as_bytes()


def keys(line: Line) -> list[str]:
    return list(line.all(select(Row.source_key).order_by(Row.id)))


def channel(line: Line) -> Channel:
    return line.one(select(Channel).where(Channel.id == line.ids["shelf"]))


def test_what_lies_there_becomes_entries_and_its_source_is_told(shelf_line: Line) -> None:
    Shelf.mails.update({"a": mail(1), "b": mail(2)})
    with shelf_line.running():
        shelf_line.entries(2)
        until(lambda: Shelf.told == ["a", "b"])
        Shelf.mails["c"] = mail(3)
        shelf_line.entries(3)
        row = channel(shelf_line)
        assert (row.trouble, row.vanished, row.behind) == (None, 3, 0)
        assert row.last_contact_at is not None
    assert keys(shelf_line) == ["a", "b", "c"]
    assert channel(shelf_line).lease_until is None  # given back


def test_it_goes_on_where_it_was_committed(shelf_line: Line) -> None:
    Shelf.mails["a"] = mail(1)
    with shelf_line.running():
        shelf_line.entries(1)
        until(lambda: Shelf.told)
    del Shelf.pulls[:]
    with shelf_line.running():
        until(lambda: Shelf.pulls)
    assert set(Shelf.pulls) == {1}


def test_f11_of_two_processes_one_pulls_and_the_other_takes_over(shelf_line: Line) -> None:
    Shelf.mails["a"] = mail(1)
    with shelf_line.running():
        with shelf_line.running():
            shelf_line.entries(1)
            fence = channel(shelf_line).fence
        Shelf.mails["b"] = mail(2)
        shelf_line.entries(2)
    assert channel(shelf_line).fence >= fence
    assert keys(shelf_line) == ["a", "b"]


def test_f12_whoever_lost_the_lease_commits_nothing(shelf_line_on_both: Line) -> None:
    shelf_line = shelf_line_on_both
    line, channel_id = shelf_line, shelf_line.ids["shelf"]
    old = line.storage.write_now(TEST, lease.take, channel_id)
    assert old is not None
    line.storage.write_now(TEST, lease.give_back, channel_id, old)
    new = line.storage.write_now(TEST, lease.take, channel_id)
    assert new is not None
    assert new > old

    async def keep() -> None:
        receiver = Receiver(line.storage, lambda fresh: None)
        running = asyncio.ensure_future(receiver.run())
        event, other = (RawEvent(key, mail(1), "message/rfc822") for key in ("stale", "fresh"))
        stale = asyncio.ensure_future(receiver.keep(channel_id, [event], Mark(old, b"9")))
        beside = asyncio.ensure_future(receiver.keep(line.ids["in"], [other]))  # in the same transaction
        with pytest.raises(LostLease):
            await stale
        await beside
        running.cancel()

    asyncio.run(keep())
    assert keys(line) == ["fresh"]
    assert line.one(select(Channel.cursor).where(Channel.id == channel_id)) is None
    with pytest.raises(LostLease):
        line.storage.write_now(TEST, lease.renew, channel_id, old)


def test_f12_a_process_that_stood_still_writes_nothing_when_it_goes_on(shelf_line: Line, tmp_path: Path) -> None:
    """SIGSTOP with a fetched mail in hand, another takes over when the lease has run out, SIGCONT."""
    line, channel_id = shelf_line, shelf_line.ids["shelf"]
    settings, stale, log = tmp_path / "settings.json", tmp_path / "stale.eml", tmp_path / "stopped.log"
    settings.write_bytes(msgspec.json.encode(line.settings))
    stale.write_bytes(mail(1))
    command = [sys.executable, "-m", "tests.inbound.stopped_puller", str(settings), str(stale)]
    with log.open("wb") as said, subprocess.Popen(command, stderr=said, cwd=Path(__file__).parents[2]) as process:
        try:
            stands_still = Path(f"/proc/{process.pid}/stat")
            until(lambda: stands_still.read_text().rpartition(")")[2].split()[0] in {"T", "Z"})  # a whole start
            assert process.poll() is None, log.read_text()
            before = channel(line).fence
            assert line.storage.write_now(TEST, lease.take, channel_id) is None, "its time isn't over"
            line.storage.write_now(TEST, run_out, channel_id)
            fence = line.storage.write_now(TEST, lease.take, channel_id)
            assert fence is not None
            assert fence > before

            async def keep() -> None:
                receiver = Receiver(line.storage, lambda fresh: None)
                running = asyncio.ensure_future(receiver.run())
                await receiver.keep(channel_id, [RawEvent("fresh", mail(2), "message/rfc822")], Mark(fence, b"1"))
                running.cancel()

            asyncio.run(keep())
            process.send_signal(signal.SIGCONT)
            until(lambda: "another process has it now" in log.read_text())
            assert keys(line) == ["fresh"]
            assert line.one(select(Channel.cursor).where(Channel.id == channel_id)) == b"1"
            assert channel(line).fence == fence
        finally:
            process.kill()


def run_out(unit: Unit, channel_id: int) -> None:
    """As if minutes had passed."""
    unit.change(update(Channel).where(Channel.id == channel_id).values(lease_until=1))


def test_a_killed_process_keeps_nobody_waiting_a_living_one_does(shelf_line: Line) -> None:
    line, channel_id = shelf_line, shelf_line.ids["shelf"]
    with subprocess.Popen(["sleep", "60"]) as other:
        host, _, _ = lease.our_name().rsplit("/", 2)
        began = Path(f"/proc/{other.pid}/stat").read_text().rpartition(")")[2].split()[19]
        name = f"{host}/{other.pid}/{began}"
        assert line.storage.write_now(TEST, lease.take, channel_id) is not None
        line.storage.write_now(TEST, held_by, channel_id, name)
        assert line.storage.write_now(TEST, lease.take, channel_id) is None
        other.kill()
    assert line.storage.write_now(TEST, lease.take, channel_id) is not None
    assert not lease.is_gone("elsewhere/1/1")  # of another machine nothing is known
    same_name, _, elsewhere = host.partition(" ")
    assert elsewhere, "of another container of this name neither"
    assert not lease.is_gone(f"{same_name} another-boot pid:[1]/1/1")


def held_by(unit: Unit, channel_id: int, name: str) -> None:
    unit.change(update(Channel).where(Channel.id == channel_id).values(lease_by=name))


def test_a_source_that_is_away_is_the_channels_trouble_until_it_answers(shelf_line: Line) -> None:
    Shelf.error = Unreachable("The shelf has fallen down.")
    with shelf_line.running():
        until(lambda: channel(shelf_line).trouble)
        row = channel(shelf_line)
        assert row.trouble == "The shelf has fallen down."
        assert row.retry_at is not None
        Shelf.error = None
        until(lambda: channel(shelf_line).trouble is None)
        assert channel(shelf_line).retry_at is None


def test_a_bug_is_trouble_and_no_end(shelf_line: Line) -> None:
    Shelf.error = KeyError("a mistake")
    with shelf_line.running():
        until(lambda: channel(shelf_line).trouble)
        assert channel(shelf_line).trouble == "A bug of the program (KeyError); see the log."
        shelf_line.send(letter())  # the others go on
        shelf_line.entries(1)


def test_who_is_locked_out_is_paused_until_somebody_resumes_it(shelf_line: Line) -> None:
    locked: PluginError = AuthFailed("The password has expired.")
    Shelf.error = locked
    with shelf_line.running():
        until(lambda: channel(shelf_line).paused_why == "The password has expired.")
        Shelf.error = None
        Shelf.mails["a"] = mail(1)
        shelf_line.storage.write_now(TEST, resume, shelf_line.registry, shelf_line.ids["shelf"], lambda _: True)
        shelf_line.entries(1)


@pytest.mark.parametrize("meanwhile", ["settings", "lease"])
def test_who_is_refused_when_it_is_no_longer_theirs_pauses_nothing(shelf_line: Line, meanwhile: str) -> None:
    """The password that was refused may be another by now, or another process may have the channel."""
    line, channel_id = shelf_line, shelf_line.ids["shelf"]

    def change(unit: Unit) -> None:
        if meanwhile == "settings":
            made = settings.draft(unit, line.registry, channel_id, {})
            settings.save(unit, structs.replace(made, cls=Shelf, config=Nothing()), Nothing())
        else:
            lease.give_back(unit, channel_id, channel(line).fence)
            lease.take(unit, channel_id)
            unit.change(update(Channel).where(Channel.id == channel_id).values(lease_until=None))

    def once() -> None:
        Shelf.error = Shelf.meanwhile = None
        line.storage.write_now(TEST, change)

    refused: PluginError = AuthFailed("The password has expired.")
    Shelf.error, Shelf.meanwhile = refused, once
    Shelf.mails["a"] = mail(1)
    with line.running():
        line.entries(1)
        assert channel(line).paused_why is None


def test_a_ring_is_an_early_look(shelf_line: Line) -> None:
    Shelf.waits = 3600
    with shelf_line.running():
        until(lambda: Shelf.pulls)
        Shelf.mails["a"] = mail(1)
        call = HubWithShelf.last.called(shelf_line.ids["shelf"], WebCall(content=b"news"))
        assert asyncio.run_coroutine_threadsafe(call, Shelf.loop).result(PATIENCE).status == 204
        shelf_line.entries(1)
    assert Shelf.words == ["news"]


def test_what_a_person_moved_is_found_again_by_its_content(shelf_line_on_both: Line) -> None:
    shelf_line = shelf_line_on_both
    Shelf.mails.update({"a": mail(1), "b": mail(2), "b2": mail(2)})  # the last two: truly twice
    with shelf_line.running():
        shelf_line.entries(3)
        Shelf.away.update({"a", "b", "b2"})
        Shelf.mails.update({"x": mail(2), "y": mail(1), "z": mail(2), "new": mail(2)})
        shelf_line.entries(4)
    assert sorted(keys(shelf_line)) == ["new", "x", "y", "z"]


def test_a_copy_beside_what_is_still_there_is_another_mail(shelf_line: Line) -> None:
    Shelf.mails["a"] = mail(1)
    with shelf_line.running():
        shelf_line.entries(1)
        Shelf.mails["copy"] = mail(1)
        shelf_line.entries(2)
    assert keys(shelf_line) == ["a", "copy"]
