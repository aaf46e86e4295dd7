"""`torg queue`: the answering groups of the centre."""

from collections.abc import Sequence
from typing import Any

import click
from sqlalchemy import select

from hub.cli import named
from hub.cli.installation import installation, note_act
from hub.cli.output import JSON, print_added, print_items
from hub.inbox.queue import Queue, QueueArea, add, of_municipality
from hub.storage.unit import Unit


@click.group("queue")
def command() -> None:
    """Queues: the answering groups of the centre."""


@command.command("add")
@click.option("--municipality", "municipalities", multiple=True, required=True, help="Whom it answers for.")
@click.option("--name", "names", multiple=True, required=True, help="Its name; sv=… for one of several languages.")
@click.option("--answer-days", type=click.IntRange(0, 365), help="Working days to answer within; otherwise two.")
@JSON
def _add(municipalities: Sequence[str], names: Sequence[str], answer_days: int | None, as_json: bool) -> None:
    """Add a queue for one municipality or several.

    Example: torg queue add --municipality granvik --municipality holmo --name sv=Kundtjänst --name nb=Kundeservice
    """
    with installation() as here:
        row_id = here.write(_write, municipalities, names, answer_days)
    print_added("queue", row_id, as_json=as_json)


@command.command("list")
@click.option("--municipality", help="Only those that answer for this one: code or id.")
@JSON
def _list(municipality: str | None, as_json: bool) -> None:
    """Show the queues.

    Example: torg queue list --municipality granvik
    """
    with installation() as here:
        rows = here.read(_all, municipality)
    print_items(
        rows,
        ("id", "municipalities", "name", "answer days"),
        lambda row: (row["id"], ", ".join(row["municipalities"]), named.in_language(row["name"]), row["answer_days"]),
        "There is no queue yet.",
        as_json=as_json,
    )


def _write(unit: Unit, municipalities: Sequence[str], names: Sequence[str], answer_days: int | None) -> int:
    homes = [named.municipality(unit, each) for each in dict.fromkeys(municipalities)]
    words = named.words(names, homes[0].language)
    for home in homes:
        taken = [queue.words for queue in of_municipality(unit, home)]
        named.refuse_taken(f"{home.code} has a queue", taken, words)
    row = add(unit, words, homes, answer_days)
    for home in homes:
        note_act(unit, "queue.add", "queue", row.id, home.id)
    return row.id


def _all(unit: Unit, municipality: str | None) -> list[dict[str, Any]]:
    codes = named.municipality_codes(unit)
    query = select(Queue).where(Queue.retired_at.is_(None)).order_by(Queue.id)
    if municipality is not None:
        home = named.municipality(unit, municipality)
        query = query.where(Queue.id.in_(select(QueueArea.queue_id).where(QueueArea.municipality_id == home.id)))
    areas: dict[int, list[str]] = {}
    for area in unit.all(select(QueueArea)):
        areas.setdefault(area.queue_id, []).append(codes[area.municipality_id])
    return [
        {
            "id": str(row.id),
            "name": row.words,
            "municipalities": sorted(areas.get(row.id, [])),
            "answer_days": row.answer_days,
        }
        for row in unit.all(query)
    ]
