"""`torg person`: our own people. What they may do, `torg membership` says."""

import sys
from operator import itemgetter
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from hub import clock
from hub.access import duty, password, session
from hub.access.person import Person, add
from hub.cli import named
from hub.cli.installation import installation, note_act
from hub.cli.output import JSON, print_items, print_json
from hub.errors import Invalid
from hub.inbox.municipality import LANGUAGES
from hub.storage.unit import Unit


@click.group("person")
def command() -> None:
    """People of the contact centre and the municipalities."""


@command.command("add")
@click.argument("email")
@click.option("--name", required=True, help="Their name, as colleagues and citizens read it.")
@click.option("--language", type=click.Choice(LANGUAGES), default="sv", show_default=True, help="Their language.")
@click.option("--password-stdin", is_flag=True, help="Read their password from standard input.")
@click.option("--password-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Or from a file.")
@JSON
def _add(
    *, email: str, name: str, language: str, password_stdin: bool, password_file: Path | None, as_json: bool
) -> None:
    """Add a person. A password is optional, and only a hash of it is kept.

    Example: torg person add sara@granvik.example --name "Sara Lind" --password-stdin < password.txt
    """
    if password_stdin and password_file:
        raise click.UsageError("Give the password by --password-stdin or by --password-file, not by both.")
    password_hash = None
    if password_stdin or password_file:
        password_hash = _hash(password_file.read_bytes() if password_file else sys.stdin.buffer.read())
    with installation() as here:
        row_id = here.write(_write, email, name, language, password_hash)
    if as_json:
        print_json({"id": str(row_id)})
    else:
        click.echo(f"Added person {row_id}. Next: torg membership add {email} --municipality … --role …")


@command.command("phone")
@click.argument("email")
@click.argument("phone")
def _phone(email: str, phone: str) -> None:
    """Say which telephone is theirs: the extension, number or log-in that the exchange has for them. Empty: none.

    By it calls are known to be theirs, and pop on their screen; one that several share is nobody's. EMAIL may be their
    id. `torg person list` shows them.

    Example: torg person phone sara@granvik.example 101
    """
    with installation() as here:
        others = here.write(_set_phone, email, phone.strip() or None)
    click.echo("Changed.")
    if others:
        click.echo(f"{', '.join(others)} has it, too: calls at it are nobody's as long as several share it.")


@command.command("chats")
@click.argument("email")
@click.argument("chats")
def _chats(email: str, chats: str) -> None:
    """Say how many chats they hold at once, 0 to 20: then no more ring. They can say so at their screen, too.

    EMAIL may be their id. CHATS `default`: as many as each chat's channel says (chats_each).

    Example: torg person chats sara@granvik.example 2
    """
    if chats != "default" and not (chats.isascii() and chats.isdecimal()):
        raise click.UsageError(f"{chats} is no number of chats: write 0 to {duty.MOST_CHATS}, or default.")
    with installation() as here:
        here.write(_set_chats, email, None if chats == "default" else int(chats))
    click.echo("Changed.")


@command.command("list")
@JSON
def _list(as_json: bool) -> None:
    """Show the people.

    Example: torg person list
    """
    with installation() as here:
        rows = here.read(_all)
    titles = ("id", "email", "name", "language", "phone", "disabled_at")
    print_items(rows, titles, itemgetter(*titles), "There is no person yet.", as_json=as_json)


@command.command("password")
@click.argument("email")
def _password(email: str) -> None:
    """Give a person a new password, asked for twice, or read from standard input where that is no terminal.

    Their sessions end; their API tokens don't. Wrong passwords until now count no more. EMAIL may be their id.

    Example: torg person password sara@granvik.example < password.txt
    """
    if sys.stdin.isatty():
        given = click.prompt("New password", hide_input=True, confirmation_prompt=True, err=True).encode()
    else:
        given = sys.stdin.buffer.read()
    password_hash = _hash(given)
    with installation() as here:
        here.write(_set_password, email, password_hash)
    click.echo(f"{email} has a new password.")


@command.command("unlock")
@click.argument("email")
def _unlock(email: str) -> None:
    """Let a person who was locked out by ten wrong passwords try again at once. EMAIL may be their id.

    By itself that ends a quarter of an hour after the first of the ten.

    Example: torg person unlock sara@granvik.example
    """
    with installation() as here:
        here.write(_note_unlock, email)
    click.echo(f"{email} may try again to log in.")


@command.command("disable")
@click.argument("email")
def _disable(email: str) -> None:
    """Shut a person out from now on: sessions and tokens stop working. EMAIL may be their id.

    Example: torg person disable sara@granvik.example
    """
    with installation() as here:
        here.write(_set_disabled, email, True)
    click.echo(f"{email} is disabled.")


@command.command("enable")
@click.argument("email")
def _enable(email: str) -> None:
    """Let a disabled person in again, with the memberships they have.

    Example: torg person enable sara@granvik.example
    """
    with installation() as here:
        here.write(_set_disabled, email, False)
    click.echo(f"{email} is enabled.")


def _hash(given: bytes) -> str:
    try:
        typed = given.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise Invalid("password", "a password is text in UTF-8") from error
    if "\n" in typed or "\r" in typed:
        raise Invalid("password", "a password is one line: nobody could type more of them when they log in")
    return password.hashed(typed)


def _write(unit: Unit, email: str, name: str, language: str, password_hash: str | None) -> int:
    row = add(unit, email, named.plain(name), language)
    row.password = password_hash
    note_act(unit, "person.add", "person", row.id)
    return row.id


def _set_password(unit: Unit, email: str, password_hash: str) -> None:
    row = named.person(unit, email)
    password.set_password(unit, row, password_hash)
    note_act(unit, "person.password", "person", row.id)


def _note_unlock(unit: Unit, email: str) -> None:
    """The audit is what counts attempts: see hub/access/attempt.py."""
    note_act(unit, "person.unlock", "person", named.person(unit, email).id)


def _set_disabled(unit: Unit, email: str, disabled: bool) -> None:
    row = named.person(unit, email)
    row.disabled_at = (row.disabled_at or clock.now()) if disabled else None
    if disabled:
        session.end_all(unit, row)
    note_act(unit, "person.disable" if disabled else "person.enable", "person", row.id)


def _set_phone(unit: Unit, email: str, phone: str | None) -> list[str]:
    """Whose it is, too."""
    row = named.person(unit, email)
    row.phone = phone
    note_act(unit, "person.phone", "person", row.id)
    theirs = select(Person.email).where(Person.phone == phone, Person.id != row.id, Person.disabled_at.is_(None))
    return list(unit.all(theirs.order_by(Person.email))) if phone else []


def _set_chats(unit: Unit, email: str, chats: int | None) -> None:
    row = named.person(unit, email)
    duty.hold(unit, row.id, chats)
    note_act(unit, "person.chats", "person", row.id)


def _all(unit: Unit) -> list[dict[str, Any]]:
    return [
        {
            "id": str(row.id),
            "email": row.email,
            "phone": row.phone,
            "name": row.name,
            "language": row.language,
            "disabled_at": clock.to_iso(row.disabled_at),
        }
        for row in unit.all(select(Person).order_by(Person.email))
    ]
