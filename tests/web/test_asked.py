"""Who looked, by the API: an auditor's search and export, a department's use, a citizen's report."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from hub.access import login, person
from hub.access.audit import Audit
from hub.inbox import municipality
from hub.inbox.conversation import Conversation
from hub.storage.unit import Unit
from tests.lookups.looking import look
from tests.web.world import World, let_pass, must

REASON = "Invånaren har begärt det"


@pytest.fixture
def asked(world: World) -> World:
    """Olle audits Granvik, Nora Nesøy; Disa is of a department of Granvik's. Sara asked twice, Nils once."""

    def join(unit: Unit) -> None:
        for name, code, role in (("disa", "granvik", "department"), ("nora", "nesoy", "auditor")):
            row = person.add(unit, f"{name}@{code}.example", name.capitalize())
            person.join(unit, row, municipality.by_code(unit, code), role)
            world.ids[name], world.tokens[name] = row.id, login.add_token(unit, row, "test")
        olle = must(unit.get(person.Person, world.ids["olle"]))
        world.tokens["olle reads"] = login.add_token(unit, olle, "reads", ("read", "write", "it"))

    world.do(join)
    world.ids["told"] = world.mail()
    for who, code, said in (
        ("sara", "granvik", {"conversation_id": world.ids["told"], "purpose": '=HYPERLINK("http://x")'}),
        ("sara", "granvik", {"ended": "another's", "lookup": "waste", "purpose": "Töms; kärlet"}),
        ("nils", "nesoy", {"purpose": "Kanarifugl"}),
    ):
        let_pass(1)
        world.do(look, world.ids[code], world.actor(who), **said)
    let_pass(1)
    return world


def test_an_auditor_sees_who_asked_what_and_why(asked: World) -> None:
    newest, first = asked.get("/lookups/asked", "olle").json()["items"]
    assert (newest["lookup"], newest["ended"], newest["purpose"]) == ("waste", "another's", "Töms; kärlet")
    assert first["person"] == {"id": str(asked.ids["sara"]), "name": "Sara"}
    assert first["offices"] == [{"role": "agent", "unit": None}]
    assert (first["conversation_id"], first["milliseconds"]) == (str(asked.ids["told"]), 300)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"lookup": "waste"}, ["waste"]),
        ({"ended": "alarm"}, ["waste"]),
        ({"ended": "found"}, ["invoices"]),
        ({"purpose": "kärlet"}, ["waste"]),
        ({"purpose": "kanarifugl"}, []),
        ({"to": "2020-01-01T00:00:00Z"}, []),
        ({"from": "2020-01-01T00:00:00Z", "limit": "1"}, ["waste"]),
    ],
)
def test_narrowed(asked: World, wanted: dict[str, str], found: list[str]) -> None:
    answer = asked.get("/lookups/asked", "olle", params=wanted)
    assert [each["lookup"] for each in answer.json()["items"]] == found


def test_by_person_and_conversation(asked: World) -> None:
    for name, value, count in (("person", "sara", 2), ("person", "nils", 0), ("conversation", "told", 1)):
        answer = asked.get("/lookups/asked", "olle", params={name: str(asked.ids[value])})
        assert len(answer.json()["items"]) == count, name


@pytest.mark.parametrize(
    "wanted", [{"lookup": "No such"}, {"ended": "gone"}, {"person": "x"}, {"subject": "1"}, {"from": "today"}]
)
def test_what_cannot_be_looked_for_is_told(asked: World, wanted: dict[str, str]) -> None:
    assert asked.get("/lookups/asked", "olle", params=wanted).status_code == 400


def test_of_elsewhere_nothing_is_told(asked: World) -> None:
    assert [each["purpose"] for each in asked.get("/lookups/asked", "nora").json()["items"]] == ["Kanarifugl"]
    there = {"municipality": str(asked.ids["nesoy"])}
    for path in ("/lookups/asked", "/lookups/asked/export"):
        refused = asked.get(path, "olle", params={**there, **({"reason": REASON} if "export" in path else {})})
        assert (refused.status_code, refused.json()["field"]) == (422, "municipality")
    said = asked.get("/lookups/asked/export", "olle", params={"reason": REASON}).text
    assert "Kanarifugl" not in said
    assert "Nils" not in said


ROUTES: Sequence[tuple[str, str, dict[str, Any]]] = (
    ("GET", "/lookups/asked", {}),
    ("GET", f"/lookups/asked/export?reason={REASON}", {}),
    ("POST", "/lookups/reports", {"json": {"citizen": "1", "reason": REASON}}),
)


@pytest.mark.parametrize("who", ["sara", "lena", "ida", "disa", "olle reads"])
def test_it_is_auditors_alone(asked: World, who: str) -> None:
    for method, path, options in ROUTES:
        refused = asked.ask(method, path, who, **options)
        assert (refused.status_code, "auditors" in refused.json()["detail"]) == (403, True), path


