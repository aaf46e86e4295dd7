"""`torg audit`: a flipped byte, a cut tail and a chain written anew are found; an untouched one isn't."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.commands import Torg


@pytest.fixture
def sealed(torg: Torg) -> Torg:
    """Two seals in each chain, and the heads in `heads.json`."""
    torg("audit", "seal", "--settle", "0")
    torg("queue", "add", "--municipality", "granvik", "--name", "Bygg")
    torg("person", "add", "per@granvik.example", "--name", "Per")
    torg("audit", "seal", "--settle", "0")
    torg("audit", "verify", "--write-head", "heads.json")
    return torg


def test_an_untouched_audit_is_whole(either: Torg) -> None:
    assert either("audit", "seal", "--settle", "0", "--json").json == {"seals": 2}
    told = either("audit", "verify", "--json").json
    assert (told["rows"], told["seals"], told["unsealed"], told["findings"]) == (5, 2, 0, [])
    granvik = either("municipality", "list", "--json").json["items"][0]["id"]
    assert set(told["heads"]) == {"centre", granvik}
    pairs = [word for chain, digest in told["heads"].items() for word in ("--head", f"{chain}={digest}")]
    assert either("audit", "verify", *pairs).out.endswith("Nothing was changed, removed or added.\n")


def test_rows_rest_before_they_are_sealed(torg: Torg) -> None:
    assert torg("audit", "seal").out == "Made 0 seals.\n"
    assert torg("audit", "verify", "--json").json["unsealed"] == 5


def test_a_later_audit_goes_on_from_its_head(sealed: Torg) -> None:
    before = json.loads((sealed.folder / "heads.json").read_text())
    sealed("person", "disable", "per@granvik.example")
    sealed("audit", "seal", "--settle", "0")
    sealed("audit", "verify", "--head", "heads.json", "--write-head", "heads.json")
    after = json.loads((sealed.folder / "heads.json").read_text())
    assert before.keys() == after.keys()
    assert before["centre"] != after["centre"]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("UPDATE audit SET act = 'queue.adD' WHERE act = 'queue.add'", "doesn't fit its rows"),
        ("DELETE FROM audit WHERE act = 'person.add'", "doesn't fit its rows"),
        ("DELETE FROM audit_seal WHERE id IN (SELECT max(id) FROM audit_seal)", "isn't in the chain: its tail was cut"),
        ("DELETE FROM audit_seal", "isn't in the chain: its tail was cut"),
        ("DELETE FROM audit; DELETE FROM audit_seal", "the chain is gone"),
    ],
)
def test_damage_is_found(sealed: Torg, damage: str, sentence: str) -> None:
    _damage(sealed.folder, damage)
    before = (sealed.folder / "heads.json").read_bytes()
    ran = sealed("audit", "verify", "--head", "heads.json", "--write-head", "heads.json", status=1)
    assert sentence in ran.err
    assert (sealed.folder / "heads.json").read_bytes() == before


def test_a_chain_written_anew_with_the_key_misses_its_head(sealed: Torg) -> None:
    _damage(sealed.folder, "DELETE FROM audit_seal; DELETE FROM audit WHERE act = 'person.add'")
    sealed("audit", "seal", "--settle", "0")
    assert sealed("audit", "verify", "--json").json["findings"] == []
    assert "rewritten" in sealed("audit", "verify", "--head", "heads.json", status=1).err


def _damage(folder: Path, statements: str) -> None:
    """Past the triggers, as somebody with the file would."""
    with closing(sqlite3.connect(folder / "torg.db")) as connection:
        for table in ("audit", "audit_seal"):
            connection.executescript(f"DROP TRIGGER {table}_no_update; DROP TRIGGER {table}_no_delete;")
        connection.executescript(statements)
