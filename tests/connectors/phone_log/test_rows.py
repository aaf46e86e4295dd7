"""What rows of a log say."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from connectors.phone_log import PhoneLog
from hub import clock
from hub.contract import Misconfigured, RawEvent, Unreadable
from hub.contract.config import read_config
from hub.inbox.call import Told, told
from tests.connectors.phone_log.test_contract import COLUMNS, HEADER, SETTINGS, event_of
from tests.connectors.tools import TestTools

SAMPLES = Path(__file__).parent / "samples"


def read(name: str) -> Told:
    return told(PhoneLog.parse([event_of((SAMPLES / name).read_bytes())]))


def test_an_answered_call_with_what_the_exchange_counted() -> None:
    call = read("answered.csv")
    assert (call.call, call.cause, call.answered_by, call.queue) == ("4711", "completed", "5101", "Vatten")
    assert (call.wait_seconds, call.talk_seconds) == (20, 160)
    assert clock.to_iso(call.offered_at) == "2026-11-27T07:15:00Z", "the folder's time zone"
    assert call.route == "granvik/2", "the queue goes before the number"


def test_a_lost_one_of_a_withheld_number_in_a_row_of_two_lines() -> None:
    call = read("lost_withheld.csv")
    assert (call.caller, call.is_lost, call.cause, call.wait_seconds) == ("", True, "abandoned", 75)
    assert (call.queue, call.route) == ("Vatten; avlopp", "granvik/1")


def test_a_row_without_a_name_has_one_of_what_it_says() -> None:
    call = read("without_a_name.csv")
    assert call.call.startswith("log ")
    assert (call.direction, call.called, call.talk_seconds) == ("out", "0701740606", 61)
    assert call.call == read("without_a_name.csv").call


@pytest.mark.parametrize("result", ["", ";"], ids=["empty", "no column"])
def test_an_agent_that_was_rung_is_no_answer(result: str) -> None:
    columns = {name: said for name, said in COLUMNS.items() if name != "result" or not result}
    for talk, cause in (("0", "no-answer"), ("", "no-answer"), ("61", "completed")):
        row = f"1;2026-11-27 08:15:00;0701740605;;;201;in;;12;{talk};"
        call = told(PhoneLog.parse([event_of(row.encode(), columns=columns)]))
        assert (call.cause, call.is_lost, call.wait_seconds) == (cause, cause != "completed", 12)


@pytest.mark.parametrize(
    ("result", "cause"), [("Upptaget", "busy"), ("Optaget", "busy"), ("AVVISAD", "rejected"), ("Nej tack", "rejected")]
)
def test_the_words_for_busy_and_rejected(result: str, cause: str) -> None:
    row = f"1;2026-11-27 08:15:00;0701740605;;;201;in;{result};12;0;"
    call = told(PhoneLog.parse([event_of(row.encode(), rejected=["avvisad", "nej tack"])]))
    assert (call.cause, call.is_lost) == (cause, True)


@pytest.mark.parametrize("row", [b"1;i morse;0701740605", b"1;2026-11-27 08:00:00;070;;;;in;Besvarat;lite", b"1"])
def test_what_cannot_be_read_is_said(row: bytes) -> None:
    with pytest.raises(Unreadable, match="row"):
        PhoneLog.parse([event_of(row)])


def connector(folder: Path, **settings: object) -> PhoneLog:
    tools: Any = TestTools()
    return PhoneLog(read_config(PhoneLog.Config, {**SETTINGS, "folder": str(folder), **settings}), tools)


def pulled(log: PhoneLog, cursor: bytes | None = None) -> tuple[list[RawEvent], bytes | None]:
    events: list[RawEvent] = []
    while True:
        batch = asyncio.run(log.pull(cursor))
        events += batch.events
        cursor = batch.cursor
        if not batch.more:
            return events, cursor


def test_a_file_that_grows_or_comes_again_doubles_nothing(tmp_path: Path) -> None:
    file, row = tmp_path / "a.csv", "{};2026-11-27 08:15:00;0701740605;;;;in;Tappat;5;;\n"
    file.write_text(HEADER + "\n" + "".join(row.format(n) for n in range(1200)), "utf-8")
    first, cursor = pulled(connector(tmp_path))
    assert len({each.key for each in first}) == 1200
    assert pulled(connector(tmp_path), cursor)[0] == []
    file.write_text(HEADER + "\n" + "".join(row.format(n) for n in range(1201)), "utf-8")
    os.utime(file, (1, 1))
    again, _ = pulled(connector(tmp_path), cursor)
    assert len({each.key for each in again} - {each.key for each in first}) == 1


def test_a_file_that_is_being_written_is_left_for_later(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + "\n1;2026-11-27 08:15:00;0701740605\n", "utf-8")
    assert pulled(connector(tmp_path, settled=60))[0] == []


def test_other_encodings_and_separators(tmp_path: Path) -> None:
    said = (HEADER + "\n5;2026-11-27 08:15:00;0701740605;;Återvinning;;in;Tappat;5;;\n").replace(";", "\t")
    (tmp_path / "a.csv").write_bytes(said.encode("cp1252"))
    log = connector(tmp_path, encoding="cp1252", separator="\\t")
    asyncio.run(log.check())
    (event,), _ = pulled(log)
    assert told(log.parse([event])).queue == "Återvinning"


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"columns": {"start": "Starttid"}}, "columns"),
        ({"columns": {"start": "Tid", "number": "A-nummer"}}, "columns"),
        ({"columns": {"begin": "Starttid"}}, "columns"),
        ({"timezone": "Sverige"}, "timezone"),
        ({"encoding": "svenska"}, "encoding"),
    ],
)
def test_settings_that_do_not_fit_say_which(tmp_path: Path, settings: dict[str, object], field: str) -> None:
    (tmp_path / "a.csv").write_text(HEADER + "\n", "utf-8")
    with pytest.raises(Misconfigured) as error:
        asyncio.run(connector(tmp_path, **settings).check())
    assert error.value.field == field


LATIN = "Starttid;Nummer;Väntan\n2026-11-27 08:15:00;0701740605;75\n".encode("cp1252")
THREE = {"start": "Starttid", "number": "Nummer", "wait": "Väntan"}


def test_a_file_without_a_column_is_said_and_not_read_until_it_fits(tmp_path: Path) -> None:
    before, path = tmp_path / "a.csv", tmp_path / "b.csv"
    before.write_bytes("Starttid;Nummer;Väntan\n2026-11-26 08:15:00;0701740605;20\n".encode())
    path.write_bytes(LATIN)
    os.utime(before, (1, 1))
    os.utime(path, (2, 2))
    events, cursor = pulled(connector(tmp_path, columns=THREE))
    assert len(events) == 1, "what could be read is kept first"
    with pytest.raises(Misconfigured, match=r"b\.csv has no column Väntan; it has: Starttid, Nummer, V") as said:
        pulled(connector(tmp_path, columns=THREE), cursor)
    assert said.value.field == "columns"
    (row,), _ = pulled(connector(tmp_path, columns=THREE, encoding="cp1252"), cursor)
    assert told(PhoneLog.parse([row])).wait_seconds == 75


def test_rows_that_were_read_in_the_wrong_encoding_are_read_anew_in_the_right_one(tmp_path: Path) -> None:
    settings = {**SETTINGS, "folder": str(tmp_path), "columns": THREE}
    header = LATIN.decode("utf-8", "replace").splitlines()[0].split(";")
    row = RawEvent("k", LATIN.splitlines()[1], "text/csv", "g", {"header": json.dumps(header)})
    wrong, right = (read_config(PhoneLog.Config, settings | more) for more in ({}, {"encoding": "cp1252"}))
    assert told(PhoneLog.parse([PhoneLog.anew(right, row)])).wait_seconds == 75
    assert told(PhoneLog.parse([PhoneLog.anew(wrong, row)])).wait_seconds == 75, "the row itself is plain"
    unsure = RawEvent(
        "k", row.body, "text/csv", "g", {"header": json.dumps(["Starttid", "Nummer", "V\ufffdntan", "\ufffdntan"])}
    )
    assert told(PhoneLog.parse([PhoneLog.anew(right, unsure)])).wait_seconds in {None, 0}
