"""A town: processors and disk that so many inhabitants take, reckoned from what the ledger of scale measured.

    python -m tests.bench.town var/ledger.jsonl --engine postgresql --inhabitants 700000

prints the two tables of docs/scale.md, which says what they mean and where the assumptions are from; each is an option.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.bench.ledger import Cell

SECONDS, THOUSAND = 3600, 1000
LABELS = {
    "mail": "mail in: taken, read, placed, indexed",
    "answer": "answer: request and sending",
    "list": "list page",
    "open": "conversation page",
    "search": "search, common word",
    "news": "what changed, five rows",
    "rail": "counts of the rail",
}
_FIGURES = {"mail": "came", "search": "search common"}
SIZES = {
    "rows": "MB of rows per 1,000 mails",
    "files": "MB of files per 1,000 mails",
    "plain": "MB of rows per 1,000 others",
}


class Assumed(Struct, frozen=True):
    """What the ledger doesn't say. `peak`: the busiest hour's share of a day; `mails`: of contacts.

    `cases`: that a desk answers a day. `desk`: processor ms a second that the hub takes for one that works, as
    `torg prove storm` tells it with many and with few `--agents`.
    """

    contacts: float = 3.5
    days: int = 250
    peak: float = 0.2
    mails: float = 0.4
    storm: float = 20.0
    cases: float = 43.0
    desk: float = 12.3


class Costs(Struct, frozen=True):
    """`each`: processor ms by LABELS, of the hub and of the database server; `size`: MB by SIZES."""

    each: Mapping[str, tuple[float, float]]
    size: Mapping[str, float]


def costs(cells: Sequence[Cell]) -> Costs:
    """Of the largest column, rounded as they are shown: who reckons from the table comes to the same."""
    largest = max(cells, key=lambda cell: cell.size)
    found = largest.figures
    each = {
        name: (
            _shown(found[f"{_FIGURES.get(name, name)} hub"]),
            _shown(found.get(f"{_FIGURES.get(name, name)} database", 0.0)),
        )
        for name in LABELS
    }
    return Costs(each, {name: _shown(found[name]) for name in SIZES})


def _shown(figure: float) -> float:
    return round(figure, 2)


def shown(given: Costs) -> str:
    """The table of costs."""
    rows = [["", "hub", "database server"], ["---", "---:", "---:"]]
    rows += [[f"{label}, CPU ms", *(f"{ms:.2f}" for ms in given.each[name])] for name, label in LABELS.items()]
    rows += [[label, f"{given.size[name]:.2f}", ""] for name, label in SIZES.items()]
    return _table(rows)


def reckoned(given: Costs, assumed: Assumed, inhabitants: Sequence[int]) -> str:
    """The table of towns, a column each."""
    towns = [_town(given, assumed, each) for each in inhabitants]
    rows = [["inhabitants", *(f"{each:,}" for each in inhabitants)], ["---", *["---:" for _ in towns]]]
    rows += [[label, *(town[label] for town in towns)] for label in towns[0]]
    return _table(rows)


def _town(given: Costs, assumed: Assumed, inhabitants: int) -> dict[str, str]:
    year = inhabitants * assumed.contacts
    day = year / assumed.days
    a_second = day * assumed.peak / SECONDS
    desks = day / assumed.cases
    found = {
        "contacts a year": f"{year:,.0f}",
        "contacts a working day": f"{day:,.0f}",
        "contacts a second in the busiest hour": f"{a_second:.2f}",
        "desks": f"{desks:,.0f}",
    }
    for side, who in enumerate(("hub", "database server")):
        contact = (given.each["mail"][side] + given.each["answer"][side]) / THOUSAND
        desk = _desk(given, assumed, side) / THOUSAND
        usual, storm = a_second * contact + desks * desk, assumed.storm * a_second * contact + 2 * desks * desk
        found[f"cores of the {who}, busiest hour"] = f"{usual:.2f}"
        found[f"· of that for the desks, {who}"] = f"{desks * desk:.2f}"
        found[f"cores of the {who}, storm of {assumed.storm:.0f} times, twice the desks"] = f"{storm:.2f}"
    per_mail, plain = given.size["rows"], given.size["plain"]
    rows = year / THOUSAND * (assumed.mails * per_mail + (1 - assumed.mails) * plain) / THOUSAND
    return found | {
        "GB of rows a year": f"{rows:,.0f}",
        "GB of files a year": f"{year / THOUSAND * assumed.mails * given.size['files'] / THOUSAND:,.0f}",
    }


def _desk(given: Costs, assumed: Assumed, side: int) -> float:
    """Processor ms a second: the hub's as it was told, the database server's in proportion, as its parts fetch."""
    fetched = [sum(given.each[name][each] for name in ("news", "rail")) for each in (0, 1)]
    return assumed.desk * fetched[side] / fetched[0]


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def main() -> None:
    """Prints both tables."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.town")
    asked.add_argument("ledger", type=Path, help="what `make bench` kept")
    asked.add_argument("--engine", default="postgresql", choices=["sqlite", "postgresql"])
    asked.add_argument("--inhabitants", type=int, nargs="+", default=[45_000, 700_000, 10_600_000])
    for name, value in msgspec.structs.asdict(Assumed()).items():
        asked.add_argument(f"--{name}", type=float, default=value)
    options = asked.parse_args()
    lines = options.ledger.read_bytes().splitlines()
    cells = [each for line in lines if (each := msgspec.json.decode(line, type=Cell)).engine == options.engine]
    if not cells:
        raise SystemExit(f"{options.ledger} has no column of {options.engine}: run make bench with --keep")
    found = costs(cells)
    assumed = msgspec.convert(
        {name: getattr(options, name) for name in Assumed.__struct_fields__}, Assumed, strict=False
    )
    sys.stdout.write(f"{shown(found)}\n{reckoned(found, assumed, options.inhabitants)}")


if __name__ == "__main__":
    main()
