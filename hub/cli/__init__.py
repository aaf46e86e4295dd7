"""The command line: `torg`. One file per group of commands; each module is imported only when its command is run."""

import importlib
import sys
from typing import Any

import click

from hub.errors import TorgError

COMMANDS = {
    "serve": ("hub.cli.serve", "Answer requests, listen for mail, read and send."),
    "worker": ("hub.cli.worker", "Read and send, in a process of its own."),
    "demo": ("hub.cli.demo", "Run a demo with made-up municipalities."),
    "db": ("hub.cli.db", "Upgrade or check the database."),
    "municipality": ("hub.cli.municipality", "Municipalities."),
    "department": ("hub.cli.department", "Departments of a municipality."),
    "topic": ("hub.cli.topic", "Topics of a municipality."),
    "queue": ("hub.cli.queue", "Queues of the centre."),
    "person": ("hub.cli.person", "People."),
    "membership": ("hub.cli.membership", "What people may do, and where."),
    "token": ("hub.cli.token", "API tokens."),
    "channel": ("hub.cli.channel", "Channels."),
    "parse": ("hub.cli.parse", "Parse raw samples without a database."),
    "replay": ("hub.cli.replay", "Read raw events again."),
    "ledger": ("hub.cli.ledger", "Count what came, what became of it, and what went out."),
    "plugins": ("hub.cli.plugins", "Plugins."),
    "audit": ("hub.cli.audit", "The audit."),
    "prove": ("hub.cli.prove", "Proofs: faults on purpose, ledgers compared."),
}


class LazyGroup(click.Group):
    """Imports a command's module when it is run: `torg parse` needs no web server."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click gives it
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence) for name, (_, sentence) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="torg")
def torg() -> None:
    """One inbox for a municipality's contact centre."""


def main(arguments: list[str] | None = None) -> Any:
    """Runs a command; an error we know is one sentence on standard error and exit status 1."""
    try:
        return torg.main(arguments, prog_name="torg")
    except TorgError as error:
        field = getattr(error, "field", "")
        click.echo(f"torg: {field + ': ' if field and field not in str(error) else ''}{error}", err=True)
        sys.exit(1)
