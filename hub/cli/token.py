"""`torg token`: API tokens. A token is shown once; only a hash of it is kept."""

from collections.abc import Sequence
from typing import Any

import click
from sqlalchemy import select

from hub import clock
from hub.access.login import KIND, TOKEN_SCOPES, Login, add_token
from hub.access.person import Person
from hub.cli import named
from hub.cli.installation import installation, note_act
from hub.cli.output import JSON, print_items, print_json
from hub.errors import Conflict, NotFound
from hub.storage.unit import Unit


@click.group("token")
def command() -> None:
    """API tokens of people."""


@command.command("add")
@click.argument("email")
@click.option("--name", required=True, help="What it is for.")
@click.option("--scope", "scopes", multiple=True, help=f"{', '.join(TOKEN_SCOPES)}; otherwise all.")
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it expires. Otherwise it doesn't.")
@JSON
def _add(email: str, name: str, scopes: Sequence[str], days: int | None, as_json: bool) -> None:
    """Make a token that acts as this person, and show it this once.

    Example: torg token add sara@granvik.example --name report --scope read --days 90 --json
    """
    with installation() as here:
        token = here.write(_write, email, name, scopes or TOKEN_SCOPES, days)
    if as_json:
        print_json({"token": token})
    else:
        click.echo(token)
        click.echo("Keep it: it is not shown again.", err=True)


@command.command("list")
@click.option("--person", "email", help="Only this person's: e-mail address or id.")
@JSON
def _list(email: str | None, as_json: bool) -> None:
    """Show the tokens, without what opens anything.

    Example: torg token list --person sara@granvik.example
    """
    with installation() as here:
        rows = here.read(_all, email)
    print_items(
        rows,
        ("id", "person", "name", "scopes", "expires", "ended"),
        lambda row: (
            row["id"], row["person"], row["name"], ", ".join(row["scopes"]), row["expires_at"], row["ended_at"],
        ),
        "There is no token yet.",
        as_json=as_json,
    )  # fmt: skip


@command.command("end")
@click.argument("token_id", metavar="ID", type=int)
def _end(token_id: int) -> None:
    """Make a token useless from now on. ID is its id, not the token itself.

    Example: torg token end 7314159265358979
    """
    with installation() as here:
        here.write(_end_now, token_id)
    click.echo(f"Token {token_id} has ended.")


def _write(unit: Unit, email: str, name: str, scopes: Sequence[str], days: int | None) -> str:
    person, name = named.person(unit, email), named.plain(name)
    token = add_token(unit, person, name, scopes, clock.now() + days * clock.DAY if days is not None else None)
    note_act(unit, "token.add", "person", person.id, purpose=name)
    return token


def _end_now(unit: Unit, token_id: int) -> None:
    row = unit.lock(Login, token_id)
    if row is None or row.kind != KIND:
        raise NotFound(f"There is no token {token_id}; torg token list shows those there are.")
    if row.ended_at is not None:
        raise Conflict(f"Token {token_id} ended at {clock.to_iso(row.ended_at)}.")
    row.ended_at = clock.now()
    note_act(unit, "token.end", "person", row.person_id, purpose=row.name)


def _all(unit: Unit, email: str | None) -> list[dict[str, Any]]:
    query = select(Login, Person.email).join(Person, Person.id == Login.person_id)
    query = query.where(Login.kind == KIND).order_by(Person.email, Login.id)
    if email is not None:
        query = query.where(Login.person_id == named.person(unit, email).id)
    return [
        {
            "id": str(row.id),
            "person": address,
            "name": row.name,
            "scopes": row.scopes,
            "expires_at": clock.to_iso(row.expires_at),
            "ended_at": clock.to_iso(row.ended_at),
        }
        for row, address in unit.rows(query)
    ]
