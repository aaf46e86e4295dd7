"""`torg db`: bring the database to the newest schema, and check that it is whole."""

import sys

import click

from hub.cli.installation import Installation, installation
from hub.cli.output import JSON, print_json
from hub.inbox import findable
from hub.storage.check import check
from hub.storage.migrate import upgrade

_ALL = 2**63 - 1
"""No entry's id is higher."""


@click.group("db")
def command() -> None:
    """The database: upgrade it, check it, index anew what search finds."""


@command.command("upgrade")
@JSON
def _upgrade(as_json: bool) -> None:
    """Bring the database to the newest schema; an empty one gets its tables.

    Example: TORG_DATABASE_URL=sqlite:///var/torg.db torg db upgrade
    """
    with installation(newest=False) as here:
        revision = upgrade(here.storage.engines.writer)
    if as_json:
        print_json({"revision": revision})
    else:
        click.echo(f"The database is at {revision}.")


@command.command("index")
@JSON
def _index(as_json: bool) -> None:
    """Index calls, visits and text messages again: those of long ago are found by whose they are, too.

    Once after an upgrade from a version that didn't find them so. It may run while Torg does, and be broken off and
    begun again: all that is done stays.

    Example: torg db index
    """
    with installation() as here:
        index_again(here)
    if as_json:
        print_json({"indexed": True})
    else:
        click.echo("Indexed again.")


def index_again(here: Installation) -> None:
    """In parts, so that nobody waits for long to write."""
    before: int | None = _ALL
    while before is not None:
        before = here.write(findable.again, before)


@command.command("check")
@JSON
def _check(as_json: bool) -> None:
    """Check revision, integrity, the walls between municipalities and stored files.

    Exit status 1 when something is wrong.

    Example: torg db check
    """
    with installation() as here:
        report = check(here.storage)
    if as_json:
        print_json(report)
    else:
        click.echo(f"{report.engine}, revision {report.revision}, {report.blobs} files beside the database.")
        for finding in report.findings:
            click.echo(finding, err=True)
        if not report.findings:
            click.echo("Nothing is wrong.")
    if report.findings:
        sys.exit(1)
