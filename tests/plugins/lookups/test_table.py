"""Files of a department: how they are written, and that a half or broken one is never answered from."""

import asyncio
import os
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from openpyxl import Workbook, load_workbook

from hub.contract import (
    About,
    AnyCard,
    DidYouMean,
    InvoiceCard,
    Misconfigured,
    PaymentReference,
    PickupCard,
    Subject,
    Unreachable,
    Unreadable,
    When,
)
from hub.contract.config import read_config
from hub.contract.testing import FileLookupTests
from hub.contract.testing.stage import InThread
from hub.lookups.open import close_lookup, opened
from plugins.lookups import table
from plugins.lookups.table import Table, TableConfig, files
from plugins.lookups.table.streets import MOST_SUGGESTIONS, Streets
from tests.pace import in_time

SAMPLES = Path(__file__).parents[2] / "stand_ins" / "table"
INVOICES: Mapping[str, Any] = {
    "path": str(SAMPLES / "invoices.csv"),
    "card": "invoice",
    "fields": {
        "number": "Fakturanr",
        "status": "Status",
        "due": "Förf.datum",
        "total": "Belopp",
        "balance": "Kvar",
        "title": "Text",
        "currency": {"text": "SEK"},
        "reference": "OCR",
    },
    "about": {"customer": "Kundnr", "invoice": "Fakturanr", "identity": "Personnr"},
    "values": {"status": {"Betald": "paid", "Obetald": "unpaid"}},
    "decimal": ",",
}
PICKUPS: Mapping[str, Any] = {
    "path": str(SAMPLES / "pickups.xlsx"),
    "card": "pickup",
    "says_whom": False,
    "header": 2,
    "fields": {
        "waste": "Avfall",
        "container": "Kärl",
        "size": "Volym",
        "unit": {"text": "L"},
        "next": "Nästa",
        "price_a_year": "Avgift",
        "is_septic": "Avfall",
    },
    "about": {"address": "Adress"},
    "values": {"is_septic": {"Slam": "yes", "*": "no"}},
}
Asks = Callable[..., Sequence[AnyCard]]


def find(settings: Mapping[str, Any], by: Any, value: str) -> Sequence[AnyCard]:
    found: Sequence[AnyCard] = during(settings, lambda ask: ask(by, value))
    return found


def during(settings: Mapping[str, Any], work: Callable[[Asks], Any]) -> Any:
    """With one lookup open, as the hub keeps it."""
    loop = asyncio.new_event_loop()
    lookup = opened(Table, read_config(TableConfig, dict(settings)))
    try:
        return work(lambda by, value: loop.run_until_complete(lookup.find(Subject(by, value))))
    finally:
        loop.run_until_complete(close_lookup(lookup))
        loop.close()


def checked(settings: Mapping[str, Any]) -> None:
    async def check() -> None:
        lookup = opened(Table, read_config(TableConfig, dict(settings)))
        try:
            await lookup.check()
        finally:
            await close_lookup(lookup)

    asyncio.run(check())


