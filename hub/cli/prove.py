"""`torg prove`: faults on purpose, on installations of their own; each proof prints its ledger and exits 0 or 1."""

import re
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from hub.cli.output import print_table
from hub.proof import brought, calls, imap, ingest, send, streams
from hub.proof.installation import Where
from hub.proof.ledgers import Report
from hub.proof.storm import run as storm
from hub.proof.storm.plan import SIZES
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
    "--messages", type=click.IntRange(min=1), default=5000, show_default=True, help="Mails, or the like, that come."
)
@click.option(
    "--kind",
    type=click.Choice(sorted({*ingest.POINTS, *brought.WAYS})),
    default="smtp_in",
    show_default=True,
    help="By which kind of channel.",
)
@_database
@_seed
def prove_ingest(kills: int, messages: int, kind: str, engine: str, database_url: str | None, seed: int | None) -> None:
    """Mails, calls, texts, forms or chats come in while the hub is killed: none is lost, none is there twice."""
    seed = _drawn(seed)
    prove = brought.prove if kind in brought.WAYS else ingest.prove
    _end(prove(_where(engine, database_url), kills, messages, seed, _say, kind), seed)


@command.command("calls")
@_kills(60)
@click.option("--calls", "count", type=click.IntRange(min=10), default=1000, show_default=True, help="Calls there are.")
@click.option(
    "--stream",
    "recorded",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Recorded events of an Asterisk Manager, a file or a folder of them, to be shuffled, doubled, cut and lost "
    "instead of all else. May be given several times.",
)
@click.option("--times", type=click.IntRange(min=1), default=10, show_default=True, help="Each stream is damaged.")
@_database
@_seed
def prove_calls(
    kills: int,
    count: int,
    recorded: Sequence[Path],
    times: int,
    engine: str,
    database_url: str | None,
    seed: int | None,
) -> None:
    """Calls are told shuffled, doubled, cut and with events lost, while the hub is killed: each is one, as it was."""
    seed = _drawn(seed)
    of_streams = streams.prove(streams.read(recorded) if recorded else streams.built_in(), times, seed, _say)
    if recorded:
        _end(of_streams, seed)
    told = calls.prove(_where(engine, database_url), kills, count, seed, _say)
    _end(told.and_of(of_streams), seed)


@command.command("send")
@_kills(100)
@_database
@_seed
def prove_send(kills: int, engine: str, database_url: str | None, seed: int | None) -> None:
    """Answers leave while the hub is killed: each leaves once, or is shown as uncertain and never leaves again."""
    seed = _drawn(seed)
    _end(send.prove(_where(engine, database_url), kills, seed, _say), seed)


@command.command("imap")
@click.option(
    "--cuts", type=click.IntRange(min=1), default=100, show_default=True, help="Positions at which the line breaks."
)
@_database
@_seed
def prove_imap(cuts: int, engine: str, database_url: str | None, seed: int | None) -> None:
    """A mailbox is fetched, from a server that lies, over a line that breaks, while people use it: each mail once."""
    seed = _drawn(seed)
    _end(imap.prove(_where(engine, database_url), cuts, seed, _say), seed)


@command.command("tenants")
@click.option("--no-orm-filter", is_flag=True, help="PostgreSQL only: the database's own wall must hold alone.")
@_database
def prove_tenants(no_orm_filter: bool, engine: str, database_url: str | None) -> None:
    """Everybody calls every route: nobody is shown what isn't theirs."""
    where = _where(engine, database_url)
    if no_orm_filter and where.engine != "postgresql":
        raise click.UsageError("SQLite has no wall of its own: --no-orm-filter goes with --engine postgresql.")
    _end(tenants.prove(where, _say, orm_filter=not no_orm_filter))


@command.command("storm")
@click.option(
    "--size",
    "name",
    type=click.Choice(sorted(SIZES)),
    default="S",
    show_default=True,
    help="S: a town in its summer, on SQLite; L: thirty municipalities, on PostgreSQL.",
)
@click.option("--minutes", type=click.FloatRange(min=0.1), help="Of the storm; quiet, and what waited, come besides.")
@click.option("--rate", type=click.FloatRange(min=0.1), help="Mails, calls and chats a second in the storm.")
@click.option("--agents", type=click.IntRange(min=1), help="Who work meanwhile.")
@click.option("--waiting", type=click.IntRange(min=0), help="Mails in a mailbox after an outage; 0: none.")
@click.option("--processes", type=click.IntRange(1, 16), help="Of the web (the setting web_processes).")
@click.option("--database-url", callback=_address, help="An empty database to run on. It is not emptied afterwards.")
@_seed
def prove_storm(name: str, database_url: str | None, seed: int | None, **otherwise: float | None) -> None:
    """Everybody writes, calls and chats at once: nothing is lost, nobody waits, no municipality feels another's."""
    seed, size = _drawn(seed), SIZES[name]
    asked = msgspec.structs.replace(
        storm.of_size(size), **{k: each for k, each in otherwise.items() if each is not None}
    )
    _end(storm.prove(_where(size.engine, database_url), size, asked, seed, _say), seed)


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
