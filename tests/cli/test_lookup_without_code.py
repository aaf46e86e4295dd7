"""A department's CSV file and a source by HTTP, declared: checked, published, asked; followed, then gone."""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Torg
from tests.stand_ins.recorded import Recorded

ASKED = ("--municipality", "granvik", "--purpose", "Ida asks whether it is paid")
INVOICE = {"no": "17", "who": "K1", "state": "open", "sum": 4995.10, "due": "2027-01-31"}


@pytest.fixture
def source() -> Iterator[Recorded]:
    with Recorded() as source:
        source.answer("/invoices/17", json.dumps(INVOICE))
        yield source


def declared(folder: Path, kind: str, settings: str) -> Path:
    file = folder / f"{kind}.toml"
    file.write_text(
        f'name = "economy"\nkind = "{kind}"\nseconds = 3\n[title]\nsv = "Fakturor"\n[settings]\ncard = "invoice"\n'
        'fields = { number = "no", status = "state", total = "sum", due = "due", currency = { text = "SEK" } }\n'
        'about = { invoice = "no" }\nvalues.status = { open = "unpaid", closed = "paid" }\n' + settings
    )
    return file


def asked(torg: Torg) -> dict[str, Any]:
    answered: dict[str, Any] = torg("lookup", "ask", "economy", "--by", "invoice=17", *ASKED, "--json").json
    return answered


def test_a_csv_file(torg: Torg, tmp_path: Path) -> None:
    rows = tmp_path / "invoices.csv"

    def write(status: str, days: float = 1) -> None:
        new = tmp_path / "new"
        new.write_text(f"no;state;sum;due\n17;{status};4995.10;2027-01-31\n18;open;1.00;2027-01-31\n")
        os.utime(new, (time.time() - days * 86_400,) * 2)
        new.replace(rows)

    write("open")
    file = declared(tmp_path, "table", f'path = "{rows}"\ntoo_old_hours = 48\n')
    assert torg("lookup", "check", str(file)).out == "economy works: A file: CSV or XLSX, asked by invoice.\n"
    torg("lookup", "import", str(file), "--municipality", "granvik")
    (card,) = asked(torg)["cards"]
    assert (card["status"], card["total"], card["due"]) == ("unpaid", "4995.10", "2027-01-31")
    write("closed")
    assert asked(torg)["cards"][0]["status"] == "paid"
    write("closed", days=3)
    assert (asked(torg)["state"], "too old" in asked(torg)["sentence"]) == ("down", True)
    rows.unlink()
    assert asked(torg)["sentence"] == "invoices.csv isn't there."
    exported = tmp_path / "exported.toml"
    exported.write_text(torg("lookup", "export", "economy", "--municipality", "granvik").out)
    write("open")
    torg("lookup", "import", str(exported), "--municipality", "granvik")
    assert asked(torg)["version"] == 2


def test_a_source_by_http(torg: Torg, tmp_path: Path, source: Recorded) -> None:
    (tmp_path / "key").write_text("nyckel")
    file = declared(
        tmp_path,
        "rest",
        f'base_url = "{source.address}"\nkey_header = "X-Key"\nby.invoice = {{ path = "/invoices/{{value}}" }}\n',
    )
    secret = ("--set-file", f"api_key={tmp_path / 'key'}")
    assert "works" in torg("lookup", "check", str(file), *secret).out
    torg("lookup", "import", str(file), "--municipality", "granvik", *secret)
    (card,) = asked(torg)["cards"]
    assert (card["status"], card["total"]) == ("unpaid", "4995.1")
    assert source.ledger[-1].headers["x-key"] == "nyckel"
    source.misbehave("replace", words=('"no": "17"', '"no": "71"'), times=1)
    assert (asked(torg)["state"], asked(torg)["state"]) == ("down", "found"), "another's answer is thrown away"
    source.answer("/invoices/17", json.dumps({**INVOICE, "state": "closed"}))
    assert asked(torg)["cards"][0]["status"] == "paid"
    source.stop()
    assert asked(torg)["state"] == "down"


def test_settings_that_would_reach_what_no_lookup_may(torg: Torg, tmp_path: Path, source: Recorded) -> None:
    file = declared(
        tmp_path,
        "rest",
        f'base_url = "{source.address}"\nheaders = {{ X-HTTP-Method-Override = "DELETE" }}\n'
        'by.invoice = { path = "/invoices/{value}" }\n',
    )
    failed = torg("lookup", "check", str(file), status=1)
    assert "ask for what no lookup may" in failed.err
    assert source.ledger == []


