"""`torg membership`: which role a person has, in which municipality, and whether in one queue only."""

from operator import itemgetter
from typing import Any

import click
from sqlalchemy import select

from hub import clock
from hub.access.person import ROLES, Membership, Person, join
from hub.cli import named
from hub.cli.installation import installation, note_act
from hub.cli.output import JSON, print_added, print_items
from hub.errors import Conflict, Invalid, NotFound
from hub.inbox.department import Department, by_name
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue
from hub.storage.unit import Unit


@click.group("membership")
def command() -> None:
    """Memberships: what people may do, and where."""


@command.command("add")
@click.argument("email")
@click.option("--municipality", required=True, help="Where: code or id.")
@click.option("--role", required=True, help=f"One of {', '.join(ROLES)}.")
@click.option("--queue", help="Only in this queue of the municipality: name or id.")
@click.option("--department", help="With the role department: only this one's lookups; name or id.")
@JSON
def _add(*, email: str, municipality: str, role: str, queue: str | None, department: str | None, as_json: bool) -> None:
    """Give a person a role from now on.

    Example: torg membership add sara@granvik.example --municipality granvik --role agent --queue Kundtjänst
    """
    with installation() as here:
        row_id = here.write(_write, email, municipality, role, queue, department)
    print_added("membership", row_id, as_json=as_json)


@command.command("end")
@click.argument("membership_id", metavar="ID", type=int)
def _end(membership_id: int) -> None:
    """End a membership now. It stays on record.

    Example: torg membership end 7314159265358979
    """
    with installation() as here:
        here.write(_end_now, membership_id)
    click.echo(f"Membership {membership_id} has ended.")


@command.command("list")
@click.option("--person", "email", help="Only this person's: e-mail address or id.")
@click.option("--ended", is_flag=True, help="Those that have ended as well.")
@JSON
def _list(email: str | None, ended: bool, as_json: bool) -> None:
    """Show the memberships.

    Example: torg membership list --person sara@granvik.example
    """
    with installation() as here:
        rows = here.read(_all, email, ended)
    columns = ("id", "person", "municipality", "role", "queue_name", "department_name", "since", "until")
    print_items(
        rows,
        [each.removesuffix("_name") for each in columns],
        itemgetter(*columns),
        "There is no membership yet.",
        as_json=as_json,
    )


def _write(unit: Unit, email: str, municipality: str, role: str, queue: str | None, department: str | None) -> int:
    person = named.person(unit, email)
    home = named.municipality(unit, municipality)
    queue_id = named.queue(unit, home, queue).id if queue is not None else None
    department_id = by_name(unit, home.id, department).id if department is not None else None
    _refuse_held(unit, person, home, role, queue_id, department_id)
    row = join(unit, person, home, role, queue_id, department_id)
    note_act(unit, "membership.add", "person", person.id, home.id)
    return row.id


def _refuse_held(
    unit: Unit, person: Person, home: Municipality, role: str, queue_id: int | None, department_id: int | None
) -> None:
    """Of two that are the same, who ends one would believe that the role is gone."""
    held = select(Membership.id).where(
        Membership.person_id == person.id,
        Membership.municipality_id == home.id,
        Membership.role == role,
        Membership.queue_id == queue_id,
        Membership.department_id == department_id,
        Membership.until.is_(None) | (Membership.until > clock.now()),
    )
    if unit.first(held) is not None:
        raise Invalid("role", f"{person.email} has the role {role} there already: torg membership list shows it")


def _end_now(unit: Unit, membership_id: int) -> None:
    row = unit.lock(Membership, membership_id)
    if row is None:
        raise NotFound(f"There is no membership {membership_id}; torg membership list shows those there are.")
    if row.until is not None and row.until <= clock.now():
        raise Conflict(f"Membership {membership_id} ended at {clock.to_iso(row.until)}.")
    row.until = clock.now()
    note_act(unit, "membership.end", "person", row.person_id, row.municipality_id)


def _all(unit: Unit, email: str | None, ended: bool) -> list[dict[str, Any]]:
    codes = named.municipality_codes(unit)
    query = select(Membership, Person.email, Queue.words, Department.words)
    query = query.join(Person, Person.id == Membership.person_id)
    query = query.outerjoin(Queue, Queue.id == Membership.queue_id)
    query = query.outerjoin(Department, Department.id == Membership.department_id)
    query = query.order_by(Person.email, Membership.id)
    if email is not None:
        query = query.where(Membership.person_id == named.person(unit, email).id)
    if not ended:
        query = query.where(Membership.until.is_(None) | (Membership.until > clock.now()))
    return [
        {
            "id": str(row.id),
            "person": address,
            "municipality": codes[row.municipality_id],
            "role": row.role,
            "queue": str(row.queue_id) if row.queue_id is not None else None,
            "queue_name": named.in_language(words) if words else None,
            "department": str(row.department_id) if row.department_id is not None else None,
            "department_name": named.in_language(department) if department else None,
            "since": clock.to_iso(row.since),
            "until": clock.to_iso(row.until),
        }
        for row, address, words, department in unit.rows(query)
    ]
