"""A database is declared in a file: what is asked by what, and which of its columns is what on a card."""

import asyncio
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from hub import clock
from hub.contract import (
    AnyCard,
    DidYouMean,
    InvoiceCard,
    Misconfigured,
    PaymentReference,
    PickupCard,
    Subject,
    Unreachable,
    Unreadable,
)
from hub.errors import Invalid
from hub.lookups.file import read, write
from hub.lookups.open import check_lookup, close_lookup, opened
from hub.plugin_host.manager import load
from plugins.lookups.sql import values_of
from tests.recycled import own_database
from tests.stand_ins import raindance

RECIPE = Path(__file__).parents[3] / "plugins" / "lookups" / "recipes" / "raindance.toml"
INVOICES = """
name = "invoices"
kind = "sql"
[title]
sv = "Fakturor"
[settings]
card = "invoice"
select = "SELECT Nr, Belopp, Kund, Person, Betald FROM Faktura"
by.invoice.where = "Nr = :digits"
by.customer.view = "Oppna"
by.customer.column = "Kund"
by.identity.where = "Person IN (:ten_dashed, :sixteen_dashed, :dashed)"
fields.number = "Nr"
fields.total = "Belopp"
fields.status = "Betald"
fields.currency = { text = "SEK" }
values.status.ja = "paid"
values.status."*" = "unpaid"
about.invoice = "Nr"
about.customer = "Kund"
about.identity = "Person"
"""
TABLES = """
CREATE TABLE Faktura (Nr numeric(15), Belopp numeric(15,2), Kund varchar(20), Person varchar(20), Betald varchar(3));
INSERT INTO Faktura VALUES (17, 250.50, 'K-1', '850505-1234', 'ja'), (18, 9, 'K-1', '850505-1234', 'nej'),
                           (19, 8, 'K-2', '556677-8899', NULL), (20, 7, 'K-3', '16556677-8800', 'nej');
CREATE VIEW Oppna AS SELECT * FROM Faktura WHERE Betald = 'nej';
"""
WASTE = """
name = "waste"
kind = "sql"
[title]
sv = "Sophämtning"
[settings]
card = "pickup"
says_whom = false
by.address.select = "SELECT Adress, Avfall, Nasta FROM Hamtning WHERE Adress LIKE :street || ' ' || :number || '%'"
about.address = "Adress"
fields.waste = "Avfall"
fields.next = "Nasta"
"""
PICKUPS = """
CREATE TABLE Hamtning (Adress varchar(80), Avfall varchar(20), Nasta varchar(20));
INSERT INTO Hamtning VALUES ('Storgatan 1', 'Restavfall', '2026-12-03'), ('Storgatan 1', 'Slam', '0000-00-00'),
                            ('Storgatan 1B', 'Restavfall', '2026-12-04'), ('Storgatan 12', 'Restavfall', '');
"""


