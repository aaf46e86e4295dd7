"""docs/scale.md is what it says of itself: its tables are those that the bench prints, each from the one above it."""

import re
from collections.abc import Mapping

import pytest

from tests.architecture.source import ROOT
from tests.bench.aims import aims
from tests.bench.ledger import LINES, OTHERS, Cell
from tests.bench.town import LABELS, SIZES, Assumed, Costs, reckoned, shown

PAGE = (ROOT / "docs/scale.md").read_text("utf-8")
TOWNS = (45_000, 700_000, 10_600_000)
SIZE = {"k": 1000, "M": 1_000_000}


def table(first: str) -> str:
    """The one whose first row begins so, as it stands there."""
    match = re.search(rf"^\| {first}.*\|\n(?:\|.*\n)+", PAGE, re.M)
    assert match, f"no table begins with {first}"
    return match[0]


def rows(of: str) -> list[list[str]]:
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in of.splitlines()]


@pytest.fixture(scope="module")
def ledger() -> list[list[str]]:
    return rows(table(r" \| floor \|"))


@pytest.fixture(scope="module")
def cells(ledger: list[list[str]]) -> list[Cell]:
    """Back from the table, as far as it says them."""
    own = range(2, len(ledger[0]) - len(OTHERS))
    found: list[Cell] = []
    for column in own:
        engine, number, unit = ledger[0][column].split()
        figures = {
            line.figure: float(row[column].replace(",", ""))
            for line, row in zip(LINES, ledger[2:], strict=True)
            if row[column]
        }
        found.append(Cell(engine, int(number) * SIZE[unit], figures))
    return found


@pytest.fixture(scope="module")
def measured() -> Costs:
    found: Mapping[str, list[str]] = {title: cells for title, *cells in rows(table(r" \| hub \|"))}
    each = {name: found[f"{label}, CPU ms"] for name, label in LABELS.items()}
    return Costs(
        {name: (float(hub), float(database)) for name, (hub, database) in each.items()},
        {name: float(found[label][0]) for name, label in SIZES.items()},
    )


def test_the_ledger_has_every_line_and_the_others_figures(ledger: list[list[str]]) -> None:
    assert tuple(ledger[0][-len(OTHERS) :]) == OTHERS
    assert [(row[0], *row[-len(OTHERS) :]) for row in ledger[2:]] == [(line.title, *line.others) for line in LINES]


def test_it_has_both_engines_at_three_sizes(cells: list[Cell]) -> None:
    sizes = (1000, 100_000, 1_000_000)
    assert [(each.engine, each.size) for each in cells] == [(e, s) for e in ("sqlite", "postgresql") for s in sizes]


def test_what_holds_and_what_does_not_follows_from_the_ledger(cells: list[Cell]) -> None:
    assert table("at the largest size") == aims(cells)


def test_what_each_thing_costs_is_as_it_is_printed(measured: Costs) -> None:
    assert shown(measured) in PAGE


def test_what_is_reckoned_follows_from_what_each_thing_costs(measured: Costs) -> None:
    assert table("inhabitants") == reckoned(measured, Assumed(), TOWNS)


def test_what_is_assumed_is_what_is_reckoned_with() -> None:
    of = Assumed()
    assert f"= inhabitants × {of.contacts:g} ÷ {of.days} × {of.peak:g} ÷ 3,600" in PAGE
    assert f"desks = inhabitants × {of.contacts:g} ÷ {of.days} ÷ {of.cases:g}" in PAGE
    assert f"desk, ms a second = {of.desk:g} of the hub" in PAGE
    assert f"({of.mails:g} × rows of mails + {1 - of.mails:g} × rows of others)" in PAGE