def numbers(cards: Sequence[AnyCard]) -> list[str]:
    return [card.number for card in cards if isinstance(card, InvoiceCard)]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Of the invoices, written an hour ago."""
    copy = tmp_path / "invoices.csv"
    shutil.copy(SAMPLES / "invoices.csv", copy)
    return aged(copy)


def aged(file: Path, seconds: float = 3600) -> Path:
    os.utime(file, (time.time() - seconds, time.time() - seconds))
    return file


def replaced(file: Path, content: bytes) -> None:
    """As it should be done: written elsewhere, renamed."""
    new = file.with_suffix(".new")
    new.write_bytes(content)
    aged(new, 60).replace(file)


@pytest.mark.parametrize("name", ["invoices.csv", "invoices_utf8.tsv"])
def test_invoices(name: str) -> None:
    settings = {**INVOICES, "path": str(SAMPLES / name)}
    first, second = find(settings, "customer", "600 606")
    assert isinstance(first, InvoiceCard)
    assert isinstance(second, InvoiceCard)
    assert first == InvoiceCard(
        about=About(customer="600606", invoice="53489546", identity="19010203-1234"),
        as_of=datetime.fromtimestamp((SAMPLES / name).stat().st_mtime_ns / 1e9, UTC),
        number="53489546",
        status="unpaid",
        due=date(2026, 12, 31),
        total=Decimal("4995.00"),
        balance=Decimal("4995.00"),
        currency="SEK",
        title="Förskola; november",
        reference=PaymentReference("8907136421", "ocr"),
    )
    assert (second.status, second.total, second.title) == ("paid", Decimal("1250.50"), 'Fritids "Björken"')
    assert numbers(find(settings, "invoice", "53489548")) == ["53489548"]
    assert find(settings, "invoice", "534") == []


@pytest.mark.parametrize("asked", ["190102031234", "0102031234"])
def test_an_identity_number_with_its_century_and_without(asked: str) -> None:
    assert numbers(find(INVOICES, "identity", asked)) == ["53489546", "53489547"]


@pytest.mark.parametrize("asked", ["200102031234", "0102031235", "19010203123", ""])
def test_another_identity_number_finds_nothing(asked: str) -> None:
    assert find(INVOICES, "identity", asked) == []


def test_pickups_of_a_workbook() -> None:
    residual, sludge = find(PICKUPS, "address", "storgatan 1")
    assert isinstance(residual, PickupCard)
    assert isinstance(sludge, PickupCard)
    assert (residual.waste, residual.size, residual.price_a_year) == ("Restavfall", Decimal(190), Decimal("1234.5"))
    assert residual.next == When(date(2026, 12, 3), date(2026, 12, 3), "day")
    assert (residual.is_septic, sludge.is_septic, sludge.price_a_year) == (False, True, None)
    assert sludge.next is not None
    assert sludge.next.precision == "week"
    (month,) = find(PICKUPS, "address", "Kyrkgatan 3, Björkby")
    assert isinstance(month, PickupCard)
    assert month.next == When(date(2026, 12, 1), date(2026, 12, 31), "month")


def test_did_you_mean() -> None:
    with pytest.raises(DidYouMean) as raised:
        find(PICKUPS, "address", "Storgatan 2")
    assert raised.value.suggestions == ("Storgatan 1, Granvik", "Storgatan 1B, Granvik", "Storgatan 10, Granvik")
    assert find(PICKUPS, "address", raised.value.suggestions[1]) != []
    assert find(PICKUPS, "address", "Tomgatan 1") == []


def test_a_street_that_is_misspelt_is_suggested(tmp_path: Path) -> None:
    """Only what is in the file, and no more than a person reads."""
    rows = [f"Tallvägen {number}{letter}, Granvik" for number in range(1, 40) for letter in ("", "A", "B")]
    rows += ["Storgatan 1, Granvik", "Storgatan 1, Björkby", "Björkvägen 8", "Åvägen 8"]
    file = tmp_path / "pickups.csv"
    file.write_text("Adress;Avfall;Kärl;Volym;Nästa;Avgift\n" + "".join(f"{row};Rest;K;190;;\n" for row in rows))
    settings = {**PICKUPS, "path": str(aged(file)), "header": 1}

    def suggested(ask: Asks) -> None:
        for asked, first in (
            ("Tallvägn 8", "Tallvägen 8, Granvik"),
            ("Talvägen 8", "Tallvägen 8, Granvik"),
            ("tallvagen 8b", "Tallvägen 8B, Granvik"),
            ("Tall vägen 80", "Tallvägen 1, Granvik"),
            ("Storgatn 1", "Storgatan 1, Granvik"),
            ("Avägen 8", "Åvägen 8"),
        ):
            with pytest.raises(DidYouMean) as raised:
                ask("address", asked)
            found = raised.value.suggestions
            assert (found[0], set(found) <= set(rows), len(found) <= MOST_SUGGESTIONS) == (first, True, True), asked
            assert ask("address", found[0]) != []
        for unlike in ("Kyrkgatan 8", "8", "-"):
            assert ask("address", unlike) == []

    during(settings, suggested)


def test_a_misspelt_street_among_a_hundred_thousand_addresses_is_found_at_once() -> None:
    streets = Streets(f"{chr(65 + street % 26)}{street}vägen {house}" for street in range(5_000) for house in range(20))
    assert in_time(0.1, lambda: streets.alike("Talvägen 8")) == []


def test_the_card_follows_the_file(copy: Path) -> None:
    settings = {**INVOICES, "path": str(copy)}

    def work(ask: Asks) -> None:
        before = ask("invoice", "53489546")[0]
        replaced(copy, copy.read_bytes().replace(b";Obetald;", b";Betald;"))
        after = ask("invoice", "53489546")[0]
        assert isinstance(before, InvoiceCard)
        assert isinstance(after, InvoiceCard)
        assert (before.status, after.status) == ("unpaid", "paid")
        assert timedelta(minutes=50) < after.as_of - before.as_of
        assert after.as_of == datetime.fromtimestamp(copy.stat().st_mtime, UTC)
        copy.unlink()
        with pytest.raises(Unreachable, match=r"invoices\.csv isn't there"):
            ask("invoice", "53489546")
        replaced(copy, (SAMPLES / "invoices.csv").read_bytes())
        assert numbers(ask("invoice", "53489546")) == ["53489546"]

    during(settings, work)


def test_who_edits_it_in_its_place_is_waited_for(copy: Path) -> None:
    def work(ask: Asks) -> None:
        assert len(ask("customer", "600606")) == 2
        copy.write_bytes(copy.read_bytes().replace(b"700707", b"600606"))
        assert len(ask("customer", "600606")) == 3

    during({**INVOICES, "path": str(copy)}, work)


def test_a_file_that_is_being_written_keeps_the_last_rows(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of it is there, at the end of a line; then more comes while we wait."""
    monkeypatch.setattr(table, "QUIET", timedelta(seconds=4))
    whole = copy.read_bytes()
    half = whole[: whole.index(b"\r\n", 100) + 2]

    def work(ask: Asks) -> None:
        assert len(ask("customer", "600606")) == 2
        copy.write_bytes(half)
        writing = InThread(more)
        found = ask("customer", "600606")
        writing.result()
        assert len(found) == 2
        assert found[0].as_of < datetime.now(UTC) - timedelta(minutes=50), "they say of when they are"

    def more() -> None:
        time.sleep(0.5)
        with copy.open("ab") as file:
            file.write(b"x")

    during({**INVOICES, "path": str(copy)}, work)


