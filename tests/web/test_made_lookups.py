"""A department's lookups as pages: who sees which, what each says, its versions and what they changed."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from hub.access import person
from hub.access.person import Person
from hub.edge import defining
from hub.lookups import definition
from hub.storage.unit import Unit
from tests.lookups.source import registry
from tests.web.made_world import populate
from tests.web.test_pages import Screen
from tests.web.world import must
from tests.web.world import world as make_world

AT = "/made-lookups"


@pytest.fixture
def screen(database_url: str, tmp_path: Path):  # type: ignore[no-untyped-def]  # a generator of a Screen
    with make_world(database_url, tmp_path, pages=True) as world:
        world.do(populate, world)
        world.client.app.state.registry = registry()
        yield Screen(world)


def at(screen: Screen, name: str = "invoices", code: str = "granvik") -> str:
    return f"{AT}/{screen.world.ids[code]}/{name}"


def test_each_sees_their_departments_own(screen: Screen) -> None:
    own = {"disa": {"invoices"}, "dag": {"benches"}, "dora": {"invoices", "benches"}, "dina": {"boats"}}
    own |= {"olle": {"invoices", "benches"}}  # audits Granvik
    for who, names in own.items():
        status, page = screen.get(AT, who)
        assert status == 200
        assert {each for each in ("invoices", "benches", "boats") if f"<code>{each}</code>" in page} == names, who
        for name, code in (("invoices", "granvik"), ("benches", "granvik"), ("boats", "nesoy")):
            for path in ("", "/versions/1", "/versions/1/changes"):
                status, page = screen.get(at(screen, name, code) + path, who)
                assert status == (200 if name in names else 404), (who, name, path)
                assert status == 200 or "canary" not in page
    for who in ("sara", "ida", "nils"):
        assert screen.get(AT, who)[0] == 403
        assert screen.get(at(screen), who)[0] == 403


def test_what_it_says_and_in_which_versions(screen: Screen) -> None:
    page = screen.get(at(screen), "disa")[1]
    for said in ("Version 2 is asked", "Owned by Waste.", "Disa answers for it.", "http://127.0.0.1:9/canary", "Total"):
        assert said in page, said
    assert "department = &#34;Renhållningen&#34;" in page
    assert "seconds = 3.0" in page
    assert "seconds = 4.0" in screen.get(f"{at(screen)}/versions/1", "disa")[1]
    assert screen.get(f"{at(screen)}/versions/7", "disa")[0] == 404


def test_what_a_version_changed(screen: Screen) -> None:
    page = screen.get(f"{at(screen)}/versions/2/changes", "disa")[1]
    assert '<del><span class="sr">gone: </span>seconds = 4.0</del>' in page
    assert '<ins><span class="sr">new: </span>seconds = 3.0</ins>' in page
    assert "They say the same." in screen.get(f"{at(screen)}/versions/2/changes?against=2", "disa")[1]


def test_hundreds_of_lines_much_alike_are_compared_line_by_line(screen: Screen) -> None:
    def long(end: str) -> dict[str, dict[str, str]]:
        return {"fields": {f"field{number}": f"COLUMN_{number}_{end}" for number in range(400)}}

    def changed(unit: Unit) -> Sequence[str]:
        actor = must(person.actor(unit, screen.world.ids["disa"], frozenset({"read", "write"})))
        here = screen.world.ids["granvik"]
        for number, end in enumerate(("A", "B")):
            row = definition.versions(unit, here, "invoices")[number]
            row.definition = {**row.definition, "settings": long(end)}
        found = defining.compared(unit, actor, here, "invoices", screen.world.client.app.state.registry, 1, 2)
        return [each.sign for each in found if "COLUMN_" in each.text]

    assert screen.world.do(changed) == ["gone"] * 400 + ["new"] * 400


def test_use_is_shown_of_ones_own_department(screen: Screen) -> None:
    assert "<code>benches</code>" in screen.get("/lookups", "dag")[1]
    assert "<code>invoices</code>" not in screen.get("/lookups", "dag")[1]


def test_in_swedish(screen: Screen) -> None:
    def speak(unit: Unit) -> None:
        must(unit.get(Person, screen.world.ids["disa"])).language = "sv"

    screen.world.do(speak)
    page = screen.get(at(screen), "disa")[1]
    assert "Version 2 frågas" in page
    assert "Var den läser" in page
