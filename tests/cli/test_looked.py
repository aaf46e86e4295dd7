"""`torg audit looked`: a citizen's report by command, as a table, as CSV and as JSON; that it was asked for is kept."""

import pytest
from sqlalchemy import select

from hub.access import person
from hub.access.audit import Audit
from hub.inbox.citizen import Citizen, CitizenPoint
from hub.inbox.municipality import by_code
from hub.inbox.points import seal_identity
from hub.storage.scope import Scope
from hub.storage.unit import Unit
from tests.cli.commands import Torg
from tests.lookups.looking import look

ANNA = "191212121212"
REASON = "Invånaren har begärt det"


@pytest.fixture
def citizen(torg: Torg) -> str:
    """Anna's id; Sara has asked about her once."""

    def ask(unit: Unit) -> int:
        here = by_code(unit, "granvik").id
        row = Citizen(municipality_id=here, name="Anna Kanarie", protection="yes")
        unit.add(row)
        value, key = seal_identity(unit.keys, here, ANNA)
        unit.add(
            CitizenPoint(
                municipality_id=here, citizen_id=row.id, first_citizen_id=row.id, kind="identity", value=value,
                match_key=key,
            )
        )  # fmt: skip
        sara = person.actor(unit, person.by_email(unit, "sara@granvik.example").id, frozenset())
        look(unit, here, sara, about=("identity", ANNA), purpose="Frågar om faktura")
        return row.id

    with torg.storage() as storage:
        return str(storage.write_now(Scope.everything("test"), ask))


def audited(torg: Torg) -> list[tuple[str, str | None]]:
    with torg.storage() as storage:
        rows = storage.read_now(
            Scope.everything("test"), lambda unit: unit.all(select(Audit).where(Audit.act == "audit.report"))
        )
        return [(row.source, row.purpose) for row in rows]


def test_as_a_table_as_csv_and_as_json(torg: Torg, citizen: str) -> None:
    asks = ("audit", "looked", "--municipality", "granvik", "--citizen", citizen, "--reason", REASON)
    table = torg(*asks).out
    assert " ".join(table.split("\n")[0].split()) == "Time Source Why Role and unit What came How it concerns you"
    assert "invoices  Frågar om faktura  agent, contact centre  found      identity" in table
    as_csv = torg(*asks, "--csv").out
    assert as_csv.startswith('\ufeff"Time";"Source"')
    assert '"invoices";"Frågar om faktura";"agent, contact centre";"found";"identity"' in as_csv
    as_json = torg(*asks, "--json").json
    assert [each["because"] for each in as_json["looked"]] == ["identity"]
    for said in (table, as_csv, str(as_json)):
        assert not any(word in said for word in ("Sara", "Anna", "Kanarie", "1212"))
    assert audited(torg) == [("command line", REASON)] * 3


def test_by_number_which_stands_in_no_command(torg: Torg, citizen: str) -> None:
    asks = ("audit", "looked", "--municipality", "granvik", "--number-stdin", "--reason", REASON, "--json")
    assert torg(*asks, said=f"{ANNA}\n").json["citizens"] == [citizen]
    nobody = torg(*asks, said="192001010101\n")
    assert (nobody.json["citizens"], nobody.json["looked"]) == ([], [])
    assert "known by this number" in nobody.err


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        (("--reason", REASON), 2, "--citizen ID, or --number-stdin"),
        (("--reason", REASON, "--citizen", "1", "--number-stdin"), 2, "--citizen ID, or --number-stdin"),
        (("--reason", REASON, "--citizen", "4711"), 1, "There is no such citizen."),
        (("--reason", "x", "--citizen", "4711"), 1, "say in a sentence why"),
        (("--reason", REASON, "--number-stdin"), 1, "write an identity number"),
        (("--reason", REASON, "--citizen", "1", "--csv", "--json"), 2, "not for both"),
    ],
)
def test_what_is_missing_is_told(torg: Torg, more: tuple[str, ...], status: int, words: str) -> None:
    assert words in torg("audit", "looked", "--municipality", "granvik", *more, status=status).err
    assert audited(torg) == []