def test_a_file_that_is_being_written_the_first_time_is_not_there_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "QUIET", timedelta(seconds=4))
    file = tmp_path / "invoices.csv"
    whole = (SAMPLES / "invoices.csv").read_bytes()
    file.write_bytes(whole[:200])

    async def ask() -> None:
        lookup = opened(Table, read_config(TableConfig, {**INVOICES, "path": str(file)}))
        asking = asyncio.ensure_future(lookup.find(Subject("customer", "600606")))
        await asyncio.sleep(0.4)
        file.write_bytes(whole)
        with pytest.raises(Unreachable, match="being written"):
            await asking
        assert len(await lookup.find(Subject("customer", "600606"))) == 2
        await close_lookup(lookup)

    asyncio.run(ask())


BROKEN = [
    b"", b"\0", b"Kundnr", b"Kundnr;Fakturanr\r\n600606;1\r\n", b"<html></html>",
    (SAMPLES / "invoices.csv").read_bytes()[:-30], (SAMPLES / "invoices.csv").read_bytes() + b'600606;"',
    (SAMPLES / "invoices.csv").read_bytes().replace(b";Status;", b";Belopp;"),
    (SAMPLES / "pickups.xlsx").read_bytes(),
]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_file_keeps_the_last_rows(copy: Path, broken: bytes) -> None:
    def work(ask: Asks) -> None:
        assert len(ask("customer", "600606")) == 2
        replaced(copy, broken)
        for _ in range(2):
            found = ask("customer", "600606")
            assert numbers(found) == ["53489546", "53489547"]
            assert found[0].as_of < datetime.now(UTC) - timedelta(minutes=50)
        replaced(copy, (SAMPLES / "invoices.csv").read_bytes().replace(b"53489547", b"53489549"))
        assert numbers(ask("customer", "600606")) == ["53489546", "53489549"]

    during({**INVOICES, "path": str(copy)}, work)


def test_a_register_does_not_answer_from_yesterday(copy: Path) -> None:
    def work(ask: Asks) -> None:
        assert len(ask("customer", "600606")) == 2
        replaced(copy, BROKEN[5])
        for _ in range(2):
            with pytest.raises(Unreadable):
                ask("customer", "600606")
        replaced(copy, (SAMPLES / "invoices.csv").read_bytes())
        assert len(ask("customer", "600606")) == 2

    during({**INVOICES, "path": str(copy), "keep_last": False}, work)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_file_that_was_never_whole_answers_nothing(copy: Path, broken: bytes) -> None:
    replaced(copy, broken)
    with pytest.raises((Unreadable, Misconfigured)) as raised:
        find({**INVOICES, "path": str(copy)}, "customer", "600606")
    assert not any(said in str(raised.value) for said in ("600606", "19010203", "53489546"))


