"""README of lookups: its worked example is done as it stands there, and its table names every field of every card."""

import os
import re
import shlex
import time
from pathlib import Path

from hub.contract.mapping_config import FIELDS, LISTS, NEEDED
from hub.lookups.file import read
from hub.plugin_host.manager import load
from tests.architecture.source import ROOT
from tests.cli.commands import Torg

README = (ROOT / "plugins" / "lookups" / "README.md").read_text("utf-8")


def part(heading: str) -> str:
    return re.split(r"\n##+ ", README.partition(f"# {heading}\n")[2])[0]


def blocks(heading: str, form: str) -> list[str]:
    return re.findall(rf"```{form}\n(.*?)```", part(heading), re.DOTALL)


def test_the_example_is_done_as_it_stands_there(torg: Torg, tmp_path: Path) -> None:
    (rows,), (text,), (commands,) = (blocks("Sources without code", form) for form in ("csv", "toml", "sh"))
    exported = tmp_path / "invoices.csv"
    exported.write_text(rows)
    os.utime(exported, (time.time() - 60,) * 2)
    file = tmp_path / "invoices.toml"
    file.write_text(text.replace("/srv/export/invoices.csv", str(exported)))
    out = {}
    topic = torg("topic", "add", "--municipality", "granvik", "--name", "Avgifter", "--json").json["id"]
    for line in commands.splitlines():
        words = shlex.split(line, comments=True)[1:]
        words = [{"ID": topic, "invoices.toml": str(file)}.get(word, word) for word in words]
        out[" ".join(words[:2])] = torg(*words).out
    assert "works: " in out["lookup check"]
    assert "53489546" in out["lookup ask"]
    assert "csv_invoices" in out["topic allow"]
    assert f'path = "{exported}"' in out["lookup export"]


def test_every_field_of_every_card_is_in_the_table() -> None:
    told: dict[str, str] = {}
    card = ""
    for first, field in re.findall(r"^\| (`\w+`)? ?\| (.*?) \|", part("How rows become cards"), re.MULTILINE):
        card = first.strip("`") or card
        told[card] = told.get(card, "") + field + " "
    for card, fields in FIELDS.items():
        inner = [name for each, names in LISTS.get(card, {}).items() for name in (each, *names)]
        lines = told[card]
        assert {*re.findall(r"`(\w+)`", lines)} == {*fields, *inner}, card
        assert {*re.findall(r"\*\*`(\w+)`\*\*", lines)} == {
            name for each in (card, *LISTS.get(card, ())) for name in NEEDED[each]
        }, card


def test_the_register_in_it_is_one() -> None:
    (text,) = blocks("The register of protected identities", "toml")
    for said, lists in ((text, "everybody"), (text.replace("# register_lists", "register_lists"), "protected")):
        declared, _, _ = read(said, load(()), lambda _: {})
        assert (declared.register, declared.register_lists) == (True, lists)
