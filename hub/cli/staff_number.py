"""`torg staff-number`: numbers of the municipality's own, whose calls are counted apart."""

from collections.abc import Sequence
from typing import Any

import click

from hub.cli import named
from hub.cli.installation import installation, note_act
from hub.cli.output import JSON, print_added, print_items
from hub.inbox import staff_number
from hub.storage.unit import Unit

_WHOSE = click.option("--municipality", required=True, help="Whose they are: code or id.")


@click.group("staff-number")
def command() -> None:
    """Staff numbers: who calls from one is a colleague; their calls are counted apart and owed nothing."""


@command.command("add")
@_WHOSE
@click.argument("pattern")
@JSON
def _add(municipality: str, pattern: str, as_json: bool) -> None:
    """Add a number, an extension, a range of them, or how they begin.

    Example: torg staff-number add --municipality granvik 5000-5999
    """
    with installation() as here:
        row_id = here.write(_write, municipality, pattern)
    print_added("staff number", row_id, as_json=as_json)


@command.command("remove")
@_WHOSE
@click.argument("pattern")
def _remove(municipality: str, pattern: str) -> None:
    """Take one back. Calls that came stay as they were counted.

    Example: torg staff-number remove --municipality granvik '+4619212*'
    """
    with installation() as here:
        here.write(_take_back, municipality, pattern)
    click.echo("removed")


@command.command("list")
@_WHOSE
@JSON
def _list(municipality: str, as_json: bool) -> None:
    """Show them.

    Example: torg staff-number list --municipality granvik
    """
    with installation() as here:
        rows = here.read(_all, municipality)
    print_items(
        rows,
        ("id", "pattern"),
        lambda row: (row["id"], row["pattern"]),
        "There is no staff number yet.",
        as_json=as_json,
    )


def _write(unit: Unit, municipality: str, pattern: str) -> int:
    home = named.municipality(unit, municipality)
    row = staff_number.add(unit, home, pattern)
    note_act(unit, "staff_number.add", "staff_number", row.id, home.id)
    return row.id


def _take_back(unit: Unit, municipality: str, pattern: str) -> None:
    home = named.municipality(unit, municipality)
    row_id = staff_number.remove(unit, home, pattern)
    note_act(unit, "staff_number.remove", "staff_number", row_id, home.id)


def _all(unit: Unit, municipality: str) -> Sequence[dict[str, Any]]:
    home = named.municipality(unit, municipality)
    return [{"id": str(row.id), "pattern": row.pattern} for row in staff_number.of_municipality(unit, home.id)]
