"""`torg receipt`: whether a citizen's first mail is answered with its reference number, and with which words."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from hub.cli import named
from hub.cli.installation import installation, note_act
from hub.cli.output import JSON, print_items
from hub.errors import Invalid, NotFound
from hub.inbox import receipt
from hub.inbox.municipality import LANGUAGES, Municipality
from hub.inbox.queue import Queue
from hub.storage.unit import Unit


@click.group("receipt")
def command() -> None:
    """Receipts: automatic answers with a reference number, once a conversation. Off until they are set."""


@command.command("set")
@click.argument("municipality")
@click.option("--queue", help="Only for this queue of it: name or id. It goes before the municipality's.")
@click.option("--on/--off", "is_on", default=True, help="Off for a queue: none there, though the municipality's is on.")
@click.option("--unconfirmed", is_flag=True, help="Also to senders whose address our mail gateway hasn't tested.")
@click.option("--text", "texts", multiple=True, metavar="LANGUAGE=FILE", help="Words of your own, from a text file.")
def _set(*, municipality: str, queue: str | None, is_on: bool, unconfirmed: bool, texts: Sequence[str]) -> None:
    """Answer a citizen's first mail with its reference number. A text may name {reference} and {municipality}.

    Example: torg receipt set granvik --queue Kundtjänst --text sv=kvitto.txt
    """
    words = dict(_read(each) for each in texts)
    with installation() as here:
        here.write(_write, municipality, queue, is_on=is_on, unconfirmed=unconfirmed, words=words)
        tests = bool(here.settings.authserv_ids)
    click.echo(f"Receipts are {'on' if is_on else 'off'} for {municipality}{f'/{queue}' if queue else ''}.")
    if is_on and not unconfirmed and not tests:
        click.echo(
            "None will be sent yet: no sender's address is known to be theirs. Name your mail gateway in authserv_ids,"
            " or add --unconfirmed.",
            err=True,
        )


@command.command("drop")
@click.argument("municipality")
@click.option("--queue", help="Of this queue: the municipality's rule counts there again.")
def _drop(municipality: str, queue: str | None) -> None:
    """Take a rule away.

    Example: torg receipt drop granvik --queue Kundtjänst
    """
    with installation() as here:
        here.write(_remove, municipality, queue)
    click.echo(f"Dropped the rule of {municipality}{f'/{queue}' if queue else ''}.")


@command.command("list")
@JSON
def _list(*, as_json: bool) -> None:
    """Show whose first mails are answered.

    Example: torg receipt list
    """
    with installation() as here:
        rows = here.read(_all)
    print_items(
        rows,
        ("municipality", "queue", "receipts", "to", "own words in"),
        lambda row: (
            row["municipality"], row["queue"] or "all", "on" if row["on"] else "off",
            "anybody" if row["unconfirmed"] else "known senders", ", ".join(row["words"]) or "none",
        ),
        "No receipts are sent: torg receipt set turns them on.",
        as_json=as_json,
    )  # fmt: skip


def _read(said: str) -> tuple[str, str]:
    language, sign, file = said.partition("=")
    if not sign or language not in LANGUAGES:
        raise Invalid("text", f"say --text LANGUAGE=FILE, the language one of {', '.join(LANGUAGES)}")
    try:
        return language, Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Invalid("text", f"{file} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Invalid("text", f"{file} isn't text in UTF-8: save it as that") from error


def _place(unit: Unit, municipality: str, queue: str | None) -> tuple[Municipality, Queue | None]:
    home = named.municipality(unit, municipality)
    return home, None if queue is None else named.queue(unit, home, queue)


def _write(
    unit: Unit, municipality: str, queue: str | None, *, is_on: bool, unconfirmed: bool, words: dict[str, str]
) -> None:
    home, of = _place(unit, municipality, queue)
    row = receipt.set_rule(unit, home, of, is_on=is_on, unconfirmed=unconfirmed, words=words)
    note_act(unit, "receipt.set", "receipt_rule", row.id, home.id)


def _remove(unit: Unit, municipality: str, queue: str | None) -> None:
    home, of = _place(unit, municipality, queue)
    row = receipt.rule_of(unit, home, of)
    if row is None:
        raise NotFound("There is no such rule; torg receipt list shows those there are.")
    note_act(unit, "receipt.drop", "receipt_rule", row.id, home.id)
    receipt.drop_rule(unit, row)


def _all(unit: Unit) -> list[dict[str, Any]]:
    codes = named.municipality_codes(unit)
    queues = {row.id: row.words for row in unit.all(select(Queue))}
    return [
        {
            "municipality": codes[row.municipality_id],
            "queue": None if row.queue_id is None else named.in_language(queues[row.queue_id]),
            "on": row.is_on,
            "unconfirmed": row.unconfirmed,
            "words": row.words,
        }
        for row in receipt.rules(unit, list(codes))
    ]
