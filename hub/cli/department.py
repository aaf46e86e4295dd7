"""`torg department`: the parts of a municipality that matters are handed to."""

from collections.abc import Sequence
from typing import Any

import click
from sqlalchemy import select

from hub.cli import named
from hub.cli.installation import installation, note_act
from hub.cli.output import JSON, print_added, print_items
from hub.errors import Invalid
from hub.inbox.department import Department, add
from hub.storage.unit import Unit


@click.group("department")
def command() -> None:
    """Departments of a municipality, which matters are handed to."""


@command.command("add")
@click.option("--municipality", required=True, help="Whose it is: code or id.")
@click.option("--name", "names", multiple=True, required=True, help="Its name; sv=… for one of several languages.")
@click.option("--address", help="The mail address that handovers go to.")
@JSON
def _add(municipality: str, names: Sequence[str], address: str | None, as_json: bool) -> None:
    """Add a department.

    Example: torg department add --municipality granvik --name Bygglov --address bygglov@granvik.example
    """
    if address is not None and not all(address.rpartition("@")):
        raise Invalid("address", f"{address} is not an e-mail address")
    with installation() as here:
        row_id = here.write(_write, municipality, names, address)
    print_added("department", row_id, as_json=as_json)


@command.command("list")
@click.option("--municipality", help="Only this one's: code or id.")
@JSON
def _list(municipality: str | None, as_json: bool) -> None:
    """Show the departments.

    Example: torg department list --municipality granvik
    """
    with installation() as here:
        rows = here.read(_all, municipality)
    print_items(
        rows,
        ("id", "municipality", "name", "address"),
        lambda row: (row["id"], row["municipality"], named.in_language(row["name"]), row["address"]),
        "There is no department yet.",
        as_json=as_json,
    )


def _write(unit: Unit, municipality: str, names: Sequence[str], address: str | None) -> int:
    home = named.municipality(unit, municipality)
    words = named.words(names, home.language)
    beside = select(Department.words).where(Department.municipality_id == home.id)
    named.refuse_taken(f"{home.code} has a department", unit.all(beside), words)
    row = add(unit, home, words, address)
    note_act(unit, "department.add", "department", row.id, home.id)
    return row.id


def _all(unit: Unit, municipality: str | None) -> list[dict[str, Any]]:
    codes = named.municipality_codes(unit)
    query = select(Department).order_by(Department.municipality_id, Department.id)
    if municipality is not None:
        query = query.where(Department.municipality_id == named.municipality(unit, municipality).id)
    return [
        {"id": str(row.id), "municipality": codes[row.municipality_id], "name": row.words, "address": row.address}
        for row in unit.all(query)
    ]
