"""Files of mails and the virus scanner: nothing is opened before it was looked at, and nothing is lost by that."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy import select, update

from hub import clock
from hub.access import person
from hub.access.audit import Audit
from hub.channels.channel import Channel
from hub.edge import looking
from hub.errors import NotAllowed, Unavailable
from hub.inbound import scan, scanner
from hub.inbound.scanner import NotScanned, OutOfReach
from hub.inbox import forward
from hub.inbox.conversation import Conversation
from hub.inbox.entry import FOUND, WAITS, Attachment
from hub.storage.unit import Unit
from hub.watch import alarm, health, metrics, target
from hub.watch.alarm import AlarmNotice
from hub.watch.trouble import Trouble
from tests.cli.commands import Torg
from tests.line import TEST, Line, letter, until
from tests.stand_ins.scanner import THREAT, IcapScanner, Scanner, StandIn

LARGE = bytes(range(256)) * 1_000  # larger than its row takes, and than a piece


def with_files(*files: bytes) -> EmailMessage:
    mail = letter()
    for number, content in enumerate(files):
        mail.add_attachment(content, "application", "octet-stream", filename=f"fil-{number}.bin")
    return mail


SCANNERS: dict[str, Callable[[], StandIn]] = {
    "clamd": Scanner,
    "icap": IcapScanner,
    "icap that knows uploads alone": lambda: IcapScanner(["REQMOD"]),
    "icap that says nothing of a find": lambda: IcapScanner(silent=True),
    "icap that sends clean files back": lambda: IcapScanner(echoes=True),
}


@pytest.mark.parametrize("make", SCANNERS.values(), ids=SCANNERS)
def test_what_each_kind_says_is_understood(make: Callable[[], StandIn]) -> None:
    there = make()
    silent = isinstance(there, IcapScanner) and there.silent
    assert asyncio.run(scanner.scan(there.address, b"")) is None
    assert asyncio.run(scanner.scan(there.address, LARGE)) is None
    assert asyncio.run(scanner.scan(there.address, LARGE + b"virus")) == ("unnamed" if silent else THREAT)
    assert there.seen == [b"", LARGE, LARGE + b"virus"]
    there.limit = 100
    with pytest.raises(NotScanned):  # it says no before it has heard all
        asyncio.run(scanner.scan(there.address, LARGE * 20))
    there.mute = True
    with pytest.raises(NotScanned):
        asyncio.run(scanner.scan(there.address, b"hej"))
    there.close()
    with pytest.raises(OutOfReach):
        asyncio.run(scanner.scan(there.address, b"hej"))


def test_a_service_that_is_not_there_is_none_that_finds_nothing() -> None:
    there = IcapScanner()
    with pytest.raises(NotScanned, match="404"):
        asyncio.run(scanner.scan(f"icap://127.0.0.1:{there.port}/another", b"hej"))
    there.close()


@pytest.fixture
def there() -> Iterator[Scanner]:
    made = Scanner()
    yield made
    made.close()


@pytest.fixture
def line(database_url: str, tmp_path: Path, there: Scanner) -> Iterator[Line]:
    """Running, with a scanner, on one engine after the other."""
    made = Line(tmp_path, database_url, scanner=there.address, sweep_seconds=0.2)
    with made.running():
        yield made
    made.storage.close()


def troubles(line: Line) -> Sequence[Trouble]:
    """Of the channel that mail comes by, as far as they are of files."""
    seen = line.read(lambda unit: health.look(unit, line.registry, lambda _: True, line.ids["in"]))[0]
    return [each for each in seen.troubles if each.kind in {"found", "unscanned"}]


def pass_on(time: timedelta) -> None:
    """The clock is so far ahead of the machine's."""
    clock.set_source(lambda: clock._machine() + int(time.total_seconds()) * clock.SECOND)


def states(line: Line) -> list[tuple[str, str | None]]:
    found = line.all(select(Attachment).order_by(Attachment.name))
    return [(each.name, each.scan) for each in found]


def opened(line: Line, name: str) -> bytes:
    """By Sara, as at the desk."""
    file = line.one(select(Attachment).where(Attachment.name == name))

    def open_it(unit: Unit) -> bytes:
        sara = person.actor(unit, line.ids["sara"], frozenset({"read"}))
        assert sara is not None
        return looking.file_of(unit, sara, file.public_id)[0]

    return line.write(open_it)


def test_a_mail_comes_at_once_and_its_files_once_they_were_looked_at(line: Line, there: Scanner) -> None:
    there.mute = True
    line.send(with_files(LARGE, b"a virus"))
    line.entries(1)
    assert states(line) == [("fil-0.bin", WAITS), ("fil-1.bin", WAITS)]
    with pytest.raises(Unavailable, match="hasn't looked"):
        opened(line, "fil-0.bin")
    until(lambda: all("has said nothing" in (each.scan_said or "") for each in line.all(select(Attachment))))
    there.mute = False
    line.storage.write_now(TEST, scan.scan_again)
    until(lambda: states(line) == [("fil-0.bin", None), ("fil-1.bin", FOUND)])
    assert opened(line, "fil-0.bin") == LARGE
    with pytest.raises(NotAllowed, match=THREAT):
        opened(line, "fil-1.bin")
    (conversation,) = line.all(select(Conversation))
    assert [each.name for each in line.read(lambda unit: forward.files_of(unit, conversation))] == ["fil-0.bin"]


