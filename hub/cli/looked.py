"""Looked: a citizen's report, as `torg audit looked` prints it."""

from functools import partial
from typing import Literal

import click

from hub.cli import named
from hub.cli.installation import installation
from hub.cli.output import print_json, print_table
from hub.edge import auditing, looked_sheets, sheet
from hub.lookups.report import Report, report
from hub.storage.unit import Unit


def tell(
    municipality: str, citizen: int | None, number: str, reason: str, form: Literal["csv", "json", "table"]
) -> None:
    """Of the citizen with this id, else of whoever has the number. Raises Invalid, NotFound."""
    with installation() as here:
        found, words = here.write(_report, municipality, citizen, number, reason)
    if form == "json":
        print_json(found)
    elif form == "csv":
        cells = looked_sheets.report_cells(found, words)
        click.echo(sheet.begun(looked_sheets.REPORT_TITLES) + sheet.rows(cells), nl=False)
    else:
        rows = looked_sheets.report_cells(found, words)
        print_table(looked_sheets.REPORT_TITLES, rows, "Nobody has, as far as the audit can tell.")
    if not found.citizens:
        click.echo("Nobody here is known by this number. Is it written right?", err=True)
    if found.cut:
        click.echo(f"There are more: these are the newest {len(found.looked)}.", err=True)


def _report(
    unit: Unit, municipality: str, citizen: int | None, number: str, reason: str
) -> tuple[Report, looked_sheets.Wording]:
    home = named.municipality(unit, municipality)
    why = auditing.required_reason(reason)
    if citizen is None:
        auditing.require_number(number)
    found = report(unit, home.id, citizen, number)
    auditing.log_report(unit, None, found, number, why, "command line")
    places = auditing.places_of(unit, [home.id])
    words = looked_sheets.Wording(lambda word: word, partial(named.in_language, language=home.language), {}, places)
    return found, words
