"""`torg canned`: answers that are kept ready."""

from collections.abc import Sequence
from typing import Any

import click

from hub.cli import named
from hub.cli.installation import installation, note_act
from hub.cli.output import JSON, print_added, print_items
from hub.errors import NotFound
from hub.inbox import canned
from hub.inbox.canned import Canned
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue
from hub.storage.unit import Unit

TITLES = click.option("--title", "titles", multiple=True, required=True, help="Its title; sv=… for one language.")
TEXTS = click.option(
    "--text",
    "texts",
    multiple=True,
    required=True,
    help="What it says; sv=… as its title. {{agent}}, {{queue}}, {{municipality}} and {{citizen}} are filled in.",
)


@click.group("canned")
def command() -> None:
    """Answers that are kept ready, for agents to begin with."""


@command.command("add")
@click.option("--municipality", required=True, help="Whose: code or id.")
@click.option("--queue", help="Only for this queue: its name or id.")
@TITLES
@TEXTS
@JSON
def _add(municipality: str, queue: str | None, titles: Sequence[str], texts: Sequence[str], as_json: bool) -> None:
    """Add one.

    Example: torg canned add --municipality granvik --title "Vi återkommer" --text "Hej {{citizen}}, vi återkommer."
    """
    with installation() as here:
        row_id = here.write(_write, municipality, queue, titles, texts)
    print_added("canned answer", row_id, as_json=as_json)


@command.command("set")
@click.argument("canned_id", type=int)
@TITLES
@TEXTS
def _set(canned_id: int, titles: Sequence[str], texts: Sequence[str]) -> None:
    """Another title and text for one, in all its languages.

    Example: torg canned set 4711 --title "Vi återkommer" --text "Vi återkommer senast i morgon."
    """
    with installation() as here:
        here.write(_change, canned_id, titles, texts)
    click.echo(f"Changed canned answer {canned_id}.")


@command.command("remove")
@click.argument("canned_id", type=int)
def _remove(canned_id: int) -> None:
    """Offer one no longer.

    Example: torg canned remove 4711
    """
    with installation() as here:
        here.write(_retire, canned_id)
    click.echo(f"Removed canned answer {canned_id}.")


@command.command("list")
@click.option("--municipality", required=True, help="Whose: code or id.")
@JSON
def _list(municipality: str, as_json: bool) -> None:
    """Show them.

    Example: torg canned list --municipality granvik
    """
    with installation() as here:
        rows = here.read(_all, municipality)
    print_items(
        rows,
        ("id", "queue", "languages", "title"),
        lambda row: (row["id"], row["queue"] or "(all)", ", ".join(row["title"]), named.in_language(row["title"])),
        "There is no canned answer yet.",
        as_json=as_json,
    )


def _write(unit: Unit, municipality: str, queue: str | None, titles: Sequence[str], texts: Sequence[str]) -> int:
    home = named.municipality(unit, municipality)
    of = None if queue is None else named.queue(unit, home, queue)
    row = canned.write(unit, home, of, named.words(titles, home.language), named.words(texts, home.language))
    note_act(unit, "canned.add", "canned", row.id, home.id)
    return row.id


def _change(unit: Unit, canned_id: int, titles: Sequence[str], texts: Sequence[str]) -> None:
    row = _found(unit, canned_id)
    home = unit.get(Municipality, row.municipality_id)
    assert home is not None  # a foreign key sees to it
    of = None if row.queue_id is None else unit.get(Queue, row.queue_id)
    canned.write(unit, home, of, named.words(titles, home.language), named.words(texts, home.language), row)
    note_act(unit, "canned.set", "canned", row.id, home.id)


def _retire(unit: Unit, canned_id: int) -> None:
    row = _found(unit, canned_id)
    canned.retire(row)
    note_act(unit, "canned.retire", "canned", row.id, row.municipality_id)


def _found(unit: Unit, canned_id: int) -> Canned:
    row = unit.lock(Canned, canned_id)
    if row is None or row.retired_at is not None:
        raise NotFound(f"There is no canned answer {canned_id}; torg canned list shows those there are.")
    return row


def _all(unit: Unit, municipality: str) -> list[dict[str, Any]]:
    home = named.municipality(unit, municipality)
    found = []
    for row in canned.rows(unit, home.id):
        queue = None if row.queue_id is None else unit.get(Queue, row.queue_id)
        name = None if queue is None else named.in_language(queue.words, home.language)
        found.append({"id": str(row.id), "queue": name, "title": row.title, "text": row.text})
    return found
