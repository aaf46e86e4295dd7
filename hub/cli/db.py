"""`torg db`: bring the database to the newest schema, and check that it is whole."""

import sys

import click

from hub.cli.installation import installation
from hub.cli.output import JSON, print_json
from hub.storage.check import check
from hub.storage.migrate import upgrade


@click.group("db")
def command() -> None:
    """The database: upgrade it, check it."""


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
