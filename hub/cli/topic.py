"""`torg topic`: what questions are about, a tree of each municipality's own."""

from collections.abc import Sequence
from typing import Any

import click
from sqlalchemy import select

from hub.cli import named
from hub.cli.installation import installation, note_act
from hub.cli.output import JSON, print_added, print_items
from hub.edge import owning
from hub.errors import Invalid
from hub.inbox.topic import Topic, add
from hub.storage.unit import Unit


@click.group("topic")
def command() -> None:
    """Topics: what citizens' questions are about."""


@command.command("add")
@click.option("--municipality", required=True, help="Whose it is: code or id.")
@click.option("--name", "names", multiple=True, required=True, help="Its name; sv=… for one of several languages.")
@click.option("--parent", type=int, metavar="ID", help="The topic it is a part of.")
@click.option("--synonym", "synonyms", multiple=True, help="Another word that finds it. May be given several times.")
@JSON
def _add(municipality: str, names: Sequence[str], parent: int | None, synonyms: Sequence[str], as_json: bool) -> None:
    """Add a topic.

    Example: torg topic add --municipality granvik --name Sophämtning --synonym sopor --synonym avfall
    """
    with installation() as here:
        row_id = here.write(_write, municipality, names, parent, synonyms)
    print_added("topic", row_id, as_json=as_json)


@command.command("allow")
@click.argument("topic_id", type=int, metavar="ID")
@click.option("--lookup", "lookups", multiple=True, metavar="NAME", help="May be given several times; none: no lookup.")
def _allow(topic_id: int, lookups: Sequence[str]) -> None:
    """Say which lookups a topic allows: they are asked as soon as the citizen's identity is confirmed.

    One that a department answers for waits until its owner agrees.

    Example: torg topic allow 913862218461167617 --lookup invoices --lookup permits
    """
    with installation() as here:
        allowed, waiting = here.write(_let, topic_id, lookups)
    click.echo(f"The topic allows: {', '.join(allowed) or 'no lookup'}.")
    if waiting:
        click.echo(f"Once who answers for it agrees, on its page: {', '.join(waiting)}.")


@command.command("list")
@click.option("--municipality", help="Only this one's: code or id.")
@JSON
def _list(municipality: str | None, as_json: bool) -> None:
    """Show the topics.

    Example: torg topic list --municipality granvik
    """
    with installation() as here:
        rows = here.read(_all, municipality)
    print_items(
        rows,
        ("id", "municipality", "name", "parent", "synonyms", "lookups", "waiting"),
        lambda row: (
            row["id"], row["municipality"], named.in_language(row["name"]), row["parent"], ", ".join(row["synonyms"]),
            ", ".join(row["lookups"]), ", ".join(row["waiting"]),
        ),
        "There is no topic yet.",
        as_json=as_json,
    )  # fmt: skip


def _write(unit: Unit, municipality: str, names: Sequence[str], parent_id: int | None, synonyms: Sequence[str]) -> int:
    home = named.municipality(unit, municipality)
    parent = unit.get(Topic, parent_id)
    if parent_id is not None and (parent is None or parent.municipality_id != home.id):
        raise Invalid("parent", f"{home.code} has no topic {parent_id}; torg topic list shows those it has")
    words = named.words(names, home.language)
    beside = select(Topic.words).where(
        Topic.municipality_id == home.id, Topic.parent_id == parent_id, Topic.retired_at.is_(None)
    )
    named.refuse_taken(f"{home.code} has a topic", unit.all(beside), words)
    row = add(unit, home, words, parent_id, synonyms)
    note_act(unit, "topic.add", "topic", row.id, home.id)
    return row.id


def _let(unit: Unit, topic_id: int, lookups: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Those that it allows, and those that wait."""
    topic = unit.get(Topic, topic_id)
    if topic is None:
        raise Invalid("topic", f"there is no topic {topic_id}; torg topic list shows those there are")
    waiting = owning.allow(unit, topic, lookups)
    note_act(unit, "topic.allow", "topic", topic.id, topic.municipality_id)
    return topic.lookups, waiting


def _all(unit: Unit, municipality: str | None) -> list[dict[str, Any]]:
    codes = named.municipality_codes(unit)
    query = select(Topic).order_by(Topic.municipality_id, Topic.id)
    if municipality is not None:
        query = query.where(Topic.municipality_id == named.municipality(unit, municipality).id)
    return [
        {
            "id": str(row.id),
            "municipality": codes[row.municipality_id],
            "name": row.words,
            "parent": str(row.parent_id) if row.parent_id is not None else None,
            "synonyms": row.synonyms,
            "lookups": row.lookups,
            "waiting": row.waiting,
        }
        for row in unit.all(query)
    ]
