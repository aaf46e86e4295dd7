"""The hour that the clock shows twice, when summer time ends: 25 October 2026, 02:00 to 03:00 in Stockholm."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from connectors.phone_log import PhoneLog
from hub import clock
from hub.contract import CallStep, RawEvent, Unreadable
from tests.connectors.phone_log.test_contract import COLUMNS, event_of
from tests.connectors.phone_log.test_rows import connector, pulled

MORE = {**COLUMNS, "answered": "B-nummer", "ended": "Agent", "offset": "Kommentar"}
DAY = "2026-10-25 "


def row(start: str, answered: str = "", ended: str = "", wait: str = "", talk: str = "", offset: str = "") -> bytes:
    """Of a call; its times are of that day."""
    times = [DAY + each if each else "" for each in (start, answered, ended)]
    result = "besvarat" if answered or talk else "tappat"
    return f"1;{times[0]};0701740605;{times[1]};;{times[2]};in;{result};{wait};{talk};{offset}".encode()


def read(body: bytes) -> Sequence[CallStep]:
    return PhoneLog.parse([event_of(body, columns=MORE)])


def at(step: CallStep) -> str:
    """Its hour and minute, UTC."""
    return (clock.to_iso(step.at) or "")[11:16]


@pytest.mark.parametrize(
    ("body", "begins", "ends"),
    [
        (row("02:20:00", ended="02:25:00", offset="+02:00"), "00:20", "00:25"),
        (row("02:20:00", ended="02:25:00", offset="+0100"), "01:20", "01:25"),
        (row("02:20:00", ended="02:25:00", offset="1"), "01:20", "01:25"),
        (row("02:20:00", ended="02:25:00", offset="cest"), "00:20", "00:25"),
        (row("02:20:00", ended="02:25:00", offset="CET"), "01:20", "01:25"),
        (row("02:50:00", ended="02:10:00", offset="+02:00"), "00:50", "01:10"),
        (row("02:20:00", ended="02:25:00", offset="+00:00"), "02:20", "02:25"),  # an exchange elsewhere
        (row("02:50:00", ended="02:10:00"), "00:50", "01:10"),  # the end is before the beginning
        (row("02:50:00", answered="02:01:00", ended="03:10:00"), "00:50", "02:10"),
        (row("02:50:00", ended="03:10:00", wait="1200"), "01:50", "02:10"),  # twenty minutes were counted
        (row("02:50:00", ended="03:10:00", wait="60", talk="4740"), "00:50", "02:10"),
        (row("01:50:00", ended="02:10:00", wait="1200"), "23:50", "00:10"),
        (row("01:50:00", ended="02:10:00", wait="4800"), "23:50", "01:10"),
    ],
)
def test_what_a_row_says_of_the_hour_counts(body: bytes, begins: str, ends: str) -> None:
    steps = read(body)
    assert (at(steps[0]), at(steps[-1])) == (begins, ends)
    assert [step.or_at for step in steps] == [None] * len(steps)


def test_a_row_that_cannot_tell_says_both() -> None:
    for body in (
        row("02:20:00", ended="02:25:00"),
        row("02:20:00", wait="300"),
        row("02:20:00", wait="10", talk="290"),
    ):
        steps = read(body)
        assert (at(steps[0]), at(steps[-1])) == ("00:20", "00:25")
        assert {(step.or_at or 0) - step.at for step in steps} == {60 * clock.MINUTE}
    leapt = PhoneLog.parse([event_of(b"1;2026-03-29 02:30:00;0701740605;;;;in;tappat;5;;")])
    assert [step.or_at for step in leapt] == [None, None]


def test_an_offset_that_is_none_is_said() -> None:
    with pytest.raises(Unreadable, match="offset"):
        read(row("02:20:00", offset="sommar"))


def first_of(folder: Path, *starts: str) -> list[str]:
    """When each of a file's calls began, as far as its order tells: hour and minute, UTC."""
    header = "Starttid;Nummer;Id\n"
    lines = [f"{DAY}{start}:00;0701740605;{number}\n" for number, start in enumerate(starts)]
    (folder / "a.csv").write_text(header + "".join(lines), "utf-8")
    os.utime(folder / "a.csv", (1, 1))
    log = connector(folder, columns={"start": "Starttid", "number": "Nummer", "id": "Id"})
    events: Sequence[RawEvent] = pulled(log)[0]
    anew = [PhoneLog.anew(log.config, each) for each in events]
    assert [each.origin for each in anew] == [each.origin for each in events], "a replay reads no file"
    return [at(PhoneLog.parse([each])[0]) for each in events]


NIGHT = ["00:10", "00:40", "01:05", "01:20", "01:50"]
MORNING = ["03:02", "03:30", "04:00", "05:00"]


def test_the_order_of_the_rows_tells_which_hour_is_likelier(tmp_path: Path) -> None:
    told = ["02:10", "02:40", "02:05", "02:50"]
    meant = ["00:10", "00:40", "01:05", "01:50"]
    assert first_of(tmp_path, *NIGHT, *told, *MORNING)[5:9] == meant
    assert first_of(tmp_path, *MORNING[::-1], *told[::-1], *NIGHT[::-1])[4:8] == meant[::-1]


def test_rows_by_their_ends_are_no_sign_of_it(tmp_path: Path) -> None:
    untidy = ["00:10", "00:40", "00:20", "01:05", "01:20", "01:50"]
    assert first_of(tmp_path, *untidy, "02:30", "02:20", *MORNING)[6:8] == ["00:30", "00:20"]
    assert first_of(tmp_path, *NIGHT, "02:10", "02:40", *MORNING)[5:7] == ["00:10", "00:40"], "nothing tells"


def test_calls_of_one_name_in_either_hour_are_two(tmp_path: Path) -> None:
    header, said = "Starttid;Nummer;Väntan\n", "{}{}:00;0701740605;{}\n"
    starts = [*NIGHT, "02:10", "02:40", "02:10", "02:55", *MORNING]
    lines = [said.format(DAY, start, number) for number, start in enumerate(starts)]
    (tmp_path / "a.csv").write_text(header + "".join(lines), "utf-8")
    os.utime(tmp_path / "a.csv", (1, 1))
    columns = {"start": "Starttid", "number": "Nummer", "wait": "Väntan"}
    events, _ = pulled(connector(tmp_path, columns=columns))
    assert len({each.group for each in events}) == len(starts)
