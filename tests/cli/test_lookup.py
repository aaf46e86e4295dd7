"""`torg lookup`: a file is tried, published, rolled back and asked by; what the source was asked is in the audit."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.access import person
from hub.access.audit import Audit
from hub.cli.installation import COMMAND_LINE
from hub.inbox import department, municipality
from hub.lookups import definition
from hub.storage.unit import Unit
from tests.cli.commands import Torg
from tests.line import until
from tests.stand_ins.edp import Edp

HOUSE = "ÅVÄGEN 2, Henån (12345)"
PICKUPS = {
    HOUSE: [
        {
            "WasteType": "Slam",
            "NextWastePickup": "v32 Aug 2027",
            "WastePickupFrequency": "Vecka 32",
            "BinType": {"ContainerType": "Tank", "Size": 3.0, "Unit": "m3"},
        }
    ],
    "ÅVÄGEN 20, Henån (777)": [],
}
ASKED = ("--municipality", "granvik", "--purpose", "Ida asks when her tank is emptied")


@pytest.fixture
def source() -> Iterator[Edp]:
    with Edp(PICKUPS) as source:
        yield source


@pytest.fixture
def file(tmp_path: Path, source: Edp) -> Path:
    found = tmp_path / "waste.toml"
    found.write_text(
        f'name = "waste"\nkind = "edp_future"\nseconds = 2\n\n[title]\nsv = "Avfall"\n\n'
        f'[settings]\nbase_url = "{source.base_url}"\n'
    )
    return found


def _publish(torg: Torg, file: Path) -> None:
    torg("lookup", "import", str(file), "--municipality", "granvik")


def _audited(unit: Unit) -> Sequence[tuple[str, str]]:
    rows = unit.all(select(Audit).where(Audit.act.like("lookup.%")).order_by(Audit.id))
    return [(row.act, row.outcome) for row in rows]


def audited(torg: Torg) -> Sequence[tuple[str, str]]:
    with torg.storage() as storage:
        return storage.read_now(COMMAND_LINE, _audited)


def test_a_file_becomes_a_question_and_the_question_cards(either: Torg, file: Path, source: Edp) -> None:
    assert "waste works: " in either("lookup", "check", str(file)).out
    assert either("lookup", "import", str(file), "--municipality", "granvik").out == "Published waste, version 1.\n"
    (listed,) = either("lookup", "list", "--json").json["items"]
    assert (listed["municipality"], listed["name"], listed["state"], listed["title"]) == (
        "granvik", "waste", "published", "Avfall",
    )  # fmt: skip
    answered = either("lookup", "ask", "waste", "--by", "address=Åvägen 2", *ASKED, "--json").json
    assert (answered["state"], answered["version"]) == ("found", 1)
    (card,) = answered["cards"]
    assert (card["card"], card["waste"], card["is_septic"]) == ("pickup", "Slam", True)
    assert card["next"] == {"first": "2027-08-09", "last": "2027-08-15", "precision": "week"}
    assert audited(either) == [("lookup.publish", "done"), ("lookup.ask", "asked"), ("lookup.answer", "found 1")]


def test_the_card_follows_its_source_and_says_when_that_is_gone(torg: Torg, file: Path, source: Edp) -> None:
    _publish(torg, file)
    source.buildings = {HOUSE: [{**PICKUPS[HOUSE][0], "NextWastePickup": "2027-06-03"}]}
    ask = ("lookup", "ask", "waste", "--by", "address=Åvägen 2", *ASKED)
    assert torg(*ask, "--json").json["cards"][0]["next"]["precision"] == "day"
    assert torg("lookup", "ask", "waste", "--by", "address=Storgatan 9", *ASKED).out == (
        "Nothing is known of it there.\n"
    )
    source.stop()
    answered = torg(*ask, "--json").json
    assert (answered["state"], answered["cards"]) == ("down", [])
    assert answered["sentence"]


def test_what_could_be_meant_is_offered(torg: Torg, file: Path) -> None:
    _publish(torg, file)
    said = torg("lookup", "ask", "waste", "--by", "address=Åvägen", *ASKED).out
    assert "Did you mean: " in said
    assert "ÅVÄGEN 20, Henån" in said


def test_versions_are_exported_and_rolled_back_to(torg: Torg, file: Path) -> None:
    _publish(torg, file)
    file.write_text(file.read_text().replace("seconds = 2", "seconds = 3"))
    _publish(torg, file)
    exported = torg("lookup", "export", "waste", "--municipality", "granvik").out
    assert "seconds = 3.0" in exported
    file.write_text(exported)
    torg("lookup", "check", str(file))
    torg("lookup", "roll-back", "waste", "1", "--municipality", "granvik")
    assert "seconds = 2.0" in torg("lookup", "export", "waste", "--municipality", "granvik").out
    refused = torg("lookup", "roll-back", "waste", "9", "--municipality", "granvik", status=1)
    assert refused.err == "torg: There is no version 9 of the lookup waste.\n"


def test_one_that_is_withdrawn_is_asked_no_more_until_it_is_rolled_back_to(torg: Torg, file: Path, source: Edp) -> None:
    _publish(torg, file)
    _publish(torg, file)
    source.ledger.clear()
    to = ("--municipality", "granvik")
    said = torg("lookup", "withdraw", "waste", *to).out
    assert said == "Withdrew waste: torg lookup roll-back waste 2 brings it back.\n"
    assert {each["state"] for each in torg("lookup", "list", "--json").json["items"]} == {"retired"}
    ask = ("lookup", "ask", "waste", "--by", "address=Åvägen 2", *ASKED)
    for gone in (ask, ("lookup", "export", "waste", *to), ("lookup", "withdraw", "waste", *to)):
        assert "There is no lookup waste here" in torg(*gone, status=1).err
    assert source.ledger == []
    torg("lookup", "roll-back", "waste", "2", *to)
    assert torg(*ask, "--json").json["state"] == "found"
    assert audited(torg)[2:4] == [("lookup.withdraw", "done"), ("lookup.publish", "done")]
    torg("lookup", "withdraw", "waste", *to)
    assert torg("lookup", "import", str(file), *to).out == "Published waste, version 3.\n"


def test_what_is_wrong_is_a_sentence_and_nothing_is_asked_or_saved(torg: Torg, file: Path, source: Edp) -> None:
    whole = file.read_text()
    for was, instead, words in (
        ("edp_future", "edp", "line 2: There is no kind of lookup 'edp'"),
        ("seconds = 2", "seconds = 200", "line 3: seconds"),
        ("base_url", "address", "line 9: edp_future has no setting address"),
    ):
        file.write_text(whole.replace(was, instead))
        assert words in torg("lookup", "import", str(file), "--municipality", "granvik", status=1).err
    file.write_text(whole)
    _publish(torg, file)
    source.ledger.clear()
    for by, words in (("address", "KEY=VALUE"), ("shoe=44", "KEY is one of"), ("invoice=17", "only by: address")):
        assert words in torg("lookup", "ask", "waste", "--by", by, *ASKED, status=1).err
    blank = torg(
        "lookup", "ask", "waste", "--by", "address=Åvägen 2", "--municipality", "granvik", "--purpose", " ", status=1
    )
    assert "say what it is needed for" in blank.err
    assert source.ledger == []


def test_killed_once_the_audit_is_committed_it_has_asked_nothing(torg: Torg, file: Path, source: Edp) -> None:
    _publish(torg, file)
    source.ledger.clear()
    crashed = torg.folder / "crashed"
    process = subprocess.Popen(
        [sys.executable, "-m", "hub.cli", "lookup", "ask", "waste", "--by", "address=Åvägen 2", *ASKED],
        cwd=torg.folder,
        env={**os.environ, **torg.environment, "TORG_CRASH_POINT": "audit_committed", "TORG_CRASH_FILE": str(crashed)},
    )
    until(lambda: crashed.exists() and crashed.read_text())
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert crashed.read_text() == "audit_committed\n"
    rows = [row for row in audited(torg) if row[0] != "lookup.publish"]
    assert rows == [("lookup.ask", "asked")]
    assert source.ledger == []


def _owned(unit: Unit) -> None:
    """By a department, in which somebody answers for it."""
    home = municipality.by_code(unit, "granvik")
    waste = department.add(unit, home, {"sv": "Renhållningen"}, None)
    row = person.add(unit, "disa@granvik.example", "Disa", "sv")
    person.join(unit, row, home, "department", None, waste.id)
    definition.give(unit, home.id, "waste", row.id)
    for version in definition.versions(unit, home.id, "waste"):
        version.department_id = waste.id


def test_what_a_department_answers_for_is_not_widened_by_a_command(torg: Torg, file: Path) -> None:
    file.write_text(file.read_text().replace("seconds = 2", 'seconds = 2\nleads_only = ["route"]'))
    _publish(torg, file)
    with torg.storage() as storage:
        storage.write_now(COMMAND_LINE, _owned)
    topic = torg("topic", "add", "--municipality", "granvik", "--name", "Slam", "--json").json["id"]
    assert torg("topic", "allow", topic, "--lookup", "waste").out == (
        "The topic allows: no lookup.\nOnce who answers for it agrees, on its page: waste.\n"
    )
    (listed,) = torg("topic", "list", "--json").json["items"]
    assert (listed["lookups"], listed["waiting"]) == ([], ["waste"])
    file.write_text(file.read_text().replace('\nleads_only = ["route"]', ""))
    import_ = ("lookup", "import", str(file), "--municipality", "granvik")
    assert "waits until who answers for it approves" in torg(*import_).out
    assert torg(*import_, "--json").json == {"state": "waiting", "version": None, "kept": []}
    assert "leads_only" in torg("lookup", "export", "waste", "--municipality", "granvik").out
    assert audited(torg) == [("lookup.publish", "done"), ("lookup.draft", "done"), ("lookup.draft", "done")]
