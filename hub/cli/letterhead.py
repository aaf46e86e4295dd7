"""`torg letterhead`: what stands below a municipality's mails, and is said first on its telephone."""

from typing import Any

import click

from hub.cli import named
from hub.cli.installation import installation, note_act
from hub.cli.output import JSON, print_items
from hub.inbox import letterhead
from hub.inbox.queue import Queue
from hub.storage.unit import Unit


@click.group("letterhead")
def command() -> None:
    """What stands below mails: signatures, and whether answers quote; and the greeting on the telephone."""


@command.command("set")
@click.option("--municipality", required=True, help="Whose mails: code or id.")
@click.option("--queue", help="Only those of this queue: its name or id; without it, of all queues that have none.")
@click.option("--signature", help="Its text; {{agent}}, {{queue}} and {{municipality}} are filled in. Empty: none.")
@click.option("--signature-file", type=click.File("r", encoding="utf-8"), help="The same from a file, - for input.")
@click.option("--quotes", type=click.Choice(["yes", "no", "as-municipality"]), help="Whether answers quote.")
@click.option("--greeting", help="What is said first on the telephone; the same is filled in. Empty: the usual one.")
def _set(
    municipality: str,
    queue: str | None,
    signature: str | None,
    signature_file: Any,
    quotes: str | None,
    greeting: str | None,
) -> None:
    """Change what stands below mails, and is said on the telephone, from the next one on; what isn't named stays.

    Example: torg letterhead set --municipality granvik --signature-file signature.txt --quotes yes
    """
    if signature_file is not None:
        signature = signature_file.read()
    with installation() as here:
        here.write(_write, municipality, queue, signature, quotes, greeting)
    click.echo("Changed.")


@command.command("list")
@click.option("--municipality", required=True, help="Whose: code or id.")
@JSON
def _list(municipality: str, as_json: bool) -> None:
    """Show them: the municipality's own first.

    Example: torg letterhead list --municipality granvik
    """
    with installation() as here:
        rows = here.read(_all, municipality)
    print_items(
        rows,
        ("queue", "quotes", "greeting", "signature"),
        lambda row: (row["queue"] or "(all)", row["quotes"], row["greeting"], row["signature"].replace("\n", " / ")),
        "There is no letterhead yet: mails have no signature, and answers quote what they answer.",
        as_json=as_json,
    )


def _write(
    unit: Unit, municipality: str, queue: str | None, signature: str | None, quotes: str | None, greeting: str | None
) -> None:
    home = named.municipality(unit, municipality)
    of = None if queue is None else named.queue(unit, home, queue)
    queue_id = None if of is None else of.id
    there = next((row for row in letterhead.rows(unit, home.id) if row.queue_id == queue_id), None)
    known: dict[str | None, bool | None] = {"yes": True, "no": False, "as-municipality": None}
    known[None] = there.quotes if there is not None else None
    text = signature if signature is not None else (there.signature if there is not None else "")
    said = greeting if greeting is not None else ((there.greeting or "") if there is not None else "")
    letterhead.put(unit, home, of, text, known[quotes], said)
    note_act(unit, "letterhead.put", "municipality", home.id, home.id)


def _all(unit: Unit, municipality: str) -> list[dict[str, Any]]:
    home = named.municipality(unit, municipality)
    found = []
    for row in letterhead.rows(unit, home.id):
        queue = None if row.queue_id is None else unit.get(Queue, row.queue_id)
        name = None if queue is None else named.in_language(queue.words, home.language)
        found.append({"queue": name, "quotes": row.quotes, "greeting": row.greeting or "", "signature": row.signature})
    return found
