"""The command line: `torg`. One file per group of commands; each module is imported only when its command is run."""

import gc
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
    "backup": ("hub.cli.backup", "Copy rows and files into a folder, while everything goes on."),
    "restore": ("hub.cli.restore", "Put a backup back where nothing is; nothing leaves until you say so."),
    "outbox": ("hub.cli.outbox", "What leaves: frozen after a restore, until it is released."),
    "scan": ("hub.cli.scan", "Files that the virus scanner keeps closed."),
    "municipality": ("hub.cli.municipality", "Municipalities."),
    "department": ("hub.cli.department", "Departments of a municipality."),
    "lookup": ("hub.cli.lookup", "Read-only questions to other systems."),
    "topic": ("hub.cli.topic", "Topics of a municipality."),
    "queue": ("hub.cli.queue", "Queues of the centre."),
    "staff-number": ("hub.cli.staff_number", "Numbers of a municipality's own."),
    "receipt": ("hub.cli.receipt", "Automatic receipts for first mails."),
    "letterhead": ("hub.cli.letterhead", "What stands below mails: signatures, quotations."),
    "canned": ("hub.cli.canned", "Answers that are kept ready."),
    "person": ("hub.cli.person", "People."),
    "membership": ("hub.cli.membership", "What people may do, and where."),
    "token": ("hub.cli.token", "API tokens."),
    "channel": ("hub.cli.channel", "Channels."),
    "alarm": ("hub.cli.alarm", "Whom IT is told by, and what is the matter."),
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
        gc.disable()  # what is imported stays: to look through it for garbage takes a seventh of the start
        try:
            command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        finally:
            gc.freeze()
            gc.enable()
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
        is_placed = field in str(error) or str(error).startswith("line ")
        click.echo(f"torg: {'' if is_placed else field + ': '}{error}", err=True)
        sys.exit(1)
