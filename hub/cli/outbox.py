"""`torg outbox`: what leaves: frozen after a restore, until it is released."""

import click
import msgspec

from hub import clock
from hub.cli.installation import installation, note_act
from hub.cli.output import JSON, print_json
from hub.outbound import freeze
from hub.storage.unit import Unit


@click.group("outbox")
def command() -> None:
    """What leaves: frozen after a restore, until it is released."""


@command.command("show")
@JSON
def _show(as_json: bool) -> None:
    """Say whether anything is sent, and what waits.

    Example: torg outbox show
    """
    with installation() as here:
        found = here.read(freeze.shown)
    if as_json:
        print_json({"frozen": msgspec.to_builtins(found)})
        return
    if found is None:
        click.echo("The outbox isn't frozen: what is written is sent.")
        return
    click.echo(
        f"Frozen since {clock.to_iso(found.restored_at)}: restored from a backup of {clock.to_iso(found.made_at)}."
    )
    click.echo(
        f"{found.doubtful} may have been sent in between: each is uncertain in its conversation, for whoever answers it"
        " to decide. What the mail server's log has was sent."
    )
    click.echo(f"{found.waiting} written since wait for torg outbox release, {found.automatic} of them automatic.")


@command.command("release")
@click.option("--automatic", is_flag=True, help="What the hub wrote by itself since the restore leaves, too.")
@JSON
def _release(automatic: bool, as_json: bool) -> None:
    """Send again. What may have been sent already stays uncertain, until a person decides on it.

    Receipts that were made after the restore stay uncertain as well: a mail that was fetched again has had its receipt.

    Example: torg outbox release
    """
    with installation() as here:
        held = here.write(_released, automatic)
    if as_json:
        print_json({"held": held})
        return
    click.echo("Released: what waits is sent now.")
    if held:
        click.echo(
            f"{held} automatic messages were held back as uncertain: they may have been sent before the restore."
        )


def _released(unit: Unit, automatic: bool) -> int:
    held = freeze.release(unit, automatic=automatic)
    note_act(unit, "outbox_released", "outbox", 0)
    return held