def test_it_lists_what_is_shut_away_and_releases_it(sqlite_database: str, tmp_path: Path, there: Scanner) -> None:
    line = Line(tmp_path, sqlite_database, scanner=there.address)
    with line.running():
        line.send(with_files(b"a virus", b"hej"))
        line.entries(1)
        until(lambda: states(line) == [("fil-0.bin", FOUND), ("fil-1.bin", None)])
    torg = Torg(line.folder, sqlite_database)
    torg.environment = line.environment
    torg("replay", "--channel", str(line.ids["in"]))
    assert states(line) == [("fil-0.bin", FOUND), ("fil-1.bin", None)], "what is read anew was looked at"
    (shut,) = torg("scan", "list", "--json").json["items"]
    assert (shut["state"], shut["said"]) == (FOUND, THREAT)
    assert "fil-0" not in torg("scan", "list").out
    assert "1 wait" in torg("scan", "again").out
    assert states(line) == [("fil-0.bin", WAITS), ("fil-1.bin", None)]
    torg("scan", "release", shut["id"], "--purpose", "our own")
    assert opened(line, "fil-0.bin") == b"a virus"
    assert torg("scan", "list").out == "No file is kept closed.\n"
    acts = line.all(select(Audit.act).where(Audit.source == "command line").order_by(Audit.id))
    assert list(acts)[-2:] == ["files_scanned_again", "file_released"]
    line.storage.close()


def test_a_scanner_that_is_away_delays_and_loses_nothing(line: Line, there: Scanner) -> None:
    there.close()
    line.send(with_files(b"hej"), with_files(b"a virus", b"hej igen"))
    line.entries(2)
    until(lambda: all(each.scan_said for each in line.all(select(Attachment))))
    assert {state for _, state in states(line)} == {WAITS}
    back = Scanner(there.port)
    until(lambda: sorted(states(line), key=str) == [("fil-0.bin", FOUND), ("fil-0.bin", None), ("fil-1.bin", None)])
    assert sorted(back.seen) == [b"a virus", b"hej", b"hej igen"]
    back.close()


def test_what_the_scanner_does_not_take_waits_and_holds_up_nobody(line: Line, there: Scanner) -> None:
    there.limit = 1_000
    line.send(with_files(LARGE, b"hej"))
    line.entries(1)
    until(lambda: states(line) == [("fil-0.bin", WAITS), ("fil-1.bin", None)])
    until(lambda: "size limit" in (line.storage.read_now(TEST, scan.shut_away)[0].said or ""))
    assert line.storage.read_now(TEST, scan.counts) == {WAITS: 1, FOUND: 0}
    assert troubles(line) == []
    pass_on(timedelta(minutes=11))
    (trouble,) = troubles(line)
    assert (trouble.kind, trouble.count, trouble.alarms) == ("unscanned", 1, True)
    assert trouble.sentence == "1 file can't be opened: no virus scanner has looked at it."


def test_it_is_told_of_a_find_once_by_the_alarm_that_tells_of_all(
    sqlite_database: str, tmp_path: Path, there: Scanner
) -> None:
    line = Line(tmp_path, sqlite_database, scanner=there.address)
    with line.running():
        line.send(with_files(b"a virus", b"hej"))
        line.entries(1)
        until(lambda: states(line) == [("fil-0.bin", FOUND), ("fil-1.bin", None)])
    line.write(lambda unit: target.add_mail(unit, "it@granvik.example", None))
    line.write(lambda unit: unit.change(update(Channel).values(lease_until=clock.NEVER)))  # it listens
    assert [each.kind for each in troubles(line)] == ["found"]
    kept = line.read(lambda unit: metrics.samples(unit, line.registry))
    assert ("torg_files", {"state": "found"}, 1) in kept
    told = []
    for minutes in (0, 2, 30, 62, 120):
        pass_on(timedelta(minutes=minutes))
        line.write(alarm.look_after, line.registry)
        told = [(each.what, each.said["kind"]) for each in line.all(select(AlarmNotice).order_by(AlarmNotice.id))]
    assert told == [("raised", "found"), ("over", "found")]
    line.storage.close()


def test_what_waits_for_a_scanner_that_was_taken_away_stays_shut_until_it_is_released(
    sqlite_database: str, tmp_path: Path, there: Scanner, caplog: pytest.LogCaptureFixture
) -> None:
    there.mute = True
    line = Line(tmp_path, sqlite_database, scanner=there.address)
    with line.running():
        line.send(with_files(b"hej", b"hej igen"))
        line.entries(1)
    torg = Torg(line.folder, sqlite_database)
    torg.environment = line.environment
    refused = torg("scan", "release", "--waiting", "--purpose", "x", status=1)
    assert "take the setting away first" in refused.err
    assert "by its ID" in torg("scan", "release", "--purpose", "x", status=1).err
    line.settings = structs.replace(line.settings, scanner=None)
    with caplog.at_level("WARNING"), line.running():
        assert [state for _, state in states(line)] == [WAITS, WAITS]
        with pytest.raises(Unavailable, match="hasn't looked"):
            opened(line, "fil-0.bin")
    assert "2 files wait for a virus scanner, and the setting scanner names none" in caplog.text
    torg.environment = {name: value for name, value in line.environment.items() if name != "TORG_SCANNER"}
    assert torg("scan", "release", "--waiting", "--purpose", "the scanner was sold").out == (
        "Released: 2 that waited can be opened.\n"
    )
    assert opened(line, "fil-0.bin") == b"hej"
    rows = line.all(select(Audit).where(Audit.act == "file_released"))
    assert [(each.municipality_id, each.purpose) for each in rows] == [
        (line.ids["granvik"], "the scanner was sold")
    ] * 2
    line.storage.close()


def test_without_a_scanner_files_are_opened_as_ever(sqlite_database: str, tmp_path: Path) -> None:
    line = Line(tmp_path, sqlite_database)
    with line.running():
        line.send(with_files(b"a virus"))
        line.entries(1)
        assert states(line) == [("fil-0.bin", None)]
        assert opened(line, "fil-0.bin") == b"a virus"
    line.storage.close()
