"""`torg prove`: faults on purpose, on installations of their own; each proof prints its ledger and exits 0 or 1."""

import re
import secrets
import sys
from collections.abc import Callable
from typing import Any

import click

from hub.cli.output import print_table
from hub.proof import ingest, send
from hub.proof.installation import Where
from hub.proof.ledgers import Report
from hub.proof.tenants import run as tenants

_ADDRESS = re.compile(r"(sqlite:///|postgresql(\+psycopg)?://).")
_MOST_FINDINGS = 40
_LEAST_KILLS = 7
"""So that each crash point can be hit."""


@click.group("prove")
def command() -> None:
    """Faults on purpose, ledgers compared. Nothing of yours is touched: each proof makes an installation of its own."""


def _address(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    if given is not None and not _ADDRESS.match(given):
        raise click.BadParameter("It is sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE.")
    return given


def _database(run: Callable[..., Any]) -> Callable[..., Any]:
    run = click.option(
        "--database-url",
        callback=_address,
        help="An empty database to run on, instead of one of its own. It is not emptied afterwards.",
    )(run)
    return click.option(
        "--engine",
        type=click.Choice(["sqlite", "postgresql"]),
        default="sqlite",
        show_default=True,
        help="postgresql makes a database on the server that TORG_TEST_POSTGRES names, and drops it.",
    )(run)


def _kills(default: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    least = click.IntRange(min=_LEAST_KILLS)
    return click.option("--kills", type=least, default=default, show_default=True, help="Times it is killed.")


def _seed(run: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--seed", type=int, help="Repeats a run; otherwise drawn, and printed.")(run)


@command.command("ingest")
@_kills(200)
@click.option(
    "--messages", type=click.IntRange(min=1), default=5000, show_default=True, help="Mails that are sent to it."
)
@_database
@_seed
def prove_ingest(kills: int, messages: int, engine: str, database_url: str | None, seed: int | None) -> None:
    """Mails come in while the hub is killed: none is lost, none is there twice."""
    seed = _drawn(seed)
    _end(ingest.prove(_where(engine, database_url), kills, messages, seed, _say), seed)


@command.command("send")
@_kills(100)
@_database
@_seed
def prove_send(kills: int, engine: str, database_url: str | None, seed: int | None) -> None:
    """Answers leave while the hub is killed: each leaves once, or is shown as uncertain and never leaves again."""
    seed = _drawn(seed)
    _end(send.prove(_where(engine, database_url), kills, seed, _say), seed)


@command.command("tenants")
@click.option("--no-orm-filter", is_flag=True, help="PostgreSQL only: the database's own wall must hold alone.")
@_database
def prove_tenants(no_orm_filter: bool, engine: str, database_url: str | None) -> None:
    """Everybody calls every route: nobody is shown what isn't theirs."""
    where = _where(engine, database_url)
    if no_orm_filter and where.engine != "postgresql":
        raise click.UsageError("SQLite has no wall of its own: --no-orm-filter goes with --engine postgresql.")
    _end(tenants.prove(where, _say, orm_filter=not no_orm_filter))


def _where(engine: str, database_url: str | None) -> Where:
    if database_url is not None:
        engine = database_url.partition(":")[0].partition("+")[0]
    _say(f"database: {'an empty one that was named, ' if database_url else ''}{engine}")
    return Where(engine, database_url)


def _drawn(seed: int | None) -> int:
    drawn = secrets.randbelow(2**31) if seed is None else seed
    _say(f"seed: {drawn}")
    return drawn


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


def _end(report: Report, seed: int | None = None) -> None:
    titles = (report.title, "" if seed is None else f"seed {seed}")
    print_table(titles, [(name, str(value)) for name, value in report.figures.items()], "nothing")
    for finding in report.findings[:_MOST_FINDINGS]:
        click.echo(f"FOUND {finding}")
    if len(report.findings) > _MOST_FINDINGS:
        click.echo(f"FOUND {len(report.findings) - _MOST_FINDINGS} more")
    click.echo(f"{report.title} {'holds' if report.holds else 'does not hold'}")
    sys.exit(0 if report.holds else 1)