def test_too_old_to_answer_by(copy: Path) -> None:
    settings = {**INVOICES, "path": str(copy), "too_old_hours": 24}
    assert len(find(settings, "customer", "600606")) == 2
    aged(copy, 25 * 3600)
    with pytest.raises(Unreachable, match="too old"):
        find(settings, "customer", "600606")


def test_encodings_and_delimiters(copy: Path) -> None:
    text = (SAMPLES / "invoices.csv").read_bytes().decode("cp1252")
    for encoding, named in (("utf-8", ""), ("utf-8-sig", ""), ("utf-16", ""), ("cp1252", "cp1252"), ("utf-8", "utf-8")):
        replaced(copy, text.encode(encoding))
        assert numbers(find({**INVOICES, "path": str(copy), "encoding": named}, "invoice", "53489546")) == ["53489546"]
    replaced(copy, text.replace(";", "|").replace("\r\n", "\n").encode())
    assert len(find({**INVOICES, "path": str(copy), "delimiter": "|"}, "customer", "600606")) == 2
    replaced(copy, ("sep=;\r\n" + text).encode("cp1252"))
    assert len(find({**INVOICES, "path": str(copy)}, "customer", "600606")) == 2
    replaced(copy, text.encode("cp1252"))
    with pytest.raises(Unreadable, match="utf-8"):
        find({**INVOICES, "path": str(copy), "encoding": "utf-8"}, "invoice", "53489546")
    replaced(copy, text.encode() + "Å".encode()[:1])
    with pytest.raises(Unreadable, match="cut off"):
        find({**INVOICES, "path": str(copy)}, "invoice", "53489546")