def test_the_list_leaves_as_a_file_that_runs_nothing(asked: World) -> None:
    answer = asked.get("/lookups/asked/export", "olle", params={"reason": REASON, "person": str(asked.ids["sara"])})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="lookups-asked.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    titles, waste, invoices = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    assert titles[:4] == ["Time", "Municipality", "Person", "Role and unit"]
    assert (waste[2:5], waste[6]) == (["Sara", "agent, contact centre", "waste"], "Töms; kärlet")
    assert invoices[6] == '\'=HYPERLINK("http://x")'
    row = must(asked.do(_newest, "audit.export"))
    assert (row.purpose, row.municipality_id) == (REASON, asked.ids["granvik"])
    assert (row.person_id, row.outcome) == (asked.ids["olle"], f"person {asked.ids['sara']}")


@pytest.mark.parametrize("reason", ["", "därför", "    x     "])
def test_nothing_leaves_without_a_reason(asked: World, reason: str) -> None:
    citizen = str(_citizen(asked))
    for answer in (
        asked.get("/lookups/asked/export", "olle", params={"reason": reason}),
        asked.ask("POST", "/lookups/reports", "olle", json={"citizen": citizen, "reason": reason}),
    ):
        assert (answer.status_code, answer.json()["field"]) == (422, "reason")
    assert asked.do(_newest, "audit.export") is None
    assert asked.do(_newest, "audit.report") is None


def test_a_long_list_leaves_whole(asked: World) -> None:
    for _ in range(1203):
        asked.do(_stopped, asked.ids["granvik"])
    said = asked.get("/lookups/asked/export", "olle", params={"reason": REASON, "ended": "stopped"})
    assert len(said.text.splitlines()) == 1204


def _stopped(unit: Unit, municipality_id: int) -> None:
    look(unit, municipality_id, act="lookup.stopped", ended="too many")


def test_a_citizens_report(asked: World) -> None:
    citizen = _citizen(asked)
    found = asked.ask("POST", "/lookups/reports", "olle", json={"citizen": str(citizen), "reason": REASON}).json()
    assert (found["citizens"], found["cut"]) == ([str(citizen)], False)
    (line,) = found["looked"]
    assert (line["because"], line["ended"], line["offices"]) == (
        "conversation",
        "found",
        [{"role": "agent", "unit": None}],
    )
    as_file = {"citizen": str(citizen), "reason": REASON, "form": "csv"}
    answer = asked.ask("POST", "/lookups/reports", "olle", json=as_file)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="who-looked.csv"'
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == ["Time", "Source", "Why", "Role and unit", "What came", "How it concerns you"]
    assert rows[1][1:] == ["invoices", '\'=HYPERLINK("http://x")', "agent, contact centre", "found", "conversation"]
    assert "Sara" not in answer.text
    row = must(asked.do(_newest, "audit.report"))
    assert (row.person_id, row.purpose, row.outcome) == (asked.ids["olle"], REASON, "1 questions")


def test_a_report_of_elsewhere_or_of_nobody_is_not_there(asked: World) -> None:
    theirs = asked.mail(municipality="nesoy", queue="innbygger")
    citizen = asked.do(lambda unit: must(unit.get(Conversation, theirs)).citizen_id)
    said = [
        asked.ask("POST", "/lookups/reports", "olle", json={"citizen": str(each), "reason": REASON})
        for each in (citizen, 4711)
    ]
    assert [each.status_code for each in said] == [404, 404]
    assert said[0].json() == said[1].json()
    for wanted, field in (
        ({"number": "191212121212"}, "municipality"),
        ({"number": "191212121212", "municipality": str(asked.ids["nesoy"])}, "municipality"),
        *(
            ({"number": number, "municipality": str(asked.ids["granvik"])}, "number")
            for number in ("", "12", "anna@example.com 12345678")
        ),
    ):
        answer = asked.ask("POST", "/lookups/reports", "olle", json={**wanted, "reason": REASON})
        assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_a_department_sees_use_by_role_and_unit(asked: World) -> None:
    answer = asked.get("/lookups/use", "disa")
    found = {each["name"]: each for each in answer.json()["items"]}
    assert found.keys() == {"invoices", "waste"}
    assert (found["invoices"]["asked"], found["waste"]["ended"]["another's"]) == (1, 1)
    assert found["invoices"]["offices"] == [{"offices": [{"role": "agent", "unit": None}], "asked": 1}]
    assert found["invoices"]["purposes"] == []
    for word in ("Sara", str(asked.ids["sara"]), "HYPERLINK", "Kanarifugl"):
        assert word not in answer.text
    assert asked.get("/lookups/use", "olle").status_code == 200
    for who in ("sara", "ida", "lena", "reader"):
        assert asked.get("/lookups/use", who).status_code == 403
    assert asked.get("/lookups/use?days=365", "disa").status_code == 400


def _citizen(world: World) -> int:
    found: Conversation = must(world.do(lambda unit: unit.get(Conversation, world.ids["told"])))
    return found.citizen_id


def _newest(unit: Unit, act: str) -> Any:
    return unit.first(select(Audit).where(Audit.act == act).order_by(Audit.id.desc()))
