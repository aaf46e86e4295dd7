"""`torg municipality`: the municipalities that the centre answers for."""

from operator import itemgetter
from typing import Any

import click
from sqlalchemy import select

from hub.cli import named
from hub.cli.installation import installation, note_act
from hub.cli.output import JSON, print_items, print_json
from hub.errors import Invalid
from hub.inbox.municipality import HUES, LANGUAGES, Municipality, add
from hub.storage.unit import Unit


@click.group("municipality")
def command() -> None:
    """Municipalities that the centre answers for."""


@command.command("add")
@click.argument("code")
@click.option("--name", required=True, help="Its name, as citizens know it.")
@click.option("--short-name", help="What rows call it, where there is little room: Granvik.")
@click.option("--country", required=True, help="SE, NO, DK, FI or IS: gives timezone, holidays and language.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Its language, if not its country's.")
@click.option("--hue", type=click.IntRange(1, HUES), help="Its colour on the screen, if not the next one.")
@JSON
def _add(
    *,
    code: str,
    name: str,
    short_name: str | None,
    country: str,
    language: str | None,
    hue: int | None,
    as_json: bool,
) -> None:
    """Add a municipality. CODE names it in settings and addresses.

    Example: torg municipality add granvik --name "Granviks kommun" --short-name Granvik --country SE
    """
    with installation() as here:
        row_id = here.write(_write, code, name, country.upper(), language=language, hue=hue, short_name=short_name)
    if as_json:
        print_json({"id": str(row_id), "code": code})
    else:
        click.echo(f"Added municipality {code} ({row_id}).")


@command.command("set")
@click.argument("code")
@click.option("--name", help="Its name, as citizens know it: answers are signed by it from now on.")
@click.option("--short-name", help="What rows call it, where there is little room; empty: its name.")
@click.option("--hue", type=click.IntRange(1, HUES), help="Its colour on the screen.")
def _set(*, code: str, name: str | None, short_name: str | None, hue: int | None) -> None:
    """Change what a municipality is called, or its colour; what isn't named stays.

    Example: torg municipality set granvik --short-name Granvik --hue 3
    """
    if name is None and short_name is None and hue is None:
        raise Invalid("", "say what to change: --name, --short-name or --hue")
    with installation() as here:
        known_as = here.write(_change, code, name, short_name, hue)
    click.echo(f"Changed municipality {known_as}.")


@command.command("list")
@JSON
def _list(as_json: bool) -> None:
    """Show the municipalities.

    Example: torg municipality list --json
    """
    with installation() as here:
        rows = here.read(_all)
    titles = ("id", "code", "name", "country", "language", "timezone")
    print_items(rows, titles, itemgetter(*titles), "There is no municipality yet.", as_json=as_json)


def _write(
    unit: Unit, code: str, name: str, country: str, *, language: str | None, hue: int | None, short_name: str | None
) -> int:
    short_name = None if short_name is None else named.plain(short_name)
    row = add(unit, code, named.plain(name), country, language, hue, short_name)
    note_act(unit, "municipality.add", "municipality", row.id, row.id)
    return row.id


def _change(unit: Unit, code: str, name: str | None, short_name: str | None, hue: int | None) -> str:
    row = named.municipality(unit, code)
    if name is not None:
        row.name = named.plain(name)
    if short_name is not None:
        row.short_name = short_name.strip() or None
    if hue is not None:
        row.hue = hue
    note_act(unit, "municipality.set", "municipality", row.id, row.id)
    return row.code


def _all(unit: Unit) -> list[dict[str, Any]]:
    return [
        {
            "id": str(row.id),
            "code": row.code,
            "name": row.name,
            "short_name": row.short_name,
            "country": row.country,
            "language": row.language,
            "timezone": row.timezone,
            "hue": row.hue,
        }
        for row in unit.all(select(Municipality).order_by(Municipality.code))
    ]