def test_limits(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {**INVOICES, "path": str(copy)}
    for limit, value, words in (("MOST_ROWS", 2, "rows"), ("MOST_BYTES", 100, "bytes"), ("MOST_COLUMNS", 3, "columns")):
        with monkeypatch.context() as patch:
            patch.setattr(files, limit, value)
            with pytest.raises(Unreadable, match=words):
                find(settings, "customer", "600606")


def test_a_workbook_that_unpacks_to_too_much(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for number in range(50):
            packed.writestr(f"xl/worksheets/sheet{number}.xml", bytes(9_000_000))
    with pytest.raises(Unreadable, match="Unpacked"):
        find({**PICKUPS, "path": str(aged(bomb))}, "address", "Storgatan 1")


def test_a_workbook_that_is_packed_to_fill_the_memory(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"<row>" + b"<c><v>1</v></c>" * 1_000_000)
    with pytest.raises(Unreadable, match="far tighter"):
        find({**PICKUPS, "path": str(aged(bomb))}, "address", "Storgatan 1")


def test_a_workbook_with_an_entity_reads_no_other_file(tmp_path: Path) -> None:
    evil = tmp_path / "evil.xlsx"
    with zipfile.ZipFile(SAMPLES / "pickups.xlsx") as good, zipfile.ZipFile(evil, "w") as packed:
        for each in good.infolist():
            content = good.read(each)
            if each.filename == "xl/worksheets/sheet1.xml":
                declared = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
                content = content.replace(b"<worksheet", declared + b"<worksheet", 1).replace(b">190<", b">&e;<", 1)
            packed.writestr(each, content)
    with pytest.raises(Unreadable):
        find({**PICKUPS, "path": str(aged(evil))}, "address", "Storgatan 1")


def test_sheets_and_formulas(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="Avfall, Annat"):
        find({**PICKUPS, "sheet": "Fel"}, "address", "Storgatan 1")
    with pytest.raises(Misconfigured) as raised:
        find({**PICKUPS, "sheet": "Annat", "header": 1}, "address", "Storgatan 1")
    assert "none of the columns" in str(raised.value)
    book = load_workbook(SAMPLES / "pickups.xlsx")
    book["Avfall"]["F3"] = "#N/A"
    book["Avfall"]["D3"] = None
    book.save(tmp_path / "b.xlsx")
    card = find({**PICKUPS, "path": str(aged(tmp_path / "b.xlsx"))}, "address", "Storgatan 1")[0]
    assert isinstance(card, PickupCard)
    assert (card.price_a_year, card.size) == (None, None)


def test_rows_that_give_no_card_are_told_when_it_is_declared(copy: Path) -> None:
    """By setting and column, never with what stands there."""
    text = copy.read_text("cp1252")
    plain = {"card": "fields", "fields": {"title": "Fakturanr"}, "values": {}}
    amount = {**plain, "lines": [{"label": "Kvar", "value": "Text", "kind": "amount"}]}
    for change, setting, words in (
        ({"decimal": "."}, "fields.total", "Belopp is no number (is decimal set"),
        ({"date_format": "mm-dd-yyyy"}, "fields.due", "Förf.datum is no day (date_format"),
        (amount, "lines", "Kvar: what stands at Text is no number"),
        ({**plain, "fields": {"title": "OCR"}}, "fields.title", "No row gives a card: A row says nothing of title"),
    ):
        replaced(copy, re.sub(r";890\d*;", ";;", text.replace("2026-12-31", "31-12-2026")).encode("cp1252"))
        with pytest.raises(Misconfigured) as raised:
            checked({**INVOICES, "path": str(copy), **change})
        assert (raised.value.field, words in str(raised.value)) == (setting, True), str(raised.value)
        assert not any(each in str(raised.value) for each in ("4 995", "2026", "Förskola", "600606"))
    replaced(copy, text.replace("53489546", "").encode("cp1252"))  # what one row lacks is no fault of the settings
    checked({**INVOICES, "path": str(copy)})


def test_a_row_that_is_taken_for_the_header_stands_in_no_sentence(copy: Path) -> None:
    header, row, *rows = copy.read_bytes().replace(b"4 995,00;", b"4 990,00;", 1).splitlines(keepends=True)
    replaced(copy, b"".join((header, row, *rows)))
    with pytest.raises(Misconfigured) as raised:
        checked({**INVOICES, "path": str(copy), "header": 2})
    assert raised.value.field == "header"
    assert str(raised.value) == "header: line 2 has none of the columns that are named: which line, or sheet, has?"
    replaced(copy, b"".join((row, *rows)))
    with pytest.raises(Misconfigured, match=r"^header: line 1 has none"):
        find({**INVOICES, "path": str(copy)}, "customer", "600606")


def test_what_is_checked_when_it_is_declared(copy: Path) -> None:
    checked({**INVOICES, "path": str(copy)})
    for change, setting, words in (
        ({"fields": {**INVOICES["fields"], "total": "Summa"}}, "fields.total", "Belopp"),
        ({"by": {"customer": "Kund"}}, "by.customer", "Kundnr"),
        ({"path": str(copy.with_name("none.csv"))}, "path", f"isn't there. It is looked for in {copy.parent}."),
        ({"path": str(copy.parent / "x.exe")}, "path", "ends in"),
        ({"path": "invoices.csv"}, "path", "whole path"),
        ({"by": {"case": "Kundnr"}}, "about.case", "missing"),
        ({"path": str(SAMPLES)}, "path", "ends in"),
    ):
        with pytest.raises(Misconfigured) as raised:
            checked({**INVOICES, "path": str(copy), **change})
        assert raised.value.field == setting
        assert words in str(raised.value)


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(Unreachable):
        find({**INVOICES, "path": str(tmp_path / "pipe.csv")}, "customer", "600606")


def test_a_large_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []
    read = Table._read

    def counted(self: Table) -> Any:
        reads.append(self.path)
        return read(self)

    monkeypatch.setattr(Table, "_read", counted)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Avfall")
    sheet.append(["Adress", "Avfall", "Kärl", "Volym", "Nästa", "Avgift"])
    for number in range(2_000):
        sheet.append([f"Långa gatan {number}, Granvik", "Restavfall", "Kärl", 190, "2026-12-03", 840])
    book.save(tmp_path / "long.xlsx")

    def work(ask: Asks) -> None:
        assert len(ask("address", "Långa gatan 1999")) == 1
        assert len(ask("address", "Långa gatan 7")) == 1
        assert len(reads) == 1

    during({**PICKUPS, "header": 1, "path": str(aged(tmp_path / "long.xlsx"))}, work)


class TestTableKeepsTheContract(FileLookupTests):
    """By customer, of CSV."""

    lookup = Table
    settings: ClassVar[Mapping[str, Any]] = INVOICES
    samples = sorted(SAMPLES.glob("invoices*"))
    subject = Subject("customer", "600606")


class TestWorkbooksKeepTheContract(FileLookupTests):
    """By address, of XLSX."""

    lookup = Table
    settings: ClassVar[Mapping[str, Any]] = PICKUPS
    samples = sorted(SAMPLES.glob("*.xlsx"))
    subject = Subject("address", "Storgatan 1")