def test_secrets_are_kept_for_the_next_version_but_not_for_another_address(
    torg: Torg, tmp_path: Path, source: Recorded
) -> None:
    (tmp_path / "key").write_text("nyckel")
    settings = f'base_url = "{source.address}"\nkey_header = "X-Key"\nby.invoice = {{ path = "/invoices/{{value}}" }}\n'
    file = declared(tmp_path, "rest", settings)
    way_out = "api_key is a secret and isn't in the file: give it by --set-file api_key=FILE or --set-stdin api_key"
    for command in (("check", str(file)), ("import", str(file), "--municipality", "granvik")):
        assert way_out in torg("lookup", *command, status=1).err
    secret = ("--set-file", f"api_key={tmp_path / 'key'}")
    to = ("--municipality", "granvik")
    assert torg("lookup", "import", str(file), *to, *secret).out == "Published economy, version 1.\n"
    said = torg("lookup", "import", str(file), *to).out
    assert said == "Published economy, version 2.\nAs in the version before: api_key.\n"
    assert asked(torg)["state"] == "found"
    assert source.ledger[-1].headers["x-key"] == "nyckel"
    elsewhere = source.address.replace("127.0.0.1", "localhost")
    file.write_text(file.read_text().replace(source.address, elsewhere))
    assert way_out in torg("lookup", "import", str(file), *to, status=1).err
    source.ledger.clear()
    file.write_text(file.read_text().replace(elsewhere, source.address).replace('key_header = "X-Key"\n', ""))
    assert torg("lookup", "import", str(file), *to).out == "Published economy, version 3.\n", "it has no use for it"
    assert "x-key" not in source.ledger[-1].headers


def test_a_database_without_its_address(torg: Torg, tmp_path: Path) -> None:
    file = declared(tmp_path, "sql", 'by.invoice = { view = "invoice", column = "no" }\n')
    assert "torg: url is a secret and isn't in the file: give it by" in torg("lookup", "check", str(file), status=1).err


def test_what_the_source_shows_to_be_wrong_is_told_by_its_line(torg: Torg, tmp_path: Path, source: Recorded) -> None:
    rows = tmp_path / "invoices.csv"
    rows.write_text("no;state;sum;due\n17;open;4 995,10;2027-01-31\n")
    os.utime(rows, (time.time() - 60,) * 2)
    base = tmp_path / "economy.db"
    sqlite3.connect(base).execute("CREATE TABLE invoice (no, state, sum, due)").connection.close()
    (tmp_path / "url").write_text(f"sqlite:///{base}")
    by = 'by.invoice = { path = "/invoices/{value}", rows = "arende[]" }\n'
    source.answer("/invoices/0", json.dumps(INVOICE))
    secret = ("--set-file", f"url={tmp_path / 'url'}")
    gone = f"path: borta.csv isn't there. It is looked for in {tmp_path}."
    selekt = 'by.invoice = { select = "SELEKT no FROM invoice WHERE no = :value" }\n'
    delete = 'select = "DELETE FROM invoice"\nby.invoice = { where = "no = :value" }\n'
    for kind, settings, line, words in (
        ("table", f'path = "{rows}"\n', 8, "fields.total: There are rows that give no card: total: what stands at sum"),
        ("table", f'path = "{rows}"\nby.invoice = "nr"\n', 12, "by.invoice: there is no column nr"),
        ("table", f'path = "{tmp_path / "borta.csv"}"\n', 11, gone),
        ("rest", f'base_url = "{source.address}"\n{by}', 12, "by.invoice: rows: the answer has nothing at arende[]"),
        ("rest", f'base_url = "http://econ.example"\n{by}', 11, "What is asked isn't sent over an open line"),
        ("sql", delete, 11, "select: A question"),
        ("sql", selekt, 11, "by.invoice.select: A question"),
        ("sql", 'by.invoice = { view = "faktura", column = "no" }\n', 11, "by.invoice.view: "),
    ):
        more = secret if kind == "sql" else ()
        failed = torg("lookup", "check", str(declared(tmp_path, kind, settings)), *more, status=1).err
        assert failed.startswith(f"torg: line {line}: {words}"), (failed, line, words)
        assert not {"4 995", "4995.1", "17"} & set(failed.split())


def test_a_file_as_windows_writes_it(torg: Torg, tmp_path: Path) -> None:
    rows = tmp_path / "invoices.csv"
    rows.write_text("no;state;sum;due\n17;open;4995.10;2027-01-31\n")
    os.utime(rows, (time.time() - 60,) * 2)
    file = declared(tmp_path, "table", f'path = "{rows}"\n')
    text = file.read_text().replace("Fakturor", "Räkningar")
    file.write_bytes(text.encode("cp1252"))
    assert "line 5: " in (failed := torg("lookup", "check", str(file), status=1).err)
    assert "save it as UTF-8" in failed
    file.write_bytes(text.encode("utf-8-sig"))
    assert "works" in torg("lookup", "check", str(file)).out


def test_a_line_comes_first_and_no_choice_is_left_blank(torg: Torg, tmp_path: Path) -> None:
    for settings, words in (
        ('path = "/srv/x.csv"\nfields.numbr = "no"\n', "isn't TOML"),
        (
            'path = "/srv/x.csv"\nencoding = "utf-17"\n',
            "line 12: encoding = 'utf-17' can't be used: it is one of nothing, ",
        ),
    ):
        assert words in torg("lookup", "check", str(declared(tmp_path, "table", settings)), status=1).err
    file = declared(tmp_path, "table", 'path = "/srv/x.csv"\n')
    file.write_text(file.read_text().replace('number = "no"', 'numbr = "no"'))
    assert torg("lookup", "check", str(file), status=1).err.startswith("torg: line 8: fields has no numbr; there are: ")