@pytest.fixture(scope="module")
def on_postgres(postgres_url: str) -> Iterator["OnPostgres"]:
    """A database of this module's own."""
    role = f"sql_reader_{os.getpid()}"
    with own_database(postgres_url, f"torg_sql_{os.getpid()}") as url:
        made = OnPostgres(url, role)
        yield made
        made.run(f"DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> "Engine":
    """An empty database, on both that the demo and a municipality have."""
    if request.param == "sqlite":
        return OnSqlite(tmp_path / "economy.db")
    made: OnPostgres = request.getfixturevalue("on_postgres")
    made.empty()
    return made


class Engine:
    """`url`: as whoever only reads it."""

    url: str

    def run(self, sql: str, values: Mapping[str, Any] | None = None) -> None:
        raise NotImplementedError

    def lookup(self, text: str, **settings: object) -> Any:
        """Opened as it is declared, with a round through the file on the way."""
        secrets = {"url": self.url, **settings}
        declared, cls, _ = read(text, load(()), lambda _: secrets)
        _, _, config = read(write(declared), load(()), lambda _: secrets)
        return opened(cls, config, declared.seconds)


class OnSqlite(Engine):
    def __init__(self, path: Path) -> None:
        self.path, self.url = path, f"sqlite:///{path}"

    def run(self, sql: str, values: Mapping[str, Any] | None = None) -> None:
        with sqlite3.connect(self.path) as connection:
            if values:
                connection.execute(sql, values)
            else:
                connection.executescript(sql)
        connection.close()


class OnPostgres(Engine):
    def __init__(self, url: str, role: str) -> None:
        self.url = make_url(url).set(username=role).render_as_string(hide_password=False)
        self.dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self.role = role
        self.run(f"CREATE ROLE {role} LOGIN; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {role}")

    def empty(self) -> None:
        self.run(f"DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO {self.role}")

    def run(self, sql: str, values: Mapping[str, Any] | None = None) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            if values:
                connection.execute(re.sub(r":(\w+)", r"%(\1)s", sql).encode(), values)
            else:
                connection.execute(sql.encode())


def find(lookup: Any, by: Any, value: str) -> Sequence[AnyCard]:
    async def ask() -> Sequence[AnyCard]:
        try:
            return list(await lookup.find(Subject(by, value)))
        finally:
            await close_lookup(lookup)

    return asyncio.run(ask())


def check(lookup: Any) -> None:
    async def checked() -> None:
        try:
            await check_lookup(lookup)
        finally:
            await close_lookup(lookup)

    asyncio.run(checked())


def numbers(cards: Sequence[AnyCard]) -> list[str]:
    return [card.number for card in cards if isinstance(card, InvoiceCard)]


def test_rows_become_cards_by_every_identifier(engine: Engine) -> None:
    engine.run(TABLES)
    check(engine.lookup(INVOICES))
    (card,) = find(engine.lookup(INVOICES), "invoice", "17")
    assert isinstance(card, InvoiceCard)
    assert (card.about.invoice, card.about.customer, card.about.identity) == ("17", "K-1", "850505-1234")
    assert (card.total, card.status, card.currency) == (Decimal("250.5"), "paid", "SEK")
    assert numbers(find(engine.lookup(INVOICES), "customer", "K-1")) == ["18"]
    assert numbers(find(engine.lookup(INVOICES), "identity", "198505051234")) == ["17", "18"]
    assert numbers(find(engine.lookup(INVOICES), "identity", "5566778899")) == ["19"]
    assert numbers(find(engine.lookup(INVOICES), "identity", "5566778800")) == ["20"]
    for value in ("99", "F-17", "17 OR 1=1", "1" * 19, "' OR ''='"):
        assert find(engine.lookup(INVOICES), "invoice", value) == []


def test_days_beside_today_go_by_the_calendar_of_the_zone(engine: Engine) -> None:
    engine.run(
        """CREATE TABLE Faktura (Nr integer, Kund varchar(20), Skapad date);
           INSERT INTO Faktura VALUES (1, 'K-1', '2026-11-01'), (2, 'K-1', '2026-11-02'), (3, 'K-1', '2026-12-02'),
                                      (4, 'K-1', '2026-12-09'), (5, 'K-2', '2026-12-02')"""
    )
    lookup = """
name = "invoices"
kind = "sql"
title = { sv = "Fakturor" }
[settings]
card = "invoice"
about.customer = "Kund"
by.customer.view = "Faktura"
by.customer.where = "Kund = :value AND Skapad >= :today_minus_30 AND Skapad < :today_plus_7"
fields = { number = "Nr", status = { text = "x" }, currency = { text = "SEK" } }
"""
    check(engine.lookup(lookup))

    def at(hour: int) -> int:
        return clock.from_datetime(datetime(2026, 12, 1, hour, 30, tzinfo=UTC))

    for hour, days in ((22, ["1", "2", "3"]), (23, ["2", "3"])):  # the second is past midnight in Stockholm
        clock.set_source(partial(at, hour))
        assert numbers(find(engine.lookup(lookup), "customer", "K-1")) == days
    assert numbers(find(engine.lookup(lookup + 'time_zone = "UTC"'), "customer", "K-2")) == ["5"]
    with_table = lookup.replace(":today_plus_7", ":today_plus_9999")
    assert numbers(find(engine.lookup(with_table), "customer", "K-1")) == ["2", "3", "4"]


def test_a_day_beside_today_as_the_number_that_stands_in_the_table(engine: Engine) -> None:
    engine.run(
        """CREATE TABLE Faktura (Nr integer, Kund varchar(20), Skapad integer);
           INSERT INTO Faktura VALUES (1, 'K-1', 20261101), (2, 'K-1', 20261102), (3, 'K-1', 20261209)"""
    )
    lookup = """
name = "invoices"
kind = "sql"
title = { sv = "Fakturor" }
[settings]
card = "invoice"
about.customer = "Kund"
by.customer.view = "Faktura"
by.customer.where = "Kund = :value AND Skapad >= :today_minus_30_digits AND Skapad < :today_plus_7_digits"
fields = { number = "Nr", status = { text = "x" }, currency = { text = "SEK" } }
"""
    check(engine.lookup(lookup))
    clock.set_source(lambda: clock.from_datetime(datetime(2026, 12, 2, 12, tzinfo=UTC)))
    assert numbers(find(engine.lookup(lookup), "customer", "K-1")) == ["2"]


def test_the_card_follows_the_row_and_says_when_the_source_is_gone(engine: Engine) -> None:
    engine.run(TABLES)
    lookup = engine.lookup(INVOICES)

    async def follow() -> None:
        (card,) = await lookup.find(Subject("invoice", "18"))
        assert card.status == "unpaid"
        engine.run("UPDATE Faktura SET Betald = 'ja' WHERE Nr = 18")
        (card,) = await lookup.find(Subject("invoice", "18"))
        assert card.status == "paid"
        engine.run("DELETE FROM Faktura WHERE Nr = 18")
        assert await lookup.find(Subject("invoice", "18")) == []
        engine.run("DROP VIEW Oppna; DROP TABLE Faktura")
        with pytest.raises(Misconfigured, match="invoice"):
            await lookup.find(Subject("invoice", "17"))
        await close_lookup(lookup)

    asyncio.run(follow())
    if isinstance(engine, OnSqlite):
        engine.path.unlink()
        with pytest.raises(Unreachable):
            find(engine.lookup(INVOICES), "invoice", "17")


def test_addresses_are_asked_in_their_parts_and_another_house_is_only_meant(engine: Engine) -> None:
    engine.run(PICKUPS)
    check(engine.lookup(WASTE))
    cards = [card for card in find(engine.lookup(WASTE), "address", "storgatan 1") if isinstance(card, PickupCard)]
    assert [(card.waste, card.next and card.next.first) for card in cards] == ANSWER[type(engine)]
    with pytest.raises(Unreadable, match="house number"):
        find(engine.lookup(WASTE), "address", "Storgatan")


ANSWER: Mapping[type[Engine], Sequence[tuple[str, date | None]]] = {
    OnSqlite: [("Restavfall", date(2026, 12, 3)), ("Slam", None)],
    OnPostgres: [],
}
"""SQLite's LIKE doesn't look at case; PostgreSQL's does."""


def test_another_house_is_asked_about(tmp_path: Path) -> None:
    engine = OnSqlite(tmp_path / "waste.db")
    engine.run(PICKUPS)
    engine.run("DELETE FROM Hamtning WHERE Adress = 'Storgatan 1'")
    with pytest.raises(DidYouMean) as meant:
        find(engine.lookup(WASTE), "address", "Storgatan 1")
    assert meant.value.suggestions == ("Storgatan 1B", "Storgatan 12")


def test_a_number_is_bound_as_the_source_writes_it() -> None:
    person = values_of(Subject("identity", "198505051234"))
    assert person == {
        "value": "198505051234", "digits": 198505051234, "dashed": "19850505-1234", "ten": "8505051234",
        "ten_dashed": "850505-1234", "sixteen": "198505051234", "sixteen_dashed": "19850505-1234",
    }  # fmt: skip
    for asked in ("5566778899", "165566778899"):
        company = values_of(Subject("identity", asked))
        assert (company["ten"], company["ten_dashed"]) == ("5566778899", "556677-8899")
        assert (company["sixteen"], company["sixteen_dashed"]) == ("165566778899", "16556677-8899")
    assert values_of(Subject("identity", "01010112345"))["value"] == "01010112345"


@pytest.mark.parametrize(
    ("setting", "instead", "words"),
    [
        ('by.invoice.where = "Nr = :digits"', 'by.invoice.where = "Nr = :nummer"', ":nummer isn't known"),
        ('by.invoice.where = "Nr = :digits"', 'by.invoice.where = "Nr = 17"', "the same whatever"),
        ('by.invoice.where = "Nr = :digits"', 'by.invoice.where = "Nr = :ten"', ":ten isn't known"),
        (
            'by.invoice.where = "Nr = :digits"',
            'by.invoice.select = "DELETE FROM x WHERE a = :value"',
            "begins with SELECT",
        ),
        ('by.invoice.where = "Nr = :digits"', 'by.invoice.where = "Nr = :digits; DROP TABLE x"', "semicolon"),
        ('by.invoice.where = "Nr = :digits"', 'by.invoice.where = "Nr = writes(:digits)"', "writes"),
        ('by.customer.column = "Kund"', 'by.customer.column = "Kund = 1 OR Kund"', "are names"),
        ('by.customer.column = "Kund"', 'by.customer.column = "K"\nby.customer.where = "K = :value"', "give a where"),
        ('by.customer.column = "Kund"', "", "give a where"),
        ('by.invoice.where = "Nr = :digits"', 'by.invoice.where = "Nr > :today"', "the same whatever"),
        (
            'by.invoice.where = "Nr = :digits"',
            'by.invoice.where = "Nr = :digits AND D > :daybreak"',
            ":today_minus_30",
        ),
        (
            'by.invoice.where = "Nr = :digits"',
            'by.invoice.where = "Nr = :digits AND D > :today - 30"',
            "write :today_minus_30",
        ),
        ('about.customer = "Kund"', "", "about.customer is missing"),
        ('fields.total = "Belopp"', 'fields.total = "Summa"', "Summa"),
        ('fields.total = "Belopp"', 'fields.amount = "Belopp"', "fields has no amount"),
        ("FROM Faktura", "FROM Fakturor", "no table|table missing"),
    ],
)
def test_what_cannot_be_is_told_when_it_is_tried(tmp_path: Path, setting: str, instead: str, words: str) -> None:
    engine = OnSqlite(tmp_path / "economy.db")
    engine.run(TABLES)
    assert setting in INVOICES
    with pytest.raises((Invalid, Misconfigured), match=words):
        check(engine.lookup(INVOICES.replace(setting, instead)))


def test_the_address_is_a_secret_and_in_no_file(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="url is secret"):
        read(INVOICES + 'url = "postgresql://u:p@h/d"\n', load(()), lambda _: {})
    lookup = OnSqlite(tmp_path / "economy.db").lookup(INVOICES)
    assert "economy.db" not in repr(lookup.config)
    asyncio.run(close_lookup(lookup))


# -- Raindance --------------------------------------------------------------------------------------------------------


@pytest.fixture
def economy(engine: Engine) -> Engine:
    for sql, values in raindance.statements():
        engine.run(sql, values)
    return engine


def test_raindance_says_of_every_recorded_invoice_what_the_copy_says(economy: Engine) -> None:
    recipe = RECIPE.read_text(encoding="utf-8")
    check(economy.lookup(recipe))
    seen = 0
    for said, number in raindance.recorded():
        (card,) = find(economy.lookup(recipe), "invoice", said["invoiceNumber"])
        assert isinstance(card, InvoiceCard)
        sign = -1 if said["invoiceType"] == "CREDIT_INVOICE" else 1
        assert card.status == STATUSES[said["invoiceStatus"]], said["invoiceNumber"]
        assert card.kind == ("credit" if sign < 0 else "invoice")
        assert (card.total, card.paid) == (sign * said["totalAmount"], sign * said["paidAmount"])
        assert card.balance == sign * (said["totalAmount"] - said["paidAmount"])
        assert card.title == said["invoiceDescription"]
        assert (card.reminded is not None) == ("invoiceReminderDate" in said)
        at_collection = said["customerType"] == "KA"
        assert card.reference == (None if at_collection else PaymentReference(said["ocrNumber"], "ocr"))
        assert card.about.identity == number[-10:]
        assert card.about.customer
        assert said["invoiceNumber"] in numbers(find(economy.lookup(recipe), "customer", card.about.customer))
        assert said["invoiceNumber"] in numbers(find(economy.lookup(recipe), "identity", number))
        if not at_collection:
            (same,) = find(economy.lookup(recipe), "invoice", said["ocrNumber"])
            assert same.about.invoice == said["ocrNumber"]
        else:
            assert find(economy.lookup(recipe), "invoice", said["ocrNumber"]) == []
        seen += 1
    assert seen


STATUSES = {
    "PAID": "paid", "PARTIALLY_PAID": "partly_paid", "PAID_TOO_MUCH": "paid_too_much", "UNPAID": "unpaid",
    "REMINDER": "reminder", "DEBT_COLLECTION": "debt_collection", "VOID": "void",
}  # fmt: skip


def test_raindance_by_its_rule_where_nothing_was_recorded(economy: Engine) -> None:
    recipe = RECIPE.read_text(encoding="utf-8")
    cards = find(economy.lookup(recipe), "identity", "198505051234")
    found = {card.number: card for card in cards if isinstance(card, InvoiceCard)}
    statuses = {"1": "paid", "2": "unpaid", "3": "void", "7": "partly_paid"}
    assert {number: card.status for number, card in found.items()} == statuses, "4 and 5 are preliminary"
    assert (found["7"].paid, found["7"].balance) == (Decimal(30), Decimal(70))
    assert (found["1"].issued, found["1"].due, found["1"].reminded) == (date(2026, 10, 1), date(2026, 10, 31), None)
    assert len(cards) == 4, "a customer that stands there twice has each invoice once"
    for by, value in (("invoice", "6"), ("customer", "2"), ("identity", "198606061234")):
        assert find(economy.lookup(recipe), by, value) == [], "a protected person's"
